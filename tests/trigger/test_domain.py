"""A session's life: announced, moved, cancelled, held, and what the clock makes of it."""

from datetime import UTC, datetime, time, timedelta

import pytest

from services.trigger import domain
from services.trigger.moments import Timing
from services.trigger.policy import Policy
from services.trigger.session import Mark, Missing, Next, Outcome, Session, Status
from services.trigger.zones import OFFSET_DISAGREES
from shared.contracts import ids
from shared.contracts.event import Due, Refused
from shared.contracts.supervision import Clearance
from shared.contracts.trigger import ContentRequested, DecisionMade, NudgeRequested, SessionPlanned, TrainingOverdue
from tests.trigger.building import (
    CHICAGO,
    LONG_BEFORE,
    MENTOR,
    START,
    a_mentor,
    a_session,
    cancelled,
    facts,
    fired,
    of,
    pass_time,
    remembered,
    scheduled,
    taken,
    told_of,
    training,
    why,
)

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
AFTER = START + 2 * DAY
OTHER = ids.mentor("east", "m2")


def cancel(session: Session | None, revision: int = 0, now: datetime = LONG_BEFORE) -> domain.Decided:
    return domain.cancelled(session, cancelled(revision), now, facts())


def test_an_announced_session_is_published_and_waits_for_its_training():
    session, events = told_of(None, scheduled())
    assert session.next is not None
    assert (session.status, session.next.at) == (Status.PLANNED, START - DAY)
    assert events == [
        SessionPlanned(
            session_id=session.id,
            site_id="east",
            mentor_id=MENTOR,
            starts_at=START,
            time_zone=CHICAGO,
            minutes=45,
            activity="homework_help",
            function="academic_help",
            quiz_by=START - 3 * HOUR,
            revision=1,
            changed_at=LONG_BEFORE,
        )
    ]


def test_five_moments_come_once_each_and_the_decision_belongs_to_the_first():
    session, events = pass_time(a_session(), AFTER, training=training(assigned_at=START - DAY))
    assert fired(session) == [
        ("assign", START - DAY),
        ("nudge", START - 5 * HOUR),
        ("quiz_by", START - 3 * HOUR),
        ("last_call", START - 30 * MINUTE),
        ("check_in", START + 60 * MINUTE),
    ]
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["DecisionMade", "ContentRequested", "NudgeRequested", "TrainingOverdue", "NudgeRequested", "NudgeRequested"]
    assert session.due_at is None


def test_the_decision_is_logged_with_probability_one_and_what_was_known():
    memory = {"homework_coaching": remembered("homework_coaching", 0.5)}
    _, events = pass_time(a_session(), START - DAY, memory=memory)
    decision, request = of(DecisionMade, events)[0], of(ContentRequested, events)[0]
    assert [(arm.name, arm.probability) for arm in decision.arms] == [("send", 1.0)]
    assert (decision.available, decision.arm, decision.policy_version) == (True, "send", 0)
    assert decision.top_need == request.needs[0].need
    assert request.site_variables == ("state_hotline", "reporting_steps", "staff_on_call")
    assert (request.assumed, request.recall_only, len(request.needs)) == (("stage",), False, 3)


def test_a_session_that_needs_nothing_new_asks_for_recall_only():
    fresh = (
        "homework_coaching",
        "process_feedback",
        "planner_routines",
        "open_questions",
        "confidentiality_limits",
        "disclosure_response",
        "crisis_response",
        "boundaries",
        "calm_presence",
        "digital_safety",
    )
    cleared = a_mentor(clearances=(Clearance(function="academic_help", state="cleared"),))
    memory = {skill: remembered(skill, 0.98) for skill in fresh}
    _, events = pass_time(a_session(), START - DAY, memory=memory, mentor=cleared)
    assert of(ContentRequested, events)[0].recall_only


def test_a_mentor_who_is_done_gets_no_reminder_and_nobody_is_told_of_a_missed_deadline():
    done = training(assigned_at=START - DAY, completed_at=START - 20 * HOUR)
    session, events = pass_time(a_session(), AFTER, training=done)
    assert [event.moment for event in of(NudgeRequested, events)] == ["check_in"]
    assert of(TrainingOverdue, events) == []
    assert why(session) == {"nudge": "completed", "last_call": "completed"}


def test_where_no_training_suited_nobody_is_reminded_of_one():
    session, events = pass_time(a_session(), AFTER, training=training(nothing=True))
    assert [event.moment for event in of(NudgeRequested, events)] == ["check_in"]
    assert why(session) == dict.fromkeys(("nudge", "quiz_by", "last_call"), "nothing_suitable")


def test_a_training_that_was_never_assigned_is_not_overdue():
    _, events = pass_time(a_session(), AFTER)
    assert of(TrainingOverdue, events) == []


def test_a_missed_deadline_names_the_training_and_when_it_was_assigned():
    session, events = pass_time(a_session(), START - 3 * HOUR, training=training(assigned_at=START - 23 * HOUR))
    assert of(TrainingOverdue, events) == [
        TrainingOverdue(
            mentor_id=MENTOR,
            site_id="east",
            session_id=session.id,
            training_id=session.training_id,
            starts_at=START,
            assigned_at=START - 23 * HOUR,
            activity="homework_help",
        )
    ]


@pytest.mark.parametrize(
    ("late", "missing"),
    [
        (20 * MINUTE, {}),
        (21 * MINUTE, {"nudge": "too_late", "last_call": "too_late"}),
    ],
)
def test_reminders_are_skipped_when_they_would_come_too_late(late: timedelta, missing: dict[str, str]):
    session, _ = pass_time(a_session(), AFTER, late, training=training(assigned_at=START - DAY))
    assert why(session) == missing


def test_after_a_long_outage_the_training_is_assigned_late_without_an_immediate_reminder():
    now = START - 4 * HOUR
    session, events = taken(domain.due(a_session(), Due(), now, facts()))
    assert [type(event) for event in events] == [DecisionMade, ContentRequested]
    assert (why(session), session.next) == ({"nudge": "no_room"}, Next(domain.Moment.QUIZ_BY, START - 3 * HOUR))


def test_a_training_assigned_after_its_deadline_gets_a_new_one_and_everyone_hears_of_it():
    now = START - HOUR
    session, events = taken(domain.due(a_session(), Due(), now, facts()))
    assert [type(event) for event in events] == [SessionPlanned, DecisionMade, ContentRequested]
    assert (session.quiz_by, events[0].quiz_by, events[2].quiz_by) == (START - 15 * MINUTE,) * 3


def test_a_training_that_can_no_longer_be_done_in_time_is_decided_against():
    session, events = taken(domain.due(a_session(), Due(), START - 15 * MINUTE, facts()))
    decision = of(DecisionMade, events)[0]
    assert (decision.available, decision.reason, decision.arm) == (False, "too_late", "none")
    assert of(ContentRequested, events) == []
    assert why(session)["assign"] == "too_late"


def test_an_outage_of_days_fires_each_moment_once_or_says_why_not():
    session, events = taken(domain.due(a_session(), Due(), START + 3 * DAY, facts()))
    assert session.due_at is None
    assert {mark.moment.value for mark in session.marks} == {"assign", "nudge", "quiz_by", "last_call", "check_in"}
    assert [type(event) for event in events if not isinstance(event, SessionPlanned)] == [DecisionMade]


def test_a_session_announced_inside_the_lead_time_is_assigned_at_once():
    now = START - 4 * HOUR
    session = a_session(now=now)
    assert (session.next, why(session)) == (Next(domain.Moment.ASSIGN, now), {"nudge": "already_past"})
    session, events = pass_time(session, now)
    assert len(of(ContentRequested, events)) == 1
    assert session.next == Next(domain.Moment.QUIZ_BY, START - 3 * HOUR)


def test_a_session_announced_after_its_quiz_deadline_has_one_fifteen_minutes_before_the_start():
    now = START - 2 * HOUR
    session, events = told_of(None, scheduled(), now)
    assert of(SessionPlanned, events)[0].quiz_by == START - 15 * MINUTE
    session, _ = pass_time(session, AFTER, training=training(assigned_at=now))
    assert fired(session) == [
        ("assign", now),
        ("last_call", START - 30 * MINUTE),
        ("quiz_by", START - 15 * MINUTE),
        ("check_in", START + HOUR),
    ]


def test_a_session_announced_when_it_is_over_fires_nothing_but_says_why():
    session, events = told_of(None, scheduled(), START + DAY)
    assert [type(event) for event in events] == [SessionPlanned]
    assert session.due_at is None
    assert why(session) == dict.fromkeys(("nudge", "quiz_by", "last_call", "check_in"), "already_past") | {"assign": "too_late"}


def test_a_reminder_that_would_come_before_its_training_is_dropped():
    early = Policy(timing=Timing(nudge=23 * HOUR, quiet_from=time(0), quiet_to=time(0)))
    on_time, _ = pass_time(a_session(), START - DAY, policy=early)
    assert on_time.next == Next(domain.Moment.NUDGE, START - 23 * HOUR)
    late, _ = pass_time(a_session(), START - DAY, late=2 * HOUR, policy=early)
    assert why(late) == {"nudge": "no_room"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"activity": "juggling"}, "unknown_activity"),
        ({"time_zone": "Mars/Olympus"}, "unknown_time_zone"),
        ({"starts_at": datetime(9999, 12, 31, tzinfo=UTC)}, "start_out_of_range"),
    ],
)
def test_what_nobody_can_plan_is_refused_with_a_reason(changes: dict[str, object], reason: str):
    event = scheduled(**changes)
    assert domain.scheduled(None, event, LONG_BEFORE, facts(event)) == Refused(reason)


def test_an_activity_out_of_scope_is_planned_for_the_alert_but_never_trained():
    session, events = told_of(None, scheduled(activity="risk_assessment"))
    assert [(e.activity, e.function) for e in of(SessionPlanned, events)] == [("risk_assessment", "")]
    session, events = pass_time(session, START - DAY)
    assert [(e.available, e.reason) for e in of(DecisionMade, events)] == [(False, "out_of_scope_activity")]
    assert of(ContentRequested, events) == []


def test_a_focus_that_nobody_trains_is_left_out_with_a_warning():
    session = a_session(focus=("open_questions", "juggling"))
    assert session.described and session.described.focus == ("open_questions",)
    assert session.described.warnings == ("unknown_focus",)


def test_an_offset_that_disagrees_with_its_zone_is_kept_on_the_session():
    event = scheduled(datetime.fromisoformat("2026-12-10T16:00:00-05:00"))
    session, _ = told_of(None, event)
    assert session.described and (session.described.starts_at, session.described.warnings) == (START, (OFFSET_DISAGREES,))


def test_a_mentor_who_has_left_gets_no_training():
    session, events = pass_time(a_session(), START - DAY, mentor=a_mentor(active=False))
    assert [(e.available, e.reason) for e in of(DecisionMade, events)] == [(False, "mentor_left")]
    assert session.marks == (Mark(domain.Moment.ASSIGN, Outcome.SKIPPED, START - DAY, START - DAY, "mentor_left"),)


@pytest.mark.parametrize(("unknown", "missing"), [({"mentor": None}, Missing.MENTOR), ({"site": None}, Missing.SITE)])
def test_a_session_of_someone_unknown_waits_and_looks_again_less_and_less_often(unknown: dict[str, None], missing: Missing):
    session, events = told_of(None, scheduled(), LONG_BEFORE, **unknown)
    assert (session.status, events, session.next) == (Status.WAITING, [], None)
    gaps, before = [], LONG_BEFORE
    for _ in range(9):
        assert session.waiting and session.due_at and session.waiting.missing is missing
        gaps.append((session.due_at - before).total_seconds())
        before = session.due_at
        session, events = taken(domain.due(session, Due(), before, facts(**unknown)))
        assert events == []
    assert gaps == [10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_a_session_wakes_when_the_fact_is_there_and_is_planned_as_if_announced_now():
    session, _ = told_of(None, scheduled(), START - 30 * HOUR, mentor=None)
    now = START - 4 * HOUR
    session, events = taken(domain.due(session, Due(), now, facts()))
    assert [type(event) for event in events] == [SessionPlanned, DecisionMade, ContentRequested]
    assert why(session) == {"nudge": "already_past"}
    assert session.due_at and session.due_at > now


def test_a_session_still_unknown_a_day_after_its_start_is_given_up():
    session, _ = told_of(None, scheduled(), START, mentor=None)
    session, events = pass_time(session, START + DAY - timedelta(seconds=1), mentor=None)
    assert (session.status, session.due_at, events) == (Status.WAITING, START + DAY, [])
    session, events = pass_time(session, START + DAY, mentor=None)
    assert (session.status, session.due_at, events) == (Status.UNKNOWN_MENTOR, None, [])


def test_a_waiting_session_can_be_cancelled_or_moved():
    session, _ = told_of(None, scheduled(), LONG_BEFORE, mentor=None)
    gone, _ = taken(cancel(session))
    assert (gone.status, gone.due_at) == (Status.CANCELLED, None)
    moved, events = told_of(session, scheduled(mentor_ref="m2", revision=1))
    assert (moved.status, [e.status for e in of(SessionPlanned, events)]) == (Status.PLANNED, ["planned"])


def test_a_session_moved_to_someone_unknown_ends_for_the_first_and_waits():
    session, events = told_of(a_session(), scheduled(mentor_ref="m2", revision=1), LONG_BEFORE, mentor=None)
    assert [(e.mentor_id, e.status) for e in of(SessionPlanned, events)] == [(MENTOR, "moved_away")]
    assert (session.status, session.next) == (Status.WAITING, None)
