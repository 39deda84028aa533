"""Real Kafka, real Postgres: from a topic through the small service to its outgoing topic. What the libraries lose, we do not."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.record.util import calc_crc32c
from faststream import AckPolicy

from shared import bus, db
from shared.contracts.topics import KEPT, Topic
from shared.messaging import store
from shared.messaging.batch import Batch
from shared.messaging.message import Raw, decode
from shared.messaging.relay import Relay, application
from shared.messaging.store import Dead
from shared.messaging.worker import Worker
from tests.conftest import at_database
from tests.driving import deliver
from tests.messaging.tally_service import SERVICE, Added, Totalled

WANTED = {Added.TYPE: Added}


def headers(type_=Added.TYPE, id_=None, **more):
    plain = {"ce_specversion": "1.0", "ce_id": id_ or uuid4().hex, "ce_source": "test", "ce_type": type_}
    return [(name, value.encode()) for name, value in plain.items()] + list(more.items())


STRUCTURED = [("content-type", b"application/cloudevents+json; charset=utf-8")]


def body(tally="a", number=1):
    return json.dumps({"tally": tally, "number": number}).encode()


@pytest.fixture
async def topic(stack):
    name = f"in-{uuid4().hex[:8]}"
    await bus.apply_topics(stack.kafka, [Topic(name, "tally", 2, 2, KEPT)])
    return name


@pytest.fixture
async def producer(stack):
    made = AIOKafkaProducer(bootstrap_servers=stack.kafka, acks="all")
    await made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def consuming(running, stack, topic, group=None, worker=None, **named):
    """One worker process's reading, in this process."""
    worker = worker or Worker(SERVICE, await dsn_of(running), lambda: None, _room)
    broker = bus.broker(stack.kafka, SERVICE.publishes, "test")

    async def take(records):
        await worker.take(records, lambda record: decode(record, "tally", WANTED))

    subscription = bus.Subscription(broker, group or uuid4().hex, [topic], take, worker.offsets, **named)
    await broker.connect()
    await subscription.start()
    try:
        yield subscription
    finally:
        await broker.stop()
        await worker.close()


async def _room():
    pass


async def dsn_of(running):
    return at_database(db.service_dsn(running.service.name), await running.pool.fetchval("SELECT current_database()"))


async def until(question, seconds=20):
    """Waits for a fact, and fails with its last answer."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (answer := await question()):
        assert asyncio.get_running_loop().time() < deadline, "it did not come true in time"
        await asyncio.sleep(0.02)
    return answer


async def total(running, tally="a"):
    return await running.pool.fetchval("SELECT total FROM tally WHERE id = $1", tally)


async def test_bad_records_are_buried_alone_and_their_neighbours_applied(database, stack, topic, producer):
    running = await database(SERVICE)
    bad = [
        (b"{not json", headers()),
        (body(), headers()[:2]),
        (body(), headers(ce_subject=b"\xff\xfe")),
        (body(), [*headers(), ("nothing", None)]),
        (None, headers()),
        (b'{"tally": "a\\u0000", "number": 1}', headers()),
        (b'{"tally": "\\ud800", "number": 1}', headers()),
        (b"[" * 100_000, headers()),
        (b'{"tally": "a", "number": "1"}', headers()),
        (b'{"tally": "a", "number": 1, "pad": "' + b"x" * 300_000 + b'"}', headers()),
        (b'{"specversion": "1.0", "id": "\\ud800", "source": "s", "type": "tally.number_added.v1", "data": {}}', STRUCTURED),
        (body(), headers(reply_to=b"supervision.roster")),
        (body(), headers(type_="tally.unheard_of.v1")),
    ]
    async with consuming(running, stack, topic):
        for value, head in bad:
            await producer.send(topic, value, key=b"k", partition=0, headers=head)
            await producer.send(topic, body("good"), key=b"k", partition=0, headers=headers())
        await producer.flush()
        await until(lambda: is_total(running, "good", len(bad)))
    reasons = [row["reason"] for row in await running.pool.fetch("SELECT reason FROM dead_letter ORDER BY id")]
    assert reasons == ["schema", "no_cloudevent", "bad_header", "tombstone", "nul_in_text",
                       "schema", "schema", "schema", "too_large", "no_cloudevent"]
    assert await total(running) == 2  # a header without a value, and a reply_to, harm nothing


async def is_total(running, tally, wanted):
    return await total(running, tally) == wanted


async def test_a_batch_that_raises_is_delivered_again_and_not_committed_past(database, stack, topic, producer):
    running = await database(SERVICE)
    calls = 0

    class Failing(Worker):
        async def take(self, records, decode):
            nonlocal calls
            calls += 1
            if calls <= 2:
                raise RuntimeError("the batch cannot be applied now")
            await super().take(records, decode)

    failing = Failing(SERVICE, await dsn_of(running), lambda: None, _room)
    async with consuming(running, stack, topic, worker=failing):
        for n in range(5):
            await producer.send_and_wait(topic, body(number=1), key=b"k", partition=0, headers=headers(id_=f"n{n}"))
        await until(lambda: is_total(running, "a", 5))
    assert calls > 2


async def test_every_subscriber_redelivers_and_answers_nobody(stack):
    broker = bus.broker(stack.kafka, SERVICE.publishes, "test")
    bus.Subscription(broker, "g", ["t"], _take_nothing, _no_offsets)
    for subscriber in broker.subscribers:
        assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
        assert all(call.handler for call in subscriber.calls)
        assert subscriber._no_reply is True


async def _take_nothing(records):
    raise AssertionError("nothing is consumed here")


async def _no_offsets(topics):
    return {}


@pytest.mark.parametrize("restored", [("UPDATE consumed SET next_offset = 2", 4), ("DELETE FROM consumed", 6)])
async def test_reading_starts_at_our_own_offset_when_it_is_older_than_kafkas(database, stack, topic, producer, restored):
    """A database restored to an earlier point rewinds by itself; also to one before the first record of a partition."""
    as_before, left = restored
    running = await database(SERVICE)
    group = uuid4().hex
    async with consuming(running, stack, topic, group):
        for n in range(6):
            await producer.send_and_wait(topic, body(number=1), key=b"k", partition=0, headers=headers(id_=f"n{n}"))
        await until(lambda: is_total(running, "a", 6))
    await running.pool.execute("DELETE FROM inbox; DELETE FROM tally; DELETE FROM shelf; " + as_before)
    async with consuming(running, stack, topic, group):
        await until(lambda: is_total(running, "a", left))


async def test_nothing_is_handed_out_before_our_own_offset_is_known(database, stack, topic, producer):
    """Else what came last would be applied before what a restored database has yet to read again."""
    running, group = await database(SERVICE), uuid4().hex
    async with consuming(running, stack, topic, group):
        await producer.send_and_wait(topic, body(number=1), key=b"k", partition=0, headers=headers(id_="n1"))
        await until(lambda: is_total(running, "a", 1))
    await producer.send_and_wait(topic, body(number=2), key=b"k", partition=0, headers=headers(id_="n2"))
    await running.pool.execute("DELETE FROM inbox; DELETE FROM tally; DELETE FROM shelf; DELETE FROM consumed")
    early = asyncio.Event()

    class Slow(Worker):
        async def take(self, records, decode):
            early.set()
            await super().take(records, decode)

        async def offsets(self, topics):
            with suppress(TimeoutError):
                await asyncio.wait_for(early.wait(), 1)  # Postgres is slow to say how far we are
            return await super().offsets(topics)

    async with consuming(running, stack, topic, group, Slow(SERVICE, await dsn_of(running), lambda: None, _room)):
        await until(lambda: is_total(running, "a", 3))
    assert await running.pool.fetchval("SELECT seen FROM tally WHERE id = 'a'") == [1, 2]


def with_header_name(builder, placeholder, name):
    """Another client may write any bytes as a header's name; ours only takes text, so its bytes are put in here."""
    build = builder._build

    def patched():
        buffer = bytearray(bytes(build()).replace(placeholder, name))
        buffer[17:21] = calc_crc32c(bytes(buffer[21:])).to_bytes(4, "big")
        builder._buffer = buffer
        return buffer

    builder._build = patched


async def test_a_header_name_that_is_not_utf8_does_not_stop_its_neighbours(database, stack, topic, producer):
    running = await database(SERVICE)
    async with consuming(running, stack, topic):
        await producer.send(topic, body(), key=b"k", partition=0, headers=headers())
        builder = producer.create_batch()
        builder.append(timestamp=None, key=b"k", value=body(), headers=headers())
        builder.append(timestamp=None, key=b"k", value=body(), headers=[*headers(), ("ZZZZ", b"1")])
        builder.append(timestamp=None, key=b"k", value=body(), headers=headers())
        with_header_name(builder, b"ZZZZ", b"\xff\xfe\xff\xfe")
        await (await producer.send_batch(builder, topic, partition=0))
        await producer.send(topic, body(), key=b"k", partition=0, headers=headers())
        await producer.send(topic, body(), key=b"k", partition=1, headers=headers())
        await producer.flush()
        await until(lambda: is_total(running, "a", 6))


async def test_the_relay_publishes_in_order_per_key_and_deletes_what_is_acknowledged(database, stack):
    await bus.apply_topics(stack.kafka, [Topic("tally.events", "tally", 3, 3, KEPT)])
    running = await database(SERVICE)
    names = [f"t{n}" for n in range(20)]
    for _ in range(5):
        await deliver(running, *(Added(tally=name, number=1) for name in names))
    relay = Relay("tally", stack.kafka)
    async with running.connection() as conn:
        await conn.execute("SELECT set_config('application_name', $1, false)", application("tally"))
        await relay.share(conn)
        assert relay.held == list(range(8))
        while await relay.round(conn):
            pass
        assert await conn.fetchval("SELECT count(*) FROM outbox") == 0
    await relay.close()
    totals: dict[str, list[int]] = {name: [] for name in names}
    for record in await read_all(stack, "tally.events", 100):
        event = Totalled.model_validate_json(record.value)
        totals[event.tally].append(event.total)
        assert record.key == event.tally.encode()
        assert dict(record.headers)["ce_type"] == Totalled.TYPE.encode()
    assert totals == {name: [1, 2, 3, 4, 5] for name in names}


async def read_all(stack, topic, count):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=stack.kafka, auto_offset_reset="earliest", group_id=None)
    await consumer.start()
    records: list[Any] = []
    try:
        deadline = asyncio.get_running_loop().time() + 20
        while len(records) < count:
            assert asyncio.get_running_loop().time() < deadline, f"{len(records)} of {count} records"
            for part in (await consumer.getmany(timeout_ms=200)).values():
                records += part
    finally:
        await consumer.stop()
    return records


async def test_a_publisher_that_sends_too_much_that_cannot_be_read_is_paused_and_others_are_not(database):
    """The event that pauses is folded like any other; here it adds 7 to the publisher's tally."""
    running = await database(SERVICE)
    service = replace(SERVICE, pause_publisher=lambda name: Added(tally=name, number=7))
    worker = Worker(service, await dsn_of(running), lambda: None, _room)
    bad = [Dead("dead", "schema", "", "noisy", (), Raw("in.noisy", 0, n, None, b"", ())) for n in range(1_001)]
    few = Dead("dead", "schema", "", "quiet", (), Raw("in.quiet", 0, 0, None, b"", ()))
    await worker.commit(Batch([], [*bad[:1_000], few]), monotonic() + 60)
    assert await total(running, "noisy") is None
    await worker.commit(Batch([], bad[1_000:]), monotonic() + 60)
    await worker.close()
    assert (await total(running, "noisy"), await total(running, "quiet")) == (7, None)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_what_a_publisher_compresses_is_read(database, stack, topic, codec):
    running = await database(SERVICE)
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka, compression_type=codec) as producer:
        await producer.send_and_wait(topic, body(number=3), headers=headers(pad=b"x" * 2_000))
    async with consuming(running, stack, topic):
        await until(lambda: total(running))


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
async def test_a_record_that_unpacks_to_far_more_than_it_weighs_is_one_letter_and_costs_no_memory(database, stack, topic, codec):
    running = await database(SERVICE)
    bomb = {"max_request_size": 2**28, "max_batch_size": 2**28, "compression_type": codec}
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka, **bomb) as producer:
        await producer.send_and_wait(topic, b"\0" * 60_000_000, headers=headers(), partition=0)
        await producer.send_and_wait(topic, body(number=3), headers=headers(), partition=0)
    async with consuming(running, stack, topic):
        await until(lambda: total(running))
    letter = await running.pool.fetchrow("SELECT reason, length(value) AS kept, \"offset\" FROM dead_letter")
    assert tuple(letter) == ("too_large", 0, 0)


async def test_old_inbox_ids_and_dead_letters_are_forgotten_and_what_still_parks_a_key_is_kept(database):
    running = await database(SERVICE)
    await deliver(running, Added(tally="a", number=1), Added(tally="a", number=666))
    await running.pool.execute("UPDATE dead_letter SET at = now() - interval '15 days'")
    await running.pool.execute("INSERT INTO dead_letter (state, reason, detail, principal, at) VALUES "
                               "('dead', 'schema', '', 'x', now() - interval '15 days'), ('dead', 'schema', '', 'x', now())")
    await running.pool.execute("INSERT INTO inbox (id, sha, at) VALUES (gen_random_uuid(), '', now() - interval '36 days')")
    async with running.connection() as conn:
        assert await store.tidy(conn, 0, pages=1) == 0
    assert await running.pool.fetchval("SELECT count(*) FROM inbox") == 2
    assert await running.pool.fetchval("SELECT count(*) FROM dead_letter") == 2


async def test_the_inbox_is_walked_page_by_page(database):
    running = await database(SERVICE)
    await running.pool.execute("INSERT INTO inbox (id, sha, at) SELECT gen_random_uuid(), '', now() - interval '36 days' "
                               "FROM generate_series(1, 1000)")
    async with running.connection() as conn:
        page, steps = await store.tidy(conn, 0, pages=2), 1
        assert 0 < await conn.fetchval("SELECT count(*) FROM inbox") < 1000
        while page:
            page, steps = await store.tidy(conn, page, pages=2), steps + 1
    assert steps > 2
    assert await running.pool.fetchval("SELECT count(*) FROM inbox") == 0


async def test_a_record_that_kafka_delivers_again_is_buried_once(database, stack):
    running = await database(SERVICE)
    bad = Dead("dead", "schema", "", "someone", (), Raw("in.someone", 0, 7, None, b"{", ()))
    other = Dead("dead", "schema", "", "someone", (), Raw("in.someone", 0, 7, None, b"[", ()))  # its topic was made anew
    for letters in ([bad], [bad, other], [other]):
        async with running.connection() as conn:
            await store.bury(conn, letters)
    assert await running.pool.fetchval("SELECT count(*) FROM dead_letter") == 2


async def test_a_process_that_comes_back_under_its_name_reads_on_at_once(database, stack, topic, producer):
    """The one before it is still in the group, silent, as one that was killed: nobody waits for its minute to be over."""
    running, group = await database(SERVICE), uuid4().hex
    named = {"group": group, "instance": "one", "session_seconds": 60}
    async with consuming(running, stack, topic, **named):
        await producer.send_and_wait(topic, body(number=1), key=b"k", headers=headers())
        await until(lambda: total(running))
    started = monotonic()
    async with consuming(running, stack, topic, **named):
        await producer.send_and_wait(topic, body(number=2), key=b"k", headers=headers())
        await until(lambda: _is(running, 3))
    assert monotonic() - started < 30


async def test_a_second_process_under_the_same_name_ends_the_first_ones_reading(database, stack, topic, producer):
    """A mistake in a deployment: one of the two reads, and what both were given counts once."""
    running, group = await database(SERVICE), uuid4().hex
    named = {"group": group, "instance": "one", "session_seconds": 6}
    async with consuming(running, stack, topic, **named), consuming(running, stack, topic, **named):
        for number in range(1, 5):
            await producer.send_and_wait(topic, body(number=number), headers=headers(), partition=number % 2)
        await until(lambda: _is(running, 10))


async def _is(running, expected):
    return await total(running) == expected


async def test_a_process_that_reads_other_topics_from_now_on_gets_those(database, stack, topic, producer):
    """A publisher came or went. Kafka would give a member that it knows by name the topics it had before."""
    running, group, other = await database(SERVICE), uuid4().hex, f"in-{uuid4().hex[:8]}"
    await bus.apply_topics(stack.kafka, [Topic(other, "tally", 1, 1, KEPT)])
    named = {"group": group, "instance": "one", "session_seconds": 60}
    async with consuming(running, stack, topic, **named) as subscription:
        await producer.send_and_wait(topic, body(number=1), headers=headers())
        await until(lambda: _is(running, 1))
        subscription.leaves()
    async with consuming(running, stack, other, **named):
        await producer.send_and_wait(other, body(number=2), headers=headers())
        await until(lambda: _is(running, 3))
