"""What is added up of the answers to one version of a module: sums by question, and nothing that says who. Pure.

Whole numbers only, so that any order of arrival ends in the same sums (docs/decisions/0025-statistics-are-sums.md).
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from shared.contracts.assessment import SECONDS, CompletedItem, ItemAnswered, ItemReported, TrainingCompleted
from shared.contracts.event import Event, Refused

WHOLE = 2520  # divisible by 1 to 10: the share of right answers among up to ten is a whole number of these
K = TypeVar("K", str, int)


@dataclass(frozen=True, slots=True)
class Fit:
    """Sums over trainings: whether the first try was right (0 or 1), with the share of the other first tries that were."""

    pairs: int = 0
    right: int = 0
    rest: int = 0
    rest_right: int = 0  # of those whose first try was right
    rest_squares: int = 0


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one question. First tries count where it was asked with its module; one that came back is counted apart."""

    answered: int = 0  # of an open question: written, or better talked about
    right: int = 0
    tried_again: int = 0
    recovered: int = 0
    shown: int = 0  # asked for the answer instead of trying again
    back: int = 0
    back_right: int = 0
    chosen: Mapping[str, int] = field(default_factory=dict)  # option -> first tries; not where lines are put in order
    seconds: Mapping[int, int] = field(default_factory=dict)  # step of SECONDS -> first tries
    reports: Mapping[str, int] = field(default_factory=dict)  # kind -> reports that stand
    fit: Fit = Fit()


@dataclass(frozen=True, slots=True)
class Counted:
    """One version of a module in one language."""

    module_id: str
    locale: str
    version: int
    items: Mapping[str, Sums] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.module_id}/{self.locale}@{self.version}"


Decided = tuple[Counted, list[Event]] | Refused


def key_of(event: ItemAnswered | ItemReported | TrainingCompleted) -> str:
    return f"{event.module_id}/{event.locale}@{event.version}"


def answered(counted: Counted | None, event: ItemAnswered, now: datetime, _: None) -> Decided:
    """An event from before it named its language counts nowhere: each language has versions of its own."""
    if event.locale is None:
        return Refused("no_language")
    counted = counted or Counted(event.module_id, event.locale, event.version)
    return _with(counted, event.item_id, _try(_of(counted, event.item_id), event)), []


def completed(counted: Counted | None, event: TrainingCompleted, now: datetime, _: None) -> Decided:
    """The end of a training has all of its first tries together, so that no row about a mentor is needed to compare them."""
    if event.module_id is None or event.version is None or event.locale is None:
        return Refused("no_module")
    counted = counted or Counted(event.module_id, event.locale, event.version)
    for place, item in enumerate(event.items):
        rest = [other.first_try for n, other in enumerate(event.items) if n != place]
        if rest and _asked_with_its_module(item, event):
            sums = _of(counted, item.item_id)
            counted = _with(counted, item.item_id, replace(sums, fit=paired(sums.fit, item.first_try, rest)))
    for said in event.open_answers:
        sums = _of(counted, said.item_id)
        counted = _with(counted, said.item_id, replace(sums, answered=sums.answered + 1))
    return counted, []


def reported(counted: Counted | None, event: ItemReported, now: datetime, _: None) -> Decided:
    counted = counted or Counted(event.module_id, event.locale, event.version)
    sums = _of(counted, event.item_id)
    reports = _plus(sums.reports, (event.kind,), -1 if event.withdrawn else 1)
    return _with(counted, event.item_id, replace(sums, reports=reports)), []


def paired(fit: Fit, right: bool, rest: list[bool]) -> Fit:
    """One more training. `rest`: its other first tries, at least one."""
    share = round(WHOLE * sum(rest) / len(rest))
    return Fit(
        pairs=fit.pairs + 1,
        right=fit.right + right,
        rest=fit.rest + share,
        rest_right=fit.rest_right + share * right,
        rest_squares=fit.rest_squares + share * share,
    )


def _asked_with_its_module(item: CompletedItem, event: TrainingCompleted) -> bool:
    return not item.returning and (item.module_id, item.version) == (event.module_id, event.version)


def _try(sums: Sums, event: ItemAnswered) -> Sums:
    if event.returning:
        return replace(sums, back=sums.back + 1, back_right=sums.back_right + event.correct) if event.attempt == 1 else sums
    if event.attempt == 2:
        tried_again, shown = sums.tried_again + (not event.shown), sums.shown + event.shown
        return replace(sums, tried_again=tried_again, shown=shown, recovered=sums.recovered + event.correct)
    return replace(
        sums,
        answered=sums.answered + 1,
        right=sums.right + event.correct,
        chosen=_plus(sums.chosen, () if event.kind == "order" else event.chosen),
        seconds=_plus(sums.seconds, () if event.seconds is None else (_step(event.seconds),)),
    )


def _step(seconds: int) -> int:
    """Steps that another version of assessment might know become ours."""
    return SECONDS[min(bisect_left(SECONDS, seconds), len(SECONDS) - 1)]


def _of(counted: Counted, item_id: str) -> Sums:
    return counted.items.get(item_id) or Sums()


def _with(counted: Counted, item_id: str, sums: Sums) -> Counted:
    return replace(counted, items={**counted.items, item_id: sums})


def _plus(counts: Mapping[K, int], keys: Iterable[K], by: int = 1) -> Mapping[K, int]:
    """What comes to nothing is left out, so that taking back a report leaves no trace of it."""
    changed = dict(counts)
    for key in keys:
        changed[key] = changed.get(key, 0) + by
    return {key: count for key, count in changed.items() if count}
