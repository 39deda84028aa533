"""What calendar sources said last, and the zone of their site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Connection

from services.trigger.imports import Said

NOW = "SELECT now()"
TIME_ZONE = "SELECT time_zone FROM site WHERE site_id = $1"
LAST_SAID = """
SELECT session_ref, content_hash, revision, starts_at FROM imported WHERE mentor_id = $1 AND site_id = $2 AND source = $3
"""
SAVE = """
INSERT INTO imported (site_id, source, mentor_id, session_ref, session_id, content_hash, revision, starts_at)
SELECT $1, $2, $3, u.session_ref, u.session_id, u.content_hash, u.revision, u.starts_at
FROM unnest($4::text[], $5::uuid[], $6::bytea[], $7::int[], $8::timestamptz[])
  AS u (session_ref, session_id, content_hash, revision, starts_at)
ON CONFLICT (site_id, source, session_ref) DO UPDATE
  SET (content_hash, revision, starts_at) = (excluded.content_hash, excluded.revision, excluded.starts_at)
  WHERE imported.revision <= excluded.revision
"""
FORGET = "DELETE FROM imported WHERE mentor_id = $1"


@dataclass(frozen=True, slots=True)
class Source:
    """Whose calendar speaks, and by which way it comes."""

    site_id: str
    name: str
    mentor_id: UUID


@dataclass(frozen=True, slots=True)
class Row:
    session_ref: str
    session_id: UUID
    said: Said


async def get_now(conn: Connection) -> datetime:
    now: datetime = await conn.fetchval(NOW)
    return now


async def find_time_zone(conn: Connection, site_id: str) -> str | None:
    zone: str | None = await conn.fetchval(TIME_ZONE, site_id)
    return zone


async def list_said(conn: Connection, source: Source) -> Mapping[str, Said]:
    rows = await conn.fetch(LAST_SAID, source.mentor_id, source.site_id, source.name)
    return {row["session_ref"]: Said(row["content_hash"], row["revision"], row["starts_at"]) for row in rows}


async def save_said(conn: Connection, source: Source, rows: Sequence[Row]) -> None:
    """Each reference once. A lower revision never overwrites a higher one."""
    columns = (
        [row.session_ref for row in rows],
        [row.session_id for row in rows],
        [row.said.content for row in rows],
        [row.said.revision for row in rows],
        [row.said.starts_at for row in rows],
    )
    await conn.execute(SAVE, source.site_id, source.name, source.mentor_id, *columns)


async def forget_mentor(conn: Connection, mentor_id: UUID) -> None:
    """For an erasure."""
    await conn.execute(FORGET, mentor_id)
