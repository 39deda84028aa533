"""What an answer is worth, and which options may be tried again."""

from uuid import uuid4

import pytest

from services.assessment import grading
from services.assessment.grading import Grade
from tests.assessment.building import MULTI, ORDER, PAIR, SINGLE


@pytest.mark.parametrize(
    ("item", "chosen", "grade"),
    [
        (SINGLE, ["b"], Grade(True, ())),
        (SINGLE, ["a"], Grade(False, ("fixes_first",))),
        (MULTI, ["c", "a"], Grade(True, ())),
        (MULTI, ["a"], Grade(False, ())),
        (MULTI, ["a", "b", "c"], Grade(False, ("fixes_first",))),
        (ORDER, ["a", "b", "c"], Grade(True, ())),
        (ORDER, ["c", "b", "a"], Grade(False, ("rushing_to_plan",))),
    ],
)
def test_an_answer_is_right_only_when_all_of_it_is(item, chosen, grade):
    assert grading.grade(item, chosen) == grade


@pytest.mark.parametrize(
    ("item", "chosen", "tried"),
    [
        (SINGLE, [], []),
        (SINGLE, ["a", "b"], []),
        (SINGLE, ["x"], []),
        (SINGLE, ["a"], ["a"]),
        (MULTI, ["a", "a"], []),
        (ORDER, ["a", "b"], []),
    ],
)
def test_what_the_page_could_not_have_sent_is_not_taken(item, chosen, tried):
    assert not grading.acceptable(item, chosen, tried)


def test_the_tried_option_is_gone_before_a_retry_of_a_single_choice():
    assert [o.id for o in grading.offered_options(SINGLE, ["a"])] == ["b", "c"]
    assert [o.id for o in grading.offered_options(MULTI, ["a"])] == ["a", "b", "c"]


def test_two_options_leave_no_retry():
    assert grading.may_retry(SINGLE)
    assert not grading.may_retry(PAIR)


def test_options_keep_their_order_within_a_training_and_change_it_between_trainings():
    trainings = [uuid4() for _ in range(40)]
    orders = [[o.id for o in grading.shuffled(t, SINGLE, SINGLE.options)] for t in trainings]
    assert orders == [[o.id for o in grading.shuffled(t, SINGLE, SINGLE.options)] for t in trainings]
    assert len({tuple(order) for order in orders}) > 1
