"""A reminder of the check-in for the mentor's own calendar: when, and no more. Pure.

A calendar is shared, synced and shown on a locked phone, so nothing in it says what was trained, or with whom.
"""

from datetime import datetime, timedelta
from uuid import UUID

from icalendar import Calendar, Event

from services.assessment import check_in
from shared.contracts import ids
from shared.contracts.trigger import SessionPlanned
from shared.pages.languages import Language

AFTER = timedelta(minutes=15)  # the session's end; a site's policy may ask at another moment, which is not known here
TAKES = timedelta(minutes=5)


def uid(session_id: UUID) -> str:
    """The same in every calendar, so that one which has both shows the moment once."""
    return f"{ids.after(session_id, 'calendar/check_in')}@jitt"


def reminder(session: SessionPlanned, now: datetime, language: Language) -> bytes:
    """The same event as before when it is downloaded again: a session that was moved moves it."""
    event = Event()
    event.add("uid", uid(session.session_id))
    event.add("summary", language.gettext("Mentoring check-in"))
    event.add("dtstamp", now)
    event.add("dtstart", check_in.ends_at(session) + AFTER)
    event.add("duration", TAKES)
    event.add("sequence", session.revision)
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    calendar = Calendar()
    calendar.add("prodid", "-//jitt//mentoring//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    whole: bytes = calendar.to_ical()
    return whole
