"""What must be true after any fault, judged from outside: from what was accepted, and what tables and topics hold.

Everything comes down to one comparison: per key (an aggregate), the sequence of effects that must be there, and the one that is.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol, TypeVar

EXAMPLES = 5
Sequences = Mapping[Any, Sequence[Hashable]]  # key -> effects, in order


class Published(Protocol):
    """A record of one of our topics, as a reader that sees committed records only finds it."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def id(self) -> str: ...  # the CloudEvent's


T = TypeVar("T", bound=Published)


@dataclass(slots=True)
class Verdict:
    """How many effects are wrong, and the first few in words. All zero is what a sound system shows."""

    effects: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    invented: int = 0  # nobody asked for it
    examples: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order or self.invented)

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            self.effects + other.effects, self.lost + other.lost, self.doubled + other.doubled,
            self.out_of_order + other.out_of_order, self.invented + other.invented, (self.examples + other.examples)[:EXAMPLES],
        )  # fmt: skip


def judge(what: str, expected: Sequences, observed: Sequences, *, ordered: bool = True) -> Verdict:
    """Compares per key. `what` names the effects in the examples; `ordered=False` where any order is right."""
    verdict = Verdict(effects=sum(map(len, expected.values())))
    for key in expected.keys() | observed.keys():
        should, are = list(expected.get(key, ())), list(observed.get(key, ()))
        missing, extra = Counter(should) - Counter(are), Counter(are) - Counter(should)
        verdict.lost += missing.total()
        doubled = Counter({one: number for one, number in extra.items() if one in should})
        verdict.doubled += doubled.total()
        verdict.invented += extra.total() - doubled.total()
        swapped = _swapped(should, are) if ordered else 0
        verdict.out_of_order += swapped
        if (missing or extra or swapped) and len(verdict.examples) < EXAMPLES:
            verdict.examples.append(f"{what} of {key}: should be {_short(should)}, is {_short(are)}")
    return verdict


def once(records: Iterable[T]) -> list[T]:
    """A relay that died between acknowledgement and delete says the same record again; its id tells, and readers drop it."""
    kept: dict[str, T] = {}
    for record in sorted(records, key=lambda one: (one.partition, one.offset)):
        kept.setdefault(record.id, record)
    return list(kept.values())


def goes_back(what: str, revisions: Mapping[Any, Sequence[int]]) -> Verdict:
    """For compacted topics: per key, in the order of offsets, a lower revision never follows a higher one."""
    verdict = Verdict(effects=sum(map(len, revisions.values())))
    for key, found in revisions.items():
        steps = sum(later < earlier for earlier, later in pairwise(found))
        verdict.out_of_order += steps
        if steps and len(verdict.examples) < EXAMPLES:
            verdict.examples.append(f"{what} of {key} goes back: {_short(found)}")
    return verdict


def _swapped(should: Sequence[Hashable], are: Sequence[Hashable]) -> int:
    """How many effects come after one that should follow them; a repeat counts as doubled only."""
    place = {effect: n for n, effect in enumerate(should)}
    latest, swapped = -1, 0
    for effect in dict.fromkeys(are):
        at = place.get(effect)
        if at is None:
            continue
        swapped += at < latest
        latest = max(latest, at)
    return swapped


def _short(effects: Sequence[Hashable]) -> str:
    shown = [str(one) for one in effects]
    return "[" + ", ".join(shown if len(shown) <= 12 else [*shown[:6], "…", *shown[-6:]]) + "]"
