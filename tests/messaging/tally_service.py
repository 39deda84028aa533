"""A small service to prove the batch transaction with: it adds numbers up, and rings when it is told to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from asyncpg import Connection
from fastapi import APIRouter

from shared.contracts.event import Due, Event, Refused, Sweep
from shared.messaging import Clock, Handler, Swept
from shared.service import Service


class Added(Event):
    TYPE = "tally.number_added.v1"
    TOPIC = "tally.in"
    KEY = "tally"
    tally: str
    number: int
    ring_in_ms: int | None = None


class Announced(Event):
    """As Added, but from a publisher."""

    TYPE = "site.number_announced.v1"
    TOPIC = "in"
    KEY = "tally"
    tally: str
    number: int


class Raised(Event):
    """A sweep's cause: every tally is to know of this version."""

    TYPE = "tally.all_raised.v1"
    KEY = "version"
    version: int


class Totalled(Event):
    TYPE = "tally.total_changed.v1"
    TOPIC = "tally.events"
    KEY = "tally"
    tally: str
    total: int


class Rung(Event):
    TYPE = "tally.bell_rung.v1"
    TOPIC = "tally.events"
    KEY = "tally"
    tally: str
    times: int


@dataclass(frozen=True, slots=True)
class Tally:
    id: str
    total: int = 0
    seen: tuple[int, ...] = ()
    rings_at: datetime | None = None
    rung: int = 0
    version: int = 0


def raised(tally: Tally | None, event: Raised, now: datetime, facts: object):
    assert tally is not None, "only rows are swept"
    if tally.version >= event.version:
        return Refused("known")
    if 99 in tally.seen:
        raise ArithmeticError("a bug in a sweep")
    return replace(tally, version=event.version, total=tally.total + 1000), [Totalled(tally=tally.id, total=tally.total + 1000)]


async def keys_to_raise(conn: Connection, event: Raised, after: str | None, limit: int) -> list[str]:
    rows = await conn.fetch(TO_RAISE, event.version, after, limit)
    return [row["id"] for row in rows]


def added(tally: Tally | None, event: Added | Announced, now: datetime, facts: object):
    tally = tally or Tally(event.tally)
    if event.number < 0:
        return Refused("negative")
    if event.number == 666:
        raise ZeroDivisionError("a bug in decide")
    if event.number == 5000:
        return tally, [Sweep(handler="tally", cause=Raised(version=1))]
    ring_in = getattr(event, "ring_in_ms", None)
    tally = replace(tally, total=tally.total + event.number, seen=(*tally.seen, event.number),
                    rings_at=tally.rings_at if ring_in is None else now + timedelta(milliseconds=ring_in))
    return tally, [Totalled(tally=tally.id, total=tally.total)]


def due(tally: Tally, _: Due, now: datetime, facts: object):
    if 13 in tally.seen:
        raise ArithmeticError("a bug when due")
    return replace(tally, rings_at=None, rung=tally.rung + 1), [Rung(tally=tally.id, times=tally.rung + 1)]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A second aggregate that wants the same events."""

    id: str
    total: int = 0


def shelved(shelf: Shelf | None, event: Added, now: datetime, facts: object):
    shelf = shelf or Shelf(f"shelf-{event.tally}")
    return replace(shelf, total=shelf.total + event.number), []


LOAD = "SELECT id, total, seen, rings_at, rung, version FROM tally WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"
DUE = """SELECT id, total, seen, rings_at, rung, version FROM tally WHERE due_at >= $2 AND due_at <= now()
ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED"""
OVERDUE = """SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
FROM (SELECT due_at FROM tally WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS found"""
INSERT = """INSERT INTO tally (id, total, seen, rings_at, rung, due_at, version)
VALUES ($1, $2, $3, $4, $5, $4, $6) ON CONFLICT DO NOTHING"""
TO_RAISE = "SELECT id FROM tally WHERE version < $1 AND ($2::text IS NULL OR id > $2) ORDER BY id LIMIT $3"
UPDATE = "UPDATE tally SET total = $2, seen = $3, rings_at = $4, rung = $5, due_at = $4, version = $6 WHERE id = $1"


async def load(conn: Connection, keys: Sequence[str]) -> dict[str, Tally]:
    return {row["id"]: Tally(**dict(row) | {"seen": tuple(row["seen"])}) for row in await conn.fetch(LOAD, keys)}


async def claim(conn: Connection, limit: int, since: datetime) -> dict[str, Tally]:
    return {row["id"]: Tally(**dict(row) | {"seen": tuple(row["seen"])}) for row in await conn.fetch(DUE, limit, since)}


async def rest(conn: Connection, keys: Sequence[str]) -> None:
    await conn.execute("UPDATE tally SET due_at = NULL WHERE id = ANY($1::text[])", keys)


async def save(conn: Connection, changed: Sequence[Tally], new: Sequence[Tally]) -> bool:
    for tally in changed:
        await conn.execute(UPDATE, tally.id, tally.total, tally.seen, tally.rings_at, tally.rung, tally.version)
    done = [await conn.execute(INSERT, t.id, t.total, t.seen, t.rings_at, t.rung, t.version) for t in new]
    return done == ["INSERT 0 1"] * len(new)


async def load_shelves(conn: Connection, keys: Sequence[str]) -> dict[str, Shelf]:
    rows = await conn.fetch("SELECT id, total FROM shelf WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE", keys)
    return {row["id"]: Shelf(**dict(row)) for row in rows}


async def save_shelves(conn: Connection, changed: Sequence[Shelf], new: Sequence[Shelf]) -> bool:
    for shelf in changed:
        await conn.execute("UPDATE shelf SET total = $2 WHERE id = $1", shelf.id, shelf.total)
    insert = "INSERT INTO shelf (id, total) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    done = [await conn.execute(insert, shelf.id, shelf.total) for shelf in new]
    return done == ["INSERT 0 1"] * len(new)


TALLY = Handler[Tally](
    name="tally",
    on={Added: (lambda e: e.tally, added), Announced: (lambda e: e.tally, added)},
    load=load, save=save, sweeps={Raised: Swept(keys=keys_to_raise, decide=raised)},
    clock=Clock(claim=claim, decide=due, rest=rest, at=lambda tally: tally.rings_at, overdue=OVERDUE),
)
SHELF = Handler[Shelf](name="shelf", on={Added: (lambda e: f"shelf-{e.tally}", shelved)}, load=load_shelves, save=save_shelves)
SERVICE = Service(name="tally", handlers=(TALLY, SHELF), reads=("tally.in",), publishes=(Totalled, Rung),
                  routes=lambda running: APIRouter())
