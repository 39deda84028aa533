"""What of a publisher's words was not applied: its dead letters, and sessions that wait for someone unknown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Connection, Pool

LETTERS = """
SELECT at, reason, detail FROM dead_letter
WHERE principal = $1 AND state IN ('dead', 'parked') ORDER BY at DESC LIMIT $2
"""
SET_ASIDE = """
SELECT at, reason, detail FROM dead_letter
WHERE principal = $1 AND state IN ('dead', 'parked') AND convert_to($2, 'UTF8') = ANY(header_values)
  AND reason NOT IN ('id_reused', 'not_your_site') ORDER BY id DESC LIMIT 1
"""
UNKNOWN = """
SELECT id, status, rest -> 'waiting' ->> 'missing' AS missing, (rest -> 'waiting' ->> 'since')::timestamptz AS since, starts_at
FROM session
WHERE site_id = ANY($1::text[]) AND status IN ('waiting', 'unknown_mentor', 'unknown_site')
  AND (status <> 'waiting' OR (rest -> 'waiting' ->> 'since')::timestamptz < now() - interval '1 hour')
ORDER BY starts_at DESC LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Letter:
    at: datetime
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A session whose mentor or site nobody has told us of; `at`: since when it waits, or when it was given up."""

    session_id: UUID
    reason: str
    at: datetime


async def list_letters(conn: Connection | Pool, publisher: str, limit: int) -> list[Letter]:
    """Newest first; without the bytes, which only the platform's own people may read."""
    return [Letter(row["at"], row["reason"], row["detail"]) for row in await conn.fetch(LETTERS, publisher, limit)]


async def find_set_aside(conn: Connection | Pool, publisher: str, event_id: str) -> Letter | None:
    row = await conn.fetchrow(SET_ASIDE, publisher, event_id)
    return Letter(row["at"], row["reason"], row["detail"]) if row else None


async def list_unknown(conn: Connection | Pool, sites: Iterable[str], limit: int) -> list[Unknown]:
    """Those that have waited for an hour, and those given up a day after their start."""
    rows = await conn.fetch(UNKNOWN, sorted(sites), limit)
    return [
        Unknown(row["id"], f"unknown_{row['missing']}" if row["missing"] else row["status"], row["since"] or row["starts_at"])
        for row in rows
    ]
