"""Days of a site on which nothing takes place: every session planned there is cancelled at once, and that can be taken back.

It means the sessions that were planned when it was told, at the revision that they had then; nothing that is told later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from services.trigger.messages import CancellationUndone, DaysCancelled, Why
from shared.contracts.event import Refused, Sweep

LONGEST = timedelta(days=366)
FIRST_YEAR, LAST_YEAR = 1971, 2199
State = Literal["under_way", "done", "being_undone", "undone"]
Meant = Mapping[UUID, int]  # sessions with the revision that their site had told
Decided = tuple["Cancellation", list[Sweep]] | Refused


class Days(NamedTuple):
    """Of a site's own calendar, up to and without `after`."""

    site_id: str
    first: date
    after: date

    def fault(self) -> str:
        """What is wrong with them, in a sentence that says what to do; empty when nothing is."""
        if not self.first < self.after:
            return "The days end before they begin. The end is the day after the last one; for a single day leave it out."
        if self.after - self.first > LONGEST:
            return "That is more than a year. Cancel fewer days at once."
        if not (self.first.year >= FIRST_YEAR and self.after.year <= LAST_YEAR):
            return f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}."
        return ""


@dataclass(frozen=True, slots=True)
class Cancellation:
    id: UUID
    days: Days
    reason: Why
    told_by: str
    told_at: datetime
    meant: Meant
    undone_at: datetime | None = None

    def means(self, session_id: UUID, revision: int) -> bool:
        return self.undone_at is None and self.meant.get(session_id) == revision


@dataclass(frozen=True, slots=True)
class Progress:
    """A cancellation as it is told. `meant`: planned when it was told; `cancelled`: by it, now; `under_way`: not all is done."""

    id: UUID
    days: Days
    reason: Why
    told_by: str
    told_at: datetime
    undone_at: datetime | None
    meant: int
    cancelled: int
    under_way: bool

    @property
    def state(self) -> State:
        if self.undone_at:
            return "being_undone" if self.under_way else "undone"
        return "under_way" if self.under_way else "done"


def days_of(event: DaysCancelled) -> Days:
    return Days(event.site_id, event.first_day, event.day_after)


def days_keys(state: Cancellation | None, event: DaysCancelled | CancellationUndone) -> Iterable[Days]:
    return (days_of(event),) if state is None and isinstance(event, DaysCancelled) else ()


def facts(
    state: Cancellation | None, event: DaysCancelled | CancellationUndone, reads: Mapping[str, Mapping[Days, Meant]]
) -> Meant | None:
    """What is planned on those days; None when the site is not known."""
    return next((reads["planned"].get(days) for days in days_keys(state, event)), None)


def told(state: Cancellation | None, event: DaysCancelled, now: datetime, planned: Meant | None) -> Decided:
    if state is not None:
        return state, []
    if planned is None:
        return Refused("unknown_site")
    cancellation = Cancellation(event.cancellation_id, days_of(event), event.reason, event.told_by, now, planned)
    return cancellation, [Sweep("session", event)] if planned else []


def undone(state: Cancellation | None, event: CancellationUndone, now: datetime, _: object) -> Decided:
    if state is None:
        return Refused("unknown_cancellation")
    if state.undone_at is not None:
        return state, []
    return replace(state, undone_at=now), [Sweep("session", event)]
