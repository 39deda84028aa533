"""Sessions that are announced while a worker is busy with something else, and how long each takes to come out again."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.bench import topics
from tests.bench.latency import ID_AT
from tests.bench.world import PARTITIONS, Announced

LATEST = 30.0  # seconds after the last was sent


@dataclass(slots=True)
class Fresh:
    """When each was sent, committed and seen on Kafka again, by number, in seconds since 1970."""

    announced: Sequence[Announced]
    sent: list[float] = field(default_factory=list)
    seen: dict[int, float] = field(default_factory=dict)
    committed: dict[int, float] = field(default_factory=dict)

    def read(self, taken: Path) -> None:
        """A worker's own notes of what it took from Kafka, and when that had committed."""
        for line in taken.read_text().splitlines():
            at, _, numbers = line.partition(" ")
            for n in json.loads(numbers):
                self.committed.setdefault(n, float(at))

    async def first_seen(self) -> float:
        await wait(lambda: bool(self.seen), "none of the announced sessions came out of the worker")
        return min(self.seen.values())

    def taken_ms(self, until: dict[int, float], first: float, last: float) -> list[float]:
        """Until it was committed, or seen, for those sent in that span."""
        return [(until[n] - at) * 1_000 for n, at in enumerate(self.sent) if first <= at <= last]


def number(partition: int, offset: int) -> int:
    """Of an announced session, by where it stands in a topic that held nothing before."""
    return offset * PARTITIONS + partition


@asynccontextmanager
async def steady(kafka: str, topic: str, announced: Sequence[Announced], rate: int) -> AsyncIterator[Fresh]:
    """Sends at `rate` a second until the block ends; then waits until all that were sent have been seen."""
    fresh = Fresh(announced)
    consumer = await _consumer(kafka)
    reading = asyncio.create_task(_read(consumer, fresh))
    sending = asyncio.create_task(_send(kafka, topic, fresh, rate))
    try:
        yield fresh
        await _stopped(sending)
        await wait(lambda: len(fresh.seen) == len(fresh.sent), "not all of the announced sessions came out of the worker")
    finally:
        await _stopped(sending)
        await _stopped(reading)
        await consumer.stop()


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def wait(until: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + LATEST
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        await asyncio.sleep(0.05)


async def _consumer(kafka: str) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level="read_committed", fetch_max_wait_ms=50)
    await consumer.start()
    ends = await topics.ends(kafka)
    consumer.assign(list(ends))
    for partition, offset in ends.items():
        consumer.seek(partition, offset)
    return consumer


async def _send(kafka: str, topic: str, fresh: Fresh, rate: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks=1, linger_ms=0)
    await producer.start()
    try:
        started = time.monotonic()
        for n, one in enumerate(fresh.announced):
            while (wait := started + n / rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            key, headers = one.event.session_ref.encode(), list(one.headers)
            fresh.sent.append(time.time())
            await producer.send(topic, one.body, key=key, partition=n % PARTITIONS, headers=headers)
    finally:
        await producer.stop()


async def _read(consumer: AIOKafkaConsumer, fresh: Fresh) -> None:
    number = {str(one.session_id).encode(): n for n, one in enumerate(fresh.announced)}
    while True:
        found = await consumer.getmany(timeout_ms=1_000)
        now = time.time()
        for records in found.values():
            for record in records:
                if (n := number.get(record.value[ID_AT])) is not None:  # what rows that fell due led to begins otherwise
                    fresh.seen.setdefault(n, now)
