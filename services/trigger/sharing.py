"""Sessions that a mentor has on one day share a training: which one that is, and which of them reminds of it. Pure.

Its id is made of mentor and day. So sessions that are decided at once, by whichever worker, ask for the same one, and
content, which holds the mentor's row, chooses it once.
"""

from datetime import UTC, date
from uuid import UUID

from services.trigger.moments import Moment
from services.trigger.session import Facts, Nearby, Outcome, Session, as_nearby
from services.trigger.zones import find_zone
from shared.contracts import ids


def training_of(session: Session, facts: Facts) -> UUID:
    """That of the day; or one that came with a session which was moved here, unless it is done: that was for another day."""
    own = as_nearby(session)
    came = (other for other in facts.nearby if other.on and not other.completed and day(other) == day(own))
    return next((other.training_id for other in came if other.training_id), of_day(own))


def of_day(one: Nearby) -> UUID:
    return ids.training(one.mentor_id, day(one))


def day(one: Nearby) -> date:
    """On the mentor's own calendar."""
    return one.starts_at.astimezone(find_zone(one.mentor_zone) or UTC).date()


def why_silent(session: Session, moment: Moment, facts: Facts) -> str | None:
    """Another session has reminded of this training, or will: the first one that takes place does."""
    return "shared" if any(_speaks(other, session, moment) for other in facts.nearby) else None


def _speaks(other: Nearby, session: Session, moment: Moment) -> bool:
    if (other.training_id or _coming(other)) != session.training_id:
        return False
    if mark := other.done(moment):
        return mark.outcome is Outcome.FIRED and (other.on or moment is not Moment.QUIZ_BY)
    return other.on and _before(other, session)


def _coming(other: Nearby) -> UUID | None:
    """What will be asked for it, if its time has not come yet."""
    return None if other.done(Moment.ASSIGN) else of_day(other)


def _before(other: Nearby, session: Session) -> bool:
    assert session.described is not None, "a session that was told has a start"
    return (other.starts_at, other.id.bytes) < (session.described.starts_at, session.id.bytes)
