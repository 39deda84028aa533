"""Sessions on a real Postgres: what was decided is what is read back, and the clock finds them by its index."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import asyncpg
import pytest

from services.trigger import store
from services.trigger.app import SERVICE
from services.trigger.session import Missing, Session, Status
from shared.contracts import ids
from shared.contracts.event import Event
from shared.contracts.site import SessionScheduled
from shared.contracts.supervision import Clearance, Match
from shared.contracts.trigger import ContentRequested, DecisionMade, NudgeRequested, SessionPlanned, TrainingOverdue
from shared.running import Running
from shared.settings import settings
from tests.conftest import Database, at_database
from tests.driving import deliver, fall_due, outgoing
from tests.trigger.building import (
    CHICAGO,
    MENTOR,
    afternoon,
    cancelled,
    enrolled,
    held,
    of,
    remembered,
    scheduled,
    site_described,
    training_assigned,
    training_completed,
)

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SESSION = ids.session("east", "s1")
OTHER = ids.mentor("east", "m2")
PLAN = "EXPLAIN (FORMAT TEXT) "


async def opened(database: Database, *events: Event) -> Running:
    """A trigger that knows the site and its mentors, and has heard `events`, each in a batch of its own."""
    running = await database(SERVICE)
    await deliver(running, site_described(), enrolled("m1"), enrolled("m2"))
    for event in events:
        await deliver(running, event)
    return running


async def kept(running: Running, id: UUID = SESSION) -> Session:
    session = await store.find_session(running.pool, id)
    assert session is not None
    return session


async def wind(running: Running, id: UUID = SESSION) -> None:
    """Lets the session's next moment be due now, and handles it."""
    await running.pool.execute("UPDATE session SET due_at = now() WHERE id = $1", id)
    assert await fall_due(running, "session") == 1


async def test_a_session_is_read_back_as_it_was_decided(database: Database):
    event = scheduled(
        afternoon(9),
        mentee_ref="kid-7",
        focus=("open_questions",),
        mode="virtual",
        match_stage="building",
        source_updated_at=afternoon(-1),
    )
    running = await opened(database, event)
    session = await kept(running)
    assert session.described is not None
    assert (session.described.starts_at, session.described.mentor_id) == (event.starts_at, MENTOR)
    assert (session.described.focus, session.described.mode, session.described.match_stage) == (
        event.focus,
        "virtual",
        "building",
    )
    assert session.described.source_updated_at == event.source_updated_at
    planned = of(SessionPlanned, await outgoing(running))[0]
    assert (planned.session_id, planned.quiz_by, planned.mentee_ref) == (SESSION, session.quiz_by, ids.mentee("east", "kid-7"))
    assert [outcome.kind for outcome in await deliver(running, event)] == ["applied"]
    assert await kept(running) == session


async def test_what_happened_to_a_session_is_read_back_too(database: Database):
    start = afternoon(3)
    running = await opened(database, scheduled(start))
    await wind(running)
    await deliver(running, scheduled(start, mentor_ref="m2", revision=1), held(revision=1, minutes=40))
    session = await kept(running)
    assert (session.status, session.verdict and session.verdict.minutes) == (Status.HELD, 40)
    assert [(turn.mentor_id, turn.marks[0].moment, turn.decision and turn.decision.arm) for turn in session.earlier] == [
        (MENTOR, "assign", "send")
    ]


async def test_a_session_in_its_life_asks_reminds_and_reports(database: Database):
    running = await opened(database, scheduled(afternoon(3)))
    await wind(running)
    request = of(ContentRequested, await outgoing(running))[0]
    await deliver(running, training_assigned(request))
    for _ in range(4):
        await wind(running)
    events = await outgoing(running)
    assert [event.moment for event in of(NudgeRequested, events)] == ["nudge", "last_call", "check_in"]
    assert [event.training_id for event in of(TrainingOverdue, events)] == [request.request_id]
    assert (await kept(running)).due_at is None


async def test_a_finished_training_is_neither_reminded_of_nor_overdue(database: Database):
    running = await opened(database, scheduled(afternoon(3)))
    await wind(running)
    request = of(ContentRequested, await outgoing(running))[0]
    await deliver(running, training_completed(request), training_assigned(request))  # heard in the wrong order
    for _ in range(4):
        await wind(running)
    events = await outgoing(running)
    assert [event.moment for event in of(NudgeRequested, events)] == ["check_in"]
    assert of(TrainingOverdue, events) == []


async def test_the_assign_moment_sees_the_mentors_memory_clearances_and_history(database: Database):
    start = afternoon(20)
    earlier = [scheduled(start - n * 7 * DAY, session_ref=f"before-{n}") for n in (1, 2)]
    running = await opened(database, scheduled(start), *earlier)
    await deliver(
        running,
        enrolled(
            "m1",
            revision=2,
            matches=(Match(started_on=(start - 40 * DAY).date().isoformat()),),
            clearances=(Clearance(function="academic_help", state="cleared"),),
        ),
        remembered("homework_coaching", 0.5, start),
        remembered("homework_coaching", 0.9, start, revision=2),
    )
    await wind(running)
    events = await outgoing(running)
    decision, request = of(DecisionMade, events)[0], of(ContentRequested, events)[0]
    assert (decision.session_no, decision.stage, request.assumed) == (3, "building", ())
    needed = {need.skill: need for need in request.needs}
    assert needed["process_feedback"].reason == "never_trained"
    assert "homework_coaching" not in needed  # 0.1 by the second memory; it would be 0.5 by the first
    assert of(SessionPlanned, events)[-1].session_no == 3


async def test_a_waiting_session_wakes_when_its_mentor_is_enrolled(database: Database):
    running = await opened(database, scheduled(afternoon(3), mentor_ref="newcomer"))
    assert ((await kept(running)).status, await outgoing(running)) == (Status.WAITING, [])
    await deliver(running, enrolled("newcomer"))
    await running.pool.execute("UPDATE session SET rest = jsonb_set(rest, '{waiting,at}', to_jsonb(now())), due_at = now()")
    await fall_due(running, "session")
    assert (await kept(running)).status is Status.PLANNED
    assert [type(event) for event in await outgoing(running)] == [SessionPlanned]


async def test_a_session_of_an_unknown_site_says_what_it_waits_for(database: Database):
    running = await database(SERVICE)
    await deliver(running, enrolled("m1"), scheduled(afternoon(3)))
    session = await kept(running)
    assert (session.status, session.waiting and session.waiting.missing) == (Status.WAITING, Missing.SITE)


def told(start: datetime) -> Sequence[Event]:
    return (
        scheduled(start),
        scheduled(start + DAY, revision=1),
        cancelled(revision=2),
        scheduled(start + 2 * DAY, revision=3, mentor_ref="m2"),
    )


async def test_reschedule_cancel_and_another_mentor_end_alike_in_every_order_of_arrival(database: Database):
    running, start, endings = await opened(database), afternoon(9), set()
    for n, order in enumerate(permutations(told(start))):
        renamed = [event.model_copy(update={"session_ref": f"order-{n}"}) for event in order]
        await deliver(running, *renamed[: n % 4])  # some in one batch, some in the next
        await deliver(running, *renamed[n % 4 :])
        session = await kept(running, ids.session("east", f"order-{n}"))
        assert session.described is not None
        endings.add((session.status, session.described.mentor_id, session.described.starts_at, session.due_at))
    assert [ending[:3] for ending in endings] == [(Status.PLANNED, OTHER, start + 2 * DAY)]
    final = {event.session_id: event for event in sorted(of(SessionPlanned, await outgoing(running)), key=lambda e: e.revision)}
    assert {(e.mentor_id, e.status, e.starts_at) for e in final.values()} == {(OTHER, "planned", start + 2 * DAY)}


async def test_a_cancelled_session_that_arrives_later_stays_cancelled(database: Database):
    running = await opened(database, cancelled())
    assert (await kept(running)).described is None
    outcome = await deliver(running, scheduled(afternoon(3)), scheduled(afternoon(4)))
    assert [o.kind for o in outcome] == ["applied", "refused"]
    assert [event.status for event in of(SessionPlanned, await outgoing(running))] == ["cancelled"]


async def test_history_counts_other_sessions_that_were_not_cancelled_and_finds_the_first_with_the_mentee(database: Database):
    start = afternoon(60)
    others = [
        scheduled(start - 30 * DAY, session_ref="a", mentee_ref="kid"),
        scheduled(start - 20 * DAY, session_ref="b"),
        scheduled(start - 10 * DAY, session_ref="c"),
        cancelled(session_ref="c"),
        scheduled(start + DAY, session_ref="later"),
        scheduled(start - 10 * DAY, session_ref="d", mentor_ref="m2"),
    ]
    running = await opened(database, *others)
    kid = ids.mentee("east", "kid")
    keys = sorted([(start, MENTOR, SESSION, kid), (start, MENTOR, SESSION, ""), (start - 50 * DAY, MENTOR, SESSION, "")])
    async with running.pool.acquire() as conn:
        found = await store.load_history(conn, keys)
    assert {(key[0], key[3]): (h.earlier, h.first_at) for key, h in found.items()} == {
        (start, kid): (2, start - 30 * DAY),
        (start, ""): (2, start - 20 * DAY),
    }


async def test_of_a_history_at_most_so_many_are_counted(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store, "MOST_EARLIER", 2)
    start = afternoon(60)
    others = [scheduled(start - n * DAY, session_ref=f"s{n}", mentee_ref="kid") for n in range(1, 5)]
    running = await opened(database, *others)
    key = (start, MENTOR, SESSION, ids.mentee("east", "kid"))
    async with running.pool.acquire() as conn:
        found = await store.load_history(conn, [key])
    assert found[key].earlier == 2


async def test_a_clock_that_stood_goes_on_where_it_stood(database: Database):
    running = await opened(database, scheduled(afternoon(3)))
    before = await kept(running)
    async with running.pool.acquire() as conn:
        await store.rest_sessions(conn, [SESSION])
        assert await conn.fetchval("SELECT due_at FROM session WHERE id = $1", SESSION) is None
        stood = await store.load_sessions(conn, [SESSION])
    assert stood[SESSION] == before


async def many(running: Running, count: int) -> None:
    start = afternoon(5)
    events = [scheduled(start + n * MINUTE, session_ref=f"many-{n}", mentor_ref=f"m{1 + n % 2}") for n in range(count)]
    await deliver(running, *events)
    await analyzed(running)


async def analyzed(running: Running) -> None:
    """As autovacuum would, which only the owner may do by hand."""
    owner = at_database(settings().postgres, await running.pool.fetchval("SELECT current_database()"))
    conn = await asyncpg.connect(owner, timeout=10)
    await conn.execute("ANALYZE trigger.session")
    await conn.close()


async def plan_of(running: Running, statement: str, *values: object) -> str:
    async with running.pool.acquire() as conn:
        return "\n".join(row[0] for row in await conn.fetch(PLAN + statement, *values))


async def test_due_sessions_are_found_by_the_partial_index(database: Database):
    running = await opened(database)
    await many(running, 3_000)
    await running.pool.execute("UPDATE session SET due_at = now() - (minutes || ' minutes')::interval * random()")
    await analyzed(running)
    plan = await plan_of(running, store.DUE, 1_000, afternoon(-1))
    assert "Index Scan using session_due" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("rows", [0, 3_000])
async def test_a_mentors_history_is_found_by_its_index_in_an_empty_table_and_in_a_full_one(database: Database, rows: int):
    running = await opened(database)
    if rows:
        await many(running, rows)
    plan = await plan_of(running, store.HISTORY, [afternoon(5)], [MENTOR], [SESSION], [""], store.MOST_EARLIER)
    assert "session_mentor" in plan
    assert "Seq Scan on session" not in plan


async def test_a_burst_of_new_sessions_is_saved_in_one_batch_with_one_event_each(database: Database):
    running = await opened(database)
    await many(running, 500)
    assert len(of(SessionPlanned, await outgoing(running))) == 500
    zones = await running.pool.fetch("SELECT DISTINCT time_zone, mentor_zone FROM session")
    assert [tuple(row) for row in zones] == [(CHICAGO, CHICAGO)]


def test_every_kind_of_event_that_comes_in_has_a_handler():
    assert SessionScheduled.TYPE in SERVICE.events
