"""What reading a calendar file gives: sessions at real times, and what is wrong with the file, in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

Severity = Literal["error", "warning"]
Progress = Callable[[int, int], None]  # done, of


@dataclass(frozen=True, slots=True)
class Problem:
    """An error leaves its component out; a warning says how something unclear was understood.

    `value` is what the file says there: shown once to the person who imports, and kept nowhere.
    """

    severity: Severity
    component: str
    line: int
    property: str
    what: str
    how: str
    value: str | None = None

    def said(self) -> str:
        place = f"Line {self.line}" + (f", {self.property}" if self.property else "")
        value = f' ("{_printable(self.value)}")' if self.value is not None else ""
        return f"{place}: {self.what}{value}. {self.how}"


class Broken(Exception):
    """Something without which a component means nothing: it is left out, and the rest of the file is read."""

    def __init__(self, line: int, name: str, what: str, how: str, value: str | None = None) -> None:
        super().__init__(what)
        self.line, self.property, self.what, self.how, self.value = line, name, what, how, value


@dataclass(slots=True)
class Notes:
    """Collects the problems of one component."""

    component: str
    problems: list[Problem] = field(default_factory=list)

    def warn(self, line: int, name: str, what: str, how: str, value: str | None = None) -> None:
        self.problems.append(Problem("warning", self.component, line, name, what, how, value))

    def error(self, line: int, name: str, what: str, how: str, value: str | None = None) -> None:
        self.problems.append(Problem("error", self.component, line, name, what, how, value))

    @property
    def errors(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)

    def broken(self, found: Broken) -> None:
        self.error(found.line, found.property, found.what, found.how, found.value)


@dataclass(frozen=True, slots=True)
class Window:
    """Instances that start in [start, end), or would have before somebody moved them."""

    start: datetime
    end: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True, eq=False)
class About:
    """What an entry says besides its times, by property, and only of those that a mapping asks for. Held while it is read.

    `names`: which of the properties that a mapping may ask for are there.
    """

    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    names: tuple[str, ...] = ()


NOT_ASKED = About()


@dataclass(frozen=True, slots=True)
class Instance:
    """One session of a calendar. `original` is None for an entry that does not repeat: moved, it stays the same session."""

    uid: str
    original: datetime | None  # UTC: the start that its series gives it
    starts_at: datetime  # wall clock with the offset of `time_zone`
    time_zone: str  # IANA name
    minutes: int
    cancelled: bool
    sequence: int
    last_modified: datetime | None
    categories: tuple[str, ...]
    line: int
    about: About = field(default=NOT_ASKED, compare=False, repr=False)

    @property
    def start_utc(self) -> datetime:
        return self.starts_at.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """`mentioned`: every UID in the file. `whole`: those of which it says everything, and not just what changed."""

    instances: tuple[Instance, ...]
    problems: tuple[Problem, ...]
    mentioned: frozenset[str]
    whole: frozenset[str]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "error")


def _printable(text: str, limit: int = 80) -> str:
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
