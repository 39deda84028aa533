"""`python -m tests.bench.soak`: a network under a steady load for hours. Memory, latency and tables must stay as they were."""

import argparse
import json
import logging
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table as Shown

from tests.bench import machine
from tests.bench.hop import ROOT
from tests.bench.soak_samples import BRIEF, PLAN, Sample, Watching, sample
from tests.chaos import network_effects as effects
from tests.chaos import world
from tests.chaos.environment import own_environment
from tests.chaos.load import Done, Load, settle, stories

HELP = """\
Starts a real Kafka, a real PostgreSQL and each role of each service as a process, and lets one site announce, move and cancel
sessions while its mentors walk through trainings, for hours at a steady rate. Each minute it looks at memory, latency and tables.
In the end the last quarter of the time is compared with the second one (the first fills caches), and everything that was accepted
with what is there. Exit 1 when memory or tables grew beyond the data, or anything is missing.
"""
A_SECOND = 8  # sessions announced
LEARNER_EVERY = 6  # seconds
EVERY = 60.0  # seconds between two samples
ROUND = 600.0  # seconds of one round of load: sessions that start within the hour have to be made within the hour
SEED = 12
GREW = 1.10  # a tenth is within what one garbage collection or one vacuum is about
SLOWER = 1.5
SERVERS = ("kafka", "postgres")  # they take what they are given, up to what they are told


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that should not grow: what it was in the second quarter, and in the last. `must`: growth is a fault."""

    what: str
    before: float
    after: float
    most: float
    must: bool = True

    @property
    def flat(self) -> bool:
        return self.after <= self.most


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench.soak", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--out", type=Path, default=ROOT / ".jitt" / "soak.json", help="the file for programs: all samples")
    wanted = parser.parse_args()
    logging.disable(logging.CRITICAL)
    home = Path(tempfile.mkdtemp(prefix="jitt-soak-"))
    with own_environment():
        samples, wrong = _soaked(home, wanted.hours * 3600)
    found = lines(samples)
    _show(found, samples)
    wrong += [f"{one.what} grew from {one.before:,.1f} to {one.after:,.1f}" for one in found if one.must and not one.flat]
    _write(wanted.out, samples, found, wrong)
    print(*(wrong or ["Flat, and everything is there that was accepted."]), sep="\n")
    if wrong:
        sys.exit(f"Logs are kept in {home}")
    shutil.rmtree(home, ignore_errors=True)


def _soaked(home: Path, seconds: float) -> tuple[list[Sample], list[str]]:
    rounds = max(1, round(seconds / ROUND))
    each = seconds / rounds
    near = max(1, int(each / LEARNER_EVERY))
    with world.running(home) as network:
        tokens = settle(home, rounds * near)
        watching = Watching().start()
        over = threading.Event()
        samples: list[Sample] = []
        sampler = threading.Thread(target=_sampled, args=(network, watching, samples, over), daemon=True)
        sampler.start()
        done, told_each = Done(), int(each * A_SECOND)
        for n in range(rounds):
            told = stories(told_each, each, near=near, mentors=rounds * near, seed=SEED, after=(n * told_each, n * near))
            load = Load(told, tokens, each, near)
            load.start()
            done.add(load.finish())
            _say(f"{(n + 1) * each / 60:4.0f} min: {len(done.stories):,} sessions told, {len(done.walks):,} trainings walked")
        over.set()
        sampler.join()
        watching.finish()
        verdict, seen = effects.settled(done, _say)
        return samples, [*verdict.examples, *effects.problems(seen)]


def _say(words: str) -> None:
    print(words, flush=True)


def _sampled(network: world.World, watching: Watching, samples: list[Sample], over: threading.Event) -> None:
    began = time.monotonic()
    while not over.wait(max(0.0, began + (len(samples) + 1) * EVERY - time.monotonic())):
        samples.append(sample(network, watching, began))


def lines(samples: Sequence[Sample]) -> list[Line]:
    """Second quarter against last quarter."""
    quarter = max(1, len(samples) // 4)
    before, after = samples[quarter : 2 * quarter] or samples[:1], samples[-quarter:]

    def line(what: str, value: Callable[[Sample], float], most: float, floor: float = 0.0, *, must: bool = True) -> Line:
        was, now = (median(value(one) for one in some) for some in (before, after))
        return Line(what, was, now, was * most + floor, must)

    found = [line(f"memory of {name}, MiB", _memory(name), GREW, 2.0, must=name not in SERVERS) for name in samples[0].memory]
    found += [_way(way, before, after) for way in (PLAN, BRIEF)]
    found += [line(f"bytes per row of {name}", _per_row(name), GREW) for name in _grown(samples[-1])]
    outboxes = [name for name in sorted(samples[-1].tables) if name.endswith(".outbox")]
    return found + [line(f"{name}, KiB", _kib(name), 1.5, 1024) for name in outboxes]


def _way(way: str, before: Sequence[Sample], after: Sequence[Sample]) -> Line:
    """A machine that others use too is slower when they work: this alone is no fault."""
    was, now = (p99([one for each in some for one in each.ways.get(way, [])]) for some in (before, after))
    return Line(f"{way}, p99 ms", was, now, was * SLOWER, must=False)


def p99(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))] if values else 0.0


def _grown(last: Sample) -> Iterator[str]:
    """Tables with enough rows for bytes per row to mean something."""
    yield from (name for name, table in sorted(last.tables.items()) if table.live > 5_000)


def _memory(name: str) -> Callable[[Sample], float]:
    return lambda one: one.memory[name]


def _per_row(name: str) -> Callable[[Sample], float]:
    return lambda one: one.tables[name].bytes / max(1, one.tables[name].live)


def _kib(name: str) -> Callable[[Sample], float]:
    return lambda one: one.tables[name].bytes / 1024


def _show(found: Sequence[Line], samples: Sequence[Sample]) -> None:
    shown = Shown("what", "second quarter", "last quarter", "", box=None, pad_edge=False)
    for one in found:
        shown.add_row(one.what, f"{one.before:,.1f}", f"{one.after:,.1f}", "flat" if one.flat else "grew")
    Console(width=110).print(shown)
    spent = (samples[-1].cpu_seconds - samples[0].cpu_seconds) / max(1.0, samples[-1].seconds - samples[0].seconds)
    print(f"{len(samples)} samples in {samples[-1].seconds / 3600:.2f} h; the network used {spent:.2f} cores.")


def _write(file: Path, samples: Sequence[Sample], found: Sequence[Line], wrong: Sequence[str]) -> None:
    each: list[dict[str, Any]] = [asdict(one) | {"ways": {way: {"events": len(all_), "p50_ms": median(all_), "p99_ms": p99(all_)}
                                  for way, all_ in one.ways.items() if all_}} for one in samples]  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine.facts(), "wrong": list(wrong), "lines": [asdict(one) for one in found], "samples": each}
    file.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
