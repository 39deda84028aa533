"""The handlers on real Postgres: what is folded is what the tables say, whatever the batches were."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.supervision import store, store_cases
from services.supervision.app import SERVICE
from services.supervision.domain import MentorCase
from shared.contracts.event import Event
from shared.contracts.supervision import (
    AlertEscalated,
    AlertPlaced,
    AlertRaised,
    BriefReady,
    ClearanceChanged,
    DayCalledOff,
    DayCalledOffClosed,
    DigestReady,
    MentorEnrolled,
    MentorForgotten,
    NoticeDelivered,
    PersonErased,
    PersonErasureDone,
    SiteDescribed,
)
from shared.messaging.batch import Conflict
from shared.running import Running
from shared.service import Service
from tests.driving import deliver, fall_due, outgoing
from tests.supervision.builders import (
    HOUR,
    LEAD,
    MENTOR,
    SITE,
    START,
    SUPERVISOR,
    TRAINING,
    answered,
    assigned,
    call,
    closed,
    completed,
    contact,
    listed,
    looked_at,
    opened,
    overdue,
    planned,
    taken,
    undone,
)

Database = Callable[[Service], Awaitable[Running]]
SURE = "confident_miss_on_safety_item"
TABLES_THAT_SAY_MARCUS = """
SELECT string_agg(format('SELECT %L AS says WHERE EXISTS (SELECT 1 FROM %I t WHERE t::text ILIKE ''%%marcus%%'')',
                         table_name, table_name), ' UNION ALL ') AS statement
FROM information_schema.tables WHERE table_schema = 'supervision'
"""


@pytest.fixture
async def running(database: Database) -> Running:
    return await database(SERVICE)


async def now(running: Running) -> datetime:
    async with running.connection() as conn:
        at: datetime = await conn.fetchval("SELECT now()")
    return at


async def rows(running: Running, statement: str) -> list[dict[str, Any]]:
    async with running.connection() as conn:
        return [dict(row) for row in await conn.fetch(statement)]


async def the_case(running: Running) -> MentorCase:
    async with running.connection() as conn:
        return (await store_cases.load_cases(conn, [MENTOR]))[MENTOR]


async def submitted(running: Running, event: Event) -> tuple[str, str | None]:
    outcome = await running.submit(event, id=str(uuid4()), source="test")
    return outcome.kind, outcome.reason


def staff(reference: str, role: str) -> Event:
    return listed(reference=reference, role=role, name=reference.title(), supervisor_reference=None, cleared={})


async def held(running: Running) -> datetime:
    """A mentor with an open hold, four hours before a session; answers when."""
    at = await now(running)
    start = at + 4 * HOUR
    await deliver(running, staff("dana", "supervisor"), staff("priya", "site_lead"), listed(), planned(starts_at=start))
    await deliver(running, assigned(starts_at=start), opened(opened_at=at))
    await deliver(running, answered(starts_at=start, answered_at=at, received_at=at))
    return at


async def test_one_answer_becomes_an_alert_a_hold_a_ledger_line_and_their_events(running: Running) -> None:
    await held(running)
    alert = (await rows(running, "SELECT * FROM alert"))[0]
    assert (alert["rule"], alert["state"], alert["supervisor_id"], alert["with_role"]) == (SURE, "open", SUPERVISOR, "supervisor")
    hold = (await rows(running, "SELECT item_id, functions, cleared_at FROM hold"))[0]
    assert hold == {"item_id": "q1", "functions": ["safeguarding_first_response"], "cleared_at": None}
    ledger = await rows(running, "SELECT function, state, why, revision FROM clearance_entry ORDER BY id")
    assert [(r["function"], r["state"], r["why"]) for r in ledger] == [
        ("relationship_building", "cleared", "granted"),
        ("safeguarding_first_response", "cleared", "granted"),
        ("safeguarding_first_response", "suspended", "safety_miss"),
    ]
    told = await outgoing(running)
    assert [type(e) for e in told] == [
        MentorEnrolled, ClearanceChanged, ClearanceChanged, MentorEnrolled, ClearanceChanged, AlertRaised,
    ]  # fmt: skip


async def test_names_and_contacts_are_in_one_table_and_on_no_topic(running: Running) -> None:
    await held(running)
    names = ("Marcus", "Dana", "dana", "priya", "marcus")
    assert not any(name in event.model_dump_json() for event in await outgoing(running) for name in names)
    every_table = (await rows(running, TABLES_THAT_SAY_MARCUS))[0]["statement"]
    assert await rows(running, every_table) == [{"says": "person"}]


async def test_a_case_is_loaded_as_it_was_saved(running: Running) -> None:
    await held(running)
    loaded = await the_case(running)
    async with running.connection() as conn, conn.transaction():
        assert await store_cases.save_cases(conn, [replace(loaded, review_at=START)], [])
    assert await the_case(running) == replace(loaded, review_at=START)


async def test_preparations_are_loaded_as_they_were_saved(running: Running) -> None:
    await held(running)
    key = (await rows(running, "SELECT preparation_id FROM preparation"))[0]["preparation_id"]
    async with running.connection() as conn:
        loaded = (await store.load_preparations(conn, [key]))[key]
        assert loaded.plan and loaded.assigned and loaded.training_id == TRAINING
        async with conn.transaction():
            assert await store.save_preparations(conn, [loaded], [])
        assert (await store.load_preparations(conn, [key]))[key] == loaded


async def test_batch_by_batch_or_all_at_once_gives_the_same_tables(database: Database) -> None:
    at = await now(await database(SERVICE))
    start = at + 4 * HOUR
    events = [listed(), planned(starts_at=start), assigned(starts_at=start), opened(opened_at=at),
              answered(starts_at=start, answered_at=at, received_at=at),
              answered(starts_at=start, attempt=2, correct=True), completed(starts_at=start)]  # fmt: skip
    at_once, one_by_one = await database(SERVICE), await database(SERVICE)
    await deliver(at_once, *events)
    for event in events:
        await deliver(one_by_one, event)
    for statement in (
        "SELECT rule, subject, severity, state, facts, evidence FROM alert",
        "SELECT training_id, status, items, opened_at, completed_at FROM preparation",
        "SELECT training_id, item_id, attempt, correct FROM answer ORDER BY attempt",
        "SELECT function, state, why FROM clearance ORDER BY function",
        "SELECT kind FROM alert_change ORDER BY xact, seq",
    ):
        assert await rows(at_once, statement) == await rows(one_by_one, statement)


async def test_a_deadline_that_has_passed_escalates_without_kafka(running: Running) -> None:
    at = await held(running)
    await rows(running, "UPDATE mentor_case SET due_at = now() - interval '1 second' RETURNING mentor_id")
    async with running.connection() as conn:
        await conn.execute("UPDATE alert SET escalate_at = now() - interval '1 second', acknowledge_by = $1", at)
    assert await fall_due(running, "mentor_case") == 1
    up = [event for event in await outgoing(running) if isinstance(event, AlertEscalated)]
    assert [(event.to, event.to_role) for event in up] == [(LEAD, "site_lead")]
    assert await fall_due(running, "mentor_case") == 0, "its next clock lies ahead"


async def test_a_brief_comes_due_at_quiz_by_and_names_the_supervisor(running: Running) -> None:
    at = await now(running)
    soon = at + 3 * HOUR - timedelta(seconds=1)
    await deliver(running, listed(), planned(starts_at=soon), assigned(starts_at=soon))
    assert await fall_due(running, "preparation") == 1
    briefs = [event for event in await outgoing(running) if isinstance(event, BriefReady)]
    assert [(event.complete, event.supervisor_id) for event in briefs] == [(False, SUPERVISOR)]
    assert await fall_due(running, "preparation") == 0


async def test_an_alert_taken_and_closed_with_a_note_keeps_the_note_here(running: Running) -> None:
    await held(running)
    alert = (await the_case(running)).alerts[0]
    assert await submitted(running, closed(alert)) == ("refused", "acknowledge_first")
    assert await submitted(running, taken(alert)) == ("applied", None)
    assert await submitted(running, closed(alert, note="Spoke at noon.")) == ("applied", None)
    assert await rows(running, "SELECT note, how FROM alert WHERE state = 'resolved'") == [
        {"note": "Spoke at noon.", "how": "noted"}
    ]
    assert not any("Spoke" in event.model_dump_json() for event in await outgoing(running))


async def test_a_talk_clears_and_its_undo_brings_everything_back(running: Running) -> None:
    await held(running)
    assert await submitted(running, contact(outcome="not_needed")) == ("refused", "a_hold_needs_a_talk")
    assert await submitted(running, contact(clear=True)) == ("applied", None)
    assert await rows(running, "SELECT state FROM clearance WHERE function = 'safeguarding_first_response'") == [
        {"state": "cleared"}
    ]
    assert await rows(running, "SELECT state, how FROM alert") == [{"state": "resolved", "how": "talked"}]
    assert await rows(running, "SELECT outcome, cleared, undone_at FROM contact") == [
        {"outcome": "talked", "cleared": ["safeguarding_first_response"], "undone_at": None}
    ]
    assert await submitted(running, undone()) == ("applied", None)
    assert await rows(running, "SELECT state, resolved_at FROM alert") == [{"state": "open", "resolved_at": None}]
    assert await rows(running, "SELECT cleared_at FROM hold") == [{"cleared_at": None}]
    assert [r["undone_at"] is None for r in await rows(running, "SELECT undone_at FROM contact")] == [False]


async def test_a_lifted_alert_and_its_successor_share_the_one_open_place(running: Running) -> None:
    """Canceled and planned again: the alert that came back is the same row, open."""
    at = await now(running)
    start = at + 30 * HOUR
    await deliver(running, listed(cleared={}), planned(starts_at=start))
    first = await rows(running, "SELECT alert_id FROM alert WHERE state = 'open' ORDER BY alert_id")
    await deliver(running, planned(starts_at=start, revision=2, status="cancelled"), planned(starts_at=start, revision=3))
    assert await rows(running, "SELECT alert_id FROM alert WHERE state = 'open' ORDER BY alert_id") == first


async def test_two_first_events_of_one_mentor_at_once_lose_nothing(running: Running) -> None:
    """Both batches find no case; the second to save has to begin again."""

    async def one(event: Event) -> None:
        while True:
            try:
                await deliver(running, event)
                return
            except Conflict:
                continue

    await asyncio.gather(one(listed()), one(planned(starts_at=await now(running) + 30 * HOUR)))
    case = await the_case(running)
    assert case.enrolled and len(case.history.sessions) == 1


async def test_the_feed_names_every_change_in_commit_order(running: Running) -> None:
    await held(running)
    alert = (await the_case(running)).alerts[0]
    await submitted(running, taken(alert))
    await submitted(running, contact(clear=True))
    feed = await rows(running, "SELECT kind, supervisor_id, site_id FROM alert_change ORDER BY xact, seq")
    assert [row["kind"] for row in feed] == ["raised", "acknowledged", "resolved"]
    assert {(row["supervisor_id"], row["site_id"]) for row in feed} == {(SUPERVISOR, SITE)}


async def test_a_reader_of_the_feed_waits_for_a_transaction_that_still_runs(running: Running) -> None:
    """Sequence order is not commit order: a later number may be visible first."""
    add = ("INSERT INTO alert_change (at, kind, alert_id, mentor_id, site_id) "
           "VALUES (now(), $1, gen_random_uuid(), gen_random_uuid(), 'eastfield')")  # fmt: skip
    safe = "SELECT kind FROM alert_change WHERE xact < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xact, seq"
    async with running.connection() as slow, running.connection() as fast:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(add, "early number, late commit")
        await fast.execute(add, "late number, early commit")
        assert [row["kind"] for row in await fast.fetch(safe)] == []
        await transaction.commit()
        assert [row["kind"] for row in await fast.fetch(safe)] == ["early number, late commit", "late number, early commit"]


@pytest.mark.parametrize("table", ["mentor_case", "preparation"])
async def test_the_clock_claims_by_its_partial_index(running: Running, table: str) -> None:
    statement = {"mentor_case": store_cases.DUE, "preparation": store.DUE_PREPARATIONS}[table]
    async with running.connection() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = await conn.fetch("EXPLAIN " + statement.replace("$1", "100").replace("$2", "'1970-01-01'::timestamptz"))
    assert f"{table}_due" in "\n".join(row[0] for row in plan)


async def test_every_event_that_follows_is_one_the_service_declares(running: Running) -> None:
    """`outgoing` reads by what app.py lists: an event that is missing there would fail here."""
    at = await held(running)
    await deliver(running, overdue(starts_at=at + 4 * HOUR), completed(starts_at=at + 4 * HOUR))
    await submitted(running, looked_at((await the_case(running)).alerts[0]))
    await submitted(running, taken((await the_case(running)).alerts[0]))
    await submitted(running, contact(clear=True))
    await deliver(running, call(kind="can_wait"))
    await submitted(running, contact(outcome="snoozed", request_id=UUID(int=32)))
    elsewhere = {
        AlertEscalated, AlertPlaced, DigestReady, SiteDescribed, DayCalledOff, DayCalledOffClosed, NoticeDelivered, PersonErased,
        PersonErasureDone, MentorForgotten,
    }  # tests of their own
    assert {type(event) for event in await outgoing(running)} == set(SERVICE.publishes) - elsewhere
