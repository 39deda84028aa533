"""The system under test: the small tally service, with a ledger that states its revisions and pledges to be kept in time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from asyncpg import Connection
from fastapi import APIRouter

from shared.contracts.event import Due, Event, Sweep
from shared.messaging import Clock, Handler
from shared.service import Service
from tests.messaging.tally_service import SHELF, TALLY, Added, Raised, Rung, Totalled

STATES = "tally.state"  # a compacted topic
ALERTS = "tally.alerts"


class Stated(Event):
    TYPE = "tally.total_stated.v1"
    TOPIC = STATES
    KEY = "tally"
    tally: str
    revision: int
    total: int


class Pledged(Event):
    """Somebody promised something; unless it is kept in time, there is an alert."""

    TYPE = "tally.pledge_made.v1"
    TOPIC = "tally.in"
    KEY = "pledge"
    pledge: str
    by: datetime


class Kept(Event):
    TYPE = "tally.pledge_kept.v1"
    TOPIC = "tally.in"
    KEY = "pledge"
    pledge: str


class Asked(Event):
    """Somebody asks for the sweep that raises every tally once."""

    TYPE = "tally.raise_asked.v1"
    TOPIC = "tally.in"
    KEY = "pledge"
    pledge: str


class Alerted(Event):
    TYPE = "tally.pledge_broken.v1"
    TOPIC = ALERTS
    KEY = "pledge"
    pledge: str
    times: int


@dataclass(frozen=True, slots=True)
class Ledger:
    id: str
    total: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Pledge:
    id: str
    waits_until: datetime | None = None
    alerts: int = 0


def entered(ledger: Ledger | None, event: Added, now: datetime, facts: object) -> tuple[Ledger, list[Event]]:
    ledger = ledger or Ledger(event.tally)
    ledger = replace(ledger, total=ledger.total + event.number, revision=ledger.revision + 1)
    return ledger, [Stated(tally=ledger.id, revision=ledger.revision, total=ledger.total)]


def made(pledge: Pledge | None, event: Pledged, now: datetime, facts: object) -> tuple[Pledge, list[Event]]:
    pledge = pledge or Pledge(event.pledge)
    return replace(pledge, waits_until=event.by), []


def kept(pledge: Pledge | None, event: Kept, now: datetime, facts: object) -> tuple[Pledge, list[Event]]:
    return replace(pledge or Pledge(event.pledge), waits_until=None), []


def asked(pledge: Pledge | None, event: Asked, now: datetime, facts: object) -> tuple[Pledge, list[Sweep]]:
    return pledge or Pledge(event.pledge), [Sweep(handler=TALLY.name, cause=Raised(version=1))]


def broken(pledge: Pledge, _: Due, now: datetime, facts: object) -> tuple[Pledge, list[Event]]:
    times = pledge.alerts + 1
    return replace(pledge, waits_until=None, alerts=times), [Alerted(pledge=pledge.id, times=times)]


async def load_ledgers(conn: Connection, keys: Sequence[str]) -> dict[str, Ledger]:
    rows = await conn.fetch("SELECT id, total, revision FROM ledger WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE", keys)
    return {row["id"]: Ledger(**dict(row)) for row in rows}


async def save_ledgers(conn: Connection, changed: Sequence[Ledger], new: Sequence[Ledger]) -> bool:
    for one in changed:
        await conn.execute("UPDATE ledger SET total = $2, revision = $3 WHERE id = $1", one.id, one.total, one.revision)
    insert = "INSERT INTO ledger (id, total, revision) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    done = [await conn.execute(insert, one.id, one.total, one.revision) for one in new]
    return done == ["INSERT 0 1"] * len(new)


PLEDGES = "SELECT id, waits_until, alerts FROM pledge WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"
DUE_PLEDGES = """SELECT id, waits_until, alerts FROM pledge WHERE due_at >= $2 AND due_at <= now()
ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED"""
OVERDUE_PLEDGES = """SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
FROM (SELECT due_at FROM pledge WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS found"""
NEW_PLEDGE = "INSERT INTO pledge (id, waits_until, alerts, due_at) VALUES ($1, $2, $3, $2) ON CONFLICT DO NOTHING"


async def load_pledges(conn: Connection, keys: Sequence[str]) -> dict[str, Pledge]:
    return {row["id"]: Pledge(**dict(row)) for row in await conn.fetch(PLEDGES, keys)}


async def claim_pledges(conn: Connection, limit: int, since: datetime) -> dict[str, Pledge]:
    return {row["id"]: Pledge(**dict(row)) for row in await conn.fetch(DUE_PLEDGES, limit, since)}


async def rest_pledges(conn: Connection, keys: Sequence[str]) -> None:
    await conn.execute("UPDATE pledge SET due_at = NULL WHERE id = ANY($1::text[])", keys)


async def save_pledges(conn: Connection, changed: Sequence[Pledge], new: Sequence[Pledge]) -> bool:
    for one in changed:
        update = "UPDATE pledge SET waits_until = $2, alerts = $3, due_at = $2 WHERE id = $1"
        await conn.execute(update, one.id, one.waits_until, one.alerts)
    done = [await conn.execute(NEW_PLEDGE, one.id, one.waits_until, one.alerts) for one in new]
    return done == ["INSERT 0 1"] * len(new)


LEDGER = Handler[Ledger](name="ledger", on={Added: (lambda e: e.tally, entered)}, load=load_ledgers, save=save_ledgers)
PLEDGE = Handler[Pledge](
    name="pledge", on={Pledged: (lambda e: e.pledge, made), Kept: (lambda e: e.pledge, kept), Asked: (lambda e: e.pledge, asked)},
    load=load_pledges, save=save_pledges,
    clock=Clock(claim=claim_pledges, decide=broken, rest=rest_pledges, at=lambda pledge: pledge.waits_until,
                overdue=OVERDUE_PLEDGES),
)  # fmt: skip
HANDLERS: tuple[Handler[Any], ...] = (TALLY, LEDGER, PLEDGE, SHELF)


def service(name: str, handlers: tuple[Handler[Any], ...] = HANDLERS) -> Service:
    """Several of them can live side by side: each has a schema, a topic that it reads and a group of its own name."""
    return Service(name=name, handlers=handlers, reads=(f"{name}.in",), publishes=(Totalled, Rung, Stated, Alerted),
                   routes=lambda running: APIRouter())  # fmt: skip
