"""What Today says, from plain values: no database, no clock."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.supervision.screens import today
from services.supervision.screens.axis import axis
from services.supervision.screens.facts import Answer, Contact, Hold, Meeting, Mentor, Training
from shared.contracts.content import Item

ZONE = "America/Chicago"
NOW = datetime(2026, 11, 26, 20, 31, tzinfo=UTC)  # Thursday, 2:31 pm in Chicago
START = datetime(2026, 11, 26, 22, tzinfo=UTC)
SECRET = ("confidentiality_limits_1", 1, "q1")
GRADE = ("confidentiality_limits_1", 1, "q2")


HOLD = Hold(SECRET, UUID(int=5), UUID(int=2), ("progress_accountability",))


def a_mentor(name="Marcus Bell"):
    return Mentor(UUID(int=1), "east", name, "+1 555 555 0117", UUID(int=9), "Dana Ortiz")


def an_answer(item, attempt=1, correct=False, *, confidence="think_so", safety=False, shown=False):
    at = NOW - timedelta(minutes=9)
    return Answer(*item, attempt, ("a",), shown, correct, confidence, safety, "confidentiality_limits", at)


def an_item(id_, topic):
    return Item(id=id_, kind="single", skill="confidentiality_limits", topic=topic, question="What do you say first?")


def a_training(*answers, completed=True, opened=True, late=False):
    return Training(
        id=UUID(int=5), session_id=UUID(int=2), quiz_by=START - timedelta(hours=3),
        items=(SECRET, GRADE, ("confidentiality_limits_1", 1, "q3")), opened_at=NOW if opened else None,
        completed_at=NOW if completed else None, late=late, open_answers=(),
        answers=answers,
        texts={SECRET: an_item("q1", "Asked to keep a secret"), GRADE: an_item("q2", "Pressure about a grade")},
    )


def a_meeting(**changes):
    values = {
        "id": UUID(int=2), "mentor": a_mentor(), "starts_at": START, "minutes": 45, "activity": "goal_review",
        "function": "progress_accountability", "mode": "in_person", "status": "planned", "number": 14,
        "training": a_training(),
    }
    return Meeting(**values | changes)


def said(meeting):
    line = today.line(meeting, NOW, ZONE)
    return line.status.word, line.fact


def test_a_missed_safety_question_is_talk_first_with_its_topic_and_what_else_was_certain():
    training = a_training(an_answer(SECRET, safety=True), an_answer(GRADE, confidence="sure"))
    meeting = a_meeting(training=training, holds=(HOLD,))
    assert said(meeting) == ("Talk first", "Missed a safety question: asked to keep a secret. Was certain on one other.")


SOON = "Starts in 1 hour 29 minutes."
UNOPENED = a_training(opened=False, completed=False)
BEGUN = a_training(an_answer(SECRET, correct=True), completed=False)


@pytest.mark.parametrize(
    ("training", "word", "fact"),
    [
        (UNOPENED, "Not started", f"{SOON} Not opened yet. Answers were due by 1:00 pm."),
        (BEGUN, "In progress", f"{SOON} One of 3 answered, last at 2:22 pm."),
        (a_training(), "Ready", "Nothing missed."),
        (a_training(late=True), "Late, ready", "Nothing missed."),
        (a_training(an_answer(GRADE), an_answer(GRADE, 2, True)), "Ready", "Missed one, right on the second try."),
        (a_training(an_answer(GRADE), an_answer(GRADE, 2, True, shown=True)), "Ready", "Missed one."),
        (a_training(an_answer(GRADE, confidence="sure")), "Needs a talk", "Was certain, and missed pressure about a grade."),
        (None, "No training yet", "It is sent before the session."),
    ],
)
def test_status_and_fact_of_a_training(training, word, fact):
    assert said(a_meeting(training=training)) == (word, fact)


def test_a_call_asked_for_comes_before_the_training():
    meeting = a_meeting(open_rules=frozenset({"mentor_asked_to_talk"}))
    assert said(meeting) == ("Asked to talk", "Asked for a call. Training is done.")


def test_a_logged_talk_answers_what_was_certain_and_wrong():
    contact = Contact(UUID(int=7), UUID(int=1), UUID(int=2), "talked", NOW - timedelta(minutes=1), "Dana Ortiz", UUID(int=9))
    meeting = a_meeting(training=a_training(an_answer(GRADE, confidence="sure")), contact=contact)
    assert said(meeting) == ("Ready", "Missed one. You talked at 2:30 pm.")


def test_a_hold_stays_first_after_the_session_began_but_a_ready_one_moves_down():
    began = {"starts_at": NOW - timedelta(minutes=1)}
    held = a_meeting(holds=(HOLD,), **began)
    assert (today.status(held, NOW).group, today.status(a_meeting(**began), NOW).group) == ("talk", "over")


def test_the_sentence_and_the_title_count_the_same_sessions():
    meetings = [
        a_meeting(holds=(HOLD,)),
        a_meeting(training=a_training(opened=False, completed=False)),
        a_meeting(),
        a_meeting(status="cancelled"),
    ]
    page = today.page(meetings, NOW, ZONE)
    assert page.title == "Today: 1 to talk with, 1 waiting, 1 ready"
    rest = "before it starts. One has not finished the training. One is ready."
    assert page.summary == ("Three sessions.", "Talk with one mentor", rest)
    assert [section.heading for section in page.sections] == ["Talk first", "Waiting for the training", "Ready", "Canceled"]


def test_everyone_ready_is_said_in_one_sentence():
    assert today.page([a_meeting(), a_meeting()], NOW, ZONE).summary == ("Two sessions.", "Everyone is ready.", "")


def test_a_day_without_sessions_has_no_axis():
    page = today.page([], NOW, ZONE)
    assert (page.title, page.sections, page.axis) == ("Today: no sessions", (), None)


def test_marks_on_the_same_start_stand_on_one_another():
    drawn = axis([(START, "ready"), (START, "hold"), (START + timedelta(hours=2), "idle")], NOW, ZONE)
    assert [mark.y - drawn.rule for mark in drawn.marks] == [-30, -56, -30]
    assert [tick.words for tick in drawn.ticks] == ["2 pm", "3 pm", "4 pm", "5 pm", "6 pm", "7 pm"]


def test_the_axis_has_at_most_eight_labels_on_a_long_day():
    drawn = axis([(NOW - timedelta(hours=7), "ready"), (START + timedelta(hours=5), "idle")], NOW, ZONE)
    assert len([tick for tick in drawn.ticks if tick.words]) <= 8
