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
OTHERS = "SELECT complete FROM feed WHERE mentor_id = $1 FOR UPDATE"
ADD = """
INSERT INTO feed (id, site_id, mentor_id, mentor_ref, url, activity, complete, minutes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
"""
ASKED = """
UPDATE feed SET next_at = now() + $2, asked_at = now(), outcome = $3, detail = $4, failures = $5,
  etag = coalesce($6, etag), modified = coalesce($7, modified), read_at = coalesce($8, read_at),
  held = coalesce($9, held), confirmed = confirmed AND NOT $10
WHERE id = $1
"""
SOON = "UPDATE feed SET next_at = now(), confirmed = $2, etag = NULL, modified = NULL, failures = 0 WHERE id = $1"
REMOVE = "DELETE FROM feed WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Feed:
    """`now` is the database's, when this row was read."""

    id: str
    site_id: str
    mentor_id: UUID
    mentor_ref: str
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
    now: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What one look came to. `etag`, `modified`, `read_at` and `held` are None where they stay as they are. `used`: it did what
    somebody had confirmed."""

    outcome: str
    detail: str
    wait: timedelta
    failures: int = 0
    etag: str | None = None
    modified: str | None = None
    read_at: datetime | None = None
    held: int | None = None
    used: bool = False


async def claim(conn: Connection | Pool, lease: timedelta) -> Feed | None:
    """One that is due. Nobody else gets it within `lease`, unless whoever has it says earlier when it is due again."""
    row = await conn.fetchrow(CLAIM, lease)
    return _feed(row) if row else None


async def find(conn: Connection | Pool, id: str) -> Feed | None:
    row = await conn.fetchrow(FEED, id)
    return _feed(row) if row else None


async def list_feeds(conn: Connection | Pool, site_id: str = "") -> list[Feed]:
    return [_feed(row) for row in await conn.fetch(FEEDS, site_id)]


async def others(conn: Connection, mentor_id: UUID) -> Sequence[bool]:
    """Of each feed that a mentor has: whether it holds all of their sessions."""
    return [row["complete"] for row in await conn.fetch(OTHERS, mentor_id)]


async def add(conn: Connection, feed: tuple[object, ...]) -> bool:
    """False when this mentor has it already."""
    return bool(await conn.execute(ADD, *feed) == "INSERT 0 1")


async def asked(conn: Connection | Pool, id: str, what: Asked) -> None:
    await conn.execute(ASKED, id, what.wait, what.outcome, what.detail, what.failures, what.etag, what.modified, what.read_at,
                       what.held, what.used)  # fmt: skip


async def ask_soon(conn: Connection | Pool, id: str, *, confirmed: bool) -> bool:
    return bool(await conn.execute(SOON, id, confirmed) != "UPDATE 0")


async def remove(conn: Connection | Pool, id: str) -> bool:
    return bool(await conn.execute(REMOVE, id) != "DELETE 0")


def _feed(row: Record) -> Feed:
    values = dict(row)
    return Feed(**values | {"etag": values["etag"] or "", "modified": values["modified"] or ""})
