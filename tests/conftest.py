"""What every test may ask for: the embedded stack, started once, and a fresh database of a service."""

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import hypothesis
import pytest
import pytest_asyncio

from deploy import topology
from deploy.local import postgres
from deploy.local import stack as local
from services.assessment import store as assessment
from services.supervision import hours
from shared import access, db
from shared.running import Running
from shared.service import Service
from shared.settings import settings
from tests import order, overdue

hypothesis.settings.register_profile("jitt", deadline=None)  # how long one example takes says more about the machine
hypothesis.settings.load_profile("jitt")
Database = Callable[[Service], Awaitable[Running]]
HASTY = {"fsync": "off", "full_page_writes": "off"}  # a database is dropped in 0.1 s, not 1 s; no test cuts the machine's power


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order.longest_first(items)


def pytest_collection_finish() -> None:
    """As a service does once it has loaded what it keeps: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    with overdue.fails_when_overdue():
        return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> order.Folders:
    return order.Folders(config, log)


@pytest.fixture(scope="session")
def stack() -> Iterator[local.Stack]:
    """Real Kafka and PostgreSQL for the whole run (JITT_KAFKA and JITT_POSTGRES use servers that run already)."""
    with TemporaryDirectory(prefix="jitt-test-", ignore_cleanup_errors=True) as folder, ExitStack() as until_the_end:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in HASTY.items():
                patch.setitem(postgres.SETTINGS, name, value)
            running = until_the_end.enter_context(local.running(home_in(folder)))
        os.environ["JITT_KAFKA"], os.environ["JITT_POSTGRES"] = running.kafka, running.postgres
        settings.cache_clear()
        yield running


@pytest_asyncio.fixture(scope="session")
async def _templates(stack: local.Stack) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """A migrated template database per schema, made when it is first asked for."""
    made: dict[str, str] = {}

    async def template(schema: str) -> str:
        if schema not in made:
            name = f"template_{schema}_{uuid4().hex[:8]}"
            await _admin(stack, f'CREATE DATABASE "{name}"')
            await db.migrate(at_database(stack.postgres, name), [schema], folder_of(schema))
            made[schema] = name
        return made[schema]

    yield template


@pytest_asyncio.fixture
async def database(stack: local.Stack, _templates: Callable[[str], Awaitable[str]]) -> AsyncIterator[Database]:
    """`await database(SERVICE)`: that service running on a database of its own, empty but migrated."""
    opened: list[Running] = []
    names: list[str] = []

    async def fresh(service: Service) -> Running:
        name = f"test_{service.name}_{uuid4().hex[:12]}"
        await _admin(stack, f'CREATE DATABASE "{name}" TEMPLATE "{await _templates(service.name)}"')
        names.append(name)
        dsn, web = (at_database(db.service_dsn(service.name, login), name) for login in ("", db.WEB))
        pools = await db.open_pool(dsn, "test", size=4), await access.open_pool_at(web, "test pages", size=4)
        running = Running(service, pools[0], settings(), pools[1])
        assessment.REMEMBERED.clear()  # it is another database's
        opened.append(running)
        return running

    yield fresh
    for running in opened:
        for pool in (running.pool, running.web):
            if pool:
                await db.close_pool(pool)
    for name in names:
        await _admin(stack, f'DROP DATABASE "{name}" WITH (FORCE)')


def home_in(folder: str) -> Path:
    """PostgreSQL does not run as root: it must be able to look into its home."""
    home = Path(folder)
    home.chmod(0o755)
    return home


def at_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def folder_of(schema: str) -> Callable[[str], Path]:
    """A service's own migrations; a test's invented service has them beside the tests."""
    own = Path(__file__).parent / "messaging" / schema
    return (lambda _: own) if schema not in topology.NAMES else topology.migrations


async def _admin(stack: local.Stack, statement: str) -> None:
    conn = await asyncpg.connect(stack.postgres, timeout=10)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


@pytest.fixture(autouse=True)
def somebody_works(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a real database comes its real clock, which may say Sunday: there every hour is a working hour."""
    if "database" in request.fixturenames:
        monkeypatch.setattr(hours, "OPENS", time.min)
        monkeypatch.setattr(hours, "CLOSES", time.max)
        monkeypatch.setattr(hours, "WEEKEND", 7)
