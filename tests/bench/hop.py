"""Case 1, the hop itself: a burst that waits in a publisher's topic, taken by one real worker process."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from deploy.local import children
from deploy.local.ports import free_port
from tests.bench import machine, topics, world
from tests.bench.world import Announced

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
STATUSES = "SELECT status, count(*)::int FROM trigger.session GROUP BY 1"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the cases run: the servers, a connection of the databases' owner, and a directory for files."""

    kafka: str
    owner: asyncpg.Connection
    home: Path


@dataclass(frozen=True, slots=True)
class Hop:
    """CPU in microseconds per event."""

    rate: float
    batches: int
    python: float
    postgres: float
    kafka: float
    peak_mib: float


async def hop(bench: Bench, announced: Sequence[Announced], publisher: str) -> Hop:
    topic = await topics.make(bench.kafka, publisher)
    await topics.load(bench.kafka, topic, announced)
    await world.clear(bench.owner, publisher)
    before, servers = await topics.ends(bench.kafka), (machine.server("postgres"), machine.server("java"))
    spent = [machine.cpu_seconds(pid) for pid in servers]
    number = len(announced)
    with worker(bench, number) as (child, result):
        await appears(result, child)
        found = json.loads(result.read_text())
        spent = [machine.cpu_seconds(pid) - start for pid, start in zip(servers, spent, strict=True)]
        peak = machine.peak_mib(child.pid)
    await check(bench, number, before)
    per_event = 1e6 / number
    return Hop(number / found["seconds"], found["batches"], found["cpu"] * per_event, spent[0] * per_event,
               spent[1] * per_event, peak)


async def check(bench: Bench, number: int, before: topics.Ends) -> None:
    """Every session is planned, nothing was buried, nothing is left to send, and each event is on the topic once."""
    world.check_all_planned([tuple(row) for row in await bench.owner.fetch(STATUSES)], number)
    assert await bench.owner.fetchval("SELECT count(*) FROM trigger.dead_letter") == 0, "records were buried"
    assert await bench.owner.fetchval("SELECT count(*) FROM trigger.outbox") == 0, "events were left to send"
    records, distinct = await topics.count(bench.kafka, before)
    assert (records, distinct) == (number, number), f"{records} records with {distinct} ids on {topics.OUT}, not {number}"


@contextmanager
def worker(bench: Bench, number: int, module: str = "tests.bench.worker") -> Iterator[tuple[children.Child, Path]]:
    """A process of its own until the block ends, and the file in which it says how it went."""
    result = bench.home / "result.json"
    result.unlink(missing_ok=True)
    os.environ["PYTHONPATH"] = str(ROOT)  # it runs in a directory of its own
    program = children.Program("The worker", "worker", farewell=((signal.SIGTERM, 20.0),))
    command = (sys.executable, "-m", module, str(result), str(number), str(free_port()))
    child = children.start(program, command, bench.home)
    try:
        yield child, result
    finally:
        child.stop()


async def appears(result: Path, child: children.Child) -> None:
    deadline = time.monotonic() + PATIENCE
    while not result.exists():
        if not child.alive():
            raise child.failure("ended before it was done")
        if time.monotonic() > deadline:
            raise child.failure(f"was not done after {PATIENCE:.0f} s")
        await asyncio.sleep(0.05)
