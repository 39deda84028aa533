"""The words in which trigger tells the others of a session: each event built in one place."""

from datetime import datetime
from typing import Literal

from services.trigger.moments import LAST_CHANCE, Moment
from services.trigger.session import Described, Session, Status
from shared.contracts.trigger import NudgeRequested, SessionPlanned, SessionStatus, TrainingOverdue
from shared.contracts.vocabulary import vocabulary

SAID: dict[Status, SessionStatus] = {
    Status.PLANNED: "planned",
    Status.CANCELLED: "cancelled",
    Status.HELD: "held",
    Status.NOT_HELD: "not_held",
}

REMINDERS: dict[Moment, Literal["nudge", "last_call", "check_in"]] = {
    Moment.NUDGE: "nudge",
    Moment.LAST_CALL: "last_call",
    Moment.CHECK_IN: "check_in",
}


def published(session: Session, told: Described, now: datetime) -> SessionPlanned:
    return _planned(session, told, SAID[session.status], now)


def moved_away(session: Session, told: Described, now: datetime) -> SessionPlanned:
    """For the mentor it was taken from."""
    return _planned(session, told, "moved_away", now)


def function_of(activity: str) -> str:
    """Empty for an activity that is out of scope for mentors: no function covers it."""
    found = vocabulary().activities.get(activity)
    return found.function if found else ""


def reminder(session: Session, told: Described, moment: Moment) -> NudgeRequested:
    return NudgeRequested(
        mentor_id=told.mentor_id,
        site_id=session.site_id,
        session_id=session.id,
        training_id=session.training_id,
        moment=REMINDERS[moment],
    )


def training_overdue(session: Session, told: Described, assigned_at: datetime) -> TrainingOverdue:
    assert session.training_id is not None, "only a training that was asked for can be overdue"
    return TrainingOverdue(
        mentor_id=told.mentor_id,
        site_id=session.site_id,
        session_id=session.id,
        training_id=session.training_id,
        starts_at=told.starts_at,
        assigned_at=assigned_at,
        activity=told.activity,
    )


def _planned(session: Session, told: Described, status: SessionStatus, now: datetime) -> SessionPlanned:
    return SessionPlanned(
        session_id=session.id,
        site_id=session.site_id,
        mentor_id=told.mentor_id,
        mentee_ref=told.mentee_ref,
        starts_at=told.starts_at,
        time_zone=told.time_zone,
        minutes=_minutes(session, told),
        activity=told.activity,
        function=function_of(told.activity),
        focus=told.focus,
        mode=told.mode,
        stage=session.stage,
        session_no=session.session_no,
        quiz_by=session.quiz_by or told.starts_at - LAST_CHANCE,
        status=status,
        revision=session.plan,
        changed_at=now,
    )


def _minutes(session: Session, told: Described) -> int:
    """As held, once that is known."""
    held = session.verdict.minutes if session.verdict and session.status is Status.HELD else None
    return told.minutes if held is None else held
