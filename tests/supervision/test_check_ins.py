"""What a check-in leads to: asking to talk, steps that were not done, and taking either back."""

from datetime import timedelta
from itertools import permutations

import pytest

from services.supervision.domain import REMEMBERED_CHECK_INS
from services.supervision.store_cases import HISTORY
from shared.contracts.event import Refused
from shared.contracts.supervision import AlertRaised, AlertResolved
from tests.supervision.builders import (
    DAY,
    HOUR,
    LEAD,
    MINUTE,
    SESSION,
    START,
    Story,
    call,
    checked_in,
    closed,
    contact,
    listed,
    of,
    planned,
    settled,
    taken,
)

AFTER = START + 2 * HOUR
TALK, STEP = "mentor_asked_to_talk", "planned_step_not_delivered"
NOT_DONE = {"let_them_choose": "did", "agreed_next_meeting": "no"}


def session(number):
    return {name: value for name, value in of(number).items() if name != "training_id"}


def nth(number, **changes):
    """The check-in after the nth weekly session."""
    return checked_in(**session(number) | changes)


def told(*events, at=AFTER):
    return Story(listed(), planned()).happens(*events, at=at)


def test_all_well_raises_nothing():
    story = told(checked_in())
    assert (story.rules, story.said(AlertRaised)) == ([], [])


@pytest.mark.parametrize(("talk", "severity", "within"), [("week", "attention", 24 * HOUR), ("today", "urgent", 2 * HOUR)])
def test_asking_to_talk_raises_one_alert_with_its_deadline(talk, severity, within):
    story = told(checked_in(wants_to_talk=talk))
    alert = story.alert(TALK)
    assert story.rules == [TALK]
    assert (alert.severity, alert.acknowledge_by, alert.facts["when"]) == (severity, AFTER + within, talk)
    assert alert.facts["session_id"] == str(SESSION)


def test_who_asks_for_today_and_is_heard_late_leaves_half_an_hour():
    story = told(checked_in(wants_to_talk="today"), at=AFTER + 5 * HOUR)
    assert story.alert(TALK).acknowledge_by == AFTER + 5 * HOUR + 30 * MINUTE


def test_from_this_week_to_today_is_urgent_and_counts_from_when_it_was_said():
    later = AFTER + 3 * HOUR
    story = told(checked_in(wants_to_talk="week"))
    story.happens(taken(story.alert(TALK)))
    story.happens(checked_in(wants_to_talk="today", at=later, revision=2), at=later)
    alert = story.alert(TALK)
    assert (alert.state, alert.severity, alert.acknowledge_by) == ("open", "urgent", later + 2 * HOUR)
    assert len(story.live) == 1


def test_another_change_leaves_the_deadline_where_it_was():
    story = told(checked_in(wants_to_talk="today"))
    by = story.alert(TALK).acknowledge_by
    later = AFTER + HOUR
    story.happens(checked_in(wants_to_talk="today", steps={}, at=later, revision=2), at=later)
    assert story.alert(TALK).acknowledge_by == by
    assert len(story.said(AlertRaised)) == 1


def test_taking_it_back_closes_the_alert_and_says_so():
    story = told(checked_in(wants_to_talk="today")).happens(checked_in(at=AFTER + HOUR, revision=2), at=AFTER + HOUR)
    assert story.live == []
    [event] = story.said(AlertResolved)
    assert (event.how, event.by) == ("taken_back", None)
    assert all(at is None for at in (story.alert(TALK).escalate_at, story.alert(TALK).place_at))


def test_asking_again_after_taking_it_back_raises_it_again():
    story = told(checked_in(wants_to_talk="week"), checked_in(revision=2), checked_in(wants_to_talk="week", revision=3))
    assert story.rules == [TALK]
    assert [event.TYPE.split(".")[1] for event in story.told[-3:]] == ["alert_raised", "alert_resolved", "alert_raised"]


def test_a_call_that_was_asked_for_stays_when_a_check_in_takes_its_own_back():
    story = told(call(kind="can_wait"), checked_in(wants_to_talk="week"), checked_in(revision=2))
    assert [alert.subject for alert in story.live] == ["call"]


def test_a_month_old_call_is_not_dropped_by_a_new_one_of_another_kind():
    story = Story(listed(), planned()).happens(call(kind="can_wait", pressed_at=START - 40 * DAY), at=START - 40 * DAY)
    story.happens(call(kind="now", pressed_at=START), at=START)
    assert story.rules == [TALK, "safeguarding_button_pressed"]


@pytest.mark.parametrize("about", [SESSION, of(2)["session_id"], None])
def test_any_talk_answers_it_whatever_session_it_is_logged_for(about):
    story = told(planned(**session(2)), checked_in(wants_to_talk="week", steps=NOT_DONE))
    story.happens(contact(session_id=about), at=AFTER + DAY)
    assert story.rules == []
    again = NOT_DONE | {"let_them_choose": "partly"}
    story.happens(checked_in(wants_to_talk="week", steps=again, revision=2))
    assert story.rules == []


def test_asking_again_after_a_talk_and_after_taking_it_back_raises_it_again():
    story = told(checked_in(wants_to_talk="today")).happens(contact(session_id=None), at=AFTER + HOUR)
    for revision, talk in enumerate(("no", "today"), 2):
        later = AFTER + revision * HOUR
        story.happens(checked_in(wants_to_talk=talk, at=later, revision=revision), at=later)
    assert (story.rules, story.alert(TALK).acknowledge_by) == ([TALK], AFTER + 5 * HOUR)


def test_nobody_took_it_so_it_goes_to_the_site_lead():
    story = told(checked_in(wants_to_talk="today")).until(AFTER + 2 * HOUR)
    assert story.alert(TALK).with_role == "site_lead"
    story.until(AFTER + 6 * HOUR)
    assert story.alert(TALK).with_role == "on_call"


def test_a_step_that_was_not_done_is_for_information():
    story = told(checked_in(steps=NOT_DONE))
    alert = story.alert(STEP)
    assert (story.rules, alert.severity) == ([STEP], "info")
    assert (alert.facts["steps"], alert.facts["again"]) == ("agreed_next_meeting", "")
    assert alert.facts["activity"] == "relationship_activity"
    assert alert.acknowledge_by == AFTER + 7 * DAY  # five working days


@pytest.mark.parametrize("said", ["did", "partly"])
def test_what_was_done_at_least_partly_raises_nothing(said):
    assert told(checked_in(steps={"agreed_next_meeting": said})).rules == []


def test_the_same_step_twice_running_needs_attention_in_one_alert():
    story = told(checked_in(steps=NOT_DONE)).happens(nth(2, steps=NOT_DONE), at=AFTER + 7 * DAY)
    [alert] = story.live
    assert (alert.rule, alert.severity, alert.facts["again"]) == (STEP, "attention", "agreed_next_meeting")
    assert alert.subject == str(of(2)["session_id"])


def test_twice_running_means_in_the_sessions_that_asked_for_it():
    other = {"asked_how_they_are": "did"}
    story = told(checked_in(steps=NOT_DONE), nth(2, steps=other), nth(3, happened=False, steps={}), nth(4, steps=NOT_DONE))
    assert [alert.severity for alert in story.live] == ["attention"]
    between = told(checked_in(steps=NOT_DONE), nth(2, steps={"agreed_next_meeting": "partly"}), nth(3, steps=NOT_DONE))
    assert [alert.severity for alert in between.live] == ["info"]


def test_the_step_is_done_in_a_later_session_and_the_alert_closes():
    story = told(checked_in(steps=NOT_DONE)).happens(nth(2, steps={"agreed_next_meeting": "did"}), at=AFTER + 7 * DAY)
    assert story.rules == []
    assert [event.how for event in story.said(AlertResolved)] == ["lifted"]


def test_a_change_of_mind_closes_it_too():
    story = told(checked_in(steps=NOT_DONE)).happens(checked_in(steps=NOT_DONE | {"agreed_next_meeting": "did"}, revision=2))
    assert story.rules == []


def test_what_a_supervisor_closed_does_not_come_back_with_the_next_check_in():
    story = told(checked_in(steps=NOT_DONE))
    story.happens(closed(story.alert(STEP)))
    story.happens(nth(2, steps={"let_them_choose": "did"}), at=AFTER + 7 * DAY)
    assert story.rules == []


def test_after_five_working_days_it_waits_for_mondays_list():
    story = told(checked_in(steps=NOT_DONE)).until(AFTER + 8 * DAY)
    assert story.alert(STEP).with_role == "digest"


def test_an_older_revision_changes_nothing():
    story = told(checked_in(wants_to_talk="today", revision=2))
    before = story.case
    for revision in (1, 2):
        assert story.tries(checked_in(revision=revision)) == Refused("stale_revision")
    assert story.case is before


def test_a_check_in_before_anything_else_is_known_is_kept():
    story = Story().happens(checked_in(wants_to_talk="week"), at=AFTER).happens(listed(), planned())
    assert (story.rules, story.alert(TALK).with_role) == ([TALK], "supervisor")


def test_any_order_of_roster_plan_move_cancel_and_check_ins_ends_in_the_same_alerts():
    moved = planned(revision=2, starts_at=START + HOUR)
    events = [listed(), moved, checked_in(steps=NOT_DONE), nth(2, steps=NOT_DONE, wants_to_talk="week"),
              planned(**session(2), status="cancelled")]  # fmt: skip
    ends = [settled(Story(at=AFTER + 7 * DAY).happens(*order).case) for order in permutations(events)]
    assert len(ends) == 120
    assert [alert.rule for alert in ends[0].alerts].count(STEP) == 1
    assert all(plain(end) == plain(ends[0]) for end in ends)


def plain(case):
    """Without how long there is to act, which counts from when it was heard of, and what was evidence on the way there."""
    return (case.history, [(a.rule, a.subject, a.severity, dict(a.facts), a.supervisor_id, a.with_role) for a in case.alerts])


def test_old_check_ins_are_forgotten_but_for_those_that_an_alert_rests_on():
    story = told(checked_in(wants_to_talk="week"))
    for number in range(2, 12):
        story.happens(nth(number), at=of(number)["starts_at"] + 2 * HOUR)
    kept = [one.session_id for one in story.case.history.check_ins]
    assert kept == [SESSION, *(of(number)["session_id"] for number in range(12 - REMEMBERED_CHECK_INS, 12))]
    assert TALK in story.rules


def test_a_case_from_before_there_were_check_ins_is_read_and_one_with_them_survives_being_stored():
    story = told(checked_in(steps=NOT_DONE, wants_to_talk="week"))
    stored = HISTORY.dump_json(story.case.history)
    assert HISTORY.validate_json(stored) == story.case.history
    old = HISTORY.validate_json(b'{"sessions": [], "handled": []}')
    assert old.check_ins == ()


def test_the_lead_can_take_it():
    story = told(checked_in(wants_to_talk="today"))
    story.happens(taken(story.alert(TALK), LEAD), at=AFTER + timedelta(minutes=5))
    assert story.alert(TALK).state == "acknowledged"
