"""Case 8: the same burst taken by one, two and four worker processes of trigger. What stops it is said with the figures."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from deploy.local import children
from tests.bench import machine, topics, world
from tests.bench.hop import PATIENCE, Bench, check
from tests.bench.hop import worker as one_worker
from tests.bench.world import PARTITIONS, Announced

LOOKS = 0.02  # seconds between two looks at how far they are
JOINED = 8.0  # seconds that the members of a group have to share its partitions
READ = "SELECT coalesce(sum(next_offset), 0)::int FROM trigger.consumed WHERE topic = $1"
LEFT = "SELECT EXISTS (SELECT 1 FROM trigger.outbox)"

Look = tuple[float, int]  # seconds since the beginning, records not read yet


@dataclass(frozen=True, slots=True)
class Scaled:
    """Events per second of all together; how many records were not read yet at half time; CPU that was not idle, 0 to 1."""

    workers: int
    rate: float
    lag_at_half: int
    busy: float


async def scaled(bench: Bench, announced: Sequence[Announced], workers: int, publisher: str) -> Scaled:
    """The whole burst becomes visible at once, when every process has its partitions."""
    topic = await topics.make(bench.kafka, publisher)
    await world.clear(bench.owner, publisher)
    before = await topics.ends(bench.kafka)
    with _workers(bench, workers) as running:
        await asyncio.sleep(JOINED)
        begun, busy, looks = await _visible_at_once(bench, topic, announced), machine.times(), list[Look]()
        while (read := await bench.owner.fetchval(READ, topic)) < len(announced) or await bench.owner.fetchval(LEFT):
            looks.append((time.monotonic() - begun, len(announced) - read))
            if looks[-1][0] > PATIENCE:
                raise running[0].failure(f"{workers} workers were not done after {PATIENCE:.0f} s")
            await asyncio.sleep(LOOKS)
        seconds = time.monotonic() - begun
        shares = [after - before for before, after in zip(busy, machine.times(), strict=True)]
    await check(bench, len(announced), before)
    idle = (shares[3] + shares[4]) / max(1, sum(shares))
    return Scaled(workers, len(announced) / seconds, lag_at(seconds / 2, looks), 1 - idle)


def lag_at(instant: float, looks: Sequence[Look]) -> int:
    """Records that were left at the first look from then on; half of all when they are taken at an even pace."""
    return next((left for at, left in looks if at >= instant), 0)


async def _visible_at_once(bench: Bench, topic: str, announced: Sequence[Announced]) -> float:
    """Written in one transaction of Kafka; answers when it was committed."""
    producer = AIOKafkaProducer(bootstrap_servers=bench.kafka, transactional_id=f"bench.{topic}", linger_ms=5,
                                max_batch_size=256 * 1024)  # fmt: skip
    await producer.start()
    try:
        async with producer.transaction():
            for n, one in enumerate(announced):
                key = one.event.session_ref.encode()
                await producer.send(topic, one.body, key=key, partition=n % PARTITIONS, headers=list(one.headers))
        return time.monotonic()
    finally:
        await producer.stop()


@contextmanager
def _workers(bench: Bench, number: int) -> Iterator[list[children.Child]]:
    with ExitStack() as stack:
        yield [stack.enter_context(_worker(bench, n)) for n in range(number)]


@contextmanager
def _worker(bench: Bench, number: int) -> Iterator[children.Child]:
    home = bench.home / f"worker-{number}"
    home.mkdir(exist_ok=True)
    with one_worker(Bench(bench.kafka, bench.owner, home), 0) as (child, _):
        yield child


def stops(found: Sequence[Scaled]) -> str:
    """What keeps more processes from being faster, in two sentences."""
    most = max(found, key=lambda one: one.rate)
    here = f"{os.cpu_count()} cores, {most.busy:.0%} of them at work with {most.workers} processes"
    return (f"Here the cores stop it ({here}; Kafka, Postgres and the workers share them). Where there are more, a service has "
            f"as many readers as its topics have partitions: 24 of our own, one of each publisher.")  # fmt: skip
