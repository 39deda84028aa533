"""The home directory (`.jitt/`): one run at a time, and a note by which others find it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from json import dumps, loads
from pathlib import Path
from signal import SIGTERM

from deploy.local.errors import StackError
from deploy.local.processes import Process, this_process

STOP_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class Run:
    pid: int
    started: str  # with pid, which process it is (Process)
    since: datetime
    kafka: str
    postgres: str

    @property
    def process(self) -> Process:
        return Process(self.pid, self.started)


@contextmanager
def locked(home: Path, report: Callable[[str], None]) -> Iterator[None]:
    """Ours alone; the system lets go of it however we end."""
    with (home / "lock").open("a+") as lock:
        lock.seek(0)
        holder = lock.read().strip()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"jitt is already running here, pid {holder or 'unknown'}: jitt status, jitt down") from None
        if holder:
            report(f"The last run here (pid {holder}) was cut short; going on with its data")
        _fill(lock.fileno(), f"{os.getpid()}\n")
        try:
            yield
        finally:
            _fill(lock.fileno(), "")


@contextmanager
def announced(home: Path, kafka: str, postgres: str) -> Iterator[None]:
    """Keeps `run.json` while the block lasts; for our eyes only, as it holds the database's password."""
    me = this_process()
    run = Run(me.pid, me.started, datetime.now(UTC), kafka, postgres)
    fresh = home / "run.json.new"
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(dumps(asdict(run) | {"since": run.since.isoformat()}, indent=2))
    fresh.replace(home / "run.json")
    try:
        yield
    finally:
        (home / "run.json").unlink(missing_ok=True)


def read_run(home: Path) -> Run | None:
    """The run that is alive there now."""
    try:
        values = loads((home / "run.json").read_text())
    except FileNotFoundError:
        return None
    run = Run(**values | {"since": datetime.fromisoformat(values["since"])})
    return run if run.process.alive() else None


def stop_running(home: Path, report: Callable[[str], None] = print) -> bool:
    """Stops it and returns when it is gone; its servers go with it. False when nothing runs there."""
    run = read_run(home)
    if run is None:
        report(f"Nothing is running in {home}")
        return False
    report(f"Stopping jitt (pid {run.pid})")
    try:
        run.process.end([(SIGTERM, STOP_SECONDS)])
    except PermissionError:
        raise StackError(f"jitt (pid {run.pid}) was started by another user: stop it as that user.") from None
    report("Stopped")
    return True


def _fill(file: int, text: str) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, text.encode(), 0)
