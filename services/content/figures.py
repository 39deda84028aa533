"""What authors may see of a question, and what they should look at. Pure; nothing from fewer than ten answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import sqrt

from services.content.statistics import Fit, Sums
from shared.contracts.content import Item, Module, Option

FEWEST = 10  # answers behind any figure
JUDGED = 30  # answers before a question is flagged, and trainings before its fit is said
MISSED = 60  # percent of first tries, above which most miss it
UNUSED = 5  # percent, below which an option is hardly chosen
LONGER = 1.2  # times the longest other option: it stands out
TOO_EASY = 90  # percent right, from which a longest right option may be what they go by
TROUBLED = (3, 5)  # reports at least, and percent of the answers
UPSIDE_DOWN = 50  # trainings before a fit below zero is more than chance


class Code(StrEnum):
    MISSED = "missed"
    UPSIDE_DOWN = "upside_down"
    REPORTED = "reported"
    UNUSED = "unused"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Flag:
    """`options`: which it is about."""

    code: Code
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one question. Shares are whole percents; None where fewer than ten stand behind one."""

    answered: int
    right: int | None  # at the first try
    recovered: int | None  # of those who tried again
    back_right: int | None  # at the first try of a later training, where it came back
    seconds: int | None  # half of the first tries took at most so long
    fit: float | None  # -1 to 1: how a right answer goes with right answers to the training's other questions
    chosen: Mapping[str, int] = field(default_factory=dict)  # option -> share of first tries
    reports: Mapping[str, int] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of a module in one language, with what was added up of it."""

    version: int
    module: Module
    items: Mapping[str, Sums]


@dataclass(frozen=True, slots=True)
class Question:
    """`number`: its place in the module, from 1. No figures: fewer than ten answers."""

    module_id: str
    locale: str
    version: int
    title: str
    number: int
    item: Item
    figures: Figures | None

    @property
    def flags(self) -> tuple[Flag, ...]:
        return self.figures.flags if self.figures else ()


def questions(editions: Iterable[Edition]) -> list[Question]:
    """In the order of the modules and their questions."""
    return [question for edition in editions for question in questions_of(edition)]


def questions_of(edition: Edition) -> list[Question]:
    m = edition.module
    return [
        Question(m.module_id, m.locale, edition.version, m.title, number, item, figures(item, edition.items.get(item.id)))
        for number, item in enumerate(m.items, 1)
    ]


def worst_first(found: Iterable[Question]) -> list[Question]:
    """Most flags, then least often right; those without figures are left out."""
    shown = ((question, question.figures) for question in found)
    order = [(-len(f.flags), 101 if f.right is None else f.right, -f.answered, n, q) for n, (q, f) in enumerate(shown) if f]
    return [question for *_, question in sorted(order, key=lambda one: one[:4])]


def figures(item: Item, sums: Sums | None) -> Figures | None:
    if sums is None or sums.answered < FEWEST:
        return None
    return Figures(
        answered=sums.answered,
        right=None if item.kind == "open" else percent(sums.right, sums.answered),
        recovered=percent(sums.recovered, sums.tried_again),
        back_right=percent(sums.back_right, sums.back),
        seconds=median(sums.seconds),
        fit=correlation(sums.fit) if sums.fit.pairs >= JUDGED else None,
        chosen={option.id: _share(sums, option) for option in item.options} if sums.chosen else {},
        reports=dict(sums.reports),
        flags=tuple(flags(item, sums)),
    )


def percent(part: int, whole: int) -> int | None:
    """Rounded half up."""
    return (200 * part + whole) // (2 * whole) if whole >= FEWEST else None


def median(seconds: Mapping[int, int]) -> int | None:
    """The step within which half of them are."""
    total, so_far = sum(seconds.values()), 0
    for step in sorted(seconds) if total >= FEWEST else ():
        so_far += seconds[step]
        if 2 * so_far >= total:
            return step
    return None


def correlation(fit: Fit) -> float | None:
    """Item-rest correlation: Pearson's, of a first try with the share of the others right. None where either never differs."""
    n = fit.pairs
    together = n * fit.rest_right - fit.right * fit.rest
    spread = (n * fit.right - fit.right**2) * (n * fit.rest_squares - fit.rest**2)
    return round(together / sqrt(spread), 2) if spread > 0 else None


def flags(item: Item, sums: Sums) -> Iterable[Flag]:
    """Of thirty answers or more, but that mentors reported it."""
    fit = correlation(sums.fit)
    if _reported(sums):
        yield Flag(Code.REPORTED)
    if fit is not None and fit < 0 and sums.fit.pairs >= UPSIDE_DOWN:
        yield Flag(Code.UPSIDE_DOWN)
    if item.kind == "open" or sums.answered < JUDGED:
        return
    if 100 * (sums.answered - sums.right) > MISSED * sums.answered:
        yield Flag(Code.MISSED)
    if unused := tuple(o.id for o in item.options if _hardly_chosen(item, sums, o)):
        yield Flag(Code.UNUSED, unused)
    if (longest := _sticks_out(item)) and 100 * sums.right >= TOO_EASY * sums.answered:
        yield Flag(Code.LENGTH, (longest.id,))


def _reported(sums: Sums) -> bool:
    total, (fewest, share) = sum(sums.reports.values()), TROUBLED
    return total >= fewest and 100 * total >= share * sums.answered


def _hardly_chosen(item: Item, sums: Sums, option: Option) -> bool:
    return item.kind != "order" and not option.right and 100 * sums.chosen.get(option.id, 0) < UNUSED * sums.answered


def _sticks_out(item: Item) -> Option | None:
    """The right option of a single choice, where it is longer than every other by a fifth."""
    right = [option for option in item.options if option.right]
    if item.kind != "single" or len(right) != 1:
        return None
    others = max((len(option.text) for option in item.options if not option.right), default=0)
    return right[0] if len(right[0].text) >= LONGER * others else None


def _share(sums: Sums, option: Option) -> int:
    return percent(sums.chosen.get(option.id, 0), sums.answered) or 0
