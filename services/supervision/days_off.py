"""A site's days that were called off: one alert for each supervisor, with the sessions that it is about. Pure.

The sessions are told of one by one. The alert waits until no more have come for some seconds, and closes by itself when
none of them is called off any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.supervision.messages import DayNoted
from shared.contracts import ids
from shared.contracts.event import Due, Event, Refused
from shared.contracts.supervision import CalledOff, DayCalledOff, DayCalledOffClosed
from shared.contracts.trigger import SessionBroughtBack, SessionCalledOff

SETTLES = timedelta(seconds=5)
LONGEST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Off:
    """A session that is called off, and whose supervisor is told."""

    mentor_id: UUID
    supervisor_id: UUID | None
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """One supervisor's alert. `sessions`: those that it last told of."""

    supervisor_id: UUID | None
    sessions: tuple[UUID, ...]
    at: datetime
    state: Literal["open", "noted", "lifted"] = "open"
    noted_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class DayOff:
    """`began_at`: when the first word came that no alert has told of yet."""

    cancellation_id: UUID
    site_id: str
    first_day: date
    day_after: date
    reason: str
    off: Mapping[UUID, Off] = field(default_factory=dict)  # by session
    notices: tuple[Notice, ...] = ()
    began_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    supervisor_id: UUID | None = None


Decided = tuple[DayOff, list[Event]] | Refused


def called_off(state: DayOff | None, event: SessionCalledOff, now: datetime, facts: Facts) -> Decided:
    day = state or DayOff(event.cancellation_id, event.site_id, event.first_day, event.day_after, event.reason)
    off = {**day.off, event.session_id: Off(event.mentor_id, facts.supervisor_id, event.starts_at)}
    return _settling(replace(day, off=off), now), []


def brought_back(state: DayOff | None, event: SessionBroughtBack, now: datetime, _: Facts) -> Decided:
    if state is None or event.session_id not in state.off:
        return Refused("not_called_off")
    off = {session: one for session, one in state.off.items() if session != event.session_id}
    return _settling(replace(state, off=off), now), []


def due(state: DayOff, _: Due, now: datetime, facts: Facts) -> Decided:
    """What each supervisor has to hear, as it stands now."""
    events: list[Event] = []
    notices = {notice.supervisor_id: notice for notice in state.notices}
    of_each: dict[UUID | None, list[UUID]] = {supervisor: [] for supervisor in notices}
    for session, one in state.off.items():
        of_each.setdefault(one.supervisor_id, []).append(session)
    for supervisor, sessions in of_each.items():
        new, told = _told(state, notices.get(supervisor), supervisor, tuple(sorted(sessions)), now)
        notices[supervisor] = new
        events += told
    return replace(state, notices=tuple(notices.values()), began_at=None, due_at=None), events


def noted(state: DayOff | None, event: DayNoted, now: datetime, _: Facts) -> Decided:
    """By its supervisor, or who stands in; a site's lead notes those of everybody."""
    whose = (event.caseload, *event.stands_in)
    still = [n for n in state.notices if n.state == "open"] if state else []
    mine = still if event.caseload is None else [n for n in still if n.supervisor_id in whose]
    if state is None or not mine:
        return Refused("nothing_to_note")
    notices = tuple(replace(n, state="noted", noted_by=event.by) if n in mine else n for n in state.notices)
    return replace(state, notices=notices), [_closed(state, n.supervisor_id, now, "noted", event.by) for n in mine]


def alert_id(cancellation_id: UUID, supervisor_id: UUID | None) -> UUID:
    return ids.after(cancellation_id, str(supervisor_id))


def _settling(day: DayOff, now: datetime) -> DayOff:
    began_at = day.began_at or now
    return replace(day, began_at=began_at, due_at=min(now + SETTLES, began_at + LONGEST))


def _told(
    day: DayOff, before: Notice | None, supervisor_id: UUID | None, sessions: tuple[UUID, ...], now: datetime
) -> tuple[Notice, list[Event]]:
    if not sessions:
        assert before is not None, "only a supervisor who was told can have none left"
        if before.state == "lifted":
            return before, []
        closing: list[Event] = [_closed(day, supervisor_id, now, "lifted")] if before.state == "open" else []
        return replace(before, sessions=(), at=now, state="lifted"), closing
    if before and before.state != "lifted" and set(sessions) <= set(before.sessions):
        return replace(before, sessions=sessions), []
    return Notice(supervisor_id, sessions, now), [_raised(day, supervisor_id, sessions, now)]


def _raised(day: DayOff, supervisor_id: UUID | None, sessions: tuple[UUID, ...], now: datetime) -> DayCalledOff:
    off = sorted((day.off[id].starts_at, id) for id in sessions)
    return DayCalledOff(
        **_common(day, supervisor_id, now),
        first_day=day.first_day,
        day_after=day.day_after,
        reason=day.reason,
        sessions=tuple(CalledOff(session_id=id, mentor_id=day.off[id].mentor_id, starts_at=at) for at, id in off),
    )


def _closed(
    day: DayOff, supervisor_id: UUID | None, now: datetime, how: Literal["noted", "lifted"], by: UUID | None = None
) -> DayCalledOffClosed:
    return DayCalledOffClosed(**_common(day, supervisor_id, now), how=how, by=by)


def _common(day: DayOff, supervisor_id: UUID | None, now: datetime) -> dict[str, Any]:
    return {
        "alert_id": alert_id(day.cancellation_id, supervisor_id),
        "site_id": day.site_id,
        "supervisor_id": supervisor_id,
        "cancellation_id": day.cancellation_id,
        "at": now,
    }
