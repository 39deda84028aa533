"""Days that were called off, as a supervisor is told of them: one card for each, with whose sessions are canceled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from babel.dates import format_date

from services.supervision.days_off import DayOff
from services.supervision.screens import said
from services.supervision.screens.facts import Mentor, Staff
from shared.pages import times

REASONS = {"snow_day": "Snow day", "holiday": "Holiday", "staff_absence": "Staff absence"}
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Card:
    id: UUID
    sessions: frozenset[UUID]
    heading: str
    summary: str
    lines: tuple[str, ...]
    more: str


def cards(days: Iterable[DayOff], mentors: Mapping[UUID, Mentor], viewer: Staff, now: datetime) -> tuple[Card, ...]:
    found = ((day, _lines(day, mentors, viewer, now)) for day in days)
    return tuple(_card(day, lines, viewer) for day, lines in found if lines)


def concerned(day: DayOff, viewer: Staff) -> list[UUID]:
    """Sessions called off that were told and not noted: of this person and of whom they stand in for; a lead sees all."""
    open_ones = (n for n in day.notices if n.state == "open" and (viewer.leads or n.supervisor_id in viewer.looks_after))
    return [session for notice in open_ones for session in notice.sessions if session in day.off]


def live(before: Iterable[Card], after: Iterable[Card]) -> str:
    """What was called off since the page was last drawn, for its status line."""
    known = {one.id: one.sessions for one in before}
    return next((f"Live. {one.heading}. {one.summary}" for one in after if one.sessions - known.get(one.id, frozenset())), "")


def _card(day: DayOff, lines: Sequence[str], viewer: Staff) -> Card:
    whose = "of your sessions " if not viewer.leads else "session " if len(lines) == 1 else "sessions "
    hidden = len(lines) - SHOWN
    return Card(
        id=day.cancellation_id,
        sessions=frozenset(concerned(day, viewer)),
        heading=f"{REASONS.get(day.reason, 'Canceled')} {_on(day.first_day, day.day_after)}",
        summary=f"{said.sentence(said.number(len(lines)))} {whose}{'is' if len(lines) == 1 else 'are'} canceled.",
        lines=tuple(lines[:SHOWN]),
        more=f"And {hidden} more." if hidden > 0 else "",
    )


def _lines(day: DayOff, mentors: Mapping[UUID, Mentor], viewer: Staff, now: datetime) -> list[str]:
    off = sorted((day.off[id].starts_at, mentors[day.off[id].mentor_id].name) for id in concerned(day, viewer)
                 if day.off[id].mentor_id in mentors)  # fmt: skip
    one_day = day.day_after - day.first_day == timedelta(days=1)
    return [f"{times.clock(at, viewer.zone) if one_day else said.when(at, now, viewer.zone)}, {name}" for at, name in off]


def _on(first: date, after: date) -> str:
    last = after - timedelta(days=1)
    return f"on {_said(first)}" if first == last else f"from {_said(first)} through {_said(last)}"


def _said(day: date) -> str:
    return str(format_date(day, "EEEE, MMMM d", locale="en_US"))
