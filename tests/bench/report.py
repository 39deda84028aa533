"""What is said in the end: a table for people, and `.jitt/bench.json` for programs."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.hop import Hop
from tests.bench.series import Phases


@dataclass(slots=True)
class Round:
    """One round of cases 1 to 4; rates in events per second. `others`: how busy the machine was before each with other work."""

    hop: Hop
    series: Phases
    series_rate: float
    bare_rate: float
    naive_1: float
    naive_16: float | None
    others: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure beside the hop's: its name in bench.json ("due.per_s"), words, a value per repeat, and its target."""

    name: str
    what: str
    values: Sequence[float]
    target: float | None = None
    more: bool = True


@dataclass(slots=True)
class Found:
    events: int
    rounds: list[Round] = field(default_factory=list)
    latency: list[tuple[float, float]] = field(default_factory=list)  # (p50, p99) in ms, per run
    latency_rate: int = 1_000
    memory: dict[str, dict[str, float]] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # sentences below the table


Line = tuple[str, Sequence[float], float | None, bool]  # what, per round, target, more is better


def lines(found: Found) -> list[Line]:
    def each(value: Callable[[Round], float]) -> list[float]:
        return [value(one) for one in found.rounds]

    table: list[Line] = [
        ("hop, events/s", each(lambda r: r.hop.rate), 16_000, True),
        ("Python and SQL in series, events/s", each(lambda r: r.series_rate), None, True),
        ("bare SQL, events/s", each(lambda r: r.bare_rate), None, True),
        ("naive, 1 worker, events/s", each(lambda r: r.naive_1), None, True),
        ("hop / series", each(lambda r: r.hop.rate / r.series_rate), 0.70, True),
        ("hop / bare SQL", each(lambda r: r.hop.rate / r.bare_rate), 0.33, True),
        ("hop / naive, 1 worker", each(lambda r: r.hop.rate / r.naive_1), 35, True),
    ]
    if sixteen := [one for one in found.rounds if one.naive_16]:
        table.append(("naive, 16 workers, events/s", [one.naive_16 or 0 for one in sixteen], None, True))
        table.append(("hop / naive, 16 workers", [one.hop.rate / (one.naive_16 or 1) for one in sixteen], 14, True))
    table.append((f"latency at {found.latency_rate}/s, p50 ms", [p50 for p50, _ in found.latency], 12, False))
    table.append((f"latency at {found.latency_rate}/s, p99 ms", [p99 for _, p99 in found.latency], 30, False))
    table += [(f"memory of {name}, MiB at most", [held["most"]], 150, False)
              for name, held in found.memory.items() if "most" in held]
    if found.memory:
        whole = sum(held.get("most", held["rest"]) for held in found.memory.values())
        table.append(("memory of the whole stack, MiB", [whole], 1_229, False))
    return table + [(one.what, one.values, one.target, one.more) for one in found.figures]


def costs(found: Found) -> dict[str, float]:
    """Microseconds per event: CPU of the hop by process, wall clock of the series by phase."""
    hops = [one.hop for one in found.rounds]
    cpu = {"hop_cpu_python": [h.python for h in hops], "hop_cpu_postgres": [h.postgres for h in hops],
           "hop_cpu_kafka": [h.kafka for h in hops]}
    phases = {f"series_{name}": [one.series.seconds[name] * 1e6 / found.events for one in found.rounds]
              for name in found.rounds[0].series.seconds}
    whole = {"series": [1e6 / one.series_rate for one in found.rounds], "bare_sql": [1e6 / one.bare_rate for one in found.rounds]}
    return {name: round(median(values), 1) for name, values in (cpu | phases | whole).items()}


def show(found: Found) -> None:
    table = Table("what", "median", "lowest", "highest", "target", "", box=None, pad_edge=False)
    for what, values, target, more in lines(found):
        goal = "" if target is None else f"{'≥' if more else '≤'} {_number(target)}"
        spread = (_number(value) for value in (median(values), min(values), max(values)))
        table.add_row(what, *spread, goal, _verdict(values, target, more))
    console = Console(width=110)
    console.print(table)
    console.print("\nMicroseconds per event: " + ", ".join(f"{name} {value}" for name, value in costs(found).items()))
    console.print("Memory at rest, MiB: " + ", ".join(f"{name} {held['rest']:.0f}" for name, held in found.memory.items()))
    busy = max(one.others for one in found.rounds)
    hint = "of no use for figures per second, and for ratios only with a small spread" if busy > 0.1 else "a quiet machine"
    where = f"{found.machine['cpu']}, {found.machine['cores']} cores"
    for sentence in found.said:
        console.print(sentence)
    console.print(f"{where}; before the cases other work took up to {busy:.0%}: {hint}.")


def write(found: Found, file: Path) -> None:
    named = {what: {"median": median(values), "lowest": min(values), "highest": max(values)}
             for what, values, _, _ in lines(found)}
    hop = {
        "events": found.events,
        "rounds": len(found.rounds),
        "events_per_s": _median(one.hop.rate for one in found.rounds),
        "ratio_series": _median(one.hop.rate / one.series_rate for one in found.rounds),
        "ratio_bare_sql": _median(one.hop.rate / one.bare_rate for one in found.rounds),
        "ratio_naive_1": _median(one.hop.rate / one.naive_1 for one in found.rounds),
        "ratio_naive_16": _median([one.hop.rate / one.naive_16 for one in found.rounds if one.naive_16] or [0.0]) or None,
        "latency_p50_ms": _median(p50 for p50, _ in found.latency),
        "latency_p99_ms": _median(p99 for _, p99 in found.latency),
        "us_per_event": costs(found),
    }
    memory = {name: round(held["most"], 1) for name, held in found.memory.items() if "most" in held}
    stack = {name: round(held["rest"], 1) for name, held in found.memory.items() if "most" not in held}
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {"hop": hop, "memory_mb": memory, "stack_mb": round(sum(memory.values()) + sum(stack.values()), 1),
                "servers_mb": stack, "machine": found.machine, "spread": named, **_nested(found.figures)}  # fmt: skip
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _nested(figures: Iterable[Figure]) -> dict[str, dict[str, float]]:
    document: dict[str, dict[str, float]] = {}
    for one in figures:
        group, _, name = one.name.partition(".")
        document.setdefault(group, {})[name] = _median(one.values)
    return document


def _median(values: Iterable[float]) -> float:
    return round(median(values), 3)


def _verdict(values: Sequence[float], target: float | None, more: bool) -> str:
    if target is None:
        return ""
    return "met" if (median(values) >= target if more else median(values) <= target) else "missed"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"
