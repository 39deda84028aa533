"""What a mentor takes along: three things for the session, from the words of the module and of the plan. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.assessment.check_in import planned_steps
from services.assessment.visits import Visit
from shared.contracts.content import Item
from shared.contracts.vocabulary import Step
from shared.pages.site_words import fill

THREE = 3


@dataclass(frozen=True, slots=True)
class Keepsake:
    """`locale`: the language of the text, where it is not that of the page."""

    label: str
    text: str
    locale: str | None = None


def keepsakes(visit: Visit) -> list[Keepsake]:
    """One sentence to keep in mind, where to look, and one step of the plan; a recall has no sentence of its own."""
    return [*_in_mind(visit), *_look_for(visit), *_step(visit)]


def heading(visit: Visit, count: int) -> str:
    _ = visit.language.gettext
    if count < THREE:
        return _("Take this into your session") if visit.today else _("Take this into %(day)s", day=visit.day)
    return _("Three things for today") if visit.today else _("Three things for %(day)s", day=visit.day)


def _in_mind(visit: Visit) -> Iterator[Keepsake]:
    if visit.module:
        text = fill(visit.module.keep_in_mind, visit.site, visit.language)
        yield Keepsake(visit.language.gettext("Keep in mind:"), text, visit.foreign_module)


def _look_for(visit: Visit) -> Iterator[Keepsake]:
    """The cue of what was missed, safety first; nothing missed: that of the first question that has one."""
    numbers = range(1, visit.questions + 1)
    known = [(number, item) for number in numbers if (item := visit.item(number)) and item.cue]
    if known:
        number, item = min(known, key=lambda each: (not _missed(visit, each[0]), not _urgent(visit, *each), each[0]))
        cue = fill(item.cue, visit.site, visit.language)
        yield Keepsake(visit.language.gettext("Look for:"), cue, visit.foreign(number))


def _missed(visit: Visit, number: int) -> bool:
    return any(not this.correct for this in visit.training.tries_at(number)[:1])


def _urgent(visit: Visit, number: int, item: Item) -> bool:
    return item.safety and _missed(visit, number)


def _step(visit: Visit) -> Iterator[Keepsake]:
    """Of the plan's steps the one on this training's skill, else the first: the check-in asks about it later."""
    if step := planned_step(visit):
        _ = visit.language.gettext
        yield Keepsake(_("One step to check off afterwards:"), _(step.words))


def planned_step(visit: Visit) -> Step | None:
    steps = planned_steps(visit.session) if visit.session else ()
    own = visit.module.skill if visit.module else None
    asked = {item.skill for number in range(1, visit.questions + 1) if (item := visit.item(number))}
    return min(steps, key=lambda step: (step.skill != own, step.skill not in asked), default=None)
