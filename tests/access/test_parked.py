"""What a page submits while an earlier record of the same key waits to be mended: it is kept behind that record, and not lost."""

from collections.abc import Iterator

import pytest

from deploy import topology
from services.supervision.app import SERVICE as SUPERVISION
from services.supervision.messages import AlertClosed, LinksRevoked
from services.trigger.app import SERVICE as TRIGGER
from shared import db, row_security
from shared.access import NOBODY, Scope, enter
from shared.contracts import ids
from shared.messaging import dead, store
from shared.running import Running
from tests.conftest import Database
from tests.driving import deliver
from tests.supervision.builders import MENTOR, SITE, SUPERVISOR, listed
from tests.trigger.building import afternoon, enrolled, scheduled, site_described

LETTERS = "SELECT count(*) FROM dead_letter"


@pytest.fixture(autouse=True)
def nobody_afterwards() -> Iterator[None]:
    yield
    enter(NOBODY)


async def park(running: Running, concern: str) -> None:
    async with running.connection() as conn:
        await store.park(conn, [concern])


@pytest.mark.parametrize("service", topology.NAMES)
def test_pages_may_do_what_setting_aside_takes(service: str) -> None:
    may = row_security.read_rules(db.MESSAGING, topology.migrations(service)).may
    assert {"SELECT", "INSERT"} <= set(may["dead_letter"].split(", ")) & set(may["parked"].split(", "))


async def test_a_supervisors_click_waits_and_pages_do_not_see_it_afterwards(database: Database) -> None:
    running = await database(SUPERVISION)
    await deliver(running, listed())
    await park(running, f"mentor_case/{MENTOR}")
    enter(Scope("supervisor", frozenset({SITE})))
    assert (await running.pages.submit(LinksRevoked(mentor_id=MENTOR), id="1", source="console")).kind == "parked"
    closed = AlertClosed(mentor_id=MENTOR, alert_id=ids.after(MENTOR, "alert"), by=SUPERVISOR, note="We talked.")
    assert (await running.pages.submit(closed, id="2", source="console")).kind == "parked"
    assert [letter.reason for letter in await dead.list_letters(running)] == ["behind_a_failed_one"] * 2
    async with running.pages.connection() as conn:
        assert await conn.fetchval(LETTERS) == 0


async def test_what_a_publisher_sends_waits_and_it_can_ask_for_it(database: Database) -> None:
    running = await database(TRIGGER)
    await deliver(running, site_described(), enrolled("m1"), scheduled(afternoon(3)))
    await park(running, f"session/{ids.session('east', 's1')}")
    enter(Scope("publisher/district", frozenset({"east"})))
    sent = [("e2", scheduled(afternoon(4), revision=5))]
    outcomes = await running.pages.submit_many(sent, source="sis", principal="district")
    assert [outcome.kind for outcome in outcomes] == ["parked"]
    async with running.pages.connection() as conn:
        assert await conn.fetchval(LETTERS) == 1
