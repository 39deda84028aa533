"""After a restore, by ledgers alone: a mentor, a supervisor and a site lead who had been erased go again, each as they were."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy import topology
from deploy.local.stack import Stack
from deploy.privacy import erase
from deploy.privacy.asking import All
from shared import bus, db
from shared.contracts import ids
from shared.contracts.supervision import PersonErased
from shared.messaging import store_erasing
from shared.privacy import NOBODY
from shared.running import Running
from shared.settings import settings
from tests.conftest import at_database

SITE = "eastfield"
MARCUS, DANA, PRIYA = ids.mentor(SITE, "marcus"), ids.supervisor(SITE, "dana"), ids.supervisor(SITE, "priya")
ROLES = {MARCUS: "mentor", DANA: "supervisor", PRIYA: "site_lead"}
PERSON = """
INSERT INTO person (person_id, site_id, role, reference, name, time_zone, locale, row_hash)
VALUES ($1, $2, $3, $3, $3, 'UTC', 'en', '')
"""
TALK = """
INSERT INTO contact (contact_id, mentor_id, site_id, outcome, at, by_person, cleared)
VALUES ($1, $2, $3, 'talked', now(), $4, '{}')
"""


@pytest.fixture
async def services(stack: Stack) -> AsyncIterator[All]:
    """All four, on one database of their own."""
    name = f"test_reapply_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(stack.postgres)
    await admin.execute(f'CREATE DATABASE "{name}"')
    await db.migrate(at_database(stack.postgres, name), topology.NAMES, topology.migrations)
    pools = {one: await db.open_pool(at_database(db.service_dsn(one), name), "test", 2) for one in topology.NAMES}
    yield {one: Running(topology.service(one), pool, settings()) for one, pool in pools.items()}
    for pool in pools.values():
        await db.close_pool(pool)
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka is new, and has no list of erasures."""

    async def nothing() -> list[PersonErased]:
        return []

    monkeypatch.setattr(erase, "_on_topic", nothing)


async def back(services: All) -> None:
    """As a backup of before has it: three people, and what the two members of staff had done."""
    async with services["supervision"].connection() as conn:
        for id, role in ROLES.items():
            await conn.execute(PERSON, id, SITE, role)
        for by in (DANA, PRIYA):
            await conn.execute(TALK, ids.after(by, "talk"), uuid4(), SITE, by)
        await conn.execute("DELETE FROM erased")
        await conn.execute("DELETE FROM erasure")


async def left(services: All) -> tuple[int, set[UUID]]:
    """How many of them are there, and who is said to have talked."""
    async with services["supervision"].connection() as conn:
        people = await conn.fetchval("SELECT count(*) FROM person")
        return people, {row["by_person"] for row in await conn.fetch("SELECT by_person FROM contact")}


async def ledger(running: Running) -> dict[UUID, str]:
    async with running.connection() as conn:
        return await store_erasing.list_erased(conn)


async def test_each_goes_again_as_what_they_were_by_the_ledger_of_any_service(services: All, lost: None) -> None:
    for id, role in ROLES.items():
        event = PersonErased.model_validate({"mentor_id": id, "role": "mentor" if role == "mentor" else "staff", "site_id": SITE})
        await services["trigger"].submit(event, id=str(id), source="test")
    await back(services)
    assert await left(services) == (3, {DANA, PRIYA})
    people, rows = await erase._again(services, [])
    assert (people, rows) == (3, 5)
    assert await left(services) == (0, {NOBODY})
    assert await ledger(services["supervision"]) == {MARCUS: "mentor", DANA: "staff", PRIYA: "staff"}
    assert await erase._again(services, []) == (3, 0), "a second time nothing comes of it"


async def test_a_list_that_was_kept_apart_adds_to_the_ledgers_where_kafka_is_away(
    services: All, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> list[PersonErased]:
        raise bus.Unread("Kafka does not answer")

    monkeypatch.setattr(erase, "_on_topic", away)
    async with services["trigger"].connection() as conn:
        await conn.execute("INSERT INTO erased (person_id, role) VALUES ($1, 'mentor')", MARCUS)
    await back(services)
    listed = [PersonErased.model_validate({"mentor_id": id, "role": "staff", "site_id": SITE}) for id in (DANA, PRIYA)]
    assert (await erase._again(services, listed))[0] == 3
    assert await left(services) == (0, {NOBODY})


async def test_whom_an_earlier_version_erased_without_saying_what_they_were_is_erased_as_both(services: All, lost: None) -> None:
    async with services["trigger"].connection() as conn:
        await conn.executemany("INSERT INTO erased (person_id) VALUES ($1)", [(id,) for id in ROLES])
    await back(services)
    assert (await erase._again(services, []))[0] == 3
    assert await left(services) == (0, {NOBODY})
    assert set((await ledger(services["supervision"])).values()) == {""}
    known = await erase._known(services, [])
    assert {(one.mentor_id, one.role) for one in known} == {(id, "staff") for id in ROLES}, "which looks further"


async def test_what_was_asked_for_here_says_what_they_were_where_the_ledger_does_not(services: All, lost: None) -> None:
    async with services["trigger"].connection() as conn:
        await conn.execute("INSERT INTO erased (person_id) VALUES ($1)", DANA)
    event = PersonErased.model_validate({"mentor_id": DANA, "role": "staff", "site_id": SITE})
    await services["supervision"].submit(event, id="dana", source="test")
    async with services["supervision"].connection() as conn:
        await conn.execute("UPDATE erased SET role = ''")
    assert [(one.role, one.site_id) for one in await erase._known(services, [])] == [("staff", SITE)]
