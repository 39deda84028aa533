"""Case 5: at a steady rate, from handing an event to Kafka until its follow-up is seen on trigger's own topic."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from statistics import quantiles
from time import perf_counter
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.bench import topics, world
from tests.bench.hop import Bench, check, worker
from tests.bench.world import PARTITIONS, Announced

WARM_UP = 2  # seconds that do not count
TOGETHER = 5  # events in one request
FIRST = 3.0  # seconds that the worker has to come up
LATEST = 15.0  # seconds after the last was sent
ID_AT = slice(len('{"session_id":"'), len('{"session_id":"') + 36)  # in the payload: its first field


async def latency(bench: Bench, announced: Sequence[Announced], rate: int, publisher: str) -> tuple[float, float]:
    """(p50, p99) in milliseconds. The generator and the reader share the machine with what they measure.

    `publisher` is a new one: a database that knows nothing of a topic reads it from its beginning.
    """
    topic = await topics.make(bench.kafka, publisher)
    await world.clear(bench.owner, publisher)
    before = await topics.ends(bench.kafka)
    number = {str(one.session_id).encode(): n for n, one in enumerate(announced)}
    sent, seen = [0.0] * len(announced), [0.0] * len(announced)
    with worker(bench, 0):
        consumer = AIOKafkaConsumer(bootstrap_servers=bench.kafka, isolation_level="read_committed", fetch_max_wait_ms=50)
        await consumer.start()
        consumer.assign(list(before))
        for partition, offset in before.items():
            consumer.seek(partition, offset)
        reading = asyncio.create_task(_read(consumer, number, seen))
        try:
            await _send(bench.kafka, topic, announced, rate, sent)
            await asyncio.wait_for(reading, LATEST)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
            await consumer.stop()
    await check(bench, len(announced), before)
    taken = [(there - here) * 1_000 for here, there in zip(sent, seen, strict=True)][WARM_UP * rate :]
    cuts = quantiles(taken, n=100)
    return cuts[49], cuts[98]


async def _send(kafka: str, topic: str, announced: Sequence[Announced], rate: int, sent: list[float]) -> None:
    """A few together, so that the generator stays light. What is late is sent at once, and counts from then."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks=1, linger_ms=0)
    await producer.start()
    try:
        started = perf_counter() + FIRST
        for tick, first in enumerate(range(0, len(announced), TOGETHER)):
            while (wait := started + first / rate - perf_counter()) > 0:
                await asyncio.sleep(wait)
            for n, one in enumerate(announced[first : first + TOGETHER], first):
                key, headers = one.event.session_ref.encode(), list(one.headers)
                sent[n] = perf_counter()
                await producer.send(topic, one.body, key=key, partition=tick % PARTITIONS, headers=headers)
    finally:
        await producer.stop()


async def _read(consumer: AIOKafkaConsumer, number: dict[bytes, int], seen: list[float]) -> None:
    left = len(number)
    while left:
        found: dict[TopicPartition, list[Any]] = await consumer.getmany(timeout_ms=1_000)
        now = perf_counter()
        for records in found.values():
            for record in records:
                n = number[record.value[ID_AT]]
                left -= not seen[n]
                seen[n] = seen[n] or now
