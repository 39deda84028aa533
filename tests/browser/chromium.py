"""Finds a Chromium for the browser tests, or gets one: Debian's by apt (as root), else Playwright's own download."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
BY_HAND = "The browser tests need Chromium. Type: sudo apt-get install -y chromium   (or: .venv/bin/playwright install chromium)"


def find() -> str | None:
    """The executable's path."""
    on_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    return on_path or _playwrights()


def get() -> str | None:
    """Installs one where there is none, saying so; None when that did not work."""
    if found := find():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Getting Debian's chromium for the browser tests (apt-get install chromium) ...", flush=True)
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "chromium"]):
            subprocess.run(["apt-get", "-q", *words], check=False, stdout=subprocess.DEVNULL, env=env)
    if not find():
        print("Getting Playwright's own Chromium ...", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find()


def _playwrights() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    if get() is None:
        sys.exit(BY_HAND)
