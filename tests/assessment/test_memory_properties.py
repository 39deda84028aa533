"""What must hold of the memory whatever a mentor does: found by trying many lives, not by example."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from fsrs import Rating
from hypothesis import given
from hypothesis import strategies as st

from services.assessment import memory
from services.assessment.memory import Review, strength
from shared.contracts.assessment import recall, recall_after
from shared.contracts.event import Refused
from tests.assessment.building import MENTOR, OPENED_AT
from tests.assessment.test_memory import told

RATINGS = [int(rating) for rating in Rating]
GAPS = st.floats(0.01, 400)  # days
SPANS = st.floats(0, 3_000)
LIVES = st.lists(st.tuples(st.sampled_from(RATINGS), GAPS), min_size=1, max_size=8)
# One training: the days after the one before, each question with (right, how sure, a retry: None, wrong or right)
TRIES = st.tuples(st.booleans(), st.sampled_from(["guess", "think_so", "sure"]), st.sampled_from([None, False, True]))
TRAININGS = st.lists(st.tuples(st.floats(0.1, 40), st.lists(TRIES, min_size=1, max_size=3)), min_size=1, max_size=5)


def reviews(life):
    """A review for each (rating, days since the one before)."""
    at, found = OPENED_AT, []
    for n, (rating, gap) in enumerate(life):
        at += timedelta(days=gap)
        found.append(Review(training_id=UUID(int=n), rating=rating, at=at))
    return tuple(found)


def known(life):
    skill = memory.Skill(MENTOR, "east", "change_talk", reviews=reviews(life), revision=1)
    return memory.remembered(skill)


def answers(trainings):
    """By training, in the order of answering: the same questions every time, each training in a session of its own."""
    at, found = OPENED_AT, []
    for session, (gap, tries) in enumerate(trainings, 1):
        at += timedelta(days=gap)
        for n, (correct, confidence, retry) in enumerate(tries):
            when = at + timedelta(minutes=n)
            first = told(f"q{n}", session, when, correct=correct, confidence=confidence, safety_critical=n == 1)
            found.append((session, first))
            if retry is not None and not correct:
                found.append((session, told(f"q{n}", session, when + timedelta(seconds=20), attempt=2, correct=retry)))
    return found


def remember(events):
    skill = None
    for event in events:
        result = memory.item_answered(skill, event, OPENED_AT)
        if not isinstance(result, Refused):
            skill, _ = result
    return skill


def state(skill):
    """All that others are told, but for the number of the change."""
    misses = sorted(skill.open_misses, key=lambda miss: miss.item_id)
    return skill.reviews, misses, memory.remembered(replace(skill, open_misses=(), revision=1))


@given(LIVES, st.lists(SPANS, min_size=2, max_size=20))
def test_recall_only_ever_falls_until_the_next_training(life, spans):
    now = known(life)
    found = [recall(now, now.reviewed_at + timedelta(days=days)) for days in sorted(spans)]
    assert all(0 < after <= before <= 1 for before, after in pairwise(found))


@given(LIVES, SPANS, st.floats(0.04, 0.9))
def test_an_hour_counts_as_well_as_a_day(life, days, more):
    now = known(life)
    assert recall_after(days + more, now.stability, now.decay) < recall_after(days, now.stability, now.decay)


@given(LIVES, GAPS, SPANS)
def test_a_better_answer_never_leaves_less_recall(life, gap, days):
    """Wrong, right by a guess, right, right and certain: at any time afterwards each is remembered as well as the one before."""
    after = [known([*life, (rating, gap)]) for rating in RATINGS]
    found = [recall(now, now.reviewed_at + timedelta(days=days)) for now in after]
    assert all(worse <= better for worse, better in pairwise(found))


@given(LIVES)
def test_strength_stays_within_what_the_contract_allows(life):
    now = strength(reviews(life))
    assert now.stability > 0
    assert 1 <= now.difficulty <= 10


@given(TRAININGS, st.randoms())
def test_the_same_answers_give_the_same_memory_in_whatever_order_trainings_are_told(trainings, random):
    """A training that was kept on a phone comes days after those that were answered later. Within one, order is kept."""
    events = answers(trainings)
    turns = [session for session, _ in events]
    random.shuffle(turns)
    waiting = {session: iter([event for of, event in events if of == session]) for session in set(turns)}
    assert state(remember(next(waiting[session]) for session in turns)) == state(remember(event for _, event in events))


@given(TRAININGS)
def test_retries_change_nothing_but_whether_a_miss_was_recovered(trainings):
    events = [event for _, event in answers(trainings)]
    with_retries = state(remember(events))
    without = state(remember(event for event in events if event.attempt == 1))
    recovered = [miss.model_copy(update={"recovered": False}) for miss in with_retries[1]]
    assert (with_retries[0], recovered, with_retries[2]) == without


@given(TRAININGS)
def test_a_miss_is_open_until_the_item_is_right_at_the_first_try_of_a_later_session(trainings):
    firsts = [event for _, event in answers(trainings) if event.attempt == 1]
    last = {event.item_id: event for event in firsts}  # each item's newest first try
    wrong = {item: event.session_id for item, event in last.items() if not event.correct}
    assert {miss.item_id: miss.session_id for miss in remember(firsts).open_misses} == wrong


def test_right_again_in_the_same_session_leaves_a_miss_open_in_either_order():
    """Two trainings for one session, as after a correction: the second proves nothing about a later day."""
    wrong = told("q0", session=1, correct=False)
    right = told("q0", session=1, at=OPENED_AT + timedelta(hours=2), training_id=UUID(int=999))
    for order in ([wrong, right], [right, wrong]):
        assert [miss.item_id for miss in remember(order).open_misses] == ["q0"]


@given(TRAININGS)
def test_every_change_that_is_told_has_a_higher_revision(trainings):
    skill, told_of = None, []
    for _, event in answers(trainings):
        result = memory.item_answered(skill, event, OPENED_AT)
        if not isinstance(result, Refused):
            skill, published = result
            told_of += [one.revision for one in published]
    assert told_of == list(range(1, len(told_of) + 1))
