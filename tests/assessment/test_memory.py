"""What is remembered of a skill, and which misses are still open."""

from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest

from services.assessment import memory
from shared.contracts.assessment import ItemAnswered, recall
from shared.contracts.event import Refused
from tests.assessment.building import MENTOR, OPENED_AT, START

NOW = OPENED_AT


def told(item="q1", session=1, at=OPENED_AT, **changes):
    values = {
        "mentor_id": MENTOR,
        "site_id": "east",
        "session_id": UUID(int=session),
        "starts_at": START,
        "training_id": UUID(int=100 + session),
        "module_id": "m",
        "version": 1,
        "item_id": item,
        "skill": "change_talk",
        "kind": "single",
        "attempt": 1,
        "correct": True,
        "answered_at": at,
        "received_at": at,
    }
    return ItemAnswered(**values | changes)


def remember(*events):
    """The skill after these events, and what was published last."""
    skill, published = None, []
    for event in events:
        result = memory.item_answered(skill, event, NOW)
        if not isinstance(result, Refused):
            skill, published = result
    return skill, published[0]


WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("correct", "confidence", "rating"),
    [(False, "sure", 1), (True, "guess", 2), (True, "think_so", 3), (True, None, 3), (True, "sure", 4)],
)
def test_a_first_try_is_rated_by_outcome_and_confidence(correct, confidence, rating):
    assert memory.rating(correct, confidence) == rating


def test_one_training_is_one_review_rated_by_its_lowest_first_try():
    skill, _ = remember(told("q1", confidence="sure"), told("q2", correct=False), told("q3", confidence="sure"))
    assert [review.rating for review in skill.reviews] == [1]


def test_a_retry_never_changes_the_review():
    missed, before = remember(told(correct=False))
    retried, after = remember(told(correct=False), told(attempt=2))
    assert missed.reviews == retried.reviews
    assert (before.stability, before.difficulty) == (after.stability, after.difficulty)


def test_practice_makes_the_memory_last_longer_and_half_days_count():
    _, once = remember(told())
    _, twice = remember(told(), told(session=2, at=OPENED_AT + WEEK))
    _, later = remember(told(), told(session=2, at=OPENED_AT + WEEK + timedelta(hours=12)))
    assert once.stability < twice.stability < later.stability


def test_recall_is_nine_in_ten_when_the_stability_has_passed():
    _, now = remember(told())
    assert recall(now, now.reviewed_at) == 1
    assert recall(now, now.reviewed_at + timedelta(days=now.stability)) == pytest.approx(0.9)


def test_a_miss_stays_open_until_right_at_first_try_in_a_later_session():
    wrong = told(correct=False, safety_critical=True, confidence="sure")
    _, opened = remember(wrong)
    _, same_session = remember(wrong, told(training_id=UUID(int=999), at=OPENED_AT + timedelta(hours=1)))
    _, closed = remember(wrong, told(session=2, at=OPENED_AT + WEEK))
    assert [(m.item_id, m.safety_critical, m.confidence, m.recovered) for m in opened.open_misses] == [
        ("q1", True, "sure", False)
    ]
    assert len(same_session.open_misses) == 1
    assert closed.open_misses == ()


def test_a_right_retry_marks_the_miss_recovered_and_leaves_it_open():
    _, published = remember(told(correct=False), told(attempt=2))
    assert [m.recovered for m in published.open_misses] == [True]


def test_a_wrong_retry_is_nothing_to_remember():
    skill, _ = remember(told(correct=False))
    assert memory.item_answered(skill, told(attempt=2, correct=False), NOW) == Refused("nothing_to_remember")


def test_missing_the_same_item_again_keeps_one_open_miss_of_the_later_session():
    _, published = remember(told(correct=False), told(session=2, correct=False, at=OPENED_AT + WEEK))
    assert [m.session_id for m in published.open_misses] == [UUID(int=2)]


def test_every_change_has_a_higher_revision():
    skill, published = remember(told(), told("q2"), told("q3", correct=False), told("q3", attempt=2))
    assert skill.revision == published.revision == 4


def test_first_tries_of_several_trainings_give_the_same_memory_in_any_order_of_arrival():
    events = [told(f"q{n}", n, OPENED_AT + n * WEEK, confidence="guess" if n == 2 else None) for n in range(1, 4)]
    strengths = {memory.strength(remember(*order)[0].reviews) for order in permutations(events)}
    assert len(strengths) == 1
