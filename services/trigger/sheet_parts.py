"""What a file of rows is read into, and what is wrong with it: counted by kind, the first few of each kept to be shown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from services.trigger.calendar_parts import Problem, Progress, Severity
from shared.contracts.site import Mode

MOST_SHOWN = 5
Cell = str | int | float | bool | date | datetime | time | timedelta


class Unreadable(Exception):
    """Nothing of the file can be used as it is; the message says what to do."""


class Changed(Exception):
    """Somebody saved the file between two readings of it, so what was checked is not what is there."""


class Row(NamedTuple):
    """`broken`: why its cells cannot be told apart."""

    line: int
    cells: Sequence[Cell]
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """`said`: as what it was read, in words, but for its columns. Its rows can be read as often as one likes."""

    said: str
    rows: Callable[[Progress], Iterator[Row]]


class Wrong(NamedTuple):
    """What is wrong with one cell, and how to mend it."""

    what: str
    how: str


class Planned(NamedTuple):
    """A row that can be imported. `starts_at`: wall clock with the offset of `time_zone`."""

    line: int
    ref: str
    mentor_ref: str
    starts_at: datetime
    time_zone: str
    minutes: int
    activity: str
    mode: Mode
    cancelled: bool


@dataclass(slots=True)
class Alike:
    """Problems of one kind in one column. `first`: a few, each with another value."""

    severity: Severity
    first: list[Problem] = field(default_factory=list)
    count: int = 0


@dataclass(slots=True)
class Problems:
    """A million wrong rows take no more room than a few."""

    kinds: dict[tuple[Severity, str, str], Alike] = field(default_factory=dict)
    wrong_rows: int = 0

    def add(self, problem: Problem) -> None:
        alike = self.kinds.setdefault((problem.severity, problem.property, problem.what), Alike(problem.severity))
        alike.count += 1
        if len(alike.first) < MOST_SHOWN and not (problem.value and any(problem.value == one.value for one in alike.first)):
            alike.first.append(problem)

    def of(self, severity: Severity) -> list[Alike]:
        return [alike for alike in self.kinds.values() if alike.severity == severity]


def problem(line: int, column: str, wrong: Wrong, value: str | None = None, severity: Severity = "error") -> Problem:
    return Problem(severity, "row", line, column, wrong.what, wrong.how, value)
