"""What a service is: its name, handlers, topics and pages. Wiring only; `jitt run` brings it to life."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from shared.contracts.event import Event
from shared.messaging.handler import Handler


@dataclass(frozen=True, slots=True)
class Service:
    """`handlers` are in lock order, the same everywhere. `reads` are topics of other services and our own.

    `publishers` true: this service also consumes the publishers' topics, in a group of its own.
    `routes` builds the HTTP routes, given the running service.
    """

    name: str
    handlers: tuple[Handler[Any], ...]
    reads: tuple[str, ...]
    publishes: tuple[type[Event], ...]
    routes: Callable[..., APIRouter]
    publishers: bool = False

    @property
    def events(self) -> dict[str, type[Event]]:
        """Every type that some handler wants, by its name."""
        return {event.TYPE: event for handler in self.handlers for event in handler.on}
