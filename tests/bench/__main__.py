"""`python -m tests.bench`: what one hop costs here, against its own parts and against what one would write first."""

import argparse
import asyncio
import gc
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from deploy import network, topology
from deploy.local import stack
from deploy.local.ports import free_port
from deploy.servers import use
from services.trigger.app import SERVICE
from shared.running import opened
from tests.bench import machine, memory, naive, report, topics, world
from tests.bench.hop import ROOT, Bench, Hop, hop
from tests.bench.latency import WARM_UP, latency
from tests.bench.report import Found, Round
from tests.bench.series import Statement, bare, series
from tests.bench.world import Announced, burst

HELP = """\
Measures one hop of trigger on a real Kafka and PostgreSQL, started for it in a temporary directory: an announced session
comes in by Kafka, becomes a row that knows when it is due, and its plan goes out by Kafka, nothing lost or doubled.

Interleaved, in every round: the hop; the same Python and SQL in series without Kafka; the same SQL alone; and a naive
service (one message, one transaction, publishing in the handler). Then latency at a steady rate. Memory comes first.

Each case waits a little for a quiet machine. On a busy one figures per second mean nothing, and ratios only with a small
spread; CPU per event holds best.
"""


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int
    events: int
    naive: int
    naive_16: int
    steady_seconds: int
    memory: int
    patience: float  # seconds that each case waits for a quiet machine
    budget: float  # seconds after which no further round begins


FULL = Size(rounds=3, events=60_000, naive=2_000, naive_16=4_000, steady_seconds=20, memory=20_000, patience=10,
            budget=360)
QUICK = Size(rounds=1, events=20_000, naive=1_000, naive_16=0, steady_seconds=5, memory=4_000, patience=2, budget=60)
RATE = 1_000


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller numbers, one round: under 90 s on a quiet machine")
    parser.add_argument("--out", type=Path, default=ROOT / ".jitt" / "bench.json", help="the file for programs")
    wanted = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a topic that is a moment old is asked for again
    for name in ("JITT_KAFKA", "JITT_POSTGRES"):  # never on servers that somebody uses
        os.environ.pop(name, None)
    home = Path(tempfile.mkdtemp(prefix="jitt-bench-"))
    try:
        found = _on_own_servers(home, QUICK if wanted.quick else FULL)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    report.show(found)
    report.write(found, wanted.out)
    print(f"\nAlso in {wanted.out}")


def _on_own_servers(home: Path, size: Size) -> Found:
    os.environ["JITT_HOME"] = str(home)
    with stack.running(home) as servers:
        use(servers.kafka, servers.postgres, {name: f"http://127.0.0.1:{free_port()}" for name in topology.NAMES})
        network.prepare(print)
        return asyncio.run(_measure(servers, home, size))


async def _measure(servers: stack.Stack, home: Path, size: Size) -> Found:
    owner = await asyncpg.connect(servers.postgres)
    try:
        bench = Bench(servers.kafka, owner, home)
        announced = burst(size.events)
        steady = burst(RATE * (size.steady_seconds + WARM_UP), "steady")
        async with opened(SERVICE) as running:
            await world.seed(running, max(size.events, len(steady)))
        found = Found(size.events, latency_rate=RATE, machine=machine.facts() | await _versions(bench))
        found.memory = await memory.memory(bench, announced[: size.memory])
        _settle(announced)
        statements: list[Statement] = []
        await series(bench, announced, statements)
        started = time.monotonic()
        for n in range(size.rounds):
            if n and time.monotonic() - started > size.budget:
                print(f"No time for more than {n} of {size.rounds} rounds: this machine is busy, or slow.")
                break
            found.rounds.append(await _round(bench, size, announced, statements, n))
            machine.quiet(size.patience)
            found.latency.append(await latency(bench, steady, RATE))
        return found
    finally:
        await owner.close()


async def _round(bench: Bench, size: Size, announced: Sequence[Announced], statements: Sequence[Statement], n: int) -> Round:
    number = len(announced)
    others = [machine.quiet(size.patience)]
    one: Hop = await hop(bench, announced, f"burst{n}")
    others.append(machine.quiet(size.patience))
    phases = await series(bench, announced)
    others.append(machine.quiet(size.patience))
    alone = await bare(bench, statements, number)
    others.append(machine.quiet(size.patience))
    naive_1 = await naive.rate(bench, announced[: size.naive], 1, n)
    naive_16 = await naive.rate(bench, announced[: size.naive_16], 16, n) if size.naive_16 else None
    print(f"Round {n + 1} of {size.rounds}, events/s: hop {one.rate:,.0f}, series {number / phases.total:,.0f}, "
          f"bare SQL {number / alone:,.0f}, naive {naive_1:,.0f}; other work {max(others):.0%}", flush=True)
    return Round(one, phases, number / phases.total, number / alone, naive_1, naive_16, max(others))


def _settle(announced: Sequence[Announced]) -> None:
    """As a worker does: what is made once is not looked at again by every collection."""
    for one in announced:
        assert one.body and one.headers
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _versions(bench: Bench) -> dict[str, str]:
    return {"postgres": await bench.owner.fetchval("SHOW server_version"), "partitions": f"{world.PARTITIONS} in, "
            f"{topics.OUT_PARTITIONS} out"}


if __name__ == "__main__":
    main()
