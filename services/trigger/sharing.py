"""Sessions that a mentor has on one day share a training: which one that is, and which of them reminds of it. Pure.

Its id is made of mentor and day. So sessions that are decided at once, by whichever worker, ask for the same one, and
content, which holds the mentor's row, chooses it once.
"""

from datetime import UTC, date
from uuid import UUID

from services.trigger.moments import Moment
from services.trigger.session import Facts, Outcome, Session
from services.trigger.zones import find_zone
from shared.contracts import ids


def training_of(session: Session, facts: Facts) -> UUID:
    """That of the day; or one that came with a session which was moved here, unless it is done: that was for another day."""
    came = (one.session for one in facts.nearby if one.session.on and not one.completed and day(one.session) == day(session))
    return next((id for other in came if (id := other.training_id)), of_day(session))


def of_day(session: Session) -> UUID:
    assert session.described is not None, "a session that was told has a mentor"
    return ids.training(session.described.mentor_id, day(session))


def day(session: Session) -> date:
    """On the mentor's own calendar."""
    assert session.described is not None, "a session that was told has a start"
    return session.described.starts_at.astimezone(find_zone(session.mentor_zone) or UTC).date()


def why_silent(session: Session, moment: Moment, facts: Facts) -> str | None:
    """Another session has reminded of this training, or will: the first one that takes place does."""
    return "shared" if any(_speaks(one.session, session, moment) for one in facts.nearby) else None


def _speaks(other: Session, session: Session, moment: Moment) -> bool:
    if (other.training_id or _coming(other)) != session.training_id:
        return False
    if mark := other.done(moment):
        return mark.outcome is Outcome.FIRED and (other.on or moment is not Moment.QUIZ_BY)
    return other.on and _place(other) < _place(session)


def _coming(other: Session) -> UUID | None:
    """What will be asked for it, if its time has not come yet."""
    return None if other.described is None or other.done(Moment.ASSIGN) else of_day(other)


def _place(session: Session) -> tuple[object, ...]:
    assert session.described is not None, "a session that was told has a start"
    return (session.described.starts_at, session.id.bytes)
