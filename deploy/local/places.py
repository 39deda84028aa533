"""Where PostgreSQL's files lie: in the home directory, or, when that is closed to all but root, in the system's place."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from deploy.local.binaries import reachable


def place(home: Path, uid: int | None, system: Path, report: Callable[[str], None]) -> Path:
    """A directory that belongs to `uid` and that it can reach."""
    home.mkdir(parents=True, exist_ok=True)
    directory = home / "postgres"
    if uid is None:
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory
    home.chmod(home.stat().st_mode | 0o011)
    if not reachable(home.parent):
        directory = elsewhere(home, system)
        report(f"PostgreSQL does not run as root and cannot look into {home.parent}: it keeps its data in {directory}")
    directory.mkdir(mode=0o700, exist_ok=True)
    os.chown(directory, uid, uid)
    return directory


def elsewhere(home: Path, system: Path) -> Path:
    """One directory per home, which it names; those whose home is gone are removed."""
    system.mkdir(parents=True, exist_ok=True, mode=0o755)
    for owner in system.glob("*/home"):
        if not Path(owner.read_text()).exists():
            shutil.rmtree(owner.parent)
    mine = system / hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    mine.mkdir(exist_ok=True, mode=0o755)
    (mine / "home").write_text(str(home.resolve()))
    return mine / "postgres"
