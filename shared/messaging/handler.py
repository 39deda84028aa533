"""What a service says about one aggregate: which messages concern it, and how it is loaded, decided and saved."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from asyncpg import Connection

from shared.contracts.event import Due, Event, Refused, Sweep
from shared.messaging.store import Outgoing

S = TypeVar("S")
Key = Any  # uuid.UUID, or str for a column of type text COLLATE "C"
Decided = tuple[S, Sequence[Event | Sweep]] | Refused
Reads = Mapping[str, Mapping[Any, Any]]  # name of a Read -> key -> copied fact; a key without a row is absent


@dataclass(frozen=True, slots=True)
class Stretch:
    """Keys of a stretch that was looked through up to `until`, and is not the last: few of its rows are concerned, or none."""

    keys: list[Key]
    until: Key


@dataclass(frozen=True)
class Swept(Generic[S]):
    """What a sweep's cause means here: which aggregates it concerns, and what it decides on each.

    `keys(conn, cause, after, limit)`: the next keys in order after that one, None at the beginning; fewer than `limit` are the
    last. It leaves out those that already know of the cause (by the version they keep), so that a last look finds only what was
    made meanwhile. Where that may be one in a million, it answers by stretches, each soon enough for one transaction.
    """

    keys: Callable[[Connection, Any, Key | None, int], Awaitable[list[Key] | Stretch]]
    decide: Callable[[S | None, Any, datetime, Any], Decided[S]]


@dataclass(frozen=True)  # no slots: Python 3.11 cannot make a generic one
class Read(Generic[S]):
    """A kind of copied fact, loaded once for a batch without a lock, only for the keys that some record names."""

    keys: Callable[[S | None, Any], Iterable[Key]]  # (state, event) -> keys; empty when this record does not use it
    load: Callable[[Connection, Sequence[Key]], Awaitable[Mapping[Key, Any]]]


@dataclass(frozen=True)
class Clock(Generic[S]):
    """How rows of this aggregate come due. `at` is what the store saves as `due_at`: the earliest of the row's clocks."""

    claim: Callable[[Connection, int, datetime], Awaitable[dict[Key, S]]]  # limit, since; locks, skips locked rows
    decide: Callable[[S, Due, datetime, Any], Decided[S]]
    rest: Callable[[Connection, Sequence[Key]], Awaitable[None]]  # sets due_at null (a parked key's clock stands)
    at: Callable[[S], datetime | None]
    overdue: str  # statement, given a limit: how many `rows` are due, up to that, and the `oldest`'s age in seconds


Copies = Callable[[Connection, Sequence[Outgoing]], Awaitable[Sequence[Outgoing]]]


@dataclass(frozen=True)
class Handler(Generic[S]):
    """One aggregate.

    `on`: event class -> (key, decide); `decide(state or None, event, now, facts)` is pure.
    `load` locks the rows it returns, in key order (`... ORDER BY key FOR UPDATE`).
    `save(conn, changed, new)` answers False when fewer of `new` went in than given: somebody else made one meanwhile.
    `facts(state, event, reads)` gathers what this record's decision may look at.
    `copies(conn, rows)` adds rows of the outbox for others who are sent the same, in the same transaction and order.
    """

    name: str
    on: Mapping[type[Event], tuple[Callable[[Any], Key], Callable[[S | None, Any, datetime, Any], Decided[S]]]]
    load: Callable[[Connection, Sequence[Key]], Awaitable[dict[Key, S]]]
    save: Callable[[Connection, Sequence[S], Sequence[S]], Awaitable[bool]]
    reads: Mapping[str, Read[S]] = field(default_factory=dict)
    facts: Callable[[S | None, Any, Reads], Any] = lambda state, event, reads: None
    clock: Clock[S] | None = None
    sweeps: Mapping[type[Event], Swept[S]] = field(default_factory=dict)
    copies: Copies | None = None
    projection: bool = False  # copied facts in the table of this name: `jitt rebuild` makes them again from the topics


def nothing_changed(state: S) -> tuple[S, list[Event]]:
    return state, []


def latest(existing: Any | None, event: Any) -> bool:
    """True when a copied fact should be taken: the first, or a higher revision than the one at hand."""
    return existing is None or event.revision > existing.revision


__all__ = ["Clock", "Decided", "Handler", "Key", "Read", "Reads", "Stretch", "Swept", "latest", "nothing_changed"]
