"""Where the kernel is tried: servers, and places on them. A place is one service of its own: schema, topic, group, name."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.servers import use
from shared import bus, db
from shared.contracts.event import Event
from shared.contracts.topics import COMPACTED, KEPT, Topic
from shared.messaging import Handler, relay
from shared.running import Running
from shared.settings import settings
from tests.chaos.environment import own_environment
from tests.chaos.kernel import ledger
from tests.messaging import tally_service

MIGRATIONS = Path(tally_service.__file__).with_name("tally")
OUT = (Topic("tally.events", "tally", 3, 3, KEPT), Topic(ledger.STATES, "tally", 3, 3, COMPACTED),
       Topic(ledger.ALERTS, "tally", 3, 3, KEPT))  # fmt: skip
Handlers = tuple[Handler[Any], ...]
LOUD = ("jitt", "jitt.worker", "jitt.relay", "jitt.bus", "jitt.process", "faststream", "faststream.jitt", "aiokafka", "asyncio")


@dataclass(slots=True)
class Servers:
    """A Kafka and a PostgreSQL of our own, which may be ended and begun again."""

    home: Path
    kafka: Kafka
    postgres: Postgres

    def start_postgres(self) -> None:
        self.postgres = Postgres.start(self.home, self.postgres.port, _nothing)


@dataclass(slots=True)
class Said:
    """A record of one of the topics that the service publishes."""

    topic: str
    partition: int
    offset: int
    id: str
    key: str
    type: str
    body: dict[str, Any]


@dataclass(slots=True)
class Place:
    """One service of its own. `send` says something to it; what was sent is numbered, so that a repeat has the same id."""

    running: Running
    producer: AIOKafkaProducer | None = None
    sent: int = 0

    @property
    def name(self) -> str:
        return self.running.service.name

    @property
    def dsn(self) -> str:
        return db.service_dsn(self.name)

    async def send(self, *events: Event) -> None:
        assert self.producer is not None, "this place has no topic"
        for event in events:
            self.sent += 1
            headers = [("ce_specversion", b"1.0"), ("ce_id", f"{self.name}/{self.sent}".encode()), ("ce_source", b"chaos"),
                       ("ce_type", event.TYPE.encode())]  # fmt: skip
            body, key = event.model_dump_json().encode(), event.key().encode()
            await self.producer.send(f"{self.name}.in", body, key=key, headers=headers)
        await self.producer.flush()


@contextmanager
def servers(home: Path) -> Iterator[Servers]:
    """A stack of our own, whatever the environment names, until the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755)  # PostgreSQL, which is never root, keeps its data there
    with own_environment():
        os.environ["JITT_HOME"], os.environ["JITT_KAFKA_SESSION_SECONDS"] = str(home), "6"
        settings.cache_clear()
        ours = Servers(home, Kafka.start(home, None, _nothing), Postgres.start(home, None, _nothing))
        try:
            use(ours.kafka.bootstrap, ours.postgres.dsn)
            yield ours
        finally:
            ours.kafka.stop()
            ours.postgres.stop()


@contextmanager
def states_compacted() -> Iterator[None]:
    """The manifest decides what the relay sends in transactions; here the test's own topic is one of those."""
    before, relay.COMPACTED = relay.COMPACTED, relay.COMPACTED | {ledger.STATES}
    try:
        yield
    finally:
        relay.COMPACTED = before


@contextmanager
def quiet() -> Iterator[None]:
    """What is broken on purpose need not be read about."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, about: None)
    before = {name: logging.getLogger(name).level for name in LOUD}
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        loop.set_exception_handler(None)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


async def make_topics(*topics: Topic) -> None:
    await bus.apply_topics(settings().kafka, topics)


@asynccontextmanager
async def place(name: str = "", handlers: Handlers = ledger.HANDLERS, *, topic: bool = True,
                partitions: int = 2) -> AsyncIterator[Place]:  # fmt: skip
    """A fresh one. Without `topic`, for what needs no Kafka."""
    service = ledger.service(name or f"tally_{uuid4().hex[:8]}", handlers)
    await db.migrate(settings().postgres, [service.name], lambda _: MIGRATIONS)
    named = settings().model_copy(update={"instance": "one"})  # a worker that is begun again takes up its partitions at once
    running = Running(service, await db.open_pool(db.service_dsn(service.name), "chaos", size=4), named)
    made = Place(running)
    reader().found[service.name] = []
    try:
        if topic:
            await make_topics(Topic(f"{service.name}.in", service.name, partitions, partitions, KEPT))
            made.producer = AIOKafkaProducer(bootstrap_servers=settings().kafka, acks="all", enable_idempotence=True)
            await made.producer.start()
        yield made
    finally:
        if made.producer:
            await made.producer.stop()
        await db.close_pool(running.pool)
        del reader().found[service.name]


@asynccontextmanager
async def owner() -> AsyncIterator[asyncpg.Connection]:
    """Postgres' owner, who may end other people's connections."""
    conn = await asyncpg.connect(settings().postgres, timeout=5)
    try:
        yield conn
    finally:
        await conn.close()


class Reader:
    """What the places of one event loop have said, as a reader of committed records sees it. What was read is not read again: a
    place looks until all is as it must be, and on the same topics are the records of all the others."""

    def __init__(self) -> None:
        self.found: dict[str, list[Said]] = {}
        self._far: dict[TopicPartition, int] = {}
        self._one_at_a_time = asyncio.Lock()

    async def said(self, name: str) -> list[Said]:
        """By one place, up to now, in the order of offsets."""
        async with self._one_at_a_time:
            await self._go_on()
        return list(self.found[name])

    async def _go_on(self) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=settings().kafka, group_id=None, isolation_level="read_committed",
                                    auto_offset_reset="earliest", fetch_max_wait_ms=20)  # fmt: skip
        await consumer.start()
        try:
            parts = [TopicPartition(topic.name, n) for topic in OUT for n in range(topic.small)]
            consumer.assign(parts)
            for part in parts:
                consumer.seek(part, self._far.get(part, 0))
            ends = await consumer.end_offsets(parts)
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for records in (await consumer.getmany(timeout_ms=50)).values():
                    self._take(records)
            self._far = {part: await consumer.position(part) for part in parts}
        finally:
            await consumer.stop()

    def _take(self, records: Sequence[Any]) -> None:
        for record in records:
            if (name := record.key.decode().partition("-")[0]) in self.found:
                self.found[name].append(_said(record))


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, Reader] = WeakKeyDictionary()


def reader() -> Reader:
    return _readers.setdefault(asyncio.get_running_loop(), Reader())


def _said(record: Any) -> Said:
    headers = dict(record.headers)
    return Said(record.topic, record.partition, record.offset, headers["ce_id"].decode(), record.key.decode(),
                headers["ce_type"].decode(), json.loads(record.value))  # fmt: skip


async def unsent(place: Place) -> list[Said]:
    """What waits in the outbox, as if it had been published: for what is tried without Kafka."""
    rows = await place.running.pool.fetch("SELECT id, topic, key, event_id, type, payload FROM outbox ORDER BY id")
    return [Said(row["topic"], 0, row["id"], str(row["event_id"]), row["key"], row["type"], json.loads(row["payload"]))
            for row in rows]  # fmt: skip


async def until(fact: Any, seconds: float = 20.0) -> bool:
    """Waits for it; False when it did not come true in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await fact():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.03)
    return True


def _nothing(words: str) -> None:
    pass
