"""Builders of the trigger tests: a session as its site tells it, the facts around it, and time passing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.trigger import domain, zones
from services.trigger.copies import Mentor, Site, Training
from services.trigger.session import Facts, Session, Told
from shared.contracts import ids
from shared.contracts.assessment import SkillRemembered, TrainingCompleted
from shared.contracts.content import TrainingAssigned
from shared.contracts.event import Due, Event, Refused
from shared.contracts.site import SessionCancelled, SessionHeld, SessionScheduled
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.trigger import ContentRequested

CHICAGO = "America/Chicago"
START = datetime(2026, 12, 10, 22, tzinfo=UTC)  # a Thursday, 4:00 pm in Chicago
LONG_BEFORE = START - timedelta(days=30)
Taken = tuple[Session, list[Event]]
MENTOR = ids.mentor("east", "m1")


def afternoon(days: int) -> datetime:
    """In so many days, outside every quiet hour: with the database's clock there is no choosing the time of a test."""
    return datetime.combine(datetime.now(UTC).date() + timedelta(days=days), START.timetz())


def scheduled(starts_at: datetime = START, **changes: Any) -> SessionScheduled:
    told = {
        "session_ref": "s1",
        "site_id": "east",
        "mentor_ref": "m1",
        "starts_at": starts_at,
        "time_zone": CHICAGO,
        "activity": "homework_help",
    }
    return SessionScheduled(**told | changes)


def cancelled(revision: int = 0, session_ref: str = "s1") -> SessionCancelled:
    return SessionCancelled(session_ref=session_ref, site_id="east", revision=revision)


def held(held: bool = True, revision: int = 0, minutes: int | None = None) -> SessionHeld:
    return SessionHeld(session_ref="s1", site_id="east", held=held, minutes=minutes, revision=revision)


def a_mentor(ref: str = "m1", **changes: Any) -> Mentor:
    mentor = Mentor(ids.mentor("east", ref), "east", CHICAGO, "en", True, (), (), 1)
    return replace(mentor, **changes)


def a_site(**changes: Any) -> Site:
    return replace(Site("east", CHICAGO, ("state_hotline", "reporting_steps", "staff_on_call"), True, 1), **changes)


def enrolled(ref: str = "m1", **changes: Any) -> MentorEnrolled:
    told = {"mentor_id": ids.mentor("east", ref), "site_id": "east", "supervisor_id": None, "time_zone": CHICAGO, "revision": 1}
    return MentorEnrolled(**told | changes)


def site_described(**changes: Any) -> SiteDescribed:
    told = {"site_id": "east", "name": "East", "phone": "555-0100", "time_zone": CHICAGO, "revision": 1}
    return SiteDescribed(**told | changes)


def facts(event: SessionScheduled | None = None, **changes: Any) -> Facts:
    """Everything known: the mentor, the site. `event`: as the door reads it."""
    event = event or scheduled()
    told = Told(ids.mentor("east", event.mentor_ref), None, zones.told(event.starts_at, event.time_zone))
    known = Facts(
        session_id=ids.session("east", event.session_ref),
        told=told,
        mentor=a_mentor(event.mentor_ref),
        site=a_site(),
    )
    return replace(known, **changes)


def remembered(skill: str, recall: float, at: datetime = START, **changes: Any) -> SkillRemembered:
    """A skill with that recall at that time: reviewed just as long ago."""
    decay = 0.5
    factor = 0.9 ** (1 / -decay) - 1
    days = (recall ** (1 / -decay) - 1) / factor
    told = {
        "mentor_id": MENTOR,
        "site_id": "east",
        "skill": skill,
        "stability": 1.0,
        "difficulty": 5.0,
        "decay": decay,
        "reviewed_at": at - timedelta(days=days),
        "revision": 1,
    }
    return SkillRemembered(**told | changes)


def told_of(session: Session | None, event: SessionScheduled, now: datetime = LONG_BEFORE, **known: Any) -> Taken:
    return taken(domain.scheduled(session, event, now, facts(event, **known)))


def a_session(starts_at: datetime = START, now: datetime = LONG_BEFORE, **changes: Any) -> Session:
    return told_of(None, scheduled(starts_at, **changes), now)[0]


def taken(decided: domain.Decided) -> Taken:
    assert not isinstance(decided, Refused), decided
    return decided


def pass_time(session: Session, until: datetime, late: timedelta = timedelta(0), **known: Any) -> Taken:
    """Lets every clock up to `until` come due, each on time or `late`."""
    events: list[Event] = []
    while session.due_at and session.due_at <= until:
        session, new = taken(domain.due(session, Due(), session.due_at + late, facts(**known)))
        events += new
    return session, events


def fired(session: Session) -> list[tuple[str, datetime]]:
    return [(mark.moment.value, mark.acted_at) for mark in session.marks if mark.outcome == "fired"]


def why(session: Session) -> dict[str, str]:
    """What did not happen, and why."""
    return {mark.moment.value: mark.why for mark in session.marks if mark.why}


def training(assigned_at: datetime | None = None, completed_at: datetime | None = None, nothing: bool = False) -> Training:
    session = a_session()
    return Training(session.training_id, session.id, MENTOR, "east", assigned_at, completed_at, nothing)


def of(kind: type[Event], events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def training_assigned(request: ContentRequested) -> TrainingAssigned:
    return TrainingAssigned(
        training_id=request.request_id,
        session_id=request.session_id,
        mentor_id=request.mentor_id,
        site_id=request.site_id,
        starts_at=request.starts_at,
        time_zone=request.time_zone,
        locale=request.locale,
        kind="module",
        items=(),
        quiz_by=request.quiz_by,
        reasons=(),
    )


def training_completed(request: ContentRequested) -> TrainingCompleted:
    return TrainingCompleted(
        mentor_id=request.mentor_id,
        site_id=request.site_id,
        session_id=request.session_id,
        starts_at=request.starts_at,
        training_id=request.request_id,
        items=(),
        completed_at=request.quiz_by - timedelta(hours=1),
    )
