"""A hanging test fails by itself, in its call or in what closes it, and its neighbors run."""

import subprocess
import sys
from pathlib import Path

CONFTEST = """
import pytest

from tests import overdue


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol():
    with overdue.fails_when_overdue(1, 1):
        return (yield)
"""
HANGING = """
import asyncio
import threading

import pytest_asyncio


async def the_place_where_it_waits():
    await asyncio.get_running_loop().create_future()


@pytest_asyncio.fixture
async def never_closed():
    yield
    await the_place_where_it_waits()


async def test_waits():
    await the_place_where_it_waits()


def test_waits_without_a_loop():
    threading.Event().wait()


async def test_closes_never(never_closed):
    pass


async def test_waits_and_closes_never(never_closed):
    await the_place_where_it_waits()


async def test_neighbor():
    await asyncio.sleep(0)
"""


def test_what_hangs_fails_and_says_where_it_waited(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_hanging.py").write_text(HANGING)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\nasyncio_default_test_loop_scope = session\n")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", str(tmp_path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "3 failed, 2 passed, 2 errors" in ran.stdout, ran.stdout + ran.stderr
    assert ran.stdout.count("in the_place_where_it_waits") >= 4
    assert "(no event loop is running)" in ran.stdout
