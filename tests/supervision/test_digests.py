"""Monday's digest: when, what stands on it, and that nothing is dropped or told twice."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.supervision import digests, reading_notices, store_digests, store_notices
from services.supervision.digests import Facts, next_monday
from services.supervision.messages import PersonLeft
from shared.contracts import ids
from shared.contracts.event import Due, Refused
from shared.contracts.supervision import DigestReady
from shared.running import Running
from tests.driving import deliver, fall_due, outgoing
from tests.supervision.builders import LEAD, SITE, START, SUPERVISOR, listed, mistaken, overdue, planned
from tests.supervision.console import the_site

CHICAGO = "America/Chicago"
DANA = listed(reference="dana", role="supervisor", supervisor_reference=None, cleared={})


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        (datetime(2026, 11, 27, 12, tzinfo=UTC), datetime(2026, 11, 30, 14, tzinfo=UTC)),
        (datetime(2026, 11, 30, 13, 59, tzinfo=UTC), datetime(2026, 11, 30, 14, tzinfo=UTC)),
        (datetime(2026, 11, 30, 14, tzinfo=UTC), datetime(2026, 12, 7, 14, tzinfo=UTC)),
        (datetime(2026, 10, 30, 12, tzinfo=UTC), datetime(2026, 11, 2, 14, tzinfo=UTC)),  # summer ends on Sunday
        (datetime(2027, 3, 12, 15, tzinfo=UTC), datetime(2027, 3, 15, 13, tzinfo=UTC)),  # summer begins on Sunday
    ],
)
def test_the_next_monday_is_at_8_on_the_persons_own_clock(now: datetime, monday: datetime) -> None:
    assert next_monday(now, CHICAGO) == monday


def begun() -> digests.Digest:
    found = digests.listed(None, DANA, START, Facts())
    assert not isinstance(found, Refused)
    return found[0]


def test_what_waits_is_told_once_and_the_next_list_is_a_week_on() -> None:
    digest = begun()
    assert digest.due_at
    late = digest.due_at + timedelta(hours=5)
    result = digests.due(digest, Due(), late, Facts((UUID(int=1), UUID(int=2))))
    assert not isinstance(result, Refused)
    after, [event] = result
    assert isinstance(event, DigestReady)
    assert event.alert_ids == after.sent == (UUID(int=1), UUID(int=2))
    assert after.due_at == digest.due_at + timedelta(days=7)


def test_where_nothing_waits_nothing_is_sent() -> None:
    digest = begun()
    result = digests.due(digest, Due(), digest.due_at or START, Facts())
    assert not isinstance(result, Refused)
    assert (result[1], result[0].sent_at) == ([], None)


def test_the_same_row_again_changes_nothing_and_another_zone_moves_it() -> None:
    digest = begun()
    assert digests.listed(digest, DANA, START, Facts()) == (digest, [])
    moved = digests.listed(digest, listed(reference="dana", role="supervisor", time_zone="America/Denver"), START, Facts())
    assert not isinstance(moved, Refused)
    assert moved[0].due_at == (digest.due_at or START) + timedelta(hours=1)
    assert digests.listed(None, listed(), START, Facts()) == Refused("not_staff")


async def waiting(running: Running) -> None:
    """One mentor whose alert was put off, one with something worth knowing; and one without a supervisor."""
    await deliver(running, DANA, listed(reference="priya", role="site_lead", supervisor_reference=None, cleared={}))
    await deliver(running, listed(match_started_on=None), mistaken("closed_question", 1), mistaken("closed_question", 2))
    await deliver(running, planned(), overdue())
    async with running.connection() as conn:
        await conn.execute(
            "UPDATE alert SET with_role = 'digest', place = 'digest', place_at = NULL WHERE rule = 'same_mistake_again'"
        )


async def monday(running: Running) -> int:
    async with running.connection() as conn:
        await conn.execute("UPDATE digest SET due_at = now() - interval '1 minute'")
    return await fall_due(running, "digest")


async def test_on_monday_what_waits_is_listed_in_one_event_one_row_and_one_notice(running: Running) -> None:
    await waiting(running)
    assert await monday(running) == 2
    assert await fall_due(running, "digest") == 0
    async with running.connection() as conn:
        waits = {row["alert_id"]: row["rule"] for row in await conn.fetch("SELECT alert_id, rule FROM alert")}
        found = await store_digests.find_last(conn, SUPERVISOR)
        notices = await conn.fetch("SELECT person_id, site_id FROM notice WHERE kind = 'digest'")
        lead = await store_digests.find_last(conn, LEAD)
    [event] = [e for e in await outgoing(running) if isinstance(e, DigestReady)]
    assert found
    assert set(found[1]) == set(event.alert_ids)
    assert sorted(waits[id] for id in event.alert_ids) == ["same_mistake_again", "training_not_done"]
    assert [(row["person_id"], row["site_id"]) for row in notices] == [(SUPERVISOR, SITE)]
    assert lead is None, "nothing waits about a mentor without a supervisor"


async def test_who_stands_in_is_mailed_the_list_of_who_is_away(running: Running) -> None:
    omar = ids.supervisor(SITE, "omar")
    await deliver(running, the_site("America/Chicago"))
    await waiting(running)
    await deliver(running, listed(reference="omar", role="supervisor", name="Omar", supervisor_reference=None, cleared={}))
    async with running.connection() as conn:
        await conn.execute(
            """INSERT INTO absence (absence_id, site_id, person_id, delegate_id, from_at, until_at, noted_at)
               VALUES ($1, $2, $3, $4, now() - interval '1 day', now() + interval '1 day', now())""",
            UUID(int=1), SITE, SUPERVISOR, omar,
        )  # fmt: skip
    await monday(running)
    async with running.connection() as conn:
        id = await conn.fetchval("SELECT notice_id FROM notice WHERE kind = 'digest'")
        notice = (await store_notices.load_notices(conn, [id]))[id]
        facts = await reading_notices.find_facts(conn, notice)
    assert notice.person_id == omar
    assert facts
    assert len(facts.lines) == 1, "one mentor, of whom two things wait"


async def test_what_nobody_has_dealt_with_stands_on_the_next_list_too(running: Running) -> None:
    await waiting(running)
    await monday(running)
    await monday(running)
    lists = [set(e.alert_ids) for e in await outgoing(running) if isinstance(e, DigestReady)]
    assert len(lists) == 2
    assert lists[0] == lists[1]


async def test_a_mentor_without_a_supervisor_is_on_the_leads_list(running: Running) -> None:
    await deliver(running, listed(reference="priya", role="site_lead", supervisor_reference=None, cleared={}))
    await deliver(running, listed(supervisor_reference=None, match_started_on=None), planned(), overdue())
    await monday(running)
    [event] = [e for e in await outgoing(running) if isinstance(e, DigestReady)]
    assert (event.supervisor_id, len(event.alert_ids)) == (LEAD, 1)


async def test_who_has_left_gets_no_list(running: Running) -> None:
    await deliver(running, DANA)
    await deliver(running, PersonLeft(site_id=SITE, person_id=SUPERVISOR, role="supervisor"))
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT due_at FROM digest") is None
