"""SQL of days that were called off. Few, so a statement each."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.supervision.days_off import DayOff, Notice, Off

LOAD = """
SELECT cancellation_id, site_id, first_day, day_after, reason, off, notices, began_at, due_at
FROM day_off WHERE cancellation_id = ANY($1::uuid[]) ORDER BY cancellation_id FOR UPDATE
"""
DUE = """
SELECT cancellation_id, site_id, first_day, day_after, reason, off, notices, began_at, due_at
FROM day_off WHERE due_at >= $2 AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
OVERDUE = """
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
FROM (SELECT due_at FROM day_off WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS found
"""
INSERT = """
INSERT INTO day_off (cancellation_id, site_id, first_day, day_after, reason, off, notices, began_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
"""
UPDATE = "UPDATE day_off SET off = $2, notices = $3, began_at = $4, due_at = $5 WHERE cancellation_id = $1"
REST = "UPDATE day_off SET due_at = NULL WHERE cancellation_id = ANY($1::uuid[])"
OF_SITE = """
SELECT cancellation_id, site_id, first_day, day_after, reason, off, notices, began_at, due_at
FROM day_off WHERE site_id = $1 AND day_after >= $2 ORDER BY first_day, cancellation_id
"""

OFF = TypeAdapter(dict[UUID, Off])
NOTICES = TypeAdapter(tuple[Notice, ...])


async def load_days(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, DayOff]:
    return {row["cancellation_id"]: _day(row) for row in await conn.fetch(LOAD, ids)}


async def due_days(conn: Connection, limit: int, since: datetime) -> dict[UUID, DayOff]:
    """Claims and locks what is due; rows that another worker holds are left to it."""
    return {row["cancellation_id"]: _day(row) for row in await conn.fetch(DUE, limit, since)}


async def rest_days(conn: Connection, ids: Sequence[UUID]) -> None:
    await conn.execute(REST, ids)


async def save_days(conn: Connection, changed: Sequence[DayOff], new: Sequence[DayOff]) -> bool:
    for day in changed:
        await conn.execute(UPDATE, day.cancellation_id, *_state(day))
    return all([await conn.execute(INSERT, *_values(day)) == "INSERT 0 1" for day in new])


async def list_days(conn: Connection, site_id: str, since: date) -> list[DayOff]:
    """Without a lock, for pages: those that end on that day or later."""
    return [_day(row) for row in await conn.fetch(OF_SITE, site_id, since)]


def _day(row: Record) -> DayOff:
    return DayOff(**dict(row) | {"off": OFF.validate_json(row["off"]), "notices": NOTICES.validate_json(row["notices"])})


def _values(day: DayOff) -> tuple[Any, ...]:
    return (day.cancellation_id, day.site_id, day.first_day, day.day_after, day.reason, *_state(day))


def _state(day: DayOff) -> tuple[Any, ...]:
    return (OFF.dump_json(dict(day.off)).decode(), NOTICES.dump_json(day.notices).decode(), day.began_at, day.due_at)
