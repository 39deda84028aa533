"""Builders of the tests of imports: a calendar file as lines, what an import of it would tell, and what it has told then."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from services.trigger import calendars, imports
from services.trigger.calendar_parts import Window
from services.trigger.imports import Asked, Plan, Said

CHICAGO = ZoneInfo("America/Chicago")
AUTUMN = Window(datetime(2026, 10, 1, tzinfo=CHICAGO), datetime(2026, 12, 1, tzinfo=CHICAGO))
DANA = Asked("eastfield", "dana", "check_in")


def calendar(*lines: str, method: str = "PUBLISH") -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", f"METHOD:{method}", *lines, "END:VCALENDAR", "")).encode()


def event(
    *lines: str, uid: str = "one", start: str = "20261006T153000", minutes: int = 45, zone: str = "America/Chicago"
) -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", f"DTSTART;TZID={zone}:{start}", f"DURATION:PT{minutes}M", *lines, "END:VEVENT")


SERIES = event("RRULE:FREQ=WEEKLY;COUNT=6", uid="series")
THIRD_CANCELLED = event("RECURRENCE-ID:20261020T203000Z", "STATUS:CANCELLED", uid="series", start="20261020T153000")


def plan(data: bytes, said: Mapping[str, Said] | None = None, asked: Asked = DANA, window: Window = AUTUMN) -> Plan:
    return imports.plan(calendars.read(data, CHICAGO, window), asked, said or {}, window)


def after(data: bytes, said: Mapping[str, Said] | None = None, asked: Asked = DANA) -> dict[str, Said]:
    """What the source has said once the file is imported."""
    changes = plan(data, said, asked).changes
    return {**(said or {}), **{change.event.session_ref: change.said for change in changes}}


def told(found: Plan) -> list[tuple[str, str, int]]:
    return [(change.kind, change.event.session_ref, change.event.revision) for change in found.changes]
