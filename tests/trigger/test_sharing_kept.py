"""Two sessions of a mentor on one day, on a real Postgres: in one batch or by two workers, one training and one reminder."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest_asyncio
from pytest import MonkeyPatch

from services.trigger import store
from services.trigger.app import SERVICE
from services.trigger.session import as_nearby
from shared.contracts import ids
from shared.contracts.trigger import ContentRequested, NudgeRequested
from shared.messaging.batch import apply_due
from shared.running import Running
from tests.driving import deliver, fall_due, outgoing
from tests.trigger.building import cancelled, enrolled, held, of, scheduled, site_described, training_assigned
from tests.trigger.test_sweeps import choose

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
SESSION = next(handler for handler in SERVICE.handlers if handler.name == "session")


@pytest_asyncio.fixture
async def running(running: Running) -> Running:
    """Both start within the day, so that both are assigned at once; the mentor's zone is chosen so that they are on one day."""
    behind = (datetime.now(UTC).hour - 9) % 24
    zone = f"Etc/GMT+{behind}" if behind <= 12 else f"Etc/GMT-{24 - behind}"
    await deliver(running, site_described(time_zone=zone), enrolled("m1", time_zone=zone))
    await choose(running, quiet_from=time(0), quiet_to=time(0))
    start = datetime.now(UTC) + 8 * HOUR
    await deliver(running, *(scheduled(start + n * 2 * HOUR, session_ref=f"s{n}", time_zone=zone) for n in (0, 1)))
    return running


async def one_worker(running: Running, limit: int) -> int:
    """A due batch of a few rows, in a transaction that stays open for a moment."""
    async with running.connection() as conn, conn.transaction():
        applied = await apply_due(conn, "trigger", SESSION, datetime(1970, 1, 2, tzinfo=UTC), limit=limit)
        await asyncio.sleep(0.3)
        return applied.rows_due


async def nudge(running: Running) -> list[object]:
    await running.pool.execute("UPDATE session SET due_at = now() WHERE moment = 'nudge'")
    return [e.session_id for e in of(NudgeRequested, await outgoing(running))]


async def test_in_one_batch_they_ask_for_one_training_and_remind_once(running: Running) -> None:
    assert await fall_due(running, "session") == 2
    first, second = of(ContentRequested, await outgoing(running))
    assert first.request_id == second.request_id and first.session_id != second.session_id
    await deliver(running, training_assigned(first))
    await nudge(running)
    assert await fall_due(running, "session") == 2
    assert await nudge(running) == [ids.session("east", "s0")]


async def test_two_workers_at_once_ask_for_one_training_and_remind_once(running: Running) -> None:
    assert sorted(await asyncio.gather(one_worker(running, 1), one_worker(running, 1))) == [1, 1]
    first, second = of(ContentRequested, await outgoing(running))
    assert first.request_id == second.request_id
    await deliver(running, training_assigned(first))
    await nudge(running)
    assert sorted(await asyncio.gather(one_worker(running, 1), one_worker(running, 1))) == [1, 1]
    assert await nudge(running) == [ids.session("east", "s0")]


async def test_what_is_near_is_the_same_mentors_and_within_a_day_or_so(running: Running) -> None:
    await deliver(running, enrolled("m2"))
    start = datetime.now(UTC) + 8 * HOUR
    await deliver(running, scheduled(start, session_ref="other", mentor_ref="m2"))
    await deliver(running, scheduled(start + 40 * HOUR, session_ref="far"), scheduled(start - 20 * HOUR, session_ref="before"))
    found = await store.find_session(running.pool, ids.session("east", "s0"))
    assert found and found.described
    key = (found.described.mentor_id, found.described.starts_at, found.id)
    async with running.connection() as conn:
        near = (await store.load_nearby(conn, [key]))[key]
    assert [one.id for one in near] == [ids.session("east", "before"), ids.session("east", "s1")]
    assert not any(one.completed for one in near)


async def test_a_row_is_seen_by_the_others_as_its_session_is(running: Running) -> None:
    """What is near is read by a statement of its own, which leaves out most of a session."""
    start = datetime.now(UTC) + 8 * HOUR
    await deliver(running, scheduled(start + 20 * HOUR, session_ref="waits"), scheduled(start + HOUR, session_ref="off"))
    assert await fall_due(running, "session") == 3
    await deliver(running, cancelled(session_ref="off"), held())
    await running.pool.execute("UPDATE session SET rest = rest - 'decision' WHERE id = $1", ids.session("east", "s0"))
    kept = {ref: await store.find_session(running.pool, ids.session("east", ref)) for ref in ("s0", "s1", "waits", "off")}
    assert [session.status for session in kept.values() if session] == ["planned", "held", "planned", "cancelled"]
    assert kept["s0"] and kept["s0"].decision is None and kept["s0"].training_id
    assert await running.pool.fetchval("SELECT rest IS NULL FROM session WHERE id = $1", ids.session("east", "waits"))
    expected = sorted((as_nearby(session) for session in kept.values() if session), key=lambda one: one.starts_at)
    key = (expected[0].mentor_id, start, UUID(int=0))
    async with running.connection() as conn:
        near = await store.load_nearby(conn, [key])
    assert list(near[key]) == expected


async def nobody(running: Running) -> list[store.NearbyKey]:
    """More sessions of one name on one day than any mentor has, all between the two of the fixture."""
    first = await store.find_session(running.pool, ids.session("east", "s0"))
    assert first and first.described
    start, refs = first.described.starts_at + HOUR, [f"tbd{n}" for n in range(3 * store.MOST_NEARBY)]
    events = [scheduled(start + n * SECOND, session_ref=ref, time_zone=first.mentor_zone) for n, ref in enumerate(refs)]
    await deliver(running, *events)
    return [(first.described.mentor_id, start + n * SECOND, ids.session("east", ref)) for n, ref in enumerate(refs)]


async def test_of_a_name_that_stands_for_nobody_only_what_is_next_to_a_session_is_looked_at(running: Running) -> None:
    keys = await nobody(running)
    async with running.connection() as conn:
        near = await store.load_nearby(conn, keys)
    for n, (_, start, _) in enumerate(keys):
        own = [one.starts_at for one in near[keys[n]]]
        assert own == sorted(own)
        assert sum(at < start for at in own) == min(n + 1, store.MOST_NEARBY)
        assert sum(at > start for at in own) == min(len(keys) - n, store.MOST_NEARBY)


async def test_of_sessions_that_all_begin_at_once_the_first_ids_are_looked_at(running: Running) -> None:
    first = await store.find_session(running.pool, ids.session("east", "s0"))
    assert first and first.described
    start, refs = first.described.starts_at, [f"tbd{n}" for n in range(3 * store.MOST_NEARBY)]
    await deliver(running, *(scheduled(start, session_ref=ref, time_zone=first.mentor_zone) for ref in refs))
    every = sorted([first.id, *(ids.session("east", ref) for ref in refs)])
    async with running.connection() as conn:
        near = await store.load_nearby(conn, [(first.described.mentor_id, start, id) for id in every])
    for id in every:
        same = [one.id for one in near[first.described.mentor_id, start, id] if one.starts_at == start]
        assert same == [other for other in every[: store.MOST_NEARBY + 1] if other != id]


async def test_sessions_that_are_days_apart_do_not_take_each_others_place(running: Running, monkeypatch: MonkeyPatch) -> None:
    """Only so many rows are read of what is next to each other."""
    monkeypatch.setattr(store, "MOST_AROUND", 3)
    first = await store.find_session(running.pool, ids.session("east", "s0"))
    assert first and first.described
    starts = [first.described.starts_at + days * 24 * HOUR + n * HOUR for days in (7, 14) for n in range(3)]
    await deliver(running, *(scheduled(at, session_ref=f"week{n}") for n, at in enumerate(starts)))
    keys = [(first.described.mentor_id, at, ids.session("east", f"week{n}")) for n, at in enumerate(starts)]
    async with running.connection() as conn:
        near = await store.load_nearby(conn, list(reversed(keys)))
    assert {key: [one.id for one in near[key]] for key in keys} == {
        key: [id for _, at, id in keys if id != key[2] and abs(at - key[1]) < 24 * HOUR] for key in keys
    }


async def test_of_a_name_that_stands_for_nobody_one_session_reminds(running: Running) -> None:
    await nobody(running)
    while await fall_due(running, "session"):
        pass
    await nudge(running)
    while await fall_due(running, "session"):
        pass
    assert [e.session_id for e in of(NudgeRequested, await outgoing(running))] == [ids.session("east", "s0")]
