"""What a service is: its name, handlers, topics and pages. Wiring only; `jitt run` brings it to life."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from asyncpg import Connection

from shared.contracts.event import Event
from shared.messaging.handler import Handler
from shared.privacy import Keeps

if TYPE_CHECKING:
    from fastapi import APIRouter  # a worker that starts again has no time for what it never serves


class Publisher(Protocol):
    """A credential and the sites it may speak for: the tenant boundary."""

    @property
    def name(self) -> str: ...
    @property
    def sites(self) -> frozenset[str]: ...
    @property
    def kafka(self) -> bool: ...
    @property
    def paused(self) -> bool: ...


Aside = Callable[..., Coroutine[Any, Any, None]]  # (running, room)
LoadPublishers = Callable[[Connection], Awaitable[Mapping[str, Publisher]]]


@dataclass(frozen=True, slots=True)
class Service:
    """`handlers` are in lock order, the same everywhere. `reads` are topics of other services and our own.

    `publishers`: this service also reads the publishers' own topics, in a group of its own; the function loads who they are.
    `pause_publisher`: the event by which one is paused that sends too much that cannot be read.
    `routes` builds the HTTP routes, given the running service.
    `aside`: what a worker does besides, for ever; it is given how to wait for room in the outbox.
    `gathers`: nobody waits for what it makes of what services say, so what they say within a fifth of a second is one batch.
    One of three events costs nearly what one of thirty does. What publishers say is taken at once.
    `keeps`: of each of its tables, whose rows they are, why, and how long they are kept.
    """

    name: str
    handlers: tuple[Handler[Any], ...]
    reads: tuple[str, ...]
    publishes: tuple[type[Event], ...]
    routes: "Callable[..., APIRouter]"
    publishers: LoadPublishers | None = None
    pause_publisher: Callable[[str], Event] | None = None
    aside: Aside | None = None
    gathers: bool = False
    keeps: Keeps = ()

    @property
    def events(self) -> dict[str, type[Event]]:
        """Every type that some handler wants, by its name."""
        return {event.TYPE: event for handler in self.handlers for event in handler.on}
