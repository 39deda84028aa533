"""What is added up of answers: compared with figures computed another way, in any order, and nothing of it about a person."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.content.figures import correlation
from services.content.statistics import Counted, Fit, Sums, answered, completed, key_of, paired
from services.content.store_statistics import SUMS
from shared.contracts.assessment import SECONDS, CompletedItem
from shared.contracts.event import Event, Refused
from tests.content.answering import AT, MODULE, a_report, a_try, an_end, fold

TRAININGS = st.lists(st.lists(st.booleans(), min_size=2, max_size=5), min_size=2, max_size=60)


def test_first_tries_retries_and_shown_answers_are_counted_apart():
    counted = fold(
        a_try(chosen=("b",)),
        a_try(chosen=("a",), correct=False),
        a_try(chosen=("c",), correct=False, attempt=2),
        a_try(chosen=("a",), correct=False),
        a_try(chosen=("b",), correct=True, attempt=2),
        a_try(chosen=("c",), correct=False),
        a_try(chosen=(), correct=False, shown=True, attempt=2),
    )
    found = counted.items["q1"]
    assert (found.answered, found.right, dict(found.chosen)) == (4, 1, {"b": 1, "a": 2, "c": 1})
    assert (found.tried_again, found.recovered, found.shown) == (2, 1, 1)


def test_a_question_that_came_back_says_nothing_of_how_hard_it_is_when_it_is_new():
    counted = fold(a_try(returning=True), a_try(returning=True, correct=False), a_try(returning=True, attempt=2))
    assert counted.items["q1"] == Sums(back=2, back_right=1)


def test_every_chosen_option_of_a_multiple_choice_counts_and_no_place_of_an_order():
    counted = fold(a_try(kind="multi", chosen=("a", "b")), a_try("q2", kind="order", chosen=("a", "b", "c")))
    assert dict(counted.items["q1"].chosen) == {"a": 1, "b": 1}
    assert dict(counted.items["q2"].chosen) == {}


def test_an_open_question_is_answered_by_writing_and_by_wishing_to_talk():
    assert fold(an_end(True, True), an_end(True)).items["q4"] == Sums(answered=2)


def test_times_are_counted_in_steps_also_those_of_a_producer_with_finer_ones():
    counted = fold(a_try(seconds=30), a_try(seconds=30), a_try(seconds=31), a_try(seconds=9_999), a_try(seconds=None))
    assert dict(counted.items["q1"].seconds) == {30: 2, 45: 1, 600: 1}
    assert set(counted.items["q1"].seconds) <= set(SECONDS)


def test_a_report_that_is_taken_back_leaves_no_trace():
    counted = fold(a_report("unclear"), a_report("wrong"), a_report("wrong"), a_report("unclear", withdrawn=True))
    assert dict(counted.items["q1"].reports) == {"wrong": 2}


def test_languages_and_versions_have_figures_of_their_own():
    events = (a_try(), a_try(locale="es"), a_try(version=2), a_report(), an_end(True, True))
    assert [key_of(event) for event in events] == [fold(event).key for event in events]
    assert {key_of(event) for event in events} == {f"{MODULE}/en@1", f"{MODULE}/es@1", f"{MODULE}/en@2"}


def test_what_names_no_language_or_no_module_counts_nowhere():
    assert answered(None, a_try(locale=None), AT, None) == Refused("no_language")
    assert completed(None, an_end(True, True, module_id=None), AT, None) == Refused("no_module")
    assert completed(None, an_end(True, True, locale=None), AT, None) == Refused("no_module")


def test_a_single_question_pairs_with_nothing():
    assert fold(an_end(True)).items.keys() == {"q4"}


def test_questions_of_other_modules_and_those_that_came_back_are_the_rest_but_have_no_fit_of_their_own():
    other = CompletedItem(module_id="boundaries_1", version=1, item_id="q7", first_try=False, recovered=False)
    back = CompletedItem(module_id=MODULE, version=1, item_id="q3", first_try=True, recovered=False, returning=True)
    own = CompletedItem(module_id=MODULE, version=1, item_id="q1", first_try=True, recovered=False)
    counted = fold(an_end(items=(other, back, own), open_answers=()))
    assert counted.items.keys() == {"q1"}
    assert counted.items["q1"].fit == paired(Fit(), True, [False, True])


@given(TRAININGS)
def test_the_fit_is_the_correlation_of_a_first_try_with_the_share_of_the_others(trainings):
    sums = fold(*(an_end(*tries) for tries in trainings)).items["q1"]
    own = [float(tries[0]) for tries in trainings]
    rest = [statistics.fmean(tries[1:]) for tries in trainings]
    if len(set(own)) == 1 or len(set(rest)) == 1:
        assert correlation(sums.fit) is None
    else:
        assert correlation(sums.fit) == pytest.approx(statistics.correlation(own, rest), abs=0.0051)


def test_a_fit_computed_by_hand():
    """Right with 2 of 2, right with 1 of 2, wrong with 1 of 2, wrong with 0 of 2: covariance 1/8, variances 1/4 and 1/8."""
    fit = fold(an_end(True, True, True), an_end(True, True, False), an_end(False, False, True), an_end(False, False, False))
    assert correlation(fit.items["q1"].fit) == round(0.125 / (0.25 * 0.125) ** 0.5, 2) == 0.71


ANY_EVENT = st.one_of(
    st.builds(
        a_try,
        st.sampled_from(("q1", "q2")),
        chosen=st.sampled_from((("a",), ("b",), ("a", "b"))),
        correct=st.booleans(),
        attempt=st.sampled_from((1, 2)),
        returning=st.booleans(),
        seconds=st.sampled_from((None, *SECONDS)),
    ),
    st.lists(st.booleans(), max_size=5).map(lambda tries: an_end(*tries)),
    st.builds(a_report, st.sampled_from(("unclear", "wrong")), withdrawn=st.booleans()),
)


@given(st.lists(ANY_EVENT, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_any_order_of_arrival_ends_in_the_same_sums(events: list[Event], chance: random.Random):
    shuffled = chance.sample(events, len(events))
    assert _whole(fold(*events)) == _whole(fold(*shuffled))


@given(st.lists(ANY_EVENT, min_size=1, max_size=20))
def test_what_is_stored_comes_back_as_it_was(events: list[Event]):
    items = dict(fold(*events).items)
    assert SUMS.validate_json(SUMS.dump_json(items, exclude_defaults=True)) == items


def test_nothing_that_is_added_up_could_be_traced_to_a_person_site_or_training():
    stored = SUMS.dump_json(dict(fold(a_try(seconds=30), a_report(), an_end(True, False)).items)).decode()
    for told in ("east", str(a_try().mentor_id), str(a_try().training_id), str(a_try().session_id), "2026"):
        assert told not in stored


def _whole(counted: Counted) -> dict[str, Sums]:
    """An item that was only named has sums of nothing."""
    return {item_id: sums for item_id, sums in counted.items.items() if sums != Sums()}
