"""A supervisor's Mondays: at 8 am on their own clock, one list of what could wait. Pure.

A site's lead gets what waits about mentors without a supervisor. Nothing is dropped: what is still open stands on the next list.
"""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.supervision.messages import PersonLeft, PersonListed
from shared.contracts.event import Due, Event, Refused
from shared.contracts.supervision import DigestReady

MONDAY = 0
AT = time(8)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Digest:
    """`sent`: the alerts of the list of this batch; it is one row, saved once and not loaded again."""

    person_id: UUID
    site_id: str
    time_zone: str
    due_at: datetime | None
    sent_at: datetime | None = None
    sent: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    waiting: tuple[UUID, ...] = ()


Decided = tuple[Digest, list[Event]] | Refused


def listed(state: Digest | None, event: PersonListed, now: datetime, _: Facts) -> Decided:
    if event.role == "mentor":
        return Refused("not_staff")
    if state and state.due_at and state.time_zone == event.time_zone:
        return state, []
    return Digest(event.person_id, event.site_id, event.time_zone, next_monday(now, event.time_zone)), []


def left(state: Digest | None, event: PersonLeft, now: datetime, _: Facts) -> Decided:
    return (replace(state, due_at=None), []) if state else Refused("no_digest")


def due(state: Digest, _: Due, now: datetime, facts: Facts) -> Decided:
    """Late is better than never; the next one is due on its own Monday all the same."""
    again = replace(state, due_at=next_monday(now, state.time_zone))
    if not facts.waiting:
        return again, []
    ready = DigestReady(supervisor_id=state.person_id, site_id=state.site_id, at=now, alert_ids=facts.waiting)
    return replace(again, sent_at=now, sent=facts.waiting), [ready]


def next_monday(now: datetime, time_zone: str) -> datetime:
    """The next Monday at 8 am there, after this instant."""
    local = now.astimezone(ZoneInfo(time_zone))
    monday = local.date() + timedelta(days=(MONDAY - local.weekday()) % 7)
    at = datetime.combine(monday, AT, local.tzinfo)
    return (at if at > local else datetime.combine(monday + WEEK, AT, local.tzinfo)).astimezone(now.tzinfo)
