"""Packages of Node that tests run: as a folder's package-lock.json names them, hashes checked, installed once in .venv.

`python -m tests.node` installs them all, before the tests begin. Node itself comes with the lock file of Python's packages.
"""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

TESTS = Path(__file__).parent
BIN = Path(sys.executable).parent
FILES = ("package.json", "package-lock.json")
BY_HAND = "The packages of Node that tests in {} need could not be installed (no network?). Type: {} -m tests.node\n{}"


class NotInstalled(Exception):
    """What npm said, and what to do."""


def installed(folder: Path) -> Path:
    """Where this folder's node_modules are; installs them when they are not there yet. Raises NotInstalled."""
    lock = (folder / "package-lock.json").read_bytes()
    place = BIN.parent / "node" / f"{folder.name}-{sha256(lock).hexdigest()[:12]}"
    if not place.exists():
        print(f"Getting what {folder / 'package-lock.json'} names ...", flush=True)
        _install(folder, place)
    return place


def environment() -> dict[str, str]:
    """With our own Node first."""
    return os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}


def _install(folder: Path, place: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    made = Path(mkdtemp(dir=place.parent))
    for name in FILES:
        shutil.copy(folder / name, made)
    words = [str(BIN / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(words, cwd=made, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(made)
        raise NotInstalled(BY_HAND.format(folder, sys.executable, done.stderr[-500:]))
    try:
        made.rename(place)
    except OSError:  # another process was quicker
        shutil.rmtree(made)


if __name__ == "__main__":
    try:
        for lock_file in sorted(TESTS.rglob("package-lock.json")):
            installed(lock_file.parent)
    except NotInstalled as problem:
        sys.exit(str(problem))
