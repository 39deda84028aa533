"""The jars that Kafka runs on: a pinned list, fetched once into the Maven cache and checked on every start."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError

PINNED = Path(__file__).with_name("jars.txt")
THREADS = 8


@dataclass(frozen=True, slots=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str

    def path(self, repository: Path) -> Path:
        return repository.joinpath(*self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar")


def pinned(file: Path = PINNED) -> list[Jar]:
    return [Jar(*line.replace(":", " ").split()) for line in file.read_text().splitlines()]


def classpath(report: Callable[[str], None], jars: Sequence[Jar] | None = None, repository: Path | None = None) -> str:
    """Every jar's path, joined for `java -cp`. Raises StackError when one cannot be had or is not what was pinned."""
    jars = jars or pinned()
    repository = repository or Path.home() / ".m2" / "repository"
    missing = [jar for jar in jars if not jar.path(repository).exists()]
    if missing:
        fetch(missing, len(jars), repository, report)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda jar: check(jar, jar.path(repository)), jars))
    return os.pathsep.join(str(jar.path(repository)) for jar in jars)


def fetch(missing: Sequence[Jar], total: int, repository: Path, report: Callable[[str], None]) -> None:
    report(f"Kafka: getting {len(missing)} of {total} files, once for this machine")
    repository.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".jitt-", dir=repository) as fresh:
        pool = ThreadPoolExecutor(THREADS)
        try:
            waiting = [pool.submit(fetch_one, jar, Path(fresh), repository) for jar in missing]
            said_at = time.monotonic()
            for done, future in enumerate(as_completed(waiting), total - len(missing) + 1):
                future.result()
                if done == total or time.monotonic() - said_at > 1:
                    report(f"Kafka: {done} of {total} files")
                    said_at = time.monotonic()
        finally:
            pool.shutdown(cancel_futures=True)


def fetch_one(jar: Jar, fresh: Path, repository: Path) -> None:
    """Into a place of its own first, so that a broken-off download never looks like a jar."""
    from jgo.maven import MavenContext  # a second of imports, needed once per machine

    try:
        context = MavenContext(repo_cache=fresh)
        got = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (OSError, RuntimeError) as problem:
        raise StackError(
            f"{jar.artifact}-{jar.version}.jar, which Kafka needs, could not be fetched ({problem}). "
            "Check the connection (and the proxy, if you use one), then try again: what has arrived is kept."
        ) from problem
    check(jar, got)
    target = jar.path(repository)
    target.parent.mkdir(parents=True, exist_ok=True)
    got.replace(target)


def check(jar: Jar, path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        raise StackError(
            f"{path} is not the file this project was tested with: its sha256 is {found}, expected {jar.sha256}. "
            "Delete it and try again, and it is fetched anew. If it differs again, do not use it."
        )
