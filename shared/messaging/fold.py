"""Folding messages onto aggregates: pure but for what `facts` reads from memory. Nothing here does I/O.

Every concerned handler decides on its current state; only if none raises do the new states and follow-ups take effect.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal
from uuid import UUID
from zlib import crc32

from pydantic_core import to_json

from shared.contracts.event import Due, Event, Refused, Sweep
from shared.contracts.ids import after
from shared.messaging.handler import Handler, Key
from shared.messaging.message import LARGEST, Message
from shared.messaging.outcome import Outcome
from shared.messaging.store import Dead, Outgoing

SHARDS = 8
BYTES = attrgetter("bytes")


class Aggregates:
    """One handler's rows in one batch: as loaded, and as they are now."""

    __slots__ = ("current", "handler", "loaded", "reads")

    def __init__(self, handler: Handler[Any]) -> None:
        self.handler = handler
        self.loaded: dict[Key, Any] = {}
        self.current: dict[Key, Any] = {}
        self.reads: Mapping[str, Mapping[Any, Any]] = {}

    def have(self, loaded: dict[Key, Any]) -> None:
        self.loaded, self.current = loaded, dict(loaded)

    def changed(self) -> list[Any]:
        return [self.current[key] for key in in_order(self.loaded) if self.current[key] is not self.loaded[key]]

    def new(self) -> list[Any]:
        return [self.current[key] for key in in_order(self.current.keys() - self.loaded.keys())]


Target = tuple[Aggregates, Key, Callable[..., Any]]
Routes = dict[type[Event], list[tuple[Aggregates, Callable[[Any], Key], Callable[..., Any]]]]


def routes(aggregates: Iterable[Aggregates]) -> Routes:
    """Who is concerned by an event of each class, in the order of the service's handlers."""
    table: Routes = {}
    for one in aggregates:
        for event_class, (key_of, decide) in one.handler.on.items():
            table.setdefault(event_class, []).append((one, key_of, decide))
    return table


def in_order(keys: Collection[Key]) -> list[Key]:
    """Lock order, which is Postgres' own: UUIDs by their bytes, texts by code point."""
    if keys and isinstance(next(iter(keys)), UUID):
        return sorted(keys, key=BYTES)  # UUID compares in Python, once per comparison; bytes do not
    return sorted(keys)


def concern(handler: Handler[Any], key: Key) -> str:
    return f"{handler.name}/{key}"


@dataclass(slots=True)
class Fold:
    """What a batch has led to so far, beside the aggregates' states."""

    service: str
    now: datetime
    parked: set[str] = field(default_factory=set)
    visible: bool = False  # a decide that raises is the caller's to see, instead of a dead letter
    outgoing: list[Outgoing] = field(default_factory=list)
    letters: list[Dead] = field(default_factory=list)
    outcomes: dict[UUID, Outcome] = field(default_factory=dict)
    sweeps: list[tuple[UUID, str, str, bytes]] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)  # concerns parked by this batch

    def message(self, message: Message, targets: Sequence[Target], broken: str = "") -> None:
        if broken:
            self._stop("failed", "failed", broken, message, targets)
            return
        if self.parked and not self.parked.isdisjoint(concerns(targets)):
            self._stop("parked", "behind_a_failed_one", "", message, targets)
            return
        try:
            refused = self.decide(message.cause, message.event, targets, message.traceparent)
        except Exception as error:
            if self.visible:
                raise
            self._stop("failed", "failed", words(error), message, targets)
            return
        reason = refused.reason if refused else None
        self.outcomes[message.cause] = Outcome("refused" if refused else "applied", message.cause, reason)

    def targets(self, message: Message, table: Routes) -> list[Target] | None:
        """Whose aggregates a message is for; None, and a dead letter, when its key cannot be told."""
        try:
            return [(one, key_of(message.event), decide) for one, key_of, decide in table[type(message.event)]]
        except Exception as error:
            if self.visible:
                raise
            self._stop("failed", "failed", words(error), message, ())
            return None

    def due(self, one: Aggregates, key: Key, state: Any, broken: str = "") -> bool:
        """False when it failed: a Due that is refused, or leaves a `due_at` in the past, would be claimed for ever."""
        clock = one.handler.clock
        assert clock is not None, f"{one.handler.name} has no clock"
        sent = len(self.outgoing)
        cause = after(UUID(int=0), f"{one.handler.name}/{key}/{clock.at(state)}")
        try:
            if broken:
                raise RuntimeError(broken)
            refused = self.decide(cause, Due(), [(one, key, clock.decide)], None)
            again = clock.at(one.current[key])
            if refused or (again and again <= self.now):
                raise RuntimeError(f"refused: {refused.reason}" if refused else f"still due at {again} after deciding")
        except Exception as error:
            one.current[key] = state
            del self.outgoing[sent:]
            self.stopped.add(name := concern(one.handler, key))
            self.letters.append(Dead("dead", "failed", words(error), self.service, (name,), None))
            return False
        return True

    def decide(self, cause: UUID, event: Event | Due, targets: Sequence[Target], traceparent: str | None) -> Refused | None:
        """Decides everywhere, then takes effect everywhere. Refused only when every concerned aggregate refuses."""
        decided = []
        noted: list[tuple[Aggregates, Key, Any]] = []
        refused: Refused | None = None
        for one, key, decide in targets:
            state = one.current.get(key)
            result = decide(state, event, self.now, one.handler.facts(state, event, one.reads))
            if isinstance(result, Refused):
                refused = result
                if result.kept is not None:
                    noted.append((one, key, result.kept))
            else:
                decided.append((one, key, result[0], result[1]))
        rows: list[Outgoing] = []
        sweeps: list[tuple[UUID, str, str, bytes]] = []
        for one, key, _, follow_ups in decided:
            where = f"{one.handler.name}/{key}"
            for follow_up in follow_ups:
                if isinstance(follow_up, Sweep):
                    type_ = follow_up.cause.TYPE
                    id = after(cause, f"{self.service}/{type_}/{where}/sweep {len(sweeps)}")
                    sweeps.append((id, follow_up.handler, type_, to_json(follow_up.cause)))
                else:
                    id = after(cause, f"{self.service}/{follow_up.TYPE}/{where}/{len(rows)}")
                    rows.append(outgoing(id, follow_up, self.now, traceparent))
        for one, key, state, _ in decided:
            if state is not None:
                one.current[key] = state
        for one, key, state in noted:
            one.current[key] = state
        self.outgoing += rows
        self.sweeps += sweeps
        return None if decided else refused

    def _stop(self, kind: Literal["failed", "parked"], reason: str, detail: str, message: Message,
              targets: Sequence[Target]) -> None:
        names = concerns(targets)
        self.parked.update(names)
        self.stopped.update(names)
        state = "dead" if kind == "failed" else "parked"
        self.letters.append(Dead(state, reason, detail, message.principal, tuple(names), message.raw))
        self.outcomes[message.cause] = Outcome(kind, message.cause, detail or reason)


def outgoing(event_id: UUID, event: Event, now: datetime, traceparent: str | None) -> Outgoing:
    """A row of the outbox. Raises ValueError for an event that could not be published."""
    payload = b"" if event.TOMBSTONE else to_json(event)
    if len(payload) > LARGEST:
        raise ValueError(f"{event.TYPE} has {len(payload)} bytes; at most {LARGEST}")
    if not event.TOPIC:
        raise ValueError(f"{event.TYPE} has no topic and cannot be published")
    key = event.key()
    return (crc32(key.encode()) % SHARDS, event.TOPIC, key, event_id, event.TYPE, now, payload, traceparent)


def key_of(text: str) -> Key:
    """A key as it was before it became text: a uuid where it looks like one."""
    try:
        return UUID(text)
    except ValueError:
        return text


def concerns(targets: Sequence[Target]) -> list[str]:
    return [concern(one.handler, key) for one, key, _ in targets]


def words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
