"""Where trigger and content meet: only a need of 0.10 and more gets a module, whoever of the two looks. No database."""

from dataclasses import replace

import pytest

from services.content.select import selected
from services.trigger.policy import DEFAULT
from shared.contracts.content import NothingSuitable, TrainingAssigned
from shared.contracts.supervision import Clearance
from shared.contracts.trigger import ContentRequested
from shared.contracts.vocabulary import vocabulary
from tests.content.building import a_choice, a_past, an_offer, facts, ref
from tests.trigger.building import START, a_mentor, a_session, of, pass_time, remembered

COACHING, FEEDBACK = an_offer("homework_coaching_1"), an_offer("process_feedback_1")
CLEARED = a_mentor(clearances=(Clearance(function="academic_help", state="cleared"),))


def request(policy=DEFAULT, **recalls):
    """For homework help, whose weights are 1 for coaching and 0.7 for feedback; all else is fresh."""
    memory = {skill: remembered(skill, recalls.get(skill, 0.99)) for skill in vocabulary().skills}
    _, events = pass_time(a_session(), START.replace(day=9), memory=memory, mentor=CLEARED, policy=policy)
    return of(ContentRequested, events)[0]


def made(asked, *offers):
    known = (a_choice(90, 30, ref("q1", "homework_coaching_1")),)
    return selected(asked, START.replace(day=9), a_past(known), facts(*offers))


@pytest.mark.parametrize(("recall", "top", "kind"), [(0.90, 0.1, "module"), (0.9001, 0.0999, "recall")])
def test_a_need_of_a_tenth_gets_a_module_and_a_hair_less_a_recall(recall, top, kind):
    asked = request(homework_coaching=recall)
    assert asked.needs[0].need == top
    assert made(asked, COACHING, FEEDBACK).kind == kind


def test_a_need_below_the_border_gets_no_module_in_place_of_one_that_finds_none():
    asked = request(homework_coaching=0.5, process_feedback=0.9)
    assert [need.skill for need in asked.needs] == ["homework_coaching"]
    assert isinstance(made(asked, FEEDBACK), NothingSuitable)


def test_the_second_need_gets_its_module_where_it_is_worth_one():
    asked = request(homework_coaching=0.5, process_feedback=0.8)
    training = made(asked, FEEDBACK)
    assert isinstance(training, TrainingAssigned)
    assert training.module.module_id == "process_feedback_1"


def test_a_site_that_moves_the_border_moves_it_for_both():
    own = replace(DEFAULT, constants=replace(DEFAULT.constants, worth_a_module=0.3))
    assert made(request(own, homework_coaching=0.75), COACHING).kind == "recall"
    assert made(request(own, homework_coaching=0.70), COACHING).kind == "module"
