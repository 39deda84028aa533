"""A correction comes while answers wait on a phone: they are graded by what the mentor saw, then as all others were."""

from datetime import timedelta
from itertools import product

import pytest

from services.assessment import domain, handlers, regrades
from services.assessment.domain import Facts
from services.assessment.messages import AnswerShown
from services.assessment.training import Training
from shared.contracts.assessment import AnswerRegraded, ItemAnswered, TrainingCompleted
from shared.contracts.event import Refused
from tests.assessment.building import OPEN, OPENED_AT, SAFETY, SINGLE, published
from tests.assessment.correcting import correction, regraded
from tests.assessment.test_corrections import MENDED, second_version
from tests.assessment.test_domain import answer, asked, begun, planned

KEYS = ("a", "b", "c")
WALKS = [(first,) for first in KEYS] + [
    (first, second) for first, second in product(("a", "c"), (*KEYS, None)) if second != first
]  # by the first key b is right: then there is no retry; None: the answer was asked for
CORRECTED_AT, LATER = OPENED_AT + timedelta(hours=1), OPENED_AT + timedelta(hours=2)


def forms(walk):
    """As the phone kept them, from pages of the first version."""
    made = [answer(1, option, attempt=n) if option else asked(AnswerShown, 1) for n, option in enumerate(walk, 1)]
    return [form.model_copy(update={"version": 1, "answered_at": CORRECTED_AT - timedelta(minutes=9 - n)})
            for n, form in enumerate(made)]  # fmt: skip


def take(training, form, *corrections):
    """With the facts that the service gathers for it."""
    known = {one.key(): one for one in corrections}
    reads = {
        "sessions": {one.session_id: one for one in [planned()]},
        "modules": {one.key(): one for one in (published(SINGLE, SAFETY), second_version(), second_version(MENDED))},
        "corrections": {key: known[key] for key in handlers.corrections(training, form) if key in known},
    }
    decided = regrades.answered(training, form, LATER, handlers.facts(training, form, reads))
    assert not isinstance(decided, Refused), decided
    return decided


def at_once(walk, *corrections):
    """Answered with a connection, corrected afterwards: what it should come to."""
    training, events = begun(SINGLE), []
    for form in forms(walk):
        training, told = take(training, form)
        events += told
    training, told = regraded(training, *corrections, now=LATER)
    return training, [*events, *told]


def behind(walk, between, *corrections):
    """The correction comes after so many of the kept forms."""
    training, events = begun(SINGLE), []
    for n, form in enumerate(forms(walk)):
        if n == between:
            training, told = regraded(training, *corrections, now=CORRECTED_AT)
            events += told
        training, told = take(training, form, *(corrections if n >= between else ()))
        events += told
    return training, events


def standing(events):
    """What others have of each try when they have read everything: asked in which version, and how it counts in the end."""
    found = {}
    for each in events:
        if isinstance(each, ItemAnswered):
            found[each.attempt] = (each.version, each.chosen, each.correct)
        if isinstance(each, AnswerRegraded):
            assert found[each.attempt][2] == each.correct_before, "told as it was"
            found[each.attempt] = (*found[each.attempt][:2], each.correct)
    return found


def kept(training: Training):
    """Without ids and times of the correction's own."""
    return [t.model_copy(update={"request_id": None}) for t in training.tries]


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: "-".join(each or "shown" for each in walk))
@pytest.mark.parametrize("right", KEYS)
def test_a_correction_that_overtakes_kept_answers_ends_as_one_that_came_after_them(walk, right):
    told = correction(right, mistakes={k: "topping" for k in KEYS if k != right}, key_changed=right != "b")
    wanted, events = at_once(walk, told)
    for between in range(len(walk)):
        training, others = behind(walk, between, told)
        assert kept(training) == kept(wanted)
        assert training.corrections[-1].result == wanted.corrections[-1].result
        assert standing(others) == standing(events)
        assert (training.completed_at is None) == (wanted.completed_at is None)
        assert sum(isinstance(e, TrainingCompleted) for e in others) == sum(isinstance(e, TrainingCompleted) for e in events)


def test_two_corrections_in_a_row_end_as_the_newest(walk=("a", "b")):
    chain = (correction("c", mistakes={}), correction("a", corrected_version=3, mistakes={}))
    wanted, _ = at_once(walk, *chain)
    training = begun(SINGLE)
    training, _ = regraded(training, *chain, now=CORRECTED_AT)
    for form in forms(walk):
        training, _ = take(training, form, chain[-1])
    assert kept(training) == kept(wanted)


def test_the_same_form_once_more_changes_nothing_also_where_its_try_was_put_aside():
    told, (first, second) = correction("a", mistakes={}), forms(("a", "b"))
    training, _ = regraded(begun(SINGLE), told)
    for form in (first, second):
        training, _ = take(training, form, told)
    assert [take(training, form, told) for form in (second, first)] == [(training, [])] * 2


def test_another_phones_retry_is_told_that_the_first_counts():
    told, walk = correction("a", mistakes={}), forms(("a", "b"))
    training, _ = regraded(begun(SINGLE), told)
    for form in walk:
        training, _ = take(training, form, told)
    [_, other] = forms(("a", "c"))
    facts = Facts(sessions=(planned(),), item=SINGLE, locale="en", corrections=(told,))
    assert regrades.answered(training, other, LATER, facts) == Refused("already_answered")


def test_a_page_of_the_corrected_version_is_graded_by_it_and_nothing_is_told_twice():
    told = correction("a", mistakes={})
    training, _ = regraded(begun(SINGLE, OPEN), told)
    new, events = take(training, answer(1, "a").model_copy(update={"version": 2}), told)
    assert [(type(e), e.version, e.correct) for e in events] == [(ItemAnswered, 2, True)]
    assert new.corrections[0].result == "not_answered"


@pytest.mark.parametrize("version", [1, 2])
def test_a_page_of_any_version_before_the_newest_is_found_by_the_row_that_there_is(version, walk=("c", "b")):
    """The second correction gave the question the key that the first had given: only the oldest version has a row of it."""
    chain = (correction("a", mistakes={}), correction("a", corrected_version=3, mistakes={}))
    training, _ = regraded(begun(SINGLE), *chain, now=CORRECTED_AT)
    for form in forms(walk):
        training, _ = take(training, form.model_copy(update={"version": version}), chain[-1])
    assert [t.correct for t in kept(training)] == [False, False]
    assert training.corrections[-1].corrected_version == 3


def test_a_page_that_names_a_version_that_was_never_asked_is_graded_as_asked_now():
    training = begun(SINGLE)
    assert domain.as_seen(training, answer(1, "a").model_copy(update={"version": 7})) is training
