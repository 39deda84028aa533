"""Homes that every user can reach (pytest's own temporary directories are closed to all but their owner), and one stack."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from deploy.local.home import Run, read_run
from deploy.local.stack import Stack, running
from tests.stack.waiting import until

UP = """
import sys, threading
from pathlib import Path
from deploy.local.stack import running
with running(Path(sys.argv[1]), lambda words: print(words, flush=True)):
    print("up", flush=True)
    threading.Event().wait()
"""


@contextmanager
def temporary_home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="jitt-test-"))
    try:
        yield home
    finally:
        shutil.rmtree(home)


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as home:
        yield home


@pytest.fixture(scope="session")
def shared_home() -> Iterator[Path]:
    with temporary_home() as home:
        yield home


@pytest.fixture(scope="session")
def embedded(shared_home: Path) -> Iterator[Stack]:
    """Whatever the environment names: these tests are about the servers we start."""
    with ExitStack() as until_the_end:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("JITT_KAFKA", raising=False)
            patch.delenv("JITT_POSTGRES", raising=False)
            stack = until_the_end.enter_context(running(shared_home, lambda words: None))
        yield stack


Up = Callable[[Path], tuple["subprocess.Popen[str]", Run]]


@pytest.fixture
def up() -> Iterator[Up]:
    """Starts `running()` in a process of its own, which may then be killed."""
    started: list[subprocess.Popen[str]] = []
    clean = {name: value for name, value in os.environ.items() if name not in ("JITT_KAFKA", "JITT_POSTGRES")}

    def begin(home: Path) -> tuple["subprocess.Popen[str]", Run]:
        with (home / "up.log").open("w") as log:
            process = subprocess.Popen([sys.executable, "-c", UP, str(home)], stdout=log, stderr=log, env=clean, text=True)
        started.append(process)
        until(lambda: process.poll() is not None or "\nup\n" in (home / "up.log").read_text(), "the stack is up")
        run = read_run(home)
        assert run, (home / "up.log").read_text()
        return process, run

    yield begin
    for process in started:
        process.terminate()
        process.wait(60)
