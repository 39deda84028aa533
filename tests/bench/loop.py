"""The whole loop: `python -m tests.bench.loop`. How long after a mentor's answer the supervisor's brief shows it.

CPU at another rate is about what a second at rest takes, plus the rate times what an answer takes beyond its share of that:
9.1 ms at 150/s on two cores with nothing else to do, of it assessment 3.0, PostgreSQL 2.3, supervision 1.7, Kafka 1.4, trigger
0.5. So 500/s take about five cores at work, and three processes for mentors' pages.
"""

import argparse
import asyncio
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median, quantiles

import asyncpg
from rich.console import Console
from rich.table import Table

from deploy import network, topology
from deploy.local import stack
from deploy.local.ports import free_port
from deploy.servers import use
from shared.settings import settings
from tests.bench import loop_seen, machine
from tests.bench.hop import Bench
from tests.bench.loop_seen import Looks, Seen
from tests.bench.loop_town import Town, town
from tests.bench.report import Figure
from tests.chaos.environment import own_environment
from tests.load import answers
from tests.load.answers import Sent

HELP = """\
Real mentors' forms are sent at a fixed rate to the four services, on a Kafka and a PostgreSQL of their own; nothing is sent
later because the system is slow, and every answer counts from the instant that it was planned for.

"Answer to brief" is from then until a reader of supervision's tables finds it, as the brief's page does. Its legs, one after
the other: "taken", until the transaction that keeps it begins; "published", from there to the event's time on Kafka; "shown",
from there until the brief has it. Beside them "http", until the mentor's browser has its answer, and "ready", until brief_ready
is on Kafka for the last answer of a training.

A figure counts only when the event and the brief of every answer that was taken are there in the end.
"""
WARM_UP = 3  # seconds that do not count
REST = 4  # seconds in which nothing happens, before
LEAST_EACH = 4  # answers that a mentor has for us, at least
PROMISED_MS, PROMISED_PER_S = 1_000, 150
STAIRS = (50, 100, 150, 200, 300, 400)
WHOLE = "answer_to_brief"
LEGS: dict[str, Callable[[Sent], float]] = {
    "http": lambda one: one.answered - one.planned,
    "taken": lambda one: one.taken - one.planned,
    "published": lambda one: one.published - one.taken,
    "shown": lambda one: one.shown - one.published,
    "ready": lambda one: one.ready - one.planned,
    WHOLE: lambda one: one.shown - one.planned,
}


@dataclass(frozen=True, slots=True)
class Loop:
    """One run: (p50, p99) in milliseconds by leg; what was not yet shown when the last was sent; and the milliseconds of CPU of
    each service and server: in a second of rest, and for an answer, with its share of what goes on at rest as well."""

    rate: int
    per_s: float  # answers shown a second
    legs: dict[str, tuple[float, float]]
    left: int
    rest_ms: dict[str, float]
    cpu_ms: dict[str, float]
    refused: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """The promise holds, for every answer, and no backlog grows."""
        return not self.refused and self.left < self.rate and self.legs[WHOLE][1] <= PROMISED_MS


async def loop(bench: Bench, rate: int, seconds: int, *, pages: bool = False) -> Loop:
    """With `pages` mentors' browsers also open the page of each answer and of the next question."""
    async with town(bench) as here:
        return await measured(here, rate, seconds, pages=pages)


async def stairs(bench: Bench, seconds: int, rates: Sequence[int] = STAIRS, *, pages: bool = False) -> list[Loop]:
    """From rate to rate, until one is too high for the promise; that one is the last."""
    found: list[Loop] = []
    async with town(bench) as here:
        for rate in rates:
            found.append(one := await measured(here, rate, seconds, pages=pages))
            if not one.kept:
                break
    return found


async def measured(here: Town, rate: int, seconds: int, *, pages: bool) -> Loop:
    number, apart = rate * (WARM_UP + seconds), rate // LEAST_EACH
    walks = await here.trainings(number // LEAST_EACH + 2 * apart)
    sent = [Sent(answer) for answer in answers.interleaved(walks, apart)[:number]]
    assert len(sent) == number, f"the mentors have {len(sent)} answers, not {number}"
    seen = Seen(sent)
    async with loop_seen.watched(here.bench, settings().postgres, seen) as looks, here.client as client:
        rest = await _rest(here, looks)
        before = _cpu(here, looks)
        await answers.send(client, sent, rate, time.time(), pages=pages)
        await loop_seen.settled(seen)
        spent = {name: seconds - before[name] for name, seconds in _cpu(here, looks).items()}
    return result(sent, rate, rest, spent)


def result(sent: Sequence[Sent], rate: int, rest: Mapping[str, float], spent: Mapping[str, float]) -> Loop:
    """`rest`: seconds of CPU in a second of rest; `spent`: in all, from the first answer until the last was shown."""
    counted = sent[WARM_UP * rate :]
    whole = [one for one in counted if one.shown]
    assert len(whole) > 1, f"next to nothing was taken: {sent[0].refused}"
    left = sum(one.shown > sent[-1].planned for one in sent)
    legs = {name: p50_p99([leg(one) * 1_000 for one in whole if name != "ready" or one.answer.last])
            for name, leg in LEGS.items()}  # fmt: skip
    per_s = len(whole) / (max(one.shown for one in whole) - counted[0].planned)
    return Loop(rate, per_s, legs, left, rest_ms={name: seconds * 1_000 for name, seconds in rest.items()},
                cpu_ms={name: seconds * 1_000 / len(sent) for name, seconds in spent.items()},
                refused=tuple(one.refused for one in sent if one.refused))  # fmt: skip


def p50_p99(values: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


async def _rest(here: Town, looks: Looks) -> dict[str, float]:
    before = _cpu(here, looks)
    await asyncio.sleep(REST)
    return {name: (seconds - before[name]) / REST for name, seconds in _cpu(here, looks).items()}


def _cpu(here: Town, looks: Looks) -> dict[str, float]:
    """Seconds so far of every process that takes part, by service, without what looking costs."""
    services = {name: sum(machine.cpu_seconds(child.pid) for seat, child in here.children.items() if seat.service == name)
                for name in topology.NAMES}  # fmt: skip
    postgres = machine.cpu_seconds(machine.server("postgres")) - looks.cpu_seconds()
    return services | {"postgres": postgres, "kafka": machine.cpu_seconds(machine.server("java"))}


def figures(runs: Sequence[Loop], climbed: Sequence[Loop] = ()) -> list[Figure]:
    """A value per run. How many answers a second: the highest step at which the promise held, or else what a run came to."""
    kept = [float(one.rate) for one in climbed if one.kept]
    per_s = [max(kept)] if kept else [float(one.rate) if one.kept else one.per_s for one in runs]
    answers_per_s = Figure("loop.answers_per_s", "answers/s with p99 within a second", per_s, PROMISED_PER_S)
    return [*_times(runs), answers_per_s, *_costs(runs)]


def _times(runs: Sequence[Loop]) -> Iterator[Figure]:
    for name, at in product(LEGS, (0, 1)):
        percentile = ("p50", "p99")[at]
        key, words = (name, "answer to brief") if name == WHOLE else (f"leg_{name}", f"  leg {name}")
        target = PROMISED_MS if (name, at) == (WHOLE, 1) else None
        values = [one.legs[name][at] for one in runs]
        yield Figure(f"loop.{key}_{percentile}_ms", f"{words} at {runs[0].rate}/s, {percentile} ms", values, target, False)


def _costs(runs: Sequence[Loop]) -> Iterator[Figure]:
    for key, words, costs in (("cpu_ms_per_answer", "CPU per answer", [one.cpu_ms for one in runs]),
                              ("cpu_ms_per_s_at_rest", "CPU per second at rest", [one.rest_ms for one in runs])):  # fmt: skip
        yield Figure(f"loop.{key}", f"{words}, ms", [sum(each.values()) for each in costs], None, False)
        for name in costs[0]:
            yield Figure(f"loop.{key}_{name}", f"  {words} of {name}, ms", [each[name] for each in costs], None, False)


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench.loop", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=PROMISED_PER_S, help="answers a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--pages", action="store_true", help="browsers also open what follows each answer")
    parser.add_argument("--stairs", action="store_true", help="also look for the highest rate at which the promise holds")
    wanted = parser.parse_args()
    if wanted.rate < 10 or wanted.seconds < 2:
        parser.error("--rate takes 10 or more, and --seconds 2 or more: fewer answers have no p99")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a topic that is a moment old is asked for again
    home = Path(tempfile.mkdtemp(prefix="jitt-loop-"))
    try:
        runs, climbed = _on_own_servers(home, wanted)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    show(runs, climbed)


def _on_own_servers(home: Path, wanted: argparse.Namespace) -> tuple[list[Loop], list[Loop]]:
    with own_environment():
        os.environ["JITT_HOME"] = str(home)
        with stack.running(home) as servers:
            use(servers.kafka, servers.postgres, {name: f"http://127.0.0.1:{free_port()}" for name in topology.NAMES})
            network.prepare(print)
            return asyncio.run(_measure(servers, home, wanted))


async def _measure(servers: stack.Stack, home: Path, wanted: argparse.Namespace) -> tuple[list[Loop], list[Loop]]:
    owner = await asyncpg.connect(servers.postgres)
    try:
        bench = Bench(servers.kafka, owner, home)
        runs = [await loop(bench, wanted.rate, wanted.seconds, pages=wanted.pages)]
        return runs, await stairs(bench, wanted.seconds, pages=wanted.pages) if wanted.stairs else []
    finally:
        await owner.close()


def show(runs: Sequence[Loop], climbed: Sequence[Loop]) -> None:
    table = Table("figure", "value", "target", box=None, pad_edge=False)
    for figure in figures(runs, climbed):
        table.add_row(figure.what, f"{median(figure.values):,.1f}", "" if figure.target is None else f"{figure.target:,.0f}")
    console = Console(width=110)
    console.print(table)
    for one in (*runs, *climbed):
        console.print(said(one))


def said(one: Loop) -> str:
    p50, p99 = one.legs[WHOLE]
    refused = f"; {len(one.refused)} were not taken: {one.refused[0]}" if one.refused else ""
    return (f"{one.rate}/s: p50 {p50:,.0f} ms, p99 {p99:,.0f} ms, {one.per_s:.0f} shown a second, {one.left} not yet shown when "
            f"the last was sent{refused}: {'kept' if one.kept else 'not kept'}")  # fmt: skip


if __name__ == "__main__":
    main()
