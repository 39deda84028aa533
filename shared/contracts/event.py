"""The words every service shares: Event, Due, Sweep and Refused. Nothing here does I/O."""

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A value inside an event. Unknown fields are ignored, so that a newer producer may add some."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Event(Part):
    """Something that happened. `TYPE` ends in its version; `TOPIC` is where the relay publishes it.

    An event with an empty TOPIC comes in by HTTP or the command line only and never leaves its service.
    TOMBSTONE: it is published as a key without a value.
    """

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str] = ""
    KEY: ClassVar[str] = "mentor_id"
    TOMBSTONE: ClassVar[bool] = False

    def key(self) -> str:
        """The Kafka key: events with the same key keep their order."""
        return str(getattr(self, self.KEY))

    def whom(self) -> UUID | None:
        """The person that it is about, if any: it is refused once they were erased."""
        found: UUID | None = getattr(self, "mentor_id", None)
        return found

    def erases(self) -> UUID | None:
        """From this event on, nothing about that person is taken in."""
        return None


@dataclass(frozen=True, slots=True)
class Due:
    """The clock's only message: the aggregate's `due_at` has come."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Fan-out, returned beside events: `cause` is folded on every aggregate of `handler` that it concerns.

    500 at a time, each step a transaction of its own; nothing that was made meanwhile is left out.
    """

    handler: str
    cause: Event


@dataclass(frozen=True, slots=True)
class Refused:
    """A well-formed message that does not apply. Counted by reason; nothing changes but, where it is given, what is kept.

    `kept`: the aggregate with a note of what was refused. Only for an aggregate that is there already.
    """

    reason: str
    kept: object = field(default=None, compare=False, repr=False)
