"""One network for this folder: real Kafka, PostgreSQL and four service processes, each with a login at Kafka of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import topology
from deploy.local.ports import free_port
from deploy.network import Network, network
from shared.settings import settings
from tests.flow.people import Supervisor
from tests.flow.town import Newcomer, Town, settle


@pytest.fixture(scope="package")
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="jitt-flow-"))
    made.chmod(0o755)  # PostgreSQL, which is never root, keeps its data there
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="package")
def running(home: Path) -> Iterator[Network]:
    """Whatever the environment names: this folder kills what it started. Afterwards all of it is gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JITT_HOME", str(home))
        patch.setenv("JITT_FEED_PRIVATE_ADDRESSES", "1")  # calendars of these tests are on this machine
        for name in ("JITT_KAFKA", "JITT_POSTGRES"):
            patch.setenv(name, "")
        for name in topology.NAMES:
            patch.setenv(f"JITT_{name.upper()}_URL", f"http://127.0.0.1:{free_port()}")
        settings.cache_clear()
        with network(home, lambda words: None, logins=True) as started:
            yield started
    settings.cache_clear()
    assert not [name for name, child in started.children.items() if _exists(child.pid)]


@pytest.fixture(scope="package")
def town(running: Network, home: Path) -> Town:
    folder = home / "files"
    folder.mkdir()
    return settle(running, folder)


@pytest.fixture(scope="package")
def dana(town: Town) -> Iterator[Supervisor]:
    """Every mentor of Lakeside is in her caseload."""
    signed_in = Supervisor("dana")
    yield signed_in
    signed_in.leave()


@pytest.fixture(scope="package")
def omar(town: Town) -> Iterator[Supervisor]:
    """Of the same site, with a caseload of his own."""
    signed_in = Supervisor("omar")
    yield signed_in
    signed_in.leave()


@pytest.fixture
def newcomer(town: Town) -> Newcomer:
    """A mentor whom no other test knows."""
    return next(town.newcomers)


@pytest.fixture
def second_newcomer(town: Town) -> Newcomer:
    return next(town.newcomers)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
