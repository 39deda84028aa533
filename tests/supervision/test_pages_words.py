"""What a brief, an alert and the memory of a skill say, from plain values."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.supervision.rules import RULES
from services.supervision.screens import alert_words, alerts, brief, memory, said
from services.supervision.screens.brief import OpenAnswer
from services.supervision.screens.facts import Alert, Contact, Staff
from shared.contracts.assessment import SkillRemembered
from tests.supervision.test_pages_today import (
    GRADE,
    HOLD,
    NOW,
    SECRET,
    ZONE,
    a_meeting,
    a_mentor,
    a_training,
    an_answer,
)

DANA = Staff(UUID(int=9), "east", "Dana Ortiz", "supervisor", ZONE, "Eastfield Mentoring", ("Priya Nair",))
NOBODY_NEXT = Staff(UUID(int=9), "east", "Dana Ortiz", "supervisor", ZONE)


def a_brief(training, *, contacts=(), opened=(), answer="none", **meeting):
    meeting = a_meeting(training=training, **meeting)
    return brief.page(meeting, training, OpenAnswer(answer), contacts, opened, viewer=DANA, now=NOW)


def a_contact(outcome="talked", minutes_ago=1, **changes):
    at = NOW - timedelta(minutes=minutes_ago)
    return Contact(UUID(int=7), UUID(int=1), UUID(int=2), outcome, at, "Dana Ortiz", UUID(int=9), **changes)


def an_alert(rule="safety_item_missed", **changes):
    values = {
        "id": UUID(int=3), "rule": rule, "severity": "attention", "state": "open", "with_role": "supervisor",
        "mentor": a_mentor(), "session_id": UUID(int=2), "facts": {}, "raised_at": NOW - timedelta(minutes=11),
        "acknowledge_by": NOW + timedelta(minutes=19),
    }  # fmt: skip
    return Alert(**values | changes)


def test_safety_comes_before_what_was_certain_and_that_before_the_rest():
    other = ("confidentiality_limits_1", 1, "q3")
    training = a_training(an_answer(other), an_answer(GRADE, confidence="sure"), an_answer(SECRET, safety=True))
    assert [miss.first.item for miss in training.misses] == [SECRET, GRADE, other]


def test_a_fourth_miss_is_counted_in_words():
    items = [("m", 1, f"q{n}") for n in range(4)]
    training = a_training(*(an_answer(item) for item in items))
    page = a_brief(training)
    assert (len(page.missed), page.rest) == (3, "And 1 more.")


@pytest.mark.parametrize(
    ("retry", "words", "kind"),
    [
        ([], "Missed, not tried again", "hold"),
        ([an_answer(SECRET, 2, safety=True)], "Missed twice", "hold"),
        ([an_answer(SECRET, 2, True, safety=True, shown=True)], "Asked for the answer", "hold"),
        ([an_answer(SECRET, 2, True, safety=True)], "Right on second try", "ready"),
    ],
)
def test_what_came_of_a_miss(retry, words, kind):
    (missed,) = a_brief(a_training(an_answer(SECRET, safety=True), *retry)).missed
    assert (missed.outcome, missed.kind) == (words, kind)


def test_a_hold_names_what_waits_and_that_the_session_does_not():
    page = a_brief(a_training(an_answer(SECRET, safety=True)), holds=(HOLD,), function="progress_accountability")
    assert page.hold == (
        "Until you have talked, Marcus is not cleared for “following up on agreed steps”. The session is not canceled."
    )
    assert page.clear == "We went through the safety question. Clear Marcus for this function."


def test_nothing_missed_asks_one_thing_only():
    training = a_training()
    assert (a_brief(training).nothing_missed, a_brief(training).ask_heading) == (True, "One thing to ask")


@pytest.mark.parametrize(("minutes", "undo"), [(9, True), (10, False)])
def test_a_log_can_be_taken_back_for_ten_minutes(minutes, undo):
    logged = brief.logged([a_contact(minutes_ago=minutes)], DANA, NOW)
    assert logged and logged.undo is undo


def test_an_answer_after_the_talk_can_be_logged_about_again():
    training = a_training(an_answer(GRADE))  # answered nine minutes ago
    before, after = a_contact(minutes_ago=20), a_contact(minutes_ago=5)
    assert [brief.logged([c], DANA, NOW, training.last_answer_at).again for c in (before, after)] == [True, False]


def test_a_snooze_that_is_over_leaves_nothing_logged():
    over = a_contact("snoozed", 90, until=NOW - timedelta(minutes=30))
    assert brief.logged([over], DANA, NOW) is None


def test_every_rule_has_words_of_its_own():
    assert {rule.name for rule in RULES} == set(alert_words.WORDS)


@pytest.mark.parametrize(
    ("alert", "kind", "claim"),
    [
        (an_alert(facts={"retry": "right"}), "talk", "Marcus Bell missed a safety question, right on the second try"),
        (an_alert(facts={"retry": "wrong"}), "hold", "Marcus Bell missed a safety question twice"),
        (an_alert("confident_miss_on_safety_item", severity="urgent"), "hold",
         "Marcus Bell was certain, and missed a safety question"),
        (an_alert("mentor_asked_to_talk"), "talk", "Marcus Bell asked to talk"),
        (an_alert("uncleared_function_planned", facts={"function": "academic_help", "lack": "expired"}), "talk",
         "Marcus Bell’s next session plans “help with schoolwork”: the clearance has ended"),
        (an_alert("training_not_done", severity="info", facts={"opened": "no"}), "idle",
         "Marcus Bell has not started the training"),
        (an_alert("clearance_expiring", severity="info", zone="America/Los_Angeles",
                  facts={"function": "academic_help", "until": "2027-01-01T05:00:00+00:00"}), "idle",
         "Marcus Bell’s clearance for “help with schoolwork” ends December 31"),
    ],
)  # fmt: skip
def test_an_alert_says_its_claim(alert, kind, claim):
    assert (alert_words.kind(alert), alert_words.claim(alert)) == (kind, claim)


@pytest.mark.parametrize(
    ("alert", "viewer", "otherwise", "button"),
    [
        (an_alert(), DANA, ", or it goes to Priya Nair, site lead.", "Pass to Priya now"),
        (an_alert(), NOBODY_NEXT, ", or it goes to the site lead.", "Pass to the site lead now"),
        (an_alert(with_role="site_lead"), DANA, ", or it goes to the person on call.", "Pass to the person on call"),
        (an_alert(with_role="on_call"), DANA, ".", None),
        (an_alert("training_not_done"), DANA, ", or it waits for Monday’s list.", None),
    ],
)
def test_the_deadline_says_who_is_asked_next(alert, viewer, otherwise, button):
    row = alerts.row(alert, viewer, NOW)
    assert (row.deadline.clock, row.deadline.otherwise, row.pass_to) == ("2:50 pm", otherwise, button)


def test_a_safety_alert_cannot_be_resolved_before_it_is_taken():
    safety, call = alerts.row(an_alert(), DANA, NOW), alerts.row(an_alert("mentor_asked_to_talk"), DANA, NOW)
    assert [(row.resolve, row.must_be_taken) for row in (safety, call)] == [(False, True), (True, False)]


@pytest.mark.parametrize(
    ("days", "word"), [(0, "Fresh"), (9, "Fresh"), (60, "Fading"), (2000, "Likely forgotten")]
)
def test_memory_is_said_as_a_word_and_never_as_a_figure(days, word):
    state = SkillRemembered(
        mentor_id=UUID(int=1), site_id="east", skill="open_questions", stability=10, difficulty=5, decay=0.2,
        reviewed_at=NOW - timedelta(days=days), revision=1,
    )  # fmt: skip
    page = memory.page([state], a_meeting(activity=None), NOW, ZONE)
    (skill,) = page.skills
    assert (skill.name, skill.word) == ("Asking open questions", word)
    assert not any(mark in f"{page.words}{skill.practiced}{skill.word}" for mark in ("%", "0."))


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "0 minutes"), (1, "1 minute"), (60, "1 hour"), (89, "1 hour 29 minutes"), (2880, "2 days"), (4320, "3 days")],
)
def test_spans_are_said_in_whole_units(minutes, words):
    assert said.span(timedelta(minutes=minutes)) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [(-1, "yesterday"), (0, "today"), (1, "tomorrow"), (3, "Sunday"), (-7, "November 19"), (60, "January 25, 2027")],
)
def test_days_are_said_as_people_say_them(days, words):
    assert said.day(NOW + timedelta(days=days), NOW, ZONE) == words
