"""A mentor's sessions as a calendar that a phone subscribes to. Pure.

It says “Mentoring session” and “Mentoring check-in” and when: no skill, no activity, no young person, no site.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from services.assessment import check_in_calendar
from shared.contracts.trigger import SessionPlanned
from shared.pages.languages import Language

REFRESH = timedelta(hours=1)
TAKES_PLACE = ("planned", "held")


def calendar(sessions: Iterable[SessionPlanned], language: Language) -> bytes:
    """The same sessions always give the same bytes: a change of the file is a change of a plan."""
    _ = language.gettext
    said = Calendar()
    said.add("prodid", "-//jitt//mentor//EN")
    said.add("version", "2.0")
    said.add("method", "PUBLISH")
    said.add("name", _("Mentoring"))
    said.add("x-wr-calname", _("Mentoring"))
    said.add("refresh-interval", REFRESH, {"VALUE": "DURATION"})
    said.add("x-published-ttl", "PT1H")
    for session in sessions:
        for entry in _entries(session, language):
            said.add_component(entry)
    return bytes(said.to_ical())


def _entries(session: SessionPlanned, language: Language) -> Iterator[Event]:
    _ = language.gettext
    ends_at = session.starts_at + timedelta(minutes=session.minutes)
    yield _entry(session, f"{session.session_id}-session@jitt", _("Mentoring session"), session.starts_at, ends_at)
    asked_at, uid = ends_at + check_in_calendar.AFTER, check_in_calendar.uid(session.session_id)
    yield _entry(session, uid, _("Mentoring check-in"), asked_at, asked_at + check_in_calendar.TAKES)


def _entry(session: SessionPlanned, uid: str, summary: str, starts_at: datetime, ends_at: datetime) -> Event:
    entry = Event()
    entry.add("uid", uid)
    entry.add("summary", summary)
    entry.add("dtstart", starts_at)
    entry.add("dtend", ends_at)
    entry.add("sequence", session.revision)
    entry.add("status", "CONFIRMED" if session.status in TAKES_PLACE else "CANCELLED")
    entry.add("class", "PRIVATE")
    # A stamp must be there; where the time of the change was not told yet, any that stays the same will do.
    entry.add("dtstamp", session.changed_at or session.quiz_by)
    if session.changed_at:
        entry.add("last-modified", session.changed_at)
    return entry
