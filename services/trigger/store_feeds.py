"""Every SQL statement about feeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Connection, Pool, Record

CLAIM = """
UPDATE feed SET next_at = now() + $1
WHERE id = (SELECT id FROM feed WHERE next_at <= now() ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *, now() AS now
"""
FEED = "SELECT *, now() AS now FROM feed WHERE id = $1"
FEEDS = "SELECT *, now() AS now FROM feed WHERE $1 = '' OR site_id = $1 ORDER BY site_id, id"
WAITING = """
SELECT *, now() AS now FROM feed WHERE held > 0 OR needs <> '[]' OR failures >= $1 ORDER BY site_id, id LIMIT $2
"""
OTHERS = "SELECT complete FROM feed WHERE mentor_id = $1 FOR UPDATE"
ADD = """
INSERT INTO feed (id, site_id, mentor_id, mentor_ref, url, activity, complete, minutes, mapping, mapped, mapping_version)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $9::jsonb IS NULL THEN 0 ELSE 1 END
WHERE NOT EXISTS (SELECT FROM erased WHERE person_id = $3::uuid)
ON CONFLICT DO NOTHING
"""
ASKED = """
UPDATE feed SET next_at = CASE WHEN mapping_version = $11 THEN now() + $2 ELSE now() END,
  asked_at = now(), outcome = $3, detail = $4, failures = $5,
  etag = coalesce($6, etag), modified = coalesce($7, modified), read_at = coalesce($8, read_at),
  held = coalesce($9, held), confirmed = confirmed AND NOT $10,
  understood = coalesce($12, understood), needs = coalesce($13, needs)
WHERE id = $1
"""
SOON = "UPDATE feed SET next_at = now(), confirmed = $2, etag = NULL, modified = NULL, failures = 0 WHERE id = $1"
MAP = """
UPDATE feed SET mapping = $2, mapped = $3, mapping_version = mapping_version + 1, next_at = now() WHERE id = $1
RETURNING mapping_version
"""
REMOVE = "DELETE FROM feed WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Feed:
    """One mentor's calendar, or (without a mentor) a site's. `now` is the database's, when this row was read."""

    id: str
    site_id: str
    mentor_id: UUID | None
    mentor_ref: str | None
    url: str
    activity: str | None
    complete: bool
    minutes: int
    added_at: datetime
    next_at: datetime
    etag: str
    modified: str
    read_at: datetime | None
    asked_at: datetime | None
    outcome: str | None
    detail: str | None
    failures: int
    held: int
    confirmed: bool
    mapping: str | None
    mapping_version: int
    mapped: Sequence[UUID]
    understood: bytes | None
    needs: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What one look came to. From `etag` on, what is None stays as it is. `used`: it did what somebody had confirmed.

    `understood`: by which mapping and roster. `needs`: what waits for them, as JSON.
    """

    outcome: str
    detail: str
    wait: timedelta
    failures: int = 0
    etag: str | None = None
    modified: str | None = None
    read_at: datetime | None = None
    held: int | None = None
    used: bool = False
    understood: bytes | None = None
    needs: str | None = None


async def claim(conn: Connection | Pool, lease: timedelta) -> Feed | None:
    """One that is due. Nobody else gets it within `lease`, unless whoever has it says earlier when it is due again."""
    row = await conn.fetchrow(CLAIM, lease)
    return _feed(row) if row else None


async def find(conn: Connection | Pool, id: str) -> Feed | None:
    row = await conn.fetchrow(FEED, id)
    return _feed(row) if row else None


async def list_feeds(conn: Connection | Pool, site_id: str = "") -> list[Feed]:
    return [_feed(row) for row in await conn.fetch(FEEDS, site_id)]


async def list_waiting(conn: Connection | Pool, failures: int, limit: int) -> list[Feed]:
    """Those that wait for somebody: to map, to confirm, or to mend what failed so many times in a row."""
    return [_feed(row) for row in await conn.fetch(WAITING, failures, limit)]


async def others(conn: Connection, mentor_id: UUID) -> Sequence[bool]:
    """Of each feed that a mentor has: whether it holds all of their sessions."""
    return [row["complete"] for row in await conn.fetch(OTHERS, mentor_id)]


async def add(
    conn: Connection, feed: tuple[object, ...], mapping: str | None = None, mapped: Sequence[UUID] = ()
) -> bool:
    """False when this mentor, or this site, has it already; also of a mentor who was erased."""
    return bool(await conn.execute(ADD, *feed, mapping, list(mapped)) == "INSERT 0 1")


async def asked(conn: Connection | Pool, feed: Feed, what: Asked) -> None:
    """It is due at once where it got another mapping meanwhile."""
    await conn.execute(ASKED, feed.id, what.wait, what.outcome, what.detail, what.failures, what.etag, what.modified,
                       what.read_at, what.held, what.used, feed.mapping_version, what.understood, what.needs)  # fmt: skip


async def map_anew(conn: Connection | Pool, id: str, mapping: str, mapped: Sequence[UUID]) -> int:
    """The version that it has now."""
    version: int = await conn.fetchval(MAP, id, mapping, list(mapped))
    return version


async def ask_soon(conn: Connection | Pool, id: str, *, confirmed: bool) -> bool:
    return bool(await conn.execute(SOON, id, confirmed) != "UPDATE 0")


async def remove(conn: Connection | Pool, id: str) -> bool:
    return bool(await conn.execute(REMOVE, id) != "DELETE 0")


def _feed(row: Record) -> Feed:
    values = dict(row)
    return Feed(**values | {"etag": values["etag"] or "", "modified": values["modified"] or ""})
