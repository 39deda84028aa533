"""A training from its assignment to its end, without a database."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.assessment import domain
from services.assessment.domain import Facts
from services.assessment.messages import Answered, AnswerShown, CallPressed, OpenAnswered, Started, TalkPreferred
from services.assessment.training import Training
from shared.contracts.assessment import (
    CallRequested,
    CompletedItem,
    ItemAnswered,
    OpenAnswer,
    TrainingCompleted,
    TrainingOpened,
)
from shared.contracts.content import TrainingShared
from shared.contracts.event import Refused
from tests.assessment.building import MENTOR, OPEN, OPENED_AT, PAIR, QUIZ_BY, SESSION, SINGLE, START, TRAINING, assigned, planned


def begun(*items):
    training, _ = domain.started(Training(assigned(*items)), Started(training_id=TRAINING), OPENED_AT, Facts((planned(),)))
    return training


def answer(number, *chosen, attempt=1, confidence="think_so", at=None):
    return Answered(
        training_id=TRAINING,
        number=number,
        attempt=attempt,
        chosen=chosen,
        confidence=confidence,
        request_id=uuid4(),
        answered_at=at,
    )


def asked(cls, number):
    return cls(training_id=TRAINING, number=number, request_id=uuid4())


def try_(training, event, item=SINGLE, now=OPENED_AT + timedelta(minutes=5), session=None):
    return domain.answered(training, event, now, Facts((session or planned(),), item))


def test_starting_twice_tells_once_that_it_was_opened():
    first, events = domain.started(Training(assigned()), Started(training_id=TRAINING), OPENED_AT, Facts((planned(),)))
    again, none = domain.started(first, Started(training_id=TRAINING), START, Facts((planned(),)))
    assert [type(e) for e in events] == [TrainingOpened]
    assert (again, none) == (first, [])


def test_a_wrong_first_try_is_told_with_its_mistake_and_leaves_the_retry_open():
    training, (told,) = try_(begun(SINGLE), answer(1, "a", confidence="sure"))
    assert training.tries[-1].open
    assert told == ItemAnswered(
        mentor_id=MENTOR,
        site_id="east",
        session_id=SESSION,
        starts_at=START,
        training_id=TRAINING,
        module_id="reflective_listening_1",
        version=1,
        item_id="q1",
        skill="reflective_listening",
        kind="single",
        attempt=1,
        chosen=("a",),
        correct=False,
        mistakes=("fixes_first",),
        offered_mistakes=("fixes_first", "asks_instead"),
        confidence="sure",
        answered_at=OPENED_AT + timedelta(minutes=5),
        received_at=OPENED_AT + timedelta(minutes=5),
    )


def test_the_first_answer_counts_and_a_second_one_is_refused():
    training, _ = try_(begun(SINGLE), answer(1, "b"))
    assert try_(training, answer(1, "a")) == Refused("already_answered")


def test_a_right_retry_recovers_and_completes_without_changing_the_first_try():
    training, _ = try_(begun(SINGLE), answer(1, "a"))
    training, events = try_(training, answer(1, "b", attempt=2))
    assert [type(e) for e in events] == [ItemAnswered, TrainingCompleted]
    assert events[1].items == (
        CompletedItem(module_id="reflective_listening_1", version=1, item_id="q1", first_try=False, recovered=True),
    )
    assert training.completed_at == OPENED_AT + timedelta(minutes=5)


def test_there_is_one_retry_and_no_more():
    training, _ = try_(begun(SINGLE, OPEN), answer(1, "a"))
    training, _ = try_(training, answer(1, "c", attempt=2))
    assert try_(training, answer(1, "b", attempt=2)) == Refused("already_answered")


def test_the_tried_option_cannot_be_tried_again():
    training, _ = try_(begun(SINGLE), answer(1, "a"))
    assert try_(training, answer(1, "a", attempt=2)) == Refused("no_such_option")


def test_a_retry_before_the_first_try_is_refused():
    assert try_(begun(SINGLE), answer(1, "b", attempt=2)) == Refused("no_first_try")


def test_two_options_settle_at_the_first_try():
    training, events = try_(begun(PAIR), answer(1, "b"), PAIR)
    assert not training.tries[-1].open
    assert isinstance(events[-1], TrainingCompleted)


def test_asking_for_the_answer_counts_as_not_recovered():
    training, _ = try_(begun(SINGLE), answer(1, "a"))
    _, (told, done) = domain.answer_shown(training, asked(AnswerShown, 1), OPENED_AT, Facts((planned(),), SINGLE))
    assert (told.attempt, told.shown, told.correct) == (2, True, False)
    assert not done.items[0].recovered


def test_nothing_is_taken_before_the_training_was_started():
    assert try_(Training(assigned(SINGLE)), answer(1, "b")) == Refused("not_started")


def test_nothing_is_taken_after_the_session_has_started():
    assert try_(begun(SINGLE), answer(1, "b"), now=START) == Refused("session_started")


def test_an_answer_made_offline_before_the_start_is_taken_for_two_days_and_marked_late():
    before = START - timedelta(minutes=10)
    _, (told, _) = try_(begun(SINGLE), answer(1, "b", at=before), now=START + timedelta(hours=47))
    assert (told.answered_at, told.received_at, told.late) == (before, START + timedelta(hours=47), True)
    assert try_(begun(SINGLE), answer(1, "b", at=before), now=START + timedelta(hours=49)) == Refused("session_started")


def test_the_phones_clock_is_not_believed_before_the_opening_or_beyond_now():
    _, (told, _) = try_(begun(SINGLE), answer(1, "b", at=OPENED_AT - timedelta(days=9)))
    assert told.answered_at == OPENED_AT
    _, (told, _) = try_(begun(SINGLE), answer(1, "b", at=START + timedelta(days=9)))
    assert told.answered_at == OPENED_AT + timedelta(minutes=5)


@pytest.mark.parametrize(("now", "late"), [(QUIZ_BY, False), (QUIZ_BY + timedelta(seconds=1), True)])
def test_an_answer_after_quiz_by_is_late(now, late):
    _, events = try_(begun(SINGLE), answer(1, "b"), now=now)
    assert [e.late for e in events] == [late, late]


def test_a_moved_session_is_judged_by_its_new_time():
    moved = planned(starts_at=START + timedelta(days=1), quiz_by=QUIZ_BY + timedelta(days=1), revision=2)
    _, (told, _) = try_(begun(SINGLE), answer(1, "b"), now=START + timedelta(hours=1), session=moved)
    assert (told.starts_at, told.late) == (moved.starts_at, False)


@pytest.mark.parametrize("status", ["cancelled", "moved_away"])
def test_a_canceled_session_takes_no_answers(status):
    assert try_(begun(SINGLE), answer(1, "b"), session=planned(status=status, revision=2)) == Refused("session_canceled")


def test_an_answer_waits_for_its_module_instead_of_being_graded_without_it():
    assert try_(begun(SINGLE), answer(1, "b"), item=None) == Refused("not_here_yet")


def test_an_unknown_training_is_refused_with_a_reason():
    assert domain.started(None, Started(training_id=TRAINING), OPENED_AT, Facts()) == Refused("not_assigned_yet")


def test_a_second_assignment_of_the_same_training_changes_nothing():
    assert domain.assigned(begun(SINGLE), assigned(OPEN), OPENED_AT, Facts()) == Refused("already_assigned")


@pytest.mark.parametrize("cls", [OpenAnswered, TalkPreferred])
def test_an_open_question_is_answered_once_and_its_text_is_in_no_event(cls):
    facts = Facts((planned(),), OPEN)
    sealed = {"key_id": "dev", "sealed": "c2VjcmV0"} if cls is OpenAnswered else {}
    event = cls(training_id=TRAINING, number=1, request_id=UUID(int=1), **sealed)
    decide = domain.open_answered if cls is OpenAnswered else domain.talk_preferred
    training, events = decide(begun(OPEN), event, OPENED_AT, facts)
    state = "written" if cls is OpenAnswered else "rather_talk"
    assert [e.open_answers for e in events] == [(OpenAnswer(item_id="q5", state=state),)]
    assert all("c2VjcmV0" not in e.model_dump_json() for e in events)
    again = event.model_copy(update={"request_id": UUID(int=2)})
    assert decide(training, again, OPENED_AT, facts) == Refused("already_answered")


def test_a_call_is_asked_for_whatever_the_training_is_doing():
    event = CallPressed(training_id=TRAINING, kind="now", request_id=uuid4())
    late = START + timedelta(days=3)
    _, events = domain.call_pressed(begun(SINGLE), event, late, Facts((planned(status="cancelled"),)))
    assert events == [CallRequested(mentor_id=MENTOR, site_id="east", session_id=SESSION, kind="now", pressed_at=late)]


def test_a_training_is_complete_only_when_its_last_question_is_settled():
    training, events = try_(begun(SINGLE, PAIR), answer(1, "b"))
    assert (training.completed_at, [type(e) for e in events]) == (None, [ItemAnswered])
    _, events = try_(training, answer(2, "a"), PAIR)
    assert isinstance(events[-1], TrainingCompleted)


# A training that a second session of the day shares.

SECOND = UUID(int=77)
AFTERNOON = START + timedelta(hours=5)


def second(**changes):
    return planned(session_id=SECOND, starts_at=AFTERNOON, quiz_by=AFTERNOON - timedelta(hours=3), **changes)


def test_a_training_is_for_the_first_session_to_come_that_takes_place():
    training = Training(assigned(SINGLE), shared=(SECOND,))
    for sessions, at, expected in (
        ((planned(), second()), OPENED_AT, SESSION),
        ((second(), planned()), OPENED_AT, SESSION),
        ((planned(), second()), START, SECOND),
        ((planned(status="cancelled"), second()), OPENED_AT, SECOND),
        ((planned(), second(status="cancelled")), START, SESSION),
        ((planned(mentor_id=UUID(int=5)), second()), OPENED_AT, SECOND),
        ((planned(), second()), AFTERNOON, SECOND),
    ):
        found = domain.session_at(training, sessions, at)
        assert found is not None and found.session_id == expected
    assert domain.session_at(training, (), OPENED_AT) is None


def test_a_training_whose_first_session_is_canceled_stays_open_for_the_second():
    shared, _ = domain.shared(begun(SINGLE), training_shared(), OPENED_AT, Facts())
    facts = Facts((planned(status="cancelled"), second()), SINGLE)
    at = START + timedelta(minutes=30)
    _, (told, done) = domain.answered(shared, answer(1, "b"), at, facts)
    assert (told.starts_at, told.late, done.starts_at, done.late) == (AFTERNOON, False, AFTERNOON, False)
    off = Facts((planned(status="cancelled"), second(status="cancelled")), SINGLE)
    assert domain.answered(shared, answer(1, "b"), at, off) == Refused("session_canceled")


def test_a_session_that_was_given_to_another_mentor_closes_the_first_ones_training():
    given_away = Facts((planned(mentor_id=UUID(int=5), revision=3),), SINGLE)
    assert domain.answered(begun(SINGLE), answer(1, "b"), OPENED_AT, given_away) == Refused("session_canceled")


def test_a_training_not_done_before_the_first_session_can_be_done_before_the_second_and_then_no_more():
    shared, _ = domain.shared(begun(SINGLE), training_shared(), OPENED_AT, Facts())
    facts = Facts((planned(), second()), SINGLE)
    assert not isinstance(domain.answered(shared, answer(1, "b"), START, facts), Refused)
    assert domain.answered(shared, answer(1, "b"), AFTERNOON, facts) == Refused("session_started")


def test_sharing_told_twice_is_kept_once_and_needs_the_training():
    once, _ = domain.shared(begun(SINGLE), training_shared(), OPENED_AT, Facts())
    again, _ = domain.shared(once, training_shared(), OPENED_AT, Facts())
    assert once.shared == again.shared == (SECOND,)
    assert domain.shared(None, training_shared(), OPENED_AT, Facts()) == Refused("not_assigned_yet")


def training_shared():
    return TrainingShared(training_id=TRAINING, session_id=SECOND, mentor_id=MENTOR, site_id="east", starts_at=AFTERNOON,
                          quiz_by=AFTERNOON - timedelta(hours=3))  # fmt: skip


def test_what_a_recall_asks_has_come_back_from_an_earlier_training():
    recall = replace(begun(SINGLE), assigned=assigned(SINGLE, kind="recall", module=None))
    _, (told, end) = try_(recall, answer(1, "b"))
    assert (told.returning, end.items[0].returning) == (True, True)
