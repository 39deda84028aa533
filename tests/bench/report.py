"""What a run found: figures by name. A table for people, `.jitt/bench.json` for programs, and the page of the documentation."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests import pages

BUSY = 0.1  # the share of the machine from which other work spoils figures per second
COLUMNS = ("what", "median", "lowest", "highest", "runs", "target", "")
LEFT = ("what", "")
ELSEWHERE = "bytes_per_row."  # the capacity model shows these


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name in bench.json ("due.per_s"), words, a value per repeat, and its target."""

    name: str
    what: str
    values: Sequence[float]
    target: float | None = None
    more: bool = True  # is better


@dataclass(slots=True)
class Found:
    """`said`: sentences below the table. `others`: the most that other work took of the machine before a case, 0 to 1."""

    size: str
    machine: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)  # seconds, by part
    broken: list[str] = field(default_factory=list)  # parts that did not come to their end
    others: float = 0.0


def document(found: Found, at: datetime) -> dict[str, Any]:
    """Medians by name, nested where a name has dots; all that a table needs under `figures`."""
    made: dict[str, Any] = {"size": found.size, "at": at.isoformat(timespec="seconds"), "machine": found.machine}
    for one in found.figures:
        _put(made, one.name, _rounded(median(one.values)))
    return made | {
        "figures": {one.name: _spread(one) for one in found.figures},
        "said": found.said,
        "broken": found.broken,
        "took": {name: round(seconds, 1) for name, seconds in found.took.items()},
        "others": round(found.others, 2),
    }


def write(made: dict[str, Any], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")


def show(made: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in LEFT else "right")
    for row in _rows(made):
        table.add_row(*map(Text, row))
    Console(width=130).print(table)
    print("", *made["said"], _machine(made), sep="\n")


def markdown(made: dict[str, Any]) -> str:
    at = datetime.fromisoformat(made["at"]).astimezone(UTC)
    head = [f"{at:%Y-%m-%d}, size `{made['size']}`. {_machine(made)}", ""]
    rule = "|" + "|".join("---" if column in LEFT else "---:" for column in COLUMNS) + "|"
    said = ["", *(f"* {sentence}" for sentence in made["said"])] if made["said"] else []
    return "\n".join([*head, pages.row(*COLUMNS), rule, *(pages.row(*row) for row in _rows(made)), *said, ""])


def number(value: float) -> str:
    """Three digits that count, at most two behind the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _rows(made: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, one in made["figures"].items():
        if name.startswith(ELSEWHERE):
            continue
        spread = (number(one[name]) for name in ("median", "lowest", "highest"))
        goal = "" if one["target"] is None else f"{'≥' if one['more'] else '≤'} {number(one['target'])}"
        yield one["what"], *spread, str(one["runs"]), goal, _verdict(one)


def _verdict(one: dict[str, Any]) -> str:
    """In every run, in the median only, or not even there."""
    if one["target"] is None:
        return ""
    worst = one["lowest" if one["more"] else "highest"]
    met = [value >= one["target"] if one["more"] else value <= one["target"] for value in (worst, one["median"])]
    return "met" if all(met) else "met in the median" if met[1] else "missed"


def _machine(made: dict[str, Any]) -> str:
    spoiled = "of no use for figures per second, and for ratios only with a small spread"
    hint = spoiled if made["others"] > BUSY else "a quiet machine"
    return f"{pages.where(made['machine'])}; before the cases other work took up to {made['others']:.0%}: {hint}."


def _spread(one: Figure) -> dict[str, Any]:
    values = {"median": median(one.values), "lowest": min(one.values), "highest": max(one.values)}
    return {"what": one.what, **{name: _rounded(value) for name, value in values.items()}, "runs": len(one.values),
            "target": one.target, "more": one.more}  # fmt: skip


def _put(made: dict[str, Any], name: str, value: float) -> None:
    *groups, last = name.split(".")
    for group in groups:
        made = made.setdefault(group, {})
    made[last] = value


def _rounded(value: float) -> float:
    return round(value, 3)
