"""What a cancelled day means to the sessions it names, told to the others: called off with it, and no longer so."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from services.trigger.session import Facts, Session
from shared.contracts.event import Event, Refused
from shared.contracts.trigger import SessionBroughtBack, SessionCalledOff

Decided = tuple[Session, list[Event]] | Refused


def telling(decide: Callable[[Session | None, Any, datetime, Facts], Decided]) -> Callable[..., Decided]:
    """`decide`, and what it has changed of the session's being called off with a day."""

    def decided(session: Session | None, event: Any, now: datetime, facts: Facts) -> Decided:
        result = decide(session, event, now, facts)
        if session is None or isinstance(result, Refused):
            return result
        after, events = result
        return after, [*events, *_told(session, after, facts)]

    return decided


def _told(before: Session, after: Session, facts: Facts) -> Iterator[Event]:
    was, is_now = _with(before), _with(after)
    if was == is_now:
        return
    if was and before.described:
        yield SessionBroughtBack(
            cancellation_id=was, session_id=before.id, mentor_id=before.described.mentor_id, site_id=before.site_id
        )
    if is_now and after.described and facts.cancellation:
        days = facts.cancellation.days
        yield SessionCalledOff(
            cancellation_id=is_now,
            session_id=after.id,
            mentor_id=after.described.mentor_id,
            site_id=after.site_id,
            starts_at=after.described.starts_at,
            first_day=days.first,
            day_after=days.after,
            reason=facts.cancellation.reason,
        )


def _with(session: Session) -> UUID | None:
    return session.verdict.cancellation_id if session.verdict else None
