"""What the page says after an answer: which of the cases it is, and whose words and rationales are shown. Pure.

Before the retry only the chosen option's own rationale and a cue are shown, never the right answer (docs/evidence.md L4, L7).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.assessment import grading
from services.assessment.training import Try
from shared.contracts.content import Item, Option
from shared.pages.languages import N_


class Case(StrEnum):
    WORKS = "works"
    NOT_QUITE = "not_quite"
    RECOVERED = "recovered"
    SHOWN = "shown"


HEADINGS = {
    Case.WORKS: N_("That works"),
    Case.NOT_QUITE: N_("Not quite"),
    Case.RECOVERED: N_("That works"),
    Case.SHOWN: N_("Here is what works"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """An option as it was chosen or as it is right, with its rationale where that gives nothing away."""

    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    case: Case
    item: Item
    first: Try
    chosen: tuple[Said, ...]  # what the mentor said first, when that was not right
    works: tuple[Said, ...]  # what is right, once that may be shown
    others: tuple[Said, ...]  # the remaining options with their rationales

    @property
    def heading(self) -> str:
        return HEADINGS[self.case]

    @property
    def in_order(self) -> bool:
        return self.item.kind == "order"

    @property
    def certain(self) -> bool:
        return self.first.confidence == "sure"

    @property
    def guessed(self) -> bool:
        return self.first.confidence == "guess"

    @property
    def incomplete(self) -> bool:
        """Nothing wrong was chosen, and something right is missing."""
        return self.case is Case.NOT_QUITE and self.item.kind == "multi" and not any(said.why for said in self.chosen)


def feedback(item: Item, tries: Sequence[Try], *, closed: bool = False) -> Feedback:
    """`closed`: nothing can be tried again, so that the answer is shown."""
    first, case = tries[0], case_of(tries, closed)
    if case is Case.NOT_QUITE:
        return Feedback(case, item, first, chosen=_own_words(item, first), works=(), others=())
    right = grading.right_options(item)
    chosen = () if case is Case.WORKS else _own_words(item, first)
    told = {said.text for said in chosen if said.why}
    others = [option for option in item.options if option not in right and option.text not in told]
    return Feedback(case, item, first, chosen=chosen, works=_with_why(right), others=_with_why(others))


def case_of(tries: Sequence[Try], closed: bool) -> Case:
    last = tries[-1]
    if last.correct:
        return Case.WORKS if last.attempt == 1 else Case.RECOVERED
    return Case.NOT_QUITE if last.open and not closed else Case.SHOWN


def _own_words(item: Item, this: Try) -> tuple[Said, ...]:
    """What was chosen, in the order in which it was put; the rationale of each choice that does not work."""
    by_id = {option.id: option for option in item.options}
    options = [by_id[id_] for id_ in this.chosen if id_ in by_id]
    if item.kind == "order":
        return tuple(Said(option.text) for option in options)
    return tuple(Said(option.text, "" if option.right else option.why) for option in options)


def _with_why(options: Iterable[Option]) -> tuple[Said, ...]:
    return tuple(Said(option.text, option.why) for option in options)
