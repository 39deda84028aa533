"""Cancelling days and taking it back, for the door and for the commands alike: looked at first, then told exactly once."""

from hashlib import sha256
from uuid import UUID, uuid4

from services.trigger import store_cancellations
from services.trigger.cancellations import Days
from services.trigger.messages import CancellationUndone, DaysCancelled, Why
from shared.contracts import ids
from shared.messaging.message import inbox_id
from shared.messaging.outcome import Outcome
from shared.running import Running

SOURCE = "cancellations"


async def count_planned(running: Running, days: Days) -> int | None:
    """How many sessions a cancellation would mean; None when the site is not known."""
    found = await store_cancellations.find_planned(running.pool, days)
    return None if found is None else len(found)


async def cancel(running: Running, days: Days, reason: Why, *, told_by: str, key: str = "") -> tuple[UUID, Outcome]:
    """`key`: the same one again is the same call. Without one, the same days for the same reason are, until they are undone."""
    principal = told_by or running.service.name
    event_id = key or _content(days, reason, await store_cancellations.count_undone(running.pool, days, reason))
    id = ids.after(inbox_id(principal, SOURCE, event_id), "cancellation")
    event = DaysCancelled(
        cancellation_id=id,
        site_id=days.site_id,
        first_day=days.first,
        day_after=days.after,
        reason=reason,
        told_by=told_by,
    )
    return id, await running.submit(event, id=event_id, source=SOURCE, principal=principal)


async def undo(running: Running, id: UUID, *, told_by: str) -> Outcome:
    """Told again it changes nothing: what is undone stays so."""
    principal = told_by or running.service.name
    return await running.submit(CancellationUndone(cancellation_id=id), id=str(uuid4()), source=SOURCE, principal=principal)


def _content(days: Days, reason: Why, undone_before: int) -> str:
    words = (days.site_id, days.first.isoformat(), days.after.isoformat(), reason, str(undone_before))
    return sha256("\0".join(words).encode()).hexdigest()
