"""SQL of erasures: who, the receipts, what no column names, and which pages then say so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.supervision.erasures import Erasure
from shared import erasing
from shared.privacy import NOBODY

LOAD = """
SELECT person_id, site_id, role, asked_at, closes_at, receipts, closed_at
FROM erasure WHERE person_id = ANY($1::uuid[]) ORDER BY person_id FOR UPDATE
"""
DUE = """
SELECT person_id, site_id, role, asked_at, closes_at, receipts, closed_at
FROM erasure WHERE due_at >= $2 AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
OVERDUE = """
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
FROM (SELECT due_at FROM erasure WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS found
"""
REST = "UPDATE erasure SET due_at = NULL WHERE person_id = ANY($1::uuid[])"
INSERT = """
INSERT INTO erasure (person_id, site_id, role, asked_at, closes_at, receipts, closed_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE erasure SET site_id = $2, role = $3, asked_at = $4, closes_at = $5, receipts = $6, closed_at = $7, due_at = $8,
  pages = CASE WHEN $7::timestamptz IS NULL THEN pages ELSE '{}' END
WHERE person_id = $1
"""
PAGES = """
UPDATE erasure e SET pages = e.pages || p.found
FROM (SELECT array_agg(training_id) AS found FROM preparation WHERE mentor_id = $1 AND training_id IS NOT NULL) AS p
WHERE e.person_id = $1 AND p.found IS NOT NULL
"""
OFF = """
UPDATE day_off SET off = coalesce((SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(off) AS o
                                   WHERE o.value ->> 'mentor_id' <> $1), '{}')
WHERE ($2 = '' OR site_id = $2) AND position($1 IN off::text) > 0
"""
# Who is both a mentor and staff, and is erased as one of the two, stays the other one.
ONEROSTER_SELF = """
UPDATE oneroster_row r SET document = replace(r.document::text, $1, $3)::jsonb
WHERE r.file = 'users' AND ($2 = '' OR r.site_id = $2) AND position($1 IN r.document::text) > 0
  AND EXISTS (SELECT FROM person p WHERE p.person_id <> $1::uuid
              AND p.person_id IN ((r.document ->> 'mentor_id')::uuid, (r.document ->> 'staff_id')::uuid))
"""
# Their own rows go; those of others only name them no longer as an agent.
ONEROSTER = """
WITH gone AS (
  DELETE FROM oneroster_row WHERE ($2 = '' OR site_id = $2) AND position($1 IN document::text) > 0 RETURNING row_id
), theirs AS (
  DELETE FROM oneroster_row r USING gone
  WHERE r.file <> 'users' AND ($2 = '' OR r.site_id = $2) AND position(gone.row_id::text IN r.document::text) > 0
)
UPDATE oneroster_row r SET document = jsonb_set(r.document, '{agents}', (r.document -> 'agents') - gone.row_id::text)
FROM gone WHERE r.file = 'users' AND ($2 = '' OR r.site_id = $2) AND r.row_id <> gone.row_id
  AND r.document -> 'agents' ? gone.row_id::text
"""
FIND = "SELECT person_id, site_id, role, asked_at, closes_at, receipts, closed_at FROM erasure WHERE person_id = $1"
ASKED = """
SELECT person_id, site_id, role, asked_at, closes_at, receipts, closed_at FROM erasure WHERE person_id = ANY($1::uuid[])
"""
WHO = "SELECT person_id, site_id, role, reference, name, email FROM person WHERE person_id = ANY($1::uuid[]) ORDER BY person_id"
RECEIPTS = TypeAdapter(dict[str, datetime])


async def load(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Erasure]:
    return {row["person_id"]: _erasure(row) for row in await conn.fetch(LOAD, keys)}


async def due(conn: Connection, limit: int, since: datetime) -> dict[UUID, Erasure]:
    return {row["person_id"]: _erasure(row) for row in await conn.fetch(DUE, limit, since)}


async def rest(conn: Connection, keys: Sequence[UUID]) -> None:
    await conn.execute(REST, keys)


async def save(conn: Connection, changed: Sequence[Erasure], new: Sequence[Erasure]) -> bool:
    for one in changed:
        await conn.execute(UPDATE, *_row(one))
    return all([await conn.execute(INSERT, *_row(one)) == "INSERT 0 1" for one in new])


async def erase_inside(conn: Connection, erasure: erasing.Erasure) -> None:
    """Before the rest goes: which briefs were there. And what names somebody inside of what is no person's own."""
    await conn.execute(PAGES, erasure.person_id)
    await conn.execute(OFF, str(erasure.person_id), erasure.site_id)
    await conn.execute(ONEROSTER_SELF, str(erasure.person_id), erasure.site_id, str(NOBODY))
    await conn.execute(ONEROSTER, str(erasure.person_id), erasure.site_id)


async def find(conn: Connection, person_id: UUID) -> Erasure | None:
    row = await conn.fetchrow(FIND, person_id)
    return _erasure(row) if row else None


async def list_asked(conn: Connection, ids: Sequence[UUID]) -> list[Erasure]:
    return [_erasure(row) for row in await conn.fetch(ASKED, ids)]


async def list_people(conn: Connection, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Who of these is known here, with role, reference, name and address."""
    return [dict(row) for row in await conn.fetch(WHO, ids)]


def _erasure(row: Record) -> Erasure:
    return Erasure(**dict(row) | {"receipts": RECEIPTS.validate_json(row["receipts"])})


def _row(one: Erasure) -> tuple[Any, ...]:
    receipts = RECEIPTS.dump_json(dict(one.receipts)).decode()
    return (one.person_id, one.site_id, one.role, one.asked_at, one.closes_at, receipts, one.closed_at, one.due_at)
