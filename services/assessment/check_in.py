"""After the session: what its mentor says of it, once, and until midnight what they say instead. Pure.

The last word stands. Each planned step that is new or different is told by itself, for the memory of its skill.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts import ids
from shared.contracts.assessment import CallRequested, CheckedStep, CheckInSubmitted, Done, Feeling, StepChecked, WantsToTalk
from shared.contracts.event import Event, Part, Refused
from shared.contracts.trigger import SessionPlanned
from shared.contracts.vocabulary import Step, vocabulary
from shared.pages import times

OPEN_FOR = timedelta(hours=72)  # after the session's end
KEPT_FOR = timedelta(hours=48)  # what a phone kept meanwhile is taken this long after that
Reason = Literal["session_canceled", "session_not_over", "too_late", "sent_already"]


class CheckInSent(Event):
    """The form as it was posted: comes in by HTTP and never leaves this service."""

    TYPE = "assessment.check_in_sent.v1"
    KEY = "session_id"

    session_id: UUID
    mentor_id: UUID
    happened: bool
    steps: dict[str, Done] = Field(default_factory=dict, description="by the step's code; empty when they did not meet")
    confidence: Feeling | None = None
    wants_to_talk: WantsToTalk
    said_at: AwareDatetime | None = Field(None, description="when it was kept on the phone first; else None")


class CheckInCallPressed(Event):
    """The mentor asks for a call, from the page of a check-in."""

    TYPE = "assessment.check_in_call_pressed.v1"
    KEY = "session_id"

    session_id: UUID
    mentor_id: UUID
    kind: Literal["now", "can_wait"]


class Said(Part):
    happened: bool
    steps: tuple[CheckedStep, ...] = ()
    confidence: Feeling | None = None
    wants_to_talk: WantsToTalk


@dataclass(frozen=True, slots=True)
class CheckIn:
    session_id: UUID
    mentor_id: UUID
    site_id: str
    said: Said
    sent_at: datetime
    changed_at: datetime
    revision: int

    @property
    def id(self) -> UUID:
        return check_in_id(self.session_id, self.mentor_id)


@dataclass(frozen=True, slots=True)
class Facts:
    """`session`: None until its own event has arrived. `zone`: the mentor's."""

    session: SessionPlanned | None = None
    zone: str = "UTC"


Decided = tuple[CheckIn, list[Event]] | Refused
Pressed = tuple[CheckIn | None, list[Event]] | Refused


def check_in_id(session_id: UUID, mentor_id: UUID) -> UUID:
    """One for each mentor of a session: a session may change its mentor."""
    return ids.after(session_id, f"check_in/{mentor_id}")


def ends_at(session: SessionPlanned) -> datetime:
    return session.starts_at + timedelta(minutes=session.minutes)


def planned_steps(session: SessionPlanned) -> tuple[Step, ...]:
    """None of an activity that this version does not know."""
    activity = vocabulary().activities.get(session.activity)
    return activity.steps if activity else ()


def standing(check_in: CheckIn | None, session: SessionPlanned) -> CheckIn | None:
    """What was said of a session that was moved to a later time afterwards was not said of this one."""
    return check_in if check_in and check_in.changed_at >= ends_at(session) else None


def off(session: SessionPlanned, mentor_id: UUID) -> bool:
    """Also when it is another mentor's by now."""
    return session.status in ("cancelled", "moved_away", "not_held") or session.mentor_id != mentor_id


def closed(check_in: CheckIn | None, session: SessionPlanned, mentor_id: UUID, zone: str, now: datetime) -> Reason | None:
    """Why nothing can be said of this session now, or None. What was sent on the last day can be changed until midnight, too."""
    if off(session, mentor_id):
        return "session_canceled"
    if now < ends_at(session):
        return "session_not_over"
    before = standing(check_in, session)
    if before and times.same_day(before.sent_at, zone, now):
        return None
    if now > ends_at(session) + OPEN_FOR:
        return "too_late"
    return "sent_already" if before else None


def sent(check_in: CheckIn | None, event: CheckInSent, now: datetime, facts: Facts) -> Decided:
    session = facts.session
    if session is None:
        return Refused("not_here_yet")
    before = standing(check_in, session)
    at = said_at(session, event, now)
    if reason := closed(check_in, session, event.mentor_id, facts.zone, at) or kept_for_too_long(session, now):
        return Refused(reason)
    asked = planned_steps(session) if event.happened else ()
    if event.steps.keys() != {step.code for step in asked}:
        return Refused("not_the_planned_steps")
    steps = tuple(CheckedStep(step=step.code, skill=step.skill, done=event.steps[step.code]) for step in asked)
    said = Said(happened=event.happened, steps=steps, confidence=event.confidence, wants_to_talk=event.wants_to_talk)
    if before and before.said == said:
        return before, []
    if before and at < before.changed_at:
        return Refused("said_later")
    this = CheckIn(
        session_id=session.session_id,
        mentor_id=event.mentor_id,
        site_id=session.site_id,
        said=said,
        sent_at=before.sent_at if before else at,
        changed_at=at,
        revision=check_in.revision + 1 if check_in else 1,
    )
    return this, [submitted(this, session), *changed_steps(check_in, this, session, again=before is None)]


def said_at(session: SessionPlanned, event: CheckInSent, now: datetime) -> datetime:
    """The phone's clock is believed between the session's end and now, and no further."""
    return min(max(event.said_at or now, ends_at(session)), now)


def kept_for_too_long(session: SessionPlanned, now: datetime) -> Reason | None:
    return "too_late" if now > ends_at(session) + OPEN_FOR + KEPT_FOR else None


def call_pressed(check_in: CheckIn | None, event: CheckInCallPressed, now: datetime, facts: Facts) -> Pressed:
    """Taken at any time, sent or not, closed or not, also when the session is another mentor's by now: a call for help has no
    deadline."""
    session = facts.session
    if session is None:
        return Refused("not_here_yet")
    about = session.session_id if session.mentor_id == event.mentor_id else None
    told = CallRequested(mentor_id=event.mentor_id, site_id=session.site_id, session_id=about, kind=event.kind, pressed_at=now)
    return check_in, [told]


def submitted(check_in: CheckIn, session: SessionPlanned) -> CheckInSubmitted:
    said = check_in.said
    return CheckInSubmitted(
        mentor_id=check_in.mentor_id,
        site_id=check_in.site_id,
        session_id=check_in.session_id,
        starts_at=session.starts_at,
        activity=session.activity,
        happened=said.happened,
        steps=said.steps,
        confidence=said.confidence,
        wants_to_talk=said.wants_to_talk,
        sent_at=check_in.sent_at,
        at=check_in.changed_at,
        revision=check_in.revision,
    )


def changed_steps(before: CheckIn | None, now: CheckIn, session: SessionPlanned, *, again: bool) -> list[Event]:
    """`again`: all of them, since the session has another time than when the last word was said of it."""
    was: dict[tuple[str, str], Done | None] = {(one.skill, one.step): one.done for one in before.said.steps} if before else {}
    now_said: dict[tuple[str, str], Done | None] = {(one.skill, one.step): one.done for one in now.said.steps}
    every = dict.fromkeys(was) | now_said
    return [
        StepChecked(
            mentor_id=now.mentor_id,
            site_id=now.site_id,
            session_id=now.session_id,
            starts_at=session.starts_at,
            skill=skill,
            step=step,
            done=done,
            at=now.changed_at,
            revision=now.revision,
        )
        for (skill, step), done in every.items()
        if again or was.get((skill, step)) != done
    ]
