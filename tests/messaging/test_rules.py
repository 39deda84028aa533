"""What our libraries lose, and the rule that keeps it: each of these fails when its rule is undone. Real Kafka, real Postgres."""

import asyncio
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from types import SimpleNamespace
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaError

from shared import bus, db, working
from shared.contracts.topics import KEPT, Topic
from shared.messaging import Read
from shared.messaging import worker as worker_module
from shared.messaging.batch import Batch
from shared.messaging.worker import BUDGET_SECONDS, Worker
from shared.working import Silent, WorkerProcess
from tests.driving import deliver, message
from tests.messaging.tally_service import SERVICE, TALLY, Added
from tests.messaging.test_bus import consuming, dsn_of, read_all, total

CE = [("ce_type", b"tally.total_changed.v1")]


async def _room():
    pass


@pytest.fixture
async def topics(stack):
    """A usual topic, and one whose broker refuses anything over 2 KB."""
    usual, narrow = f"usual-{uuid4().hex[:8]}", f"narrow-{uuid4().hex[:8]}"
    small = KEPT | {"max.message.bytes": "2000"}
    await bus.apply_topics(stack.kafka, [Topic(usual, "tally", 1, 1, KEPT), Topic(narrow, "tally", 1, 1, small)])
    return usual, narrow


async def test_a_consumer_that_polls_no_more_ends_the_process(database, stack, topics, monkeypatch):
    """FastStream's loop can end or fail for ever while the process looks healthy."""
    running = await database(SERVICE)
    monkeypatch.setattr(working, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(working, "WATCH_SECONDS", 0.1)
    async with consuming(running, stack, topics[0]) as subscription:
        work = WorkerProcess(running)
        work._subscriptions["tally"] = subscription
        watching = asyncio.create_task(work._watch())
        await asyncio.wait([watching], timeout=1.5)
        assert not watching.done(), "an idle consumer polls, and is no reason to end"
        for task in subscription.subscriber.tasks:
            task.cancel()
        with pytest.raises(Silent):
            await asyncio.wait_for(watching, 10)


async def test_work_that_takes_too_long_is_given_back_before_kafka_takes_the_partitions_away(database, monkeypatch):
    assert BUDGET_SECONDS * 1_000 * 3 <= bus.MAX_POLL_MS
    running = await database(SERVICE)
    monkeypatch.setattr(worker_module, "BUDGET_SECONDS", 0.2)
    full = Worker(SERVICE, await dsn_of(running), lambda: None, asyncio.Event().wait)
    with pytest.raises(TimeoutError):
        await full.take([object()], lambda record: None)


async def test_a_record_that_the_broker_refuses_does_not_stop_the_ones_after_it(stack, topics):
    """After a refusal an idempotent producer's sequence has a gap: every later send would fail."""
    usual, narrow = topics
    producer = bus.EventProducer(stack.kafka, "test")
    try:
        assert await producer.publish([(1, narrow, "k", CE, b"x"), (2, usual, "k", CE, b"x")]) == [1, 2]
        assert await producer.publish([(3, narrow, "k", CE, b"x" * 5_000)]) == []
        for id in range(4, 8):
            assert await producer.publish([(id, narrow, "k", CE, b"y"), (id + 10, usual, "k", CE, b"y")]) == [id, id + 10]
    finally:
        await producer.close()


async def test_a_relay_that_slept_cannot_put_an_old_value_after_a_newer_one(stack, topics):
    """Compaction would keep the old one for ever. Its transactional id is the shard's, and the newer relay has taken it."""
    usual, _ = topics
    shard = f"tally.relay.{uuid4().hex}"
    slept, newer = (bus.EventProducer(stack.kafka, "test", transactional_id=shard) for _ in range(2))
    try:
        await slept.start()
        assert await slept.publish_whole([(1, usual, "k", CE, b"old")]) == [1]
        await newer.start()
        assert await newer.publish_whole([(2, usual, "k", CE, b"new")]) == [2]
        with pytest.raises(KafkaError):
            await slept.publish_whole([(3, usual, "k", CE, b"old again")])
        assert await newer.publish_whole([(4, usual, "k", CE, b"newest")]) == [4]
    finally:
        await slept.close()
        await newer.close()
    assert [record.value for record in await read_all(stack, usual, 3)] == [b"old", b"new", b"newest"]


async def test_a_connection_that_postgres_ended_costs_nothing_but_a_moment(database):
    running = await database(SERVICE)
    worker = Worker(SERVICE, await dsn_of(running), lambda: None, _room)
    await worker.commit(Batch([message(Added(tally="a", number=1))]), monotonic() + 30)
    await running.pool.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE application_name = 'jitt tally worker' AND datname = current_database()")
    await worker.commit(Batch([message(Added(tally="a", number=2))]), monotonic() + 30)
    await worker.close()
    assert await total(running) == 3


async def test_closing_does_not_wait_for_a_server_that_is_frozen(database):
    running = await database(SERVICE)
    pool = await db.open_pool(await dsn_of(running), "frozen", size=1)
    pid = await pool.fetchval("SELECT pg_backend_pid()")
    os.kill(pid, signal.SIGSTOP)
    try:
        waiting = asyncio.create_task(pool.execute("SELECT 1"))
        await asyncio.wait_for(db.close_pool(pool), 9)
        await asyncio.wait([waiting], timeout=9)
        assert waiting.done()
        assert waiting.exception() is not None
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_transaction_that_was_left_open_ends_when_its_connection_is_given_back(database):
    running = await database(SERVICE)
    pool = await db.open_pool(await dsn_of(running), "left open", size=1)
    async with pool.acquire() as conn:
        await conn.execute("BEGIN")
        await conn.execute("INSERT INTO parked (concern) VALUES ('left/open')")
    async with pool.acquire() as conn:
        assert not conn.is_in_transaction()
        assert await conn.fetchval("SELECT count(*) FROM parked") == 0
    await db.close_pool(pool)


async def test_due_rows_behind_the_lower_bound_are_found_within_ten_seconds(database, monkeypatch):
    """The bound keeps dead index entries unread; what other processes saved behind it must not wait for ever."""
    running = await database(SERVICE)
    worker = Worker(SERVICE, await dsn_of(running), lambda: None, _room)
    await deliver(running, Added(tally="now", number=1, ring_in_ms=-5))
    assert await worker.fall_due(TALLY) == 1
    bound = worker._since["tally"]
    assert bound > datetime.now(UTC) - timedelta(minutes=2)
    await running.pool.execute("INSERT INTO tally (id, total, seen, rings_at, rung, due_at) "
                               "VALUES ('late', 1, '{}', now() - interval '1 hour', 0, now() - interval '1 hour')")
    assert await worker.fall_due(TALLY) == 0
    monkeypatch.setattr(worker_module, "LOOK_BACK_SECONDS", 0)
    assert await worker.fall_due(TALLY) == 1
    await worker.close()


async def test_saving_a_row_below_the_bound_lowers_it(database):
    running = await database(SERVICE)
    worker = Worker(SERVICE, await dsn_of(running), lambda: None, _room)
    await deliver(running, Added(tally="now", number=1, ring_in_ms=-5))
    assert await worker.fall_due(TALLY) == 1
    await worker.commit(Batch([message(Added(tally="late", number=1, ring_in_ms=-3_600_000))]), monotonic() + 30)
    assert await worker.fall_due(TALLY) == 1
    await worker.close()


async def test_a_poison_record_is_found_by_halving_and_its_neighbours_are_applied(database):
    """2**31 does not fit the column: Postgres refuses the whole batch, whoever decided it."""
    running = await database(SERVICE)
    worker = Worker(SERVICE, await dsn_of(running), lambda: None, _room)
    events = [Added(tally=f"t{n}", number=2**31 if n == 5 else n) for n in range(12)]
    await worker.commit(Batch([message(event) for event in events], offsets={("tally.in", 0): 12}), monotonic() + 30)
    await worker.close()
    assert await running.pool.fetchval("SELECT count(*) FROM tally") == 11
    assert await running.pool.fetchval("SELECT next_offset FROM consumed") == 12
    concerns = await running.pool.fetchval("SELECT concerns FROM dead_letter WHERE reason = 'failed'")
    assert concerns == ["tally/t5", "shelf/shelf-t5"]


async def test_a_message_whose_key_cannot_be_told_is_buried_and_its_neighbours_are_applied(database):
    running = await database(SERVICE)
    nameless = replace(TALLY, on={Added: (lambda e: {"a": "a"}[e.tally], TALLY.on[Added][1])})
    worker = Worker(replace(SERVICE, handlers=(nameless,)), await dsn_of(running), lambda: None, _room)
    await worker.commit(Batch([message(Added(tally=name, number=1)) for name in ("a", "b", "a")]), monotonic() + 30)
    await worker.close()
    assert await total(running) == 2
    assert await running.pool.fetchval("SELECT detail FROM dead_letter") == "KeyError: 'b'"


async def test_a_bug_in_saving_sets_one_record_aside_and_no_more(database):
    running = await database(SERVICE)

    async def save(conn, changed, new):
        if any(tally.id == "t5" for tally in (*changed, *new)):
            raise KeyError("a bug in the store")
        return await TALLY.save(conn, changed, new)

    worker = Worker(replace(SERVICE, handlers=(replace(TALLY, save=save),)), await dsn_of(running), lambda: None, _room)
    await worker.commit(Batch([message(Added(tally=f"t{n}", number=1)) for n in range(12)]), monotonic() + 30)
    await worker.close()
    assert await running.pool.fetchval("SELECT count(*) FROM tally") == 11
    assert await running.pool.fetchval("SELECT concerns FROM dead_letter") == ["tally/t5"]


@pytest.mark.parametrize("step", ["load", "reads"])
async def test_a_record_whose_rows_or_facts_cannot_be_loaded_is_set_aside_alone(database, step):
    """Postgres refuses the very question, as it does a date of the year 0."""
    running = await database(SERVICE)

    async def load(conn, keys):
        if "t5" in keys:
            await conn.fetchval("SELECT 1 / 0")
        return await TALLY.load(conn, keys)

    async def facts(conn, keys):
        return await load(conn, sorted(keys))

    broken = {"load": replace(TALLY, load=load), "reads": replace(TALLY, reads={"own": Read(lambda _, e: (e.tally,), facts)})}
    worker = Worker(replace(SERVICE, handlers=(broken[step],)), await dsn_of(running), lambda: None, _room)
    await worker.commit(Batch([message(Added(tally=f"t{n}", number=1)) for n in range(12)]), monotonic() + 30)
    await worker.close()
    assert await running.pool.fetchval("SELECT count(*) FROM tally") == 11
    assert await running.pool.fetchval("SELECT concerns FROM dead_letter") == ["tally/t5"]


async def test_a_due_row_that_cannot_be_saved_is_set_aside_and_the_others_ring(database):
    running = await database(SERVICE)
    await deliver(running, *(Added(tally=f"t{n}", number=1, ring_in_ms=n - 500) for n in range(5)))

    async def save(conn, changed, new):
        if any(tally.id == "t0" for tally in changed):
            raise KeyError("a bug in the store")
        return await TALLY.save(conn, changed, new)

    broken = replace(TALLY, save=save)
    worker = Worker(replace(SERVICE, handlers=(broken,)), await dsn_of(running), lambda: None, _room)
    assert [await worker.fall_due(broken) for _ in range(3)] == [1, 4, 0]
    await worker.close()
    assert await running.pool.fetchval("SELECT array_agg(id ORDER BY id) FROM tally WHERE rung = 1") == ["t1", "t2", "t3", "t4"]
    assert await running.pool.fetchval("SELECT concerns FROM dead_letter") == ["tally/t0"]


async def test_idle_reading_adds_milliseconds_and_no_deserializer_stands_between(stack):
    subscription = bus.Subscription(bus.broker(stack.kafka, (), "test"), "g", ["t"], _take, _offsets)
    options = subscription.subscriber._connection_args
    assert (subscription.subscriber.batch_timeout_ms, options["fetch_max_wait_ms"]) == (10, 50)
    assert not {"key_deserializer", "value_deserializer"} & {name for name, value in options.items() if value is not None}
    assert options["auto_offset_reset"] == "earliest"


async def test_a_poll_is_short_while_records_come_and_long_when_it_is_quiet(stack, monkeypatch):
    """Short ones make batches of what comes apart; long ones cost a network that rests nothing."""
    subscription = bus.Subscription(bus.broker(stack.kafka, (), "test"), "g", ["t"], _take, _offsets)
    clock, waited, answers = [100.0], [], [{}, {"t/0": ["record"]}, {}, {}, {}]
    monkeypatch.setattr(bus, "monotonic", lambda: clock[0])

    async def getmany(*, timeout_ms, max_records):
        waited.append(timeout_ms)
        clock[0] += 0.6
        return answers[len(waited) - 1]

    subscription.subscriber.consumer = consumer = SimpleNamespace(getmany=getmany, assignment=set)
    subscription._watch_polls()
    for _ in answers:
        await consumer.getmany(timeout_ms=10, max_records=1)
    assert waited == [100, 100, 10, 10, 100]


async def _take(records):
    raise AssertionError("nothing is consumed here")


async def _offsets(topics):
    return {}

