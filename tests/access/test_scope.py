"""A connection shows the rows of whoever has it now, whatever the one before them did with it."""

import asyncio
from contextlib import suppress
from random import Random

import asyncpg
import pytest
import pytest_asyncio

from shared import access, db
from shared.access import NOBODY, Scope, enter
from tests.conftest import at_database

SEEN = "SELECT DISTINCT site_id FROM mentor_case"


@pytest_asyncio.fixture
async def pool(network):
    """Of one connection, so that everybody gets the same."""
    found = await access.open_pool_at(at_database(db.service_dsn("supervision", db.WEB), network.rpartition("/")[2]), "test", 1)
    yield found
    await db.close_pool(found)
    enter(NOBODY)


@pytest_asyncio.fixture
async def sites(owner):
    rows = await owner.fetch("SELECT DISTINCT site_id FROM supervision.mentor_case ORDER BY site_id LIMIT 2")
    return tuple(Scope("supervisor", frozenset({row["site_id"]})) for row in rows)


async def seen(pool):
    return frozenset(row["site_id"] for row in await pool.fetch(SEEN))


async def test_the_next_one_sees_nothing_of_the_one_before(pool, sites):
    for scope in (sites[0], NOBODY, sites[1], NOBODY, sites[0]):
        enter(scope)
        assert await seen(pool) == scope.sites


async def test_a_transaction_that_is_taken_back_leaves_the_next_one_with_its_own_rows(pool, sites):
    enter(sites[0])
    with pytest.raises(ZeroDivisionError):
        async with pool.acquire() as conn, conn.transaction():
            await conn.execute("SELECT set_config('jitt.sites', '{}', true)")
            raise ZeroDivisionError
    assert await seen(pool) == sites[0].sites
    enter(sites[1])
    assert await seen(pool) == sites[1].sites


async def test_one_who_is_cut_off_while_the_scope_is_told_leaves_nothing_behind(pool, sites):
    enter(sites[0])
    assert await seen(pool) == sites[0].sites
    for _ in range(20):
        enter(sites[1])
        task = asyncio.create_task(seen(pool))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        enter(NOBODY)
        assert await seen(pool) == frozenset()


async def test_a_connection_that_broke_comes_back_with_the_scope(pool, sites, owner):
    enter(sites[0])
    assert await seen(pool) == sites[0].sites
    broken = now = await pool.fetchval("SELECT pg_backend_pid()")
    await owner.execute("SELECT pg_terminate_backend($1)", broken)
    async with asyncio.timeout(20):
        while now == broken:
            with suppress(asyncpg.PostgresError, *db.LOST):
                now = await pool.fetchval("SELECT pg_backend_pid()")
    assert await seen(pool) == sites[0].sites


async def test_many_at_once_each_see_their_own(network, sites):
    dsn = at_database(db.service_dsn("supervision", db.WEB), network.rpartition("/")[2])
    pool = await access.open_pool_at(dsn, "test", 3)

    async def one(scope):
        enter(scope)
        return scope.sites, await seen(pool)

    random = Random(40)
    asked = [random.choice((*sites, NOBODY)) for _ in range(400)]
    found = await asyncio.gather(*(asyncio.create_task(one(scope)) for scope in asked))
    await db.close_pool(pool)
    assert [pair for pair in found if pair[0] != pair[1]] == []


async def test_the_same_caller_is_told_once(pool, sites):
    statements = []
    async with pool.acquire() as conn:
        conn.add_query_logger(lambda query: statements.append(query.query))
    enter(sites[0])
    for _ in range(3):
        await seen(pool)
    assert [statement for statement in statements if "set_config" in statement] == [access.TELL]
