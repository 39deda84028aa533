"""A person's erasure: asked for once, done by each service by itself, and over when no topic holds anything. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.supervision.messages import ErasureAsked, SupervisorLeft
from shared.contracts.event import Due, Event, Refused, Sweep
from shared.contracts.supervision import PersonErased

TOPICS_KEEP = timedelta(days=14)  # shared/contracts/topics.py; compacted ones forget within a day
Decided = tuple["Erasure", list[Event | Sweep]] | Refused


@dataclass(frozen=True, slots=True)
class Erasure:
    """`receipts`: which service was done when."""

    person_id: UUID
    site_id: str
    role: str
    asked_at: datetime
    closes_at: datetime
    receipts: Mapping[str, datetime]
    closed_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        return None if self.closed_at else self.closes_at


def asked(known: Erasure | None, event: ErasureAsked, now: datetime, _: object) -> Decided:
    """Asked again, everything is done again."""
    role: Literal["mentor", "staff"] = "mentor" if event.role == "mentor" else "staff"
    asked = Erasure(event.person_id, event.site_id, role, now, now + TOPICS_KEEP, {})
    return asked, [PersonErased(mentor_id=event.person_id, role=role, site_id=event.site_id, at=now)]


def erased(known: Erasure | None, event: PersonErased, now: datetime, _: object) -> Decided:
    """Here too. After a restore this is the first that is heard of it. Mentors of a supervisor go to the site's lead. Of whom
    nobody knows any more what they were, both is told: then it is staff's, for whom everything is looked through."""
    at = event.at or now
    known = known or Erasure(event.mentor_id, event.site_id, event.role, at, at + TOPICS_KEEP, {})
    told: list[Event | Sweep] = []
    if event.role == "staff":
        known = replace(known, role="staff")
        told.append(Sweep("mentor_case", SupervisorLeft(supervisor_id=event.mentor_id)))
    return _with(known, "supervision", now), told


def done_by(service: str) -> Callable[[Erasure | None, Any, datetime, object], Decided]:
    """A receipt of another service."""

    def done(known: Erasure | None, event: Any, now: datetime, _: object) -> Decided:
        return (_with(known, service, now), []) if known else Refused("nobody_asked")

    return done


def due(known: Erasure, _: Due, now: datetime, __: object) -> Decided:
    """The closing receipt: what was said of the person is on no topic any more."""
    return replace(known, closed_at=now), []


def _with(known: Erasure, service: str, now: datetime) -> Erasure:
    """The first one counts: what is done again found nothing."""
    return replace(known, receipts={service: now, **known.receipts})
