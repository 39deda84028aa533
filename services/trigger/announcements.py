"""What a site has said of a session, one after another: kept from the second time on, the last twenty, in names of fields only.

A session that was announced once has none, and costs nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.trigger.session import Announcement, Described, Facts, Said, Session
from shared.contracts.event import Event, Refused
from shared.contracts.site import SessionCancelled, SessionHeld, SessionScheduled

KEPT = 20
NAMES = {
    "mentor_id": "mentor",
    "mentee_ref": "mentee",
    "starts_at": "starts_at",
    "time_zone": "time_zone",
    "minutes": "minutes",
    "activity": "activity",
    "focus": "focus",
    "mode": "mode",
    "match_stage": "match_stage",
}

FromSite = SessionScheduled | SessionCancelled | SessionHeld
Decided = tuple[Session, list[Event]] | Refused


def noting(decide: Callable[[Session | None, Any, datetime, Facts], Decided]) -> Callable[..., Decided]:
    """`decide`, with a note of what was said in the session that it changes, or would have changed."""

    def decided(session: Session | None, event: FromSite, now: datetime, facts: Facts) -> Decided:
        result = decide(session, event, now, facts)
        return result if session is None else _noted(session, result, event, now)

    return decided


def _noted(before: Session, decided: Decided, event: FromSite, now: datetime) -> Decided:
    """The same words again, taken or refused, leave no second note: a source that repeats itself would push out the rest."""
    if isinstance(decided, Refused):
        note = Announcement(_said(event), event.revision, now, refused=decided.reason)
        known = any(replace(one, at=now) == note for one in before.announcements)
        return decided if known else replace(decided, kept=_with(before, before, note))
    after, events = decided
    if after is before:
        return decided
    starts_at = after.described.starts_at if after.described and isinstance(event, SessionScheduled) else None
    note = Announcement(_said(event), event.revision, now, starts_at, changed(before.described, after.described))
    return _with(before, after, note), events


def _with(before: Session, after: Session, note: Announcement) -> Session:
    return replace(after, announcements=(*(before.announcements or _first(before)), note)[-KEPT:])


def _first(session: Session) -> tuple[Announcement, ...]:
    """What must have been said for the session to be there."""
    if told := session.described:
        return (Announcement("scheduled", told.revision, starts_at=told.starts_at),)
    said: dict[str, Said] = {"cancelled": "cancelled", "held": "held", "not_held": "not_held"}
    return (Announcement(said[session.verdict.status], session.verdict.revision),) if session.verdict else ()


def changed(before: Described | None, after: Described | None) -> tuple[str, ...]:
    """Names only. Nothing was known before: nothing has changed."""
    if before is None or after is None:
        return ()
    return tuple(name for field, name in NAMES.items() if getattr(before, field) != getattr(after, field))


def _said(event: FromSite) -> Said:
    if isinstance(event, SessionScheduled):
        return "scheduled"
    if isinstance(event, SessionCancelled):
        return "cancelled"
    return "held" if event.held else "not_held"
