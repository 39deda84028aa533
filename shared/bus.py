"""Kafka: consuming in batches, and the relay's two producers. The only module that knows FastStream and aiokafka."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any
from zlib import crc32

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, RequestTimedOutError
from aiokafka.partitioner import murmur2
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.message import KafkaAckableMessage
from faststream.security import BaseSecurity, SASLScram512

from shared import bus_topics, kafka_client, record_batches
from shared.contracts.event import Event
from shared.settings import settings

record_batches.read_whatever_comes()
LOG = logging.getLogger("jitt.bus")
FASTSTREAM = logging.getLogger("faststream.jitt")
BATCH_BYTES = 256 * 1024
COMMIT_SECONDS = 10
SETTLE_SECONDS = 5  # how long others wait for a batch before they take its partitions
TOPIC_SECONDS = 5  # how long to ask for a topic that Kafka does not know
ABSENT_SECONDS = 30  # how long its rows wait then, so that those of other topics need not
FETCH_MS = 50  # how long Kafka holds an answer back while it has nothing: what comes is answered at once
POLL_MS = 10  # so long a poll waits, and FastStream sleeps after an empty one, which is what makes batches of what comes apart
QUIET_MS, QUIET_SECONDS = 100, 1.0  # so long a poll waits when nothing has come for so long: then it is cheap, and prompt
GATHERED_SECONDS, LARGE_BATCH = 0.2, 500  # so far apart batches begin that may be gathered, unless the one before was large
MAX_POLL_MS, HISTORY_SECONDS, HISTORY_RECORDS, KNOWN_KEYS = 300_000, 30, 5_000, 20_000

Broker = KafkaBroker
Error = bus_topics.Failed
apply_topics, list_topics = bus_topics.apply_topics, bus_topics.list_topics
Take = Callable[[Sequence[Any]], Awaitable[None]]  # a batch of records; raises to have it delivered again
Offsets = Callable[[Iterable[str]], Awaitable[dict[tuple[str, int], int]]]
Places = Mapping[tuple[str, int], int]  # per topic and partition, the offset of the next record
Outbound = tuple[int, str, str, list[tuple[str, bytes]], bytes | None]  # outbox id, topic, key, headers, payload


class Unread(Exception):
    """Kafka did not give what it has; its own words."""


class _Committed(KafkaAckableMessage):
    """Without a coordinator aiokafka's commit retries for ever; not committed is harmless, the inbox absorbs a repeat.

    `settled` is set when this batch needs its partitions no more.
    """

    def __init__(self, *args: Any, settled: asyncio.Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settled = settled

    async def ack(self) -> None:
        try:
            await asyncio.wait_for(super().ack(), COMMIT_SECONDS)
        except (TimeoutError, KafkaError) as error:
            LOG.warning("offsets not committed to Kafka, ours in Postgres count", extra={"error": str(error)})
        finally:
            self.settled.set()

    async def nack(self) -> None:
        try:
            await super().nack()
        finally:
            self.settled.set()


class Subscription:
    """One consumer group of one process: batches go to `take`, in order, one at a time."""

    def __init__(self, broker: KafkaBroker, group: str, topics: Sequence[str], take: Take, offsets: Offsets, *,
                 instance: str = "", session_seconds: float = 10, gathers: bool = False) -> None:
        """With `instance`, a name that a restarted process has again, it takes up its partitions at once and nobody else
        has to stop. Without, whoever was killed is waited for: `session_seconds`. `gathers`: see Service."""
        self.topics = tuple(topics)
        self.polled_at, self.working = monotonic(), False
        self._heard_at = 0.0
        self._gathers, self._began_at, self._size = gathers, 0.0, 0
        self.settled = asyncio.Event()
        self.settled.set()
        self._ends: dict[TopicPartition, int] = {}
        self._listener = _FromOurOffsets(self, offsets)
        # The parser touches neither headers nor body: one bad header would lose the batch, one bad body stop it for ever.
        self.subscriber = broker.subscriber(
            *topics, group_id=group, batch=True, max_records=2_000, batch_timeout_ms=POLL_MS, fetch_max_wait_ms=FETCH_MS,
            auto_offset_reset="earliest", isolation_level="read_committed", max_poll_interval_ms=MAX_POLL_MS,
            max_partition_fetch_bytes=1024 * 1024, ack_policy=AckPolicy.NACK_ON_ERROR, no_reply=True,
            listener=self._listener, parser=self._raw, decoder=_nothing,
            group_instance_id=_member(group, instance, topics) if instance else None,
            session_timeout_ms=int(session_seconds * 1_000), heartbeat_interval_ms=int(session_seconds * 300),
        )

        @self.subscriber
        async def consume(message: KafkaMessage) -> None:
            self.working = True
            try:
                await take(message.raw_message)
            finally:
                self.working = False
                self.polled_at = self._heard_at = monotonic()

    async def start(self) -> None:
        await self.subscriber.start()
        self._watch_polls()

    async def stop(self) -> None:
        await self.subscriber.stop()

    def leaves(self) -> None:
        """When it stops it says goodbye although it has a name: it will not come back, and others need not wait for it."""
        if (consumer := self.subscriber.consumer) is not None:
            consumer._coordinator._group_instance_id = None

    def seconds_since_poll(self) -> float:
        """0 while a batch is at work: that has a budget of its own."""
        return 0.0 if self.working else monotonic() - self.polled_at

    async def note_end(self, topic: str) -> None:
        """From now on `unread` names it, until this process has applied its partitions up to where they end now."""
        consumer = self.subscriber.consumer
        assert consumer is not None
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        self._ends |= await asyncio.wait_for(consumer.end_offsets(places), TOPIC_SECONDS)

    def unread(self) -> list[str]:
        """What other workers have the partitions of is theirs to read."""
        consumer = self.subscriber.consumer
        return sorted({place.topic for place in self._ends.keys() & consumer.assignment()}) if consumer else []

    async def _note_applied(self, polled: Collection[TopicPartition]) -> None:
        """Right after a poll: whatever came earlier, from a place that nothing came from now, has been applied, or was given
        back and will come again."""
        consumer = self.subscriber.consumer
        assert consumer is not None
        for place in self._ends.keys() & consumer.assignment() - polled:
            if consumer.last_poll_timestamp(place) and await consumer.position(place) >= self._ends[place]:
                del self._ends[place]

    async def _raw(self, records: Any) -> KafkaAckableMessage:
        first = records[0]
        name = f"{first.topic}/{first.partition}/{first.offset}"
        self.settled.clear()
        return _Committed(settled=self.settled, body=b"", headers={}, raw_message=records, consumer=self.subscriber.consumer,
                          message_id=name, correlation_id=name)

    def _gathering(self) -> float:
        """Seconds to let records come together before the next poll. What comes after a rest is taken at once, and all that a
        worker has to know before it is ready."""
        if not self._gathers or self._size >= LARGE_BATCH or self.unread():
            return 0.0
        return max(0.0, self._began_at + GATHERED_SECONDS - monotonic())

    def _watch_polls(self) -> None:
        """FastStream's loop survives what stops it from reading; only the time of the last poll tells."""
        consumer = self.subscriber.consumer
        assert consumer is not None
        getmany = consumer.getmany

        async def watched(*, timeout_ms: int, max_records: int) -> Any:
            await asyncio.sleep(self._gathering())
            quiet = self.polled_at - self._heard_at > QUIET_SECONDS
            records = await getmany(timeout_ms=QUIET_MS if quiet else timeout_ms, max_records=max_records)
            self.polled_at = monotonic()
            if records:
                self._heard_at = self._began_at = self.polled_at
                self._size = sum(map(len, records.values()))
            with suppress(KafkaError):  # what was polled is not lost by it; the next poll looks again
                await self._note_applied(records.keys())
            return records

        consumer.getmany = watched


def _member(group: str, instance: str, topics: Sequence[str]) -> str:
    """One name per list of topics: Kafka gives a member it knows by name what it had before, whatever it asks for now."""
    return f"{group}.{instance}.{crc32(','.join(sorted(topics)).encode()):08x}"


class _FromOurOffsets(ConsumerRebalanceListener):  # type: ignore[misc]
    """On assignment, reading starts at min(Kafka's offset, ours): a restored database rewinds by itself.

    Before partitions are given away, the batch at work is finished and committed, so that nobody reads it again.
    """

    def __init__(self, subscription: Subscription, offsets: Offsets) -> None:
        self.subscription, self.offsets = subscription, offsets

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.subscription.settled.wait(), SETTLE_SECONDS)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        consumer = self.subscription.subscriber.consumer
        assert consumer is not None
        consumer.pause(*assigned)  # aiokafka fetches from Kafka's offset meanwhile, and would hand that out
        try:
            await self._seek(consumer, assigned)
        finally:
            consumer.resume(*consumer.assignment().intersection(assigned))

    async def _seek(self, consumer: AIOKafkaConsumer, assigned: Iterable[TopicPartition]) -> None:
        ours = await self.offsets({partition.topic for partition in assigned})
        for partition in assigned:
            kafkas, offset = await consumer.committed(partition), ours.get((partition.topic, partition.partition))
            if kafkas is not None and (offset is None or offset < kafkas):
                if offset is None or offset < kafkas - 1:  # one less is a transaction's end
                    LOG.info("reading from our own offset", extra={"where": str(partition), "kafka": kafkas, "ours": offset})
                consumer.seek(partition, offset or 0)  # none: this database was restored to before our first record of it


async def _nothing(_: Any) -> bytes:
    return b""


def broker(bootstrap: str, publishes: Iterable[type[Event]], client: str) -> KafkaBroker:
    """One broker per service. Its typed publishers only describe our topics; what is published goes through the relay."""
    made = KafkaBroker(bootstrap, client_id=client, logger=FASTSTREAM, allow_auto_create_topics=False, acks="all",
                       enable_idempotence=True, graceful_timeout=15, security=_security())
    by_topic: dict[str, Any] = {}
    for event in publishes:
        by_topic[event.TOPIC] = by_topic[event.TOPIC] | event if event.TOPIC in by_topic else event
    for topic, schema in by_topic.items():
        made.publisher(topic, schema=schema)
    return made


def _security() -> BaseSecurity | None:
    """As kafka_client has it for aiokafka, which FastStream asks for in words of its own."""
    chosen = settings()
    context = kafka_client.tls(chosen)
    if chosen.kafka_user:
        password = chosen.kafka_password.get_secret_value()
        return SASLScram512(chosen.kafka_user, password, ssl_context=context, use_ssl=context is not None)
    return BaseSecurity(ssl_context=context, use_ssl=True) if context else None


class EventProducer:
    """Publishes outbox rows of the event topics: at least once, in order per key."""

    def __init__(self, bootstrap: str, client: str, transactional_id: str | None = None) -> None:
        self._options: dict[str, Any] = {"bootstrap_servers": bootstrap, "client_id": client, "acks": "all", "linger_ms": 0,
                                         "max_batch_size": BATCH_BYTES, "enable_idempotence": True, **kafka_client.options()}
        if transactional_id:
            self._options["transactional_id"] = transactional_id
        self._producer: AIOKafkaProducer | None = None
        self._partition: dict[tuple[str, str], int] = {}
        self._counts: dict[str, int] = {}
        self._absent_until: dict[str, float] = {}

    async def publish(self, rows: Sequence[Outbound]) -> list[int]:
        """The ids that are acknowledged: per partition, only those before the first failure."""
        producer = await self._started()
        acked: list[int] = []
        rebuild = False
        batches = await self._batches(producer, rows)
        results = await asyncio.gather(*(self._send(producer, *key, parts) for key, parts in batches.items()))
        for ids, error in results:
            acked += ids
            if error is not None and not isinstance(error, KafkaTimeoutError | RequestTimedOutError):
                rebuild = True  # a sequence gap would make every later send fail
        if rebuild and "transactional_id" not in self._options:  # a transaction aborts first; publish_whole closes after
            await self.close()
        return acked

    async def publish_whole(self, rows: Sequence[Outbound]) -> list[int]:
        """One Kafka transaction: all of them, or none. For compacted topics, whose stale writer must be fenced: the producer
        was started before these rows were read."""
        if self._producer is None:
            raise KafkaError("not started: these rows may be older than what another relay has sent")
        try:
            async with self._producer.transaction():
                acked = await self.publish(rows)
                if len(acked) < len(rows):
                    raise KafkaError("not every record of the transaction was acknowledged")
        except BaseException:
            await self.close()
            raise
        return acked

    @property
    def started(self) -> bool:
        return self._producer is not None

    async def start(self) -> None:
        """With a transactional id: from here on Kafka refuses whoever had it before."""
        await self._started()

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await asyncio.wait_for(producer.stop(), 5)
            except Exception as error:
                LOG.warning("producer did not close cleanly", extra={"error": str(error)})

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(**self._options)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _batches(self, producer: AIOKafkaProducer, rows: Sequence[Outbound]) -> dict[tuple[str, int], list[Any]]:
        """(topic, partition) -> list of (builder, ids), each builder at most BATCH_BYTES."""
        batches: dict[tuple[str, int], list[Any]] = {}
        for id, topic, key, headers, payload in rows:
            partition = self._partition.get((topic, key))
            if partition is None:
                partition = await self._partition_of(producer, topic, key)
            if partition is None:
                continue
            parts = batches.setdefault((topic, partition), [])
            raw_key = key.encode()
            if not parts or parts[-1][0].append(timestamp=None, key=raw_key, value=payload, headers=headers) is None:
                parts.append((producer.create_batch(), []))
                if parts[-1][0].append(timestamp=None, key=raw_key, value=payload, headers=headers) is None:
                    raise ValueError(f"outbox row {id} does not fit into a batch")
            parts[-1][1].append(id)
        return batches

    async def _partition_of(self, producer: AIOKafkaProducer, topic: str, key: str) -> int | None:
        """As Java's default partitioner; aiokafka's murmur2 is pure Python, so the answer is kept. None: no such topic now."""
        if self._absent_until.get(topic, 0) > monotonic():
            return None
        if topic not in self._counts:
            try:
                self._counts[topic] = len(await asyncio.wait_for(producer.partitions_for(topic), TOPIC_SECONDS))
            except (KafkaError, TimeoutError):
                LOG.warning("no such topic: make it with `jitt topics apply`", extra={"topic": topic})
                self._absent_until[topic] = monotonic() + ABSENT_SECONDS
                return None
        if len(self._partition) > KNOWN_KEYS:
            self._partition.clear()
        partition: int = (murmur2(key.encode()) & 0x7FFFFFFF) % self._counts[topic]
        self._partition[topic, key] = partition
        return partition

    async def _send(self, producer: AIOKafkaProducer, topic: str, partition: int,
                    parts: list[Any]) -> tuple[list[int], Exception | None]:
        acked: list[int] = []
        try:
            for builder, ids in parts:
                builder.close()
                await (await producer.send_batch(builder, topic, partition=partition))
                acked += ids
        except Exception as error:
            LOG.warning("publishing failed", extra={"topic": topic, "partition": partition, "error": str(error)})
            return acked, error
        return acked, None


async def history(bootstrap: str, since: Places, until: Places) -> AsyncIterator[list[Any]]:
    """The committed records from one place to another, in batches; per partition in order. Without a place to begin at, from
    the oldest that there still is. Raises Unread when it does not get on."""
    if all(since.get(where, 0) >= end for where, end in until.items()):
        return
    options = {"isolation_level": "read_committed", "auto_offset_reset": "earliest", "max_partition_fetch_bytes": 1024 * 1024,
               **kafka_client.options()}  # fmt: skip
    try:
        async with AIOKafkaConsumer(bootstrap_servers=bootstrap, **options) as consumer:
            ends = await consumer.end_offsets([TopicPartition(*where) for where in until])
            goals = {one: min(end, until[one.topic, one.partition]) for one, end in ends.items()}
            consumer.assign(list(goals))
            for one in goals:
                consumer.seek(one, since.get((one.topic, one.partition), 0))
            while behind := [one for one, goal in goals.items() if await consumer.position(one) < goal]:
                found = await consumer.getmany(*behind, timeout_ms=HISTORY_SECONDS * 1_000, max_records=HISTORY_RECORDS)
                if not found:
                    raise KafkaError(f"nothing came within {HISTORY_SECONDS} s of {behind[0].topic}/{behind[0].partition}")
                yield [record for one, records in found.items() for record in records if record.offset < goals[one]]
    except KafkaConnectionError as error:
        raise Unread(await asyncio.to_thread(kafka_client.obstacle, bootstrap) or str(error)) from error
    except KafkaError as error:
        raise Unread(str(error)) from error


@asynccontextmanager
async def tail(bootstrap: str, topics: Sequence[str]) -> AsyncIterator[AsyncIterator[Any]]:
    """What is published from now on, as records; for watching, never for deciding."""
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, auto_offset_reset="latest",
                                isolation_level="read_committed", fetch_max_wait_ms=10, **kafka_client.options())
    await consumer.start()
    try:
        for partition in consumer.assignment():
            await consumer.position(partition)  # so that nothing is missed between now and the first look
        yield consumer
    finally:
        await consumer.stop()
