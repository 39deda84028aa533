"""Faults that a reader of the messaging core found and proved; each test failed before its mend."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from uuid import UUID, uuid4

import pytest
from aiokafka.errors import KafkaError

from shared import bus, working
from shared.contracts.topics import KEPT, Topic
from shared.messaging import dead
from shared.messaging import relay as relay_module
from shared.messaging import worker as worker_module
from shared.messaging.batch import Batch, TooManyFailures, apply
from shared.messaging.ingest import OwnTopics
from shared.messaging.message import Raw, decode
from shared.messaging.relay import Relay
from shared.messaging.store import Dead
from shared.messaging.worker import Worker
from shared.working import WorkerProcess
from tests.driving import commit, deliver, fall_due, message
from tests.messaging.tally_service import SERVICE, SHELF, TALLY, Added, Announced
from tests.messaging.test_bus import dsn_of, headers, read_all, total, until
from tests.messaging.test_dead import from_topic, mended, seen

COMPACT = {"cleanup.policy": "compact", "max.message.bytes": "2000"}
INSERT = """INSERT INTO outbox (shard, topic, key, event_id, type, at, payload)
VALUES (0, $1, 'k', gen_random_uuid(), 'tally.x.v1', now(), $2)"""


async def _room():
    pass


def _record(offset, event):
    plain = {"ce_specversion": "1.0", "ce_id": str(offset), "ce_source": "test", "ce_type": event.TYPE}
    pairs = tuple((name, value.encode()) for name, value in plain.items())
    return Raw("tally.in", 0, offset, event.tally.encode(), event.model_dump_json().encode(), pairs)


async def worker_of(running, service=SERVICE):
    return Worker(service, await dsn_of(running), lambda: None, _room)


async def test_a_refused_record_of_a_transaction_does_not_hang_the_relay(stack):
    topic = f"c{uuid4().hex[:8]}"
    await bus.apply_topics(stack.kafka, [Topic(topic, "tally", 1, 1, COMPACT)])
    producer = bus.EventProducer(stack.kafka, "test", transactional_id=uuid4().hex)
    try:
        with pytest.raises(KafkaError):
            await producer.start()
            await asyncio.wait_for(producer.publish_whole([(1, topic, "k", [], b"x" * 5_000)]), 20)
        await producer.start()
        assert await asyncio.wait_for(producer.publish_whole([(2, topic, "k", [], b"y")]), 20) == [2]
    finally:
        await producer.close()


async def test_what_compacted_topics_refuse_does_not_keep_sent_events_in_the_outbox(database, stack, monkeypatch):
    events, compacted = f"e{uuid4().hex[:8]}", f"c{uuid4().hex[:8]}"
    topics = [Topic(events, "tally", 1, 1, KEPT), Topic(compacted, "tally", 1, 1, COMPACT)]
    await bus.apply_topics(stack.kafka, topics)
    monkeypatch.setattr(relay_module, "COMPACTED", frozenset([compacted]))
    running = await database(SERVICE)
    for n in range(3):
        await running.pool.execute(INSERT, events, b"%d" % n)
    await running.pool.execute(INSERT, compacted, b"x" * 5_000)
    relay = Relay("tally", stack.kafka)
    relay.held = [0]
    async with running.connection() as conn:
        await asyncio.wait_for(relay.round(conn), 30)
    await relay.close()
    assert await running.pool.fetch("SELECT topic FROM outbox") == [(compacted,)]
    assert [record.value for record in await read_all(stack, events, 3)] == [b"0", b"1", b"2"]


async def test_an_outbox_row_for_a_topic_that_is_not_there_blocks_no_other(database, stack, monkeypatch):
    topic = f"e{uuid4().hex[:8]}"
    await bus.apply_topics(stack.kafka, [Topic(topic, "tally", 1, 1, KEPT)])
    monkeypatch.setattr(bus, "TOPIC_SECONDS", 0.5)
    running = await database(SERVICE)
    await running.pool.execute(INSERT, "alerts.nowhere", b"1")
    await running.pool.execute(INSERT, topic, b"2")
    relay = Relay("tally", stack.kafka)
    relay.held = [0]
    async with running.connection() as conn:
        assert await asyncio.wait_for(relay.round(conn), 20) == 1
    await relay.close()
    assert await running.pool.fetch("SELECT topic FROM outbox") == [("alerts.nowhere",)]


async def test_too_many_failures_end_the_process(database, monkeypatch):
    monkeypatch.setattr(working, "WATCH_SECONDS", 0.05)
    running = await database(SERVICE)
    work = WorkerProcess(running)
    work._given_up = TooManyFailures("20 keys")
    with pytest.raises(TooManyFailures):
        await asyncio.wait_for(work._watch(), 5)


async def test_what_waits_behind_one_failed_record_is_not_counted_as_failed(database):
    running = await database(SERVICE)
    shared = replace(SHELF, on={Added: (lambda e: "shelf-site", SHELF.on[Added][1])})
    running = replace(running, service=replace(SERVICE, handlers=(TALLY, shared)))
    await deliver(running, Added(tally="bad", number=666))
    outcomes = await deliver(running, *(Added(tally=f"t{n}", number=1) for n in range(30)))
    assert {outcome.kind for outcome in outcomes} == {"parked"}


async def test_two_replays_at_once_apply_each_letter_once(database):
    running = await database(SERVICE)
    numbers = (1, 666, *range(2, 12))
    await commit(running, Batch([from_topic(Added(tally="a", number=n), f"n{n}") for n in numbers]))
    better = mended(running)
    letters = await dead.list_letters(better)
    read = await dead._decoder(better)
    await asyncio.gather(*(dead._again(better, letters[0], read) for _ in range(2)))
    assert await seen(running) == [1, 666]
    await asyncio.gather(dead.replay(better), dead.replay(better))
    assert await seen(running) == list(numbers)


async def test_a_record_whose_key_could_not_be_told_is_applied_by_its_replay(database):
    running = await database(SERVICE)
    nameless = replace(TALLY, on={Added: (lambda e: {"a": "a"}[e.tally], TALLY.on[Added][1])})
    worker = await worker_of(running, replace(SERVICE, handlers=(nameless,)))
    await worker.take([from_topic(Added(tally="b", number=1), "n1").raw], OwnTopics(SERVICE))
    await worker.close()
    assert (await dead.replay(running)).failed == 0
    assert await total(running, "b") == 1


@pytest.mark.parametrize("event", [Added(tally="a", number=5), Announced(tally="a", number=5)])
async def test_what_a_page_or_https_said_to_a_parked_key_is_replayed(database, event):
    running = await database(SERVICE)
    await commit(running, Batch([from_topic(Added(tally="a", number=666), "n1")]))
    assert (await running.submit(event, id="h1", source="page", principal="publisher")).kind == "parked"
    assert (await dead.replay(mended(running))).failed == 0
    assert await seen(running) == [666, 5]


async def test_a_second_worker_that_waited_for_the_first_sees_what_it_parked(database):
    running = await database(SERVICE)
    first, later = (message(Added(tally="a", number=n), cause=UUID(int=n)) for n in (666, 2))
    async with running.connection() as one, running.connection() as two:
        mine, other = one.transaction(), two.transaction()
        await mine.start()
        await other.start()
        await apply(one, "tally", SERVICE.handlers, Batch([first]))
        waiting = asyncio.create_task(apply(two, "tally", SERVICE.handlers, Batch([first, later])))
        while not await running.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        await mine.commit()
        applied = await waiting
        await other.commit()
    assert [outcome.kind for outcome in applied.outcomes] == ["duplicate", "parked"]


async def test_a_publisher_cannot_park_a_key_with_a_header(database):
    running = await database(SERVICE)
    record = Raw("in.pub", 0, 0, None, b'{"tally": "a", "number": 1}', tuple(headers(Announced.TYPE, traceparent=b"00-\x00")))
    worker = await worker_of(running)
    await worker.take([record], lambda raw: decode(raw, "pub", {Announced.TYPE: Announced}))
    await worker.close()
    assert await total(running) == 1
    assert await running.pool.fetchval("SELECT count(*) FROM parked") == 0


async def test_a_replay_that_was_killed_before_its_end_is_finished_by_the_next(database, monkeypatch):
    running = await database(SERVICE)
    await commit(running, Batch([from_topic(Added(tally="a", number=13, ring_in_ms=-5), "n1")]))
    await fall_due(running, "tally")
    better = mended(running)

    async def killed(*_):
        raise ConnectionError("killed here")

    with monkeypatch.context() as patched, suppress(ConnectionError):
        patched.setattr(dead, "_release", killed)
        await dead.replay(better)
    assert await running.pool.fetchval("SELECT count(*) FROM parked") == 1
    await dead.replay(better)
    assert await running.pool.fetchval("SELECT count(*) FROM parked") == 0
    assert await fall_due(better, "tally") == 1


async def test_a_row_that_a_sweep_cannot_save_is_set_aside_and_the_others_hear_of_it(database):
    running = await database(SERVICE)
    await deliver(running, *(Added(tally=f"t{n}", number=2**31 - 500 if n == 5 else 1) for n in range(10)))
    await deliver(running, Added(tally="start", number=5000))
    worker = await worker_of(running)
    while await worker.sweep():
        pass
    await worker.close()
    assert await running.pool.fetchval("SELECT count(*) FROM tally WHERE total BETWEEN 1000 AND 1100") == 10
    assert await running.pool.fetchval("SELECT concerns FROM dead_letter") == ["tally/t5"]


async def test_a_publisher_that_goes_on_after_it_was_resumed_is_paused_again(database, monkeypatch):
    running = await database(SERVICE)
    monkeypatch.setattr(worker_module, "TOLD_SECONDS", 0)
    worker = await worker_of(running, replace(SERVICE, pause_publisher=lambda name: Added(tally=name, number=7)))
    for first in (0, 2_000):
        bad = [Dead("dead", "schema", "", "noisy", (), Raw("in.noisy", 0, first + n, None, b"", ())) for n in range(1_001)]
        await worker.commit(Batch([], bad), monotonic() + 60)
        await running.pool.execute("UPDATE dead_letter SET at = now() - interval '2 hours'")
    await worker.close()
    assert await total(running, "noisy") == 14


async def test_a_full_outbox_holds_reading_back_until_another_relay_has_the_shards(database, stack):
    running = await database(SERVICE)
    relay = Relay("tally", stack.kafka)
    relay._judge_backlog(relay_module.FULL + 1)
    await relay.lost()
    assert not relay.caught_up.is_set(), "it may well have them again in a moment, and nothing was sent"
    async with running.connection() as conn:
        assert await relay.round(conn) == 0
    assert relay.caught_up.is_set()


async def test_a_relay_that_is_frozen_gives_its_shards_to_the_others(database, stack, monkeypatch):
    """Its session ends by itself: a process that was stopped answers keepalives for ever, and holds its locks."""
    running = await database(SERVICE)
    dsn = await dsn_of(running)
    monkeypatch.setattr(relay_module, "FROZEN", "500ms")
    frozen, other = Relay("tally", stack.kafka), Relay("tally", stack.kafka)
    theirs, ours = await relay_module.connect(dsn, "tally"), await relay_module.connect(dsn, "tally")
    await frozen.share(theirs)
    assert len(frozen.held) == 4

    async def all_are_ours():
        await other.share(ours)
        return len(other.held) == 8

    await until(all_are_ours)
    ours.terminate()
    theirs.terminate()


async def test_one_record_that_always_times_out_is_set_aside_by_and_by(database, monkeypatch):
    """No single delivery has the time to find it: each goes on where the one before had to give up."""
    running = await database(SERVICE)
    records = [_record(n, Added(tally=f"t{n % 7}", number=n)) for n in range(64)]
    tries = 0

    async def save(conn, changed, new):
        nonlocal tries
        if any(37 in tally.seen for tally in (*changed, *new)):
            tries += 1
            raise TimeoutError("it always takes too long")
        return await TALLY.save(conn, changed, new)

    worker = Worker(replace(SERVICE, handlers=(replace(TALLY, save=save),)), await dsn_of(running), lambda: None, _room)
    monkeypatch.setattr(worker_module, "BUDGET_SECONDS", 1.5)  # room for seven timeouts, and a wait after each
    deliveries = 0
    while not await running.pool.fetchval("SELECT count(*) FROM dead_letter WHERE reason = 'failed'"):
        deliveries += 1
        assert deliveries < 20, f"still not found after {tries} tries"
        with suppress(TimeoutError):
            await worker.take(records, lambda record: decode(record, "tally", {Added.TYPE: Added}))
    await worker.take(records, lambda record: decode(record, "tally", {Added.TYPE: Added}))
    await worker.close()
    applied = await running.pool.fetch("SELECT seen FROM tally WHERE id <> 't2'")
    assert sorted(n for row in applied for n in row["seen"]) == [n for n in range(64) if n % 7 != 2]
    assert await running.pool.fetchval("SELECT seen FROM tally WHERE id = 't2'") == [2, 9, 16, 23, 30]
    assert await running.pool.fetchval("SELECT count(*) FROM dead_letter WHERE state = 'parked'") == 3


async def test_a_relay_that_is_told_to_stop_deletes_what_kafka_has_acknowledged(database, stack, monkeypatch):
    """Or the next process would send it again."""
    running, topic = await database(SERVICE), f"told-{uuid4().hex[:8]}"
    await bus.apply_topics(stack.kafka, [Topic(topic, "tally", 1, 1, KEPT)])
    await running.pool.execute(INSERT, topic, b"{}")
    work, acknowledged, go_on = WorkerProcess(running), asyncio.Event(), asyncio.Event()
    delete = relay_module.store.sent

    async def sent(conn, ids):
        acknowledged.set()
        await go_on.wait()
        await delete(conn, ids)

    monkeypatch.setattr(relay_module.store, "sent", sent)
    conn = await relay_module.connect(await dsn_of(running), "tally")
    relaying = asyncio.create_task(work._relay_on(conn))
    await acknowledged.wait()
    relaying.cancel()
    asyncio.get_running_loop().call_soon(go_on.set)
    with suppress(asyncio.CancelledError):
        await relaying
    assert await running.pool.fetchval("SELECT count(*) FROM outbox") == 0
    conn.terminate()
    await work.close()
