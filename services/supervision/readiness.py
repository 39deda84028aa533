"""How ready a mentor says they feel after a training: the last word. It raises nothing and is compared with nothing. Pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.assessment import ReadinessTold
from shared.contracts.event import Event, Refused

SAID = {
    "not_really": "After the training, {name} said: not really ready yet.",
    "somewhat": "After the training, {name} said: somewhat ready.",
    "ready": "After the training, {name} said: ready.",
}


@dataclass(frozen=True, slots=True)
class Readiness:
    training_id: UUID
    mentor_id: UUID
    site_id: str
    ready: str
    at: datetime


def told(known: Readiness | None, event: ReadinessTold, now: datetime, _: object) -> tuple[Readiness, list[Event]] | Refused:
    if known and known.at >= event.at:
        return Refused("stale_revision")
    return Readiness(event.training_id, event.mentor_id, event.site_id, event.ready, event.at), []


def words(ready: str | None, name: str) -> str | None:
    """For the brief; a word that this version does not know is left out."""
    return SAID[ready].format(name=name) if ready in SAID else None
