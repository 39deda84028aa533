"""A reader of Kafka: the alerts of its sites are copied to a topic of its own. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from services.supervision.webhook_messages import NAME
from shared.contracts.event import Event, Refused


class SubscriberAdded(Event):
    TYPE = "supervision.subscriber_added.v1"
    KEY = "name"

    name: str = Field(pattern=NAME)
    sites: tuple[str, ...] = Field(min_length=1, max_length=1_000)
    supervisor_id: UUID | None = Field(None, description="only of this supervisor's mentors")


class SubscriberRemoved(Event):
    TYPE = "supervision.subscriber_removed.v1"
    KEY = "name"

    name: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    name: str
    sites: tuple[str, ...]
    supervisor_id: UUID | None
    state: Literal["active", "removed"]
    added_at: datetime

    def sees(self, site_id: str, supervisor_id: str | None) -> bool:
        return site_id in self.sites and (self.supervisor_id is None or str(self.supervisor_id) == supervisor_id)


Decided = tuple[Subscriber, list[Event]] | Refused


def added(state: Subscriber | None, event: SubscriberAdded, now: datetime, _: Any) -> Decided:
    if state and state.state == "active":
        return Refused("name_taken")
    return Subscriber(event.name, tuple(sorted(set(event.sites))), event.supervisor_id, "active", now), []


def removed(state: Subscriber | None, _: SubscriberRemoved, now: datetime, __: Any) -> Decided:
    if state is None or state.state == "removed":
        return Refused("unknown_subscriber")
    return replace(state, state="removed"), []
