"""Planned steps in the memory of their skill: any order of check-ins, moves and replays leaves the same misses open."""

from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest

from services.assessment import check_in_memory, memory
from services.assessment.app import SERVICE
from services.assessment.check_in_memory import REMEMBERED
from shared.contracts.assessment import ItemAnswered, SkillRemembered, StepChecked
from shared.contracts.event import Refused
from tests.assessment.building import MENTOR, OPENED_AT, START
from tests.driving import deliver, outgoing

WEEK = timedelta(days=7)
STEP, SKILL = "reset_the_step", "supportive_accountability"


def checked(done="no", session=1, revision=1, step=STEP, **changes):
    starts_at = START + (session - 1) * WEEK
    values = {
        "mentor_id": MENTOR, "site_id": "east", "session_id": UUID(int=session), "starts_at": starts_at, "skill": SKILL,
        "step": step, "done": done, "at": starts_at + timedelta(hours=2), "revision": revision,
    }  # fmt: skip
    return StepChecked(**values | changes)


def answered(session=1, *, correct=True, item="q1"):
    at = OPENED_AT + (session - 1) * WEEK
    return ItemAnswered(
        mentor_id=MENTOR, site_id="east", session_id=UUID(int=session), starts_at=START, training_id=UUID(int=100 + session),
        module_id="m", version=1, item_id=item, skill=SKILL, kind="single", attempt=1, correct=correct, answered_at=at,
        received_at=at,
    )  # fmt: skip


def after(*events):
    """The skill, and everything that was told on the way."""
    skill, told = None, []
    for event in events:
        decide = check_in_memory.step_checked if isinstance(event, StepChecked) else memory.item_answered
        result = decide(skill, event, OPENED_AT)
        if not isinstance(result, Refused):
            skill, more = result
            told += more
    return skill, told


def opened(*events):
    """(step, session) of what is open after these, of a skill that was trained."""
    skill, _ = after(answered(), *events)
    return [(miss.step, miss.session_id.int) for miss in skill.open_misses if miss.step]


@pytest.mark.parametrize(("said", "open_"), [
    ([checked("no")], [(STEP, 1)]),
    ([checked("did")], []),
    ([checked("partly")], []),
    ([checked("no"), checked("did", 2)], []),
    ([checked("no"), checked("partly", 2)], [(STEP, 1)]),
    ([checked("no"), checked("no", 2)], [(STEP, 2)]),
    ([checked("no"), checked("did", 2), checked("no", 3)], [(STEP, 3)]),
    ([checked("no"), checked("did", revision=2)], []),
    ([checked("no"), checked(None, revision=2)], []),
    ([checked("did"), checked("no", revision=2)], [(STEP, 1)]),
    ([checked("no"), checked("did", 2), checked("partly", 2, revision=2)], [(STEP, 1)]),
    ([checked("no"), checked("no", step="named_what_worked"), checked("did", 2)], [("named_what_worked", 1)]),
])  # fmt: skip
def test_a_step_is_open_from_the_session_in_which_it_was_not_done_until_one_in_which_it_was(said, open_):
    assert opened(*said) == open_


def test_every_order_of_check_ins_leaves_the_same_open():
    said = [checked("no"), checked("did", revision=2), checked("no", 2), checked("partly", 3), checked("did", 4, step="b")]
    ends = {tuple(opened(*order)) for order in permutations(said)}
    assert ends == {((STEP, 2),)}


def test_the_same_word_again_or_an_older_one_is_refused():
    skill, _ = after(checked("no", revision=2))
    for revision in (1, 2):
        assert check_in_memory.step_checked(skill, checked("did", revision=revision), OPENED_AT) == Refused("stale_revision")


def test_an_open_step_is_told_with_its_skill_and_only_when_something_opens_or_closes():
    _, told = after(answered(), checked("did"), checked("no", 2), checked("partly", 3), checked("did", 4))
    assert [(event.revision, [miss.step for miss in event.open_misses]) for event in told] == [(1, []), (2, [STEP]), (3, [])]


def test_a_question_that_was_missed_since_is_no_change_of_a_step():
    _, told = after(answered(), checked("no"), answered(2, correct=False, item="q2"), checked("partly", 3))
    assert [[miss.step for miss in event.open_misses] for event in told] == [[], [STEP], [STEP, None]]


def test_partly_leaves_it_open_however_often_it_is_said():
    said = [checked("no"), *(checked("partly", n) for n in range(2, 12))]
    assert opened(*said) == [(STEP, 1)]
    skill, _ = after(*said)
    assert len(skill.steps) == REMEMBERED + 1
    assert opened(*said, checked("did", 12)) == []


def test_a_skill_that_was_never_trained_tells_of_its_open_step_with_its_first_review():
    skill, told = after(checked("no"))
    assert (told, [miss.step for miss in skill.open_misses], skill.revision) == ([], [STEP], 0)
    _, [event] = after(checked("no"), answered(2))
    assert (event.revision, [miss.step for miss in event.open_misses]) == (1, [STEP])


def test_steps_leave_questions_alone_and_questions_leave_steps():
    skill, _ = after(answered(correct=False), checked("no"), answered(2, correct=False, item="q2"), checked("did", 2))
    assert [(miss.item_id, miss.step) for miss in skill.open_misses] == [("q1", None), ("q2", None)]
    skill, _ = after(checked("no"), answered(correct=False), answered(2))
    assert [(miss.item_id, miss.step) for miss in skill.open_misses] == [(None, STEP)]


def test_a_check_in_is_no_review():
    trained, [first] = after(answered())
    skill, told = after(answered(), checked("no"))
    assert skill.reviews == trained.reviews
    assert (told[-1].stability, told[-1].reviewed_at) == (first.stability, first.reviewed_at)


def test_only_the_newest_sessions_of_a_step_are_kept():
    skill, _ = after(*(checked("did", n) for n in range(1, 12)))
    assert [one.session_id.int for one in skill.steps] == list(range(12 - REMEMBERED, 12))


async def test_what_a_skill_knows_of_steps_survives_the_database(database):
    running = await database(SERVICE)
    await deliver(running, answered(), checked("no"))
    await deliver(running, checked("no"), checked("did", 2))
    told = [event for event in await outgoing(running) if isinstance(event, SkillRemembered)]
    assert [[miss.step for miss in event.open_misses] for event in told] == [[], [STEP], []]
    assert await running.pool.fetchval("SELECT count(*) FROM skill") == 1
