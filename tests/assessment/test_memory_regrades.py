"""Memory after a corrected key: as if the key had been right from the beginning."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.assessment import memory
from shared.contracts.assessment import AnswerRegraded
from shared.contracts.event import Refused
from tests.assessment.building import OPENED_AT
from tests.assessment.correcting import CORRECTED_AT, REASON
from tests.assessment.test_memory import WEEK, told


def again(answer, *, correct, **changes):
    """The regrade of an answer."""
    names = ("mentor_id", "site_id", "session_id", "starts_at", "training_id", "module_id", "version", "item_id", "skill",
             "attempt", "chosen", "confidence", "safety_critical", "answered_at")  # fmt: skip
    values = {name: getattr(answer, name) for name in names} | {
        "locale": "en", "corrected_version": 2, "correct_before": answer.correct, "correct": correct, "reason": REASON,
        "corrected_at": CORRECTED_AT, "regraded_at": CORRECTED_AT,
    }  # fmt: skip
    return AnswerRegraded(**values | changes)


def remember(*events):
    """What is remembered after these, without the count of changes."""
    skill, published = None, None
    for event in events:
        decide = memory.answer_regraded if isinstance(event, AnswerRegraded) else memory.item_answered
        result = decide(skill, event, OPENED_AT)
        if not isinstance(result, Refused):
            skill, (published,) = result
    return skill, published


def known(*events):
    skill, _ = remember(*events)
    misses = sorted((m.session_id.int, m.item_id, m.recovered) for m in skill.open_misses)
    return sorted((r.training_id, r.rating, r.at) for r in skill.reviews), misses


def test_a_miss_that_was_none_is_closed_and_the_memory_is_that_of_a_right_answer():
    wrong = told(correct=False, confidence="sure")
    skill, published = remember(wrong, again(wrong, correct=True))
    _, right = remember(told(correct=True, confidence="sure"))
    assert skill.open_misses == ()
    assert published == right.model_copy(update={"revision": 2})


def test_another_first_try_of_the_training_that_was_wrong_keeps_the_review_low():
    wrong = told("q1", correct=False)
    skill, _ = remember(wrong, told("q2", correct=False), told("q3", confidence="sure"), again(wrong, correct=True))
    assert ([r.rating for r in skill.reviews], [m.item_id for m in skill.open_misses]) == ([1], ["q2"])


def test_an_answer_that_is_wrong_after_all_opens_a_miss_of_the_corrected_version():
    right = told(confidence="sure")
    skill, _ = remember(right, again(right, correct=False))
    [miss] = skill.open_misses
    assert ([r.rating for r in skill.reviews], miss.version, miss.missed_at, miss.confidence) == ([1], 2, OPENED_AT, "sure")


def test_an_answer_that_is_wrong_after_all_opens_no_miss_where_the_item_was_right_in_a_later_session():
    right = told()
    skill, _ = remember(right, told(session=2, at=OPENED_AT + WEEK), again(right, correct=False))
    assert skill.open_misses == ()


def test_a_later_miss_of_the_item_is_not_replaced_by_an_older_one():
    right, later = told(), told(session=2, at=OPENED_AT + WEEK, correct=False)
    skill, _ = remember(right, later, again(right, correct=False))
    assert [m.session_id.int for m in skill.open_misses] == [2]


def test_a_retry_regraded_says_only_whether_the_miss_was_recovered():
    wrong, retry = told(correct=False), told(correct=True, attempt=2)
    skill, _ = remember(wrong, retry, again(retry, correct=False))
    assert [m.recovered for m in skill.open_misses] == [False]


def test_the_same_regrade_again_is_nothing_to_remember():
    wrong = told(correct=False)
    skill, _ = remember(wrong, again(wrong, correct=True))
    assert memory.answer_regraded(skill, again(wrong, correct=True), OPENED_AT) == Refused("nothing_to_remember")
    assert memory.answer_regraded(None, again(wrong, correct=True), OPENED_AT) == Refused("nothing_to_remember")


def test_a_review_from_before_single_tries_were_kept_takes_the_corrected_rating():
    wrong = told(correct=False)
    skill, _ = remember(wrong)
    old = memory.replace(skill, reviews=tuple(r.model_copy(update={"firsts": ()}) for r in skill.reviews))
    mended, _ = memory.answer_regraded(old, again(wrong, correct=True, confidence="guess"), OPENED_AT)
    assert [r.rating for r in mended.reviews] == [2]


@pytest.mark.parametrize("correct", [True, False])
def test_regrades_of_several_trainings_in_any_order_end_in_the_same_memory(correct):
    answers = [told(session=n, at=OPENED_AT + n * WEEK, correct=not correct) for n in (1, 2, 3)]
    ends = [known(*answers, *order) for order in permutations([again(one, correct=correct) for one in answers])]
    assert all(end == ends[0] for end in ends)


TRIES = st.tuples(st.sampled_from(["q1", "q2"]), st.booleans(), st.sampled_from(["guess", "sure"]), st.booleans())


@settings(deadline=None, max_examples=200)
@given(st.lists(TRIES, min_size=1, max_size=6), st.randoms())
def test_a_corrected_key_leaves_the_memory_that_the_right_key_would_have_made(tries, random):
    """Each first try in a session of its own; a new key turns some of the results round, told in any order."""
    answers = [
        told(item, session=n, at=OPENED_AT + timedelta(days=n), correct=correct, confidence=confidence)
        for n, (item, correct, confidence, _) in enumerate(tries, 1)
    ]
    turns = [turned for *_, turned in tries]
    regrades = [again(one, correct=not one.correct) for one, turned in zip(answers, turns, strict=True) if turned]
    right = [one.model_copy(update={"correct": one.correct is not turned}) for one, turned in zip(answers, turns, strict=True)]
    random.shuffle(regrades)
    assert known(*answers, *regrades) == known(*right)
