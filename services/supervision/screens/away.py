"""The page about absences: who is away until when, who stands in, and whom one may choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.supervision.screens import said
from services.supervision.screens.facts import Staff

INSTANT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Entered:
    """What somebody typed, kept for a form that comes back."""

    person: str = ""
    delegate: str = ""
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    heading: str
    fact: str
    end: str | None  # the button's words, where one may


@dataclass(frozen=True, slots=True)
class Away:
    lines: tuple[Line, ...]
    people: tuple[tuple[str, str], ...]  # id, name: whose absence one may enter
    delegates: tuple[tuple[str, str], ...]


def page(found: Sequence[dict[str, Any]], staff: Sequence[dict[str, Any]], viewer: Staff, now: datetime) -> Away:
    named = tuple((str(one["person_id"]), f"{one['name']}, {_role(one['role'])}") for one in staff)
    me = str(viewer.id)
    return Away(
        lines=tuple(_line(one, viewer, now) for one in found),
        people=named if viewer.leads else (),
        delegates=named if viewer.leads else tuple(one for one in named if one[0] != me),
    )


def standing_in(found: Sequence[dict[str, Any]], viewer: Staff, now: datetime) -> str:
    """One sentence for Today and Alerts, while it lasts."""
    mine = [one for one in found if one["delegate_id"] == viewer.id and one["from_at"] <= now]
    parts = [f"{one['name']} until {_last(one, now)}" for one in mine]
    return f"You stand in for {said.listed(parts)}." if parts else ""


def _line(one: dict[str, Any], viewer: Staff, now: datetime) -> Line:
    me, stands_in = one["person_id"] == viewer.id, one["delegate_id"] == viewer.id
    who = "You are" if me else f"{one['name']} is"
    begun = one["from_at"] <= now
    days = f"until {_last(one, now)}" if begun else f"from {said.day(one['from_at'], now, one['time_zone'])} to {_last(one, now)}"
    theirs = "your" if me else "their"
    fact = f"{'You stand' if stands_in else one['delegate'] + ' stands'} in: {theirs} mentors, briefs and alerts."
    may = me or viewer.leads
    back = ("I am back" if me else f"{said.first_name(one['name'])} is back") if begun else "Take this back"
    return Line(one["absence_id"], f"{who} away {days}", fact, back if may else None)


def _last(one: dict[str, Any], now: datetime) -> str:
    return said.day(one["until_at"] - INSTANT, now, one["time_zone"])


def _role(role: str) -> str:
    return "site lead" if role == "site_lead" else "supervisor"
