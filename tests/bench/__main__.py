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
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from deploy import network, topology
from deploy.local import stack
from deploy.local.ports import free_port
from deploy.servers import use
from services.trigger.app import SERVICE
from shared.running import opened
from tests.bench import due, machine, memory, naive, report, topics, world
from tests.bench.hop import ROOT, Bench, Hop, hop
from tests.bench.latency import WARM_UP, latency
from tests.bench.peers import peers
from tests.bench.report import Figure, Found, Round
from tests.bench.scaling import scaled, stops
from tests.bench.series import Statement, bare, series
from tests.bench.world import Announced, burst

HELP = """\
Measures one hop of trigger on a real Kafka and PostgreSQL, started for it in a temporary directory: an announced session
comes in by Kafka, becomes a row that knows when it is due, and its plan goes out by Kafka, nothing lost or doubled.

Interleaved, in every round: the hop; the same Python and SQL in series without Kafka; the same SQL alone; and a naive
service (one message, one transaction, publishing in the handler). Then latency at a steady rate. Memory comes first; rows
that come due, and the same burst taken by two and four processes, come last.

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
    pending: int  # sessions that wait, in the cases of due rows
    due: int
    overdue: int
    within: float  # seconds in which 12,000 come due, or as many in proportion
    dead: int  # dead entries at the head of the index
    workers: tuple[int, ...]


PLAIN = Size(rounds=3, events=60_000, naive=2_000, naive_16=4_000, steady_seconds=10, memory=20_000, patience=10, budget=300,
             pending=1_000_000, due=60_000, overdue=200_000, within=60, dead=1_000_000, workers=(1, 2, 4))  # fmt: skip
QUICK = Size(rounds=1, events=20_000, naive=1_000, naive_16=0, steady_seconds=5, memory=4_000, patience=2, budget=60,
             pending=50_000, due=10_000, overdue=20_000, within=10, dead=50_000, workers=(1, 2))  # fmt: skip
FULL = replace(PLAIN, pending=10_000_000)
RATE, HIGH_RATE = 1_000, 5_000


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller numbers, one round: under 3 minutes on a quiet machine")
    parser.add_argument("--full", action="store_true", default=os.environ.get("FULL", "") not in ("", "0"),
                        help="10 M sessions that wait, and other programs doing the same job; also by FULL=1")  # fmt: skip
    parser.add_argument("--out", type=Path, default=ROOT / ".jitt" / "bench.json", help="the file for programs")
    wanted = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a topic that is a moment old is asked for again
    for name in ("JITT_KAFKA", "JITT_POSTGRES"):  # never on servers that somebody uses
        os.environ.pop(name, None)
    home = Path(tempfile.mkdtemp(prefix="jitt-bench-"))
    try:
        found = _on_own_servers(home, QUICK if wanted.quick else FULL if wanted.full else PLAIN)
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
            found.latency.append(await latency(bench, steady, RATE, f"steady{n}"))
        await _at_a_high_rate(bench, size, found)
        await _by_more_processes(bench, size, announced, found)
        await _due(bench, size, found)
        return found
    finally:
        await owner.close()


async def _at_a_high_rate(bench: Bench, size: Size, found: Found) -> None:
    told = burst(HIGH_RATE * (size.steady_seconds // 2 + WARM_UP) + 1, "fast")
    async with opened(SERVICE) as running:
        await world.seed(running, len(told))
    machine.quiet(size.patience)
    p50, p99 = await latency(bench, told, HIGH_RATE, "fast")
    found.figures += [Figure("latency_5000.p50_ms", f"latency at {HIGH_RATE}/s, p50 ms", [p50], 60, False),
                      Figure("latency_5000.p99_ms", f"latency at {HIGH_RATE}/s, p99 ms", [p99], 120, False)]  # fmt: skip


async def _by_more_processes(bench: Bench, size: Size, announced: Sequence[Announced], found: Found) -> None:
    ran = []
    for workers in size.workers:
        machine.quiet(size.patience)
        ran.append(one := await scaled(bench, announced, workers, f"by{workers}"))
        target = 18_000 if workers == 2 else None
        found.figures.append(Figure(f"scaling.workers_{workers}", f"{workers} processes, events/s", [one.rate], target))
        print(f"{workers} processes: {one.rate:,.0f} events/s, cores {one.busy:.0%} at work", flush=True)
    found.said.append(stops(ran))


async def _due(bench: Bench, size: Size, found: Found) -> None:
    """In this order, so that rows that wait are written once."""
    await bench.owner.execute("DELETE FROM trigger.publisher")  # whose topics would be read again from their beginnings
    share, many = size.overdue / PLAIN.overdue, int(12_000 * size.within / 60)
    rate = await due.per_second(bench, size.pending, size.due)
    needs = await due.per_second(bench, size.pending, size.due // 4, "assign")
    late = await due.burst(bench, size.pending, many, size.within)
    over = await due.overdue(bench, size.pending, size.overdue)
    dead = await due.dead_rows(bench, size.pending, size.due, size.dead)
    found.figures += [
        Figure("due.per_s", f"due rows worked off, {size.pending:,} wait, rows/s", [rate.per_s], 18_000),
        Figure("due.assign_per_s", "the same at the assign moment, rows/s", [needs.per_s]),
        Figure(f"due.burst_{many}_lateness_p99_ms", f"{many:,} due within {size.within:.0f} s: late by, p99 ms", [late.p99_ms],
               1_000, False),
        Figure("due.overdue_s", f"{size.overdue:,} overdue at start, seconds", [over.seconds], 12 * share, False),
        Figure("due.fresh_p99_ms", "fresh events meanwhile, p99 ms", [over.fresh_p99_ms], 80, False),
        Figure("due.dead_rows_ratio", f"{size.dead:,} dead entries at the head / clean", [dead.ratio], 0.5),
    ]
    if size.pending == FULL.pending:
        flat = await due.flat(bench)
        found.figures += [Figure(f"due.flat_{name}", f"{name} among 10 M / among 100,000", [flat.ratio(name)], 1.5, False)
                          for name in ("insert", "reschedule", "cancel")]  # fmt: skip
        found.figures += [Figure(f"peers.{one.name}", f"{one.name} {one.version}, jobs/s", [one.per_s])
                          for one in await peers(bench, PLAIN.pending, PLAIN.due)]  # fmt: skip


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
