"""A question whose key was wrong, without a database: what it does to the tries, to what others are told, and to the page."""

from datetime import timedelta
from itertools import permutations

import pytest

from services.assessment import regrades
from services.assessment.domain import Facts
from services.assessment.training import Training
from shared.contracts.assessment import AnswerRegraded, TrainingCompleted
from shared.contracts.content import AssignedItem
from shared.contracts.event import Refused, Sweep
from tests.assessment.building import MENTOR, MULTI, OPENED_AT, ORDER, PAIR, SESSION, SINGLE, START, TRAINING, assigned
from tests.assessment.correcting import CORRECTED_AT, REASON, correction, facts_of, regraded
from tests.assessment.test_domain import answer, asked, begun, try_

AT = OPENED_AT + timedelta(minutes=5)


def wrong_then_right(confidence="sure"):
    """By the old key: a is wrong, b at the retry right."""
    training, _ = try_(begun(SINGLE), answer(1, "a", confidence=confidence))
    return try_(training, answer(1, "b", attempt=2))[0]


def results(training, number=1):
    return [(t.attempt, t.chosen, t.correct) for t in training.tries_at(number)]


def test_a_wrong_first_try_that_is_right_after_all_is_told_whole():
    _, (told,) = regraded(wrong_then_right(), correction())
    assert told == AnswerRegraded(
        mentor_id=MENTOR, site_id="east", session_id=SESSION, starts_at=START, training_id=TRAINING,
        module_id="reflective_listening_1", locale="en", version=1, corrected_version=2, item_id="q1",
        skill="reflective_listening", attempt=1, chosen=("a",), correct_before=False, correct=True,
        mistakes_before=("fixes_first",), confidence="sure", reason=REASON, answered_at=AT, corrected_at=CORRECTED_AT,
        regraded_at=CORRECTED_AT,
    )  # fmt: skip


def test_a_first_try_that_is_right_after_all_stands_alone_and_the_old_result_stays_in_history():
    before = wrong_then_right()
    training, _ = regraded(before, correction())
    assert results(training) == [(1, ("a",), True)]
    [noted] = training.corrections
    assert (noted.result, noted.before) == ("right", before.tries)


def test_a_right_first_try_that_is_wrong_after_all_keeps_its_confidence_names_its_mistake_and_is_not_asked_again_today():
    right, _ = try_(begun(SINGLE), answer(1, "b", confidence="think_so"))
    training, (told,) = regraded(right, correction())
    assert (told.correct_before, told.correct, told.mistakes, told.confidence) == (True, False, ("topping",), "think_so")
    assert (training.settled(1), training.corrections[0].result) == (True, "wrong")


def test_a_retry_is_graded_again_too():
    training, _ = try_(begun(SINGLE), answer(1, "c"))
    training, _ = try_(training, answer(1, "a", attempt=2))
    training, told = regraded(training, correction())
    assert results(training) == [(1, ("c",), False), (2, ("a",), True)]
    assert [(one.attempt, one.correct_before, one.correct) for one in told] == [(2, False, True)]


@pytest.mark.parametrize(("item", "kind", "right"), [(SINGLE, "single", ("a",)), (ORDER, "order", ("b", "a", "c"))])
def test_asking_for_the_answer_stays_that(item, kind, right):
    training, _ = try_(begun(item), answer(1, *(["c"] if kind == "single" else "cab")), item)
    training, _ = regrades.domain.answer_shown(training, shown(), AT, facts_of(training, item=item))
    training, told = regraded(training, correction(*right, item_id=item.id, kind=kind))
    assert (results(training)[1], told) == ((2, (), False), [])


def shown():
    return asked(regrades.domain.AnswerShown, 1)


def test_corrected_reasons_alone_change_no_result_and_are_noted_for_the_page():
    before = wrong_then_right()
    training, told = regraded(before, correction("b", key_changed=False, mistakes={"a": "fixes_first", "c": "asks_instead"}))
    assert (training.tries, told, training.corrections[0].result) == (before.tries, [], "same")


def test_a_question_not_answered_yet_is_asked_as_it_is_right_now():
    training, told = regraded(begun(SINGLE), correction())
    assert told == []
    assert training.current.items[0] == AssignedItem(
        module_id="reflective_listening_1", version=2, item_id="q1", locale="en"
    )  # fmt: skip
    assert training.assigned.items[0].version == 1


def test_an_answer_after_the_correction_names_the_corrected_version():
    training, _ = regraded(begun(SINGLE), correction())
    _, events = try_(training, answer(1, "b"))
    assert events[0].version == 2


def test_what_was_corrected_before_it_was_assigned_is_asked_as_it_is_right_now():
    event = assigned(SINGLE)
    training, _ = regrades.assigned(None, event, AT, facts_of(Training(event), corrections=(correction(corrected_version=3),)))
    assert training.current.items[0].version == 3


def test_the_same_correction_again_changes_nothing():
    training, _ = regraded(wrong_then_right(), correction())
    again = regrades.corrected(training, correction(), CORRECTED_AT, facts_of(training))
    assert again == Refused("nothing_to_correct")


def test_another_language_version_or_question_is_left_alone():
    training = wrong_then_right()
    for other in (correction(locale="es"), correction(version=2, corrected_version=3), correction(item_id="q2")):
        assert regrades.corrected(training, other, AT, facts_of(training)) == Refused("nothing_to_correct")


def test_corrections_in_any_order_end_in_the_same_results():
    chain = [correction("a"), correction("c", corrected_version=3), correction("b", corrected_version=4)]
    for start in (wrong_then_right(), try_(begun(SINGLE), answer(1, "c"))[0], try_(begun(SINGLE), answer(1, "b"))[0]):
        ends = {tuple(results(regraded(start, *order)[0])) for order in permutations(chain)}
        newest = regraded(start, chain[-1])[0]
        assert ends == {tuple(results(newest))}


def test_a_retry_that_one_correction_put_aside_comes_back_with_the_next():
    before = wrong_then_right()
    training, _ = regraded(before, correction("a"), correction("b", corrected_version=3))
    assert results(training) == results(before)
    assert training.corrections[-1].result == "same"


def test_the_last_open_retry_that_falls_away_completes_the_training():
    training, _ = try_(begun(SINGLE), answer(1, "a"))
    before_the_start = START - timedelta(hours=4)
    done, events = regraded(training, correction(), now=before_the_start)
    assert [type(e) for e in events] == [AnswerRegraded, TrainingCompleted]
    assert (done.completed_at, events[1].items[0].first_try) == (before_the_start, True)


def test_a_training_that_its_session_closed_is_not_completed_by_a_correction():
    training, _ = try_(begun(SINGLE), answer(1, "a"))
    done, events = regraded(training, correction(), now=START + timedelta(days=1))
    assert ([type(e) for e in events], done.completed_at) == ([AnswerRegraded], None)


@pytest.mark.parametrize(("item", "kind", "chosen", "right", "now_right"), [
    (MULTI, "multi", ("a", "b"), ("a", "b"), True),
    (MULTI, "multi", ("a", "c"), ("a", "b"), False),
    (ORDER, "order", ("b", "a", "c"), ("b", "a", "c"), True),
    (ORDER, "order", ("a", "b", "c"), ("b", "a", "c"), False),
    (PAIR, "single", ("b",), ("b",), True),
])  # fmt: skip
def test_every_kind_of_question_is_graded_by_the_corrected_key(item, kind, chosen, right, now_right):
    before, _ = try_(begun(item), answer(1, *chosen), item)
    training, (told,) = regraded(before, correction(*right, item_id=item.id, kind=kind, mistakes={}))
    assert (told.correct_before, told.correct, training.tries[0].correct) == (not now_right, now_right, now_right)


def test_an_older_correction_never_overwrites_a_newer_one_and_each_new_one_starts_a_sweep():
    newest = correction(corrected_version=3)
    assert regrades.told(None, newest, AT, None) == (newest, [Sweep("training", newest)])
    assert regrades.told(newest, correction(), AT, None) == Refused("stale_revision")


def test_without_a_training_there_is_nothing_to_correct():
    assert regrades.corrected(None, correction(), AT, Facts()) == Refused("not_assigned_yet")
