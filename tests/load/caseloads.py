"""What rows of a large network hold: a mentor's history as the rules leave it after some months, and the modules."""

from services.supervision.domain import MentorCase
from shared.contracts.content import Module
from shared.contracts.vocabulary import vocabulary
from tests.supervision.builders import DAY, START, Story, answered, checked_in, listed, of, planned
from tests.supervision.console import FUNCTIONS, the_module
from tests.supervision.test_ledger import a_training

TRAININGS = 16


def a_history(n: int) -> MentorCase:
    """The nth of ten kinds: one in ten has a hold, the others have trained one skill more each."""
    story = Story(listed(cleared=dict.fromkeys(FUNCTIONS, START + (20 + 40 * n) * DAY)), at=START - 200 * DAY)
    skills = list(vocabulary().skills)[: 6 + n]
    for number in range(1, TRAININGS + 1):
        at = START - (TRAININGS - number) * 7 * DAY
        story.happens(planned(**{k: v for k, v in of(number).items() if k != "training_id"} | {"starts_at": at}), at=at - DAY)
        story.happens(*a_training(skills[number % len(skills)], number, at - DAY), at=at)
    for number in range(3):
        story.happens(checked_in(session_id=of(number + 1)["session_id"], starts_at=START - number * 7 * DAY), at=START)
    if n == 0:
        story.happens(answered(**of(TRAININGS)), at=START)
    assert story.case
    return story.case


def module_rows() -> list[tuple[str, str, str]]:
    """(key, module_id, document) of one module for each skill, with the questions that the answers are to."""
    whole = the_module().module
    return [(f"{skill}_1/en@1", f"{skill}_1", _named(whole, skill).model_dump_json()) for skill in vocabulary().skills]


def _named(module: Module, skill: str) -> Module:
    return module.model_copy(update={"module_id": f"{skill}_1", "skill": skill})
