"""A supervisor is away, and somebody of the same site stands in for them: from one instant until another. Pure.

Nothing fires at its beginning or end: whose mentors somebody looks after is asked of the clock each time.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.supervision.messages import AbsenceEnded, AbsenceSet
from shared.contracts import ids
from shared.contracts.event import Event, Refused

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Absence:
    absence_id: UUID
    site_id: str
    person_id: UUID
    delegate_id: UUID
    from_at: datetime
    until_at: datetime
    by: UUID | None
    noted_at: datetime


Decided = tuple[Absence, list[Event]] | Refused


def entered(state: Absence | None, event: AbsenceSet, now: datetime, _: object) -> Decided:
    if state:
        return Refused("entered_already")
    if event.until_at <= max(event.from_at, now):
        return Refused("over_already")
    if event.person_id == event.delegate_id:
        return Refused("nobody_stands_in_for_themselves")
    return Absence(
        absence_id=event.absence_id,
        site_id=event.site_id,
        person_id=event.person_id,
        delegate_id=event.delegate_id,
        from_at=event.from_at,
        until_at=event.until_at,
        by=event.by,
        noted_at=now,
    ), []


def ended(state: Absence | None, event: AbsenceEnded, now: datetime, _: object) -> Decided:
    """From now on; one that has not begun never does."""
    if state is None:
        return Refused("unknown_absence")
    if state.until_at <= now:
        return Refused("over_already")
    return replace(state, from_at=min(state.from_at, now), until_at=now), []


def id_of(person_id: UUID, request: str) -> UUID:
    """The same request makes the same absence."""
    return ids.after(person_id, f"absence/{request}")


def days(first: date, last: date, time_zone: str) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last, where the person is."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(first, time(), zone), datetime.combine(last + DAY, time(), zone)
