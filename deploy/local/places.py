"""Who runs PostgreSQL and where its files lie. It refuses to run as root, and its user must be able to reach them."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.local.binaries import open_directory, reachable

NOBODY = 65534
SYSTEM = Path("/var/lib/jitt")  # root's place for what another user must reach


def user(data: Path) -> int | None:
    """The uid to give PostgreSQL: the owner of the data there is, else nobody. None unless we are root."""
    if os.geteuid():
        return None
    owner = data.stat().st_uid if data.exists() else NOBODY
    return owner or NOBODY


def place(home: Path, system: Path, report: Callable[[str], None]) -> tuple[Path, int | None]:
    """The directory of the data directory, the logs and so on, and the uid that owns the data (None: ours)."""
    directory = home / "postgres"
    if os.geteuid() == 0:
        home.chmod(home.stat().st_mode | 0o011)
        if not reachable(home):
            directory = elsewhere(home, system)
            report(f"PostgreSQL does not run as root and cannot look into {home}: it keeps its data in {directory}")
    directory.mkdir(exist_ok=True)
    directory.chmod(0o711)
    return directory, user(directory / "data")


def elsewhere(home: Path, system: Path) -> Path:
    """One directory per home, which it names. Those of temporary homes that are gone are removed."""
    open_directory(system)
    for note in system.glob("*/home"):
        owner = Path(note.read_text())
        if not owner.exists() and owner.is_relative_to(tempfile.gettempdir()):
            shutil.rmtree(note.parent, ignore_errors=True)  # another start may tidy up too
    mine = system / hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    open_directory(mine)
    (mine / "home").write_text(str(home.resolve()))
    return mine / "postgres"
