"""What each source of sessions said last, and the zone of its site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Connection, Record

from services.trigger.imports import Roster, Said

NOW = "SELECT now()"
TIME_ZONE = "SELECT time_zone FROM site WHERE site_id = $1"
LAST_SAID = """
SELECT session_ref, content_hash, revision, starts_at, mentor_id, calendar FROM imported
WHERE mentor_id = ANY($1::uuid[]) AND site_id = $2 AND source = $3
"""
LAST_SAID_BY = """
SELECT session_ref, content_hash, revision, starts_at, mentor_id, calendar FROM imported
WHERE site_id = $1 AND calendar = $2 AND calendar <> '' AND source = $3
"""
LAST_SAID_OF = """
SELECT session_ref, content_hash, revision, starts_at, mentor_id, calendar FROM imported
WHERE site_id = $1 AND source = $2 AND session_ref = ANY($3::text[])
"""
SAID_IN_ORDER = """
SELECT session_ref, content_hash, revision, starts_at, mentor_id, calendar FROM imported
WHERE site_id = $1 AND source = $2 AND session_ref > $3 ORDER BY session_ref LIMIT $4
"""
SAVE = """
INSERT INTO imported (site_id, source, calendar, mentor_id, session_ref, session_id, content_hash, revision, starts_at)
SELECT $1, $2, $9, u.mentor_id, u.session_ref, u.session_id, u.content_hash, u.revision, u.starts_at
FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::bytea[], $7::int[], $8::timestamptz[])
  AS u (mentor_id, session_ref, session_id, content_hash, revision, starts_at)
WHERE NOT EXISTS (SELECT FROM erased WHERE person_id = u.mentor_id)
ON CONFLICT (site_id, source, session_ref) DO UPDATE
  SET (calendar, mentor_id, content_hash, revision, starts_at)
    = (excluded.calendar, excluded.mentor_id, excluded.content_hash, excluded.revision, excluded.starts_at)
  WHERE imported.revision <= excluded.revision
"""
TAKE = "UPDATE imported SET calendar = $4 WHERE site_id = $1 AND source = $2 AND session_ref = ANY($3::text[])"
ROSTER = "SELECT id, address_hash FROM mentor WHERE site_id = $1 AND active"
SOURCE_OF = "SELECT source FROM imported WHERE mentor_id = ANY($1::uuid[]) AND session_id = $2 ORDER BY source LIMIT 1"


@dataclass(frozen=True, slots=True)
class Source:
    """Which site speaks, by which way it comes, and which of its calendars says it (empty: a mentor's own)."""

    site_id: str
    name: str
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    session_ref: str
    session_id: UUID
    mentor_id: UUID
    said: Said


async def get_now(conn: Connection) -> datetime:
    now: datetime = await conn.fetchval(NOW)
    return now


async def find_time_zone(conn: Connection, site_id: str) -> str | None:
    zone: str | None = await conn.fetchval(TIME_ZONE, site_id)
    return zone


async def list_said(conn: Connection, source: Source, mentor_ids: Sequence[UUID]) -> Mapping[str, Said]:
    """Of these mentors, by any calendar, and by this one of any mentor."""
    by_it = await conn.fetch(LAST_SAID_BY, source.site_id, source.calendar, source.name) if source.calendar else []
    return _by_reference([*by_it, *await conn.fetch(LAST_SAID, mentor_ids, source.site_id, source.name)], source)


async def load_said(conn: Connection, source: Source, refs: Sequence[str]) -> Mapping[str, Said]:
    return _by_reference(await conn.fetch(LAST_SAID_OF, source.site_id, source.name, refs), source)


async def list_after(conn: Connection, source: Source, ref: str, limit: int) -> list[tuple[str, UUID, Said]]:
    """A page of (reference, mentor, what was said last) in the order of references, after `ref`."""
    rows = await conn.fetch(SAID_IN_ORDER, source.site_id, source.name, ref, limit)
    return [(row["session_ref"], row["mentor_id"], _said(row, source)) for row in rows]


async def find_source(conn: Connection, session_id: UUID, mentor_ids: Sequence[UUID]) -> str | None:
    """Which kind of file spoke of a session of one of these mentors; None: it came in by no file."""
    source: str | None = await conn.fetchval(SOURCE_OF, mentor_ids, session_id)
    return source


async def save_said(conn: Connection, source: Source, rows: Sequence[Row]) -> None:
    """Each reference once. A lower revision never overwrites a higher one."""
    columns = (
        [row.mentor_id for row in rows],
        [row.session_ref for row in rows],
        [row.session_id for row in rows],
        [row.said.content for row in rows],
        [row.said.revision for row in rows],
        [row.said.starts_at for row in rows],
    )
    await conn.execute(SAVE, source.site_id, source.name, *columns, source.calendar)


async def take_over(conn: Connection, source: Source, refs: Sequence[str]) -> None:
    """What another calendar said before is from now on this one's to call off."""
    await conn.execute(TAKE, source.site_id, source.name, refs, source.calendar)


async def load_roster(conn: Connection, site_id: str) -> Roster:
    rows = await conn.fetch(ROSTER, site_id)
    by_address: dict[str, set[UUID]] = {}
    for row in rows:
        if row["address_hash"]:
            by_address.setdefault(row["address_hash"], set()).add(row["id"])
    return Roster(frozenset(row["id"] for row in rows), {of: frozenset(whose) for of, whose in by_address.items()})


def _by_reference(rows: Sequence[Record], source: Source) -> Mapping[str, Said]:
    return {row["session_ref"]: _said(row, source) for row in rows}


def _said(row: Record, source: Source) -> Said:
    return Said(row["content_hash"], row["revision"], row["starts_at"], row["mentor_id"], row["calendar"] != source.calendar)
