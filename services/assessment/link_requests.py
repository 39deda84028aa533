"""A mentor whose link has expired asks for a new one: once in 24 hours, however often it is pressed. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.assessment.messages import LinkAsked
from shared.contracts.assessment import LinkRequested
from shared.contracts.event import Event, Refused

ONCE_IN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """A mentor's last request."""

    mentor_id: UUID
    site_id: str
    training_id: UUID
    requested_at: datetime


Decided = tuple[LinkRequest, list[Event]] | Refused


def asked(last: LinkRequest | None, event: LinkAsked, now: datetime, _: None) -> Decided:
    if last and now - last.requested_at < ONCE_IN:
        return Refused("already_requested")
    this = LinkRequest(event.mentor_id, event.site_id, event.training_id, now)
    told = LinkRequested(mentor_id=this.mentor_id, site_id=this.site_id, training_id=this.training_id, requested_at=now)
    return this, [told]
