"""What every part of `make chaos` is given, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.oracle import Verdict


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything. `apart`: seconds between two kills. `each`: repetitions of one named failpoint; `rounds`: of one
    fault of a server or process."""

    name: str
    events: int
    kills: int
    apart: float
    each: int
    rounds: int
    malformed: int


SHORT = Size("short", events=20_000, kills=25, apart=3.0, each=25, rounds=1, malformed=10_000)
FULL = Size("full", events=200_000, kills=400, apart=5.0, each=200, rounds=10, malformed=1_000_000)


@dataclass(frozen=True, slots=True)
class Chaos:
    """`home`: a directory of this part's own, for servers and logs. `say` prints a line of progress."""

    home: Path
    size: Size
    say: Callable[[str], None]


@dataclass(slots=True)
class Section:
    """What one fault did. `recoveries`: seconds from each kill until the same work went on. `figures` go into chaos.json."""

    name: str
    verdict: Verdict
    kills: int = 0
    recoveries: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # what is wrong beside the verdict, in words
    figures: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    slow: list[str] = field(default_factory=list)  # took longer than promised, or came again and was recognized

    @property
    def passed(self) -> bool:
        return self.verdict.sound and not self.problems


Run = Callable[[Chaos], list[Section]]
