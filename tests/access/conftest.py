"""All four schemas in one database, as in production, with rows of several sites in every table."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from deploy import topology
from deploy.local.stack import Stack
from shared import access, db
from shared.access import Scope
from tests.access.matrix import Matrix, standing
from tests.conftest import at_database
from tests.plans.growing import fill

ROWS = 24
Page = Callable[[str, Scope], AbstractAsyncContextManager[asyncpg.Connection]]


@pytest_asyncio.fixture(scope="module")
async def network(stack: Stack) -> AsyncIterator[str]:
    """Its address for the owner."""
    name = f"test_access_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(stack.postgres, timeout=10)
    await admin.execute(f'CREATE DATABASE "{name}"')
    owner = at_database(stack.postgres, name)
    await db.migrate(owner, topology.NAMES, topology.migrations)
    for schema in topology.NAMES:
        conn = await asyncpg.connect(owner, server_settings={"search_path": schema})
        await fill(conn, ROWS)
        await conn.close()
    yield owner
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest_asyncio.fixture(scope="session")
async def matrix(stack: Stack) -> AsyncIterator[Matrix]:
    async with standing(stack.postgres) as found:
        yield found


@pytest_asyncio.fixture
async def owner(network: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(network, timeout=10)
    yield conn
    await conn.close()


@pytest.fixture
def page(network: str) -> Page:
    """A connection as a page of a service has it, for a caller of this scope."""

    @asynccontextmanager
    async def opened(service: str, scope: Scope) -> AsyncIterator[asyncpg.Connection]:
        dsn = at_database(db.service_dsn(service, db.WEB), network.rpartition("/")[2])
        conn = await asyncpg.connect(dsn, timeout=10, connection_class=access.PagesConnection)
        try:
            await conn.tell(scope)
            yield conn
        finally:
            await conn.close()

    return opened
