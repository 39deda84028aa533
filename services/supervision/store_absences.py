"""SQL of absences. Few, so a statement each."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Connection

from services.supervision.absences import Absence

LOAD = """
SELECT absence_id, site_id, person_id, delegate_id, from_at, until_at, by_person AS by, noted_at
FROM absence WHERE absence_id = ANY($1::uuid[]) ORDER BY absence_id FOR UPDATE
"""
INSERT = """
INSERT INTO absence (absence_id, site_id, person_id, delegate_id, from_at, until_at, by_person, noted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
UPDATE = "UPDATE absence SET from_at = $2, until_at = $3 WHERE absence_id = $1"
OF_SITE = """
SELECT a.absence_id, a.site_id, a.person_id, a.delegate_id, a.from_at, a.until_at, p.name, p.reference, p.time_zone,
       d.name AS delegate, d.reference AS delegate_reference
FROM absence a JOIN person p ON p.person_id = a.person_id JOIN person d ON d.person_id = a.delegate_id
WHERE a.site_id = $1 AND a.until_at > now() AND ($2::uuid IS NULL OR $2 IN (a.person_id, a.delegate_id))
ORDER BY a.from_at, a.absence_id
"""
STAFF = """
SELECT person_id, name, reference, role, time_zone FROM person
WHERE site_id = $1 AND role IN ('supervisor', 'site_lead') AND status = 'active' ORDER BY name, person_id
"""


async def load_absences(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Absence]:
    return {row["absence_id"]: Absence(**dict(row)) for row in await conn.fetch(LOAD, ids)}


async def save_absences(conn: Connection, changed: Sequence[Absence], new: Sequence[Absence]) -> bool:
    for one in changed:
        await conn.execute(UPDATE, one.absence_id, one.from_at, one.until_at)
    return all([await conn.execute(INSERT, *_values(one)) == "INSERT 0 1" for one in new])


async def list_absences(conn: Connection, site_id: str, of: UUID | None = None) -> list[dict[str, Any]]:
    """Those that are not over, with names. `of`: only where this person is away, or stands in."""
    return [dict(row) for row in await conn.fetch(OF_SITE, site_id, of)]


async def list_staff(conn: Connection, site_id: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(STAFF, site_id)]


def _values(a: Absence) -> tuple[Any, ...]:
    return (a.absence_id, a.site_id, a.person_id, a.delegate_id, a.from_at, a.until_at, a.by, a.noted_at)
