"""The batch transaction on real Postgres: applied once, in order, neighbours unharmed, nothing lost."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from shared.messaging.batch import Batch, Conflict, TooManyFailures, apply
from shared.messaging.message import Raw
from tests.driving import commit, deliver, fall_due, message, outgoing
from tests.messaging import tally_service
from tests.messaging.tally_service import SERVICE, Added, Announced, Rung, Totalled


async def totals(running):
    return {row["id"]: row["total"] for row in await running.pool.fetch("SELECT id, total FROM tally")}


async def letters(running):
    rows = await running.pool.fetch("SELECT state, reason, concerns FROM dead_letter ORDER BY id")
    return [(row["state"], row["reason"], tuple(row["concerns"])) for row in rows]


async def test_a_batch_folds_in_order_and_publishes_what_follows(database):
    running = await database(SERVICE)
    outcomes = await deliver(running, Added(tally="a", number=1), Added(tally="b", number=5), Added(tally="a", number=2))
    assert [o.kind for o in outcomes] == ["applied"] * 3
    assert await totals(running) == {"a": 3, "b": 5}
    assert await outgoing(running) == [Totalled(tally="a", total=1), Totalled(tally="b", total=5), Totalled(tally="a", total=3)]


async def test_the_same_message_again_changes_nothing(database):
    running = await database(SERVICE)
    once = message(Added(tally="a", number=1), cause=UUID(int=7))
    await commit(running, Batch([once, once]))
    applied = await commit(running, Batch([once]))
    assert [o.kind for o in applied.outcomes] == ["duplicate"]
    assert await totals(running) == {"a": 1}
    assert len(await outgoing(running)) == 1


async def test_a_publishers_id_with_other_content_is_a_dead_letter_and_not_applied(database):
    running = await database(SERVICE)
    first = message(Announced(tally="a", number=1), cause=UUID(int=7))
    other = message(Announced(tally="a", number=9), cause=UUID(int=7))
    await commit(running, Batch([first]))
    applied = await commit(running, Batch([other, message(Announced(tally="b", number=2))]))
    assert [o.kind for o in applied.outcomes] == ["id_reused", "applied"]
    assert await totals(running) == {"a": 1, "b": 2}
    assert await letters(running) == [("dead", "id_reused", ())]


async def test_a_publishers_id_reused_within_one_batch_is_a_dead_letter(database):
    running = await database(SERVICE)
    await commit(running, Batch([message(Announced(tally="a", number=n), cause=UUID(int=7)) for n in (1, 9)]))
    assert await totals(running) == {"a": 1}
    assert await letters(running) == [("dead", "id_reused", ())]


async def test_on_our_own_topics_the_same_id_with_other_bytes_is_the_same_event(database):
    running = await database(SERVICE)
    await commit(running, Batch([message(Added(tally="a", number=1), cause=UUID(int=7))]))
    applied = await commit(running, Batch([message(Added(tally="a", number=9), cause=UUID(int=7))]))
    assert [o.kind for o in applied.outcomes] == ["duplicate"]
    assert await letters(running) == []


async def test_a_refusal_is_counted_and_changes_nothing(database):
    running = await database(SERVICE)
    only_tally = replace_handlers(running, tally_service.TALLY)
    applied = await commit(only_tally, Batch([message(Added(tally="a", number=-1)), message(Added(tally="a", number=1))]))
    assert [(o.kind, o.reason) for o in applied.outcomes] == [("refused", "negative"), ("applied", None)]
    assert await totals(running) == {"a": 1}
    assert await running.pool.fetchval("SELECT count(*) FROM inbox WHERE refused = 'negative'") == 1


async def test_a_failed_record_parks_its_aggregates_only_and_what_follows_waits_in_order(database):
    running = await database(SERVICE)
    outcomes = await deliver(running, Added(tally="a", number=1), Added(tally="a", number=666), Added(tally="a", number=2),
                             Added(tally="b", number=5))
    assert [o.kind for o in outcomes] == ["applied", "failed", "parked", "applied"]
    assert [o.kind for o in await deliver(running, Added(tally="a", number=3))] == ["parked"]
    assert await totals(running) == {"a": 1, "b": 5}
    assert await letters(running) == [("dead", "failed", ("tally/a", "shelf/shelf-a")),
                                      ("parked", "behind_a_failed_one", ("tally/a", "shelf/shelf-a")),
                                      ("parked", "behind_a_failed_one", ("tally/a", "shelf/shelf-a"))]


async def test_when_one_aggregate_raises_none_takes_effect(database):
    running = await database(SERVICE)
    await deliver(running, Added(tally="a", number=666))
    assert await running.pool.fetchval("SELECT count(*) FROM shelf") == 0
    assert await outgoing(running) == []


async def test_twenty_parked_keys_in_a_minute_stop_the_service_and_commit_nothing(database):
    running = await database(SERVICE)
    with pytest.raises(TooManyFailures):
        await deliver(running, *(Added(tally=f"t{n}", number=666) for n in range(20)), Added(tally="good", number=1))
    assert await totals(running) == {}


async def test_two_first_events_of_one_key_in_two_transactions_lose_nothing(database):
    running = await database(SERVICE)
    async with running.connection() as one, running.connection() as two:
        first, second = one.transaction(), two.transaction()
        await first.start()
        await second.start()
        await apply(one, "tally", SERVICE.handlers, Batch([message(Added(tally="a", number=1))]))
        waiting = asyncio.create_task(apply(two, "tally", SERVICE.handlers, Batch([message(Added(tally="a", number=2))])))
        while not await running.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        await first.commit()
        with pytest.raises(Conflict):
            await waiting
        await second.rollback()


async def test_a_due_row_is_decided_once_and_its_effects_commit_with_it(database):
    running = await database(SERVICE)
    await deliver(running, Added(tally="a", number=1, ring_in_ms=-5), Added(tally="b", number=1, ring_in_ms=60_000))
    assert await fall_due(running, "tally") == 1
    assert await fall_due(running, "tally") == 0
    assert [e for e in await outgoing(running) if isinstance(e, Rung)] == [Rung(tally="a", times=1)]


async def test_a_due_row_that_fails_is_set_aside_and_its_neighbour_rings(database):
    running = await database(SERVICE)
    await deliver(running, Added(tally="a", number=13, ring_in_ms=-5), Added(tally="b", number=1, ring_in_ms=-5))
    assert await fall_due(running, "tally") == 2
    assert await fall_due(running, "tally") == 0
    assert [e for e in await outgoing(running) if isinstance(e, Rung)] == [Rung(tally="b", times=1)]
    assert await letters(running) == [("dead", "failed", ("tally/a",))]
    assert [o.kind for o in await deliver(running, Added(tally="a", number=1))] == ["parked"]


async def test_a_parked_keys_clock_stands_even_when_an_earlier_record_of_the_batch_set_it(database):
    running = await database(SERVICE)
    await deliver(running, Added(tally="a", number=1, ring_in_ms=-5), Added(tally="a", number=666))
    assert await fall_due(running, "tally") == 0


async def test_follow_up_ids_are_the_same_when_a_batch_runs_again(database):
    first, second = await database(SERVICE), await database(SERVICE)
    batch = Batch([message(Added(tally="a", number=n), cause=UUID(int=n)) for n in (1, 2, 3)])
    ids = []
    for running in (first, second):
        await commit(running, batch)
        ids.append([row["event_id"] for row in await running.pool.fetch("SELECT event_id FROM outbox ORDER BY id")])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


async def test_offsets_commit_with_the_effects_and_never_go_back(database):
    running = await database(SERVICE)
    await commit(running, Batch([message(Added(tally="a", number=1))], offsets={("in.x", 0): 10}))
    await commit(running, Batch([], offsets={("in.x", 0): 4, ("in.y", 1): 2}))
    rows = await running.pool.fetch("SELECT topic, partition, next_offset FROM consumed ORDER BY topic")
    assert [tuple(row) for row in rows] == [("in.x", 0, 10), ("in.y", 1, 2)]


async def test_a_dead_letter_keeps_the_raw_bytes_whatever_they_are(database):
    running = await database(SERVICE)
    bad = message(Added(tally="a", number=666))
    bad.raw = Raw("in.x", 0, 3, b"\xff", b"\x00\xfe", (("ce_id", b"\xff\xfe"), ("x\x00y", b"")))
    await commit(running, Batch([bad]))
    row = await running.pool.fetchrow("SELECT header_names, header_values, key, value FROM dead_letter")
    assert tuple(row) == ([b"ce_id", b"x\x00y"], [b"\xff\xfe", b""], b"\xff", b"\x00\xfe")


async def test_submitting_shows_a_decide_that_raises_and_keeps_nothing(database):
    running = await database(SERVICE)
    with pytest.raises(ZeroDivisionError):
        await running.submit(Added(tally="a", number=666), id="1", source="page")
    assert await running.pool.fetchval("SELECT count(*) FROM inbox") == 0
    outcome = await running.submit(Added(tally="a", number=1), id="1", source="page")
    assert outcome.kind == "applied"


async def test_a_service_role_reaches_its_own_schema_only(database, stack):
    running = await database(SERVICE)
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT current_user") == "tally"
        with pytest.raises(Exception, match="permission denied"):
            await conn.execute("CREATE TABLE mine (id int)")
        with pytest.raises(Exception, match="permission denied"):
            await conn.execute("UPDATE migration SET sha256 = ''")
        assert await conn.fetchval("SHOW statement_timeout") == "8s"


def replace_handlers(running, *handlers):
    return replace(running, service=replace(running.service, handlers=handlers))
