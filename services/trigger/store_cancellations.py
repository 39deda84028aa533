"""Every SQL statement about cancelled days: which sessions they mean, how far each is, and what is planned on a day."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Connection, Pool, Record

from services.trigger import store_imports
from services.trigger.cancellations import Cancellation, Days, Meant, Progress
from services.trigger.messages import Why
from services.trigger.zones import find_zone

PLANNED = """
SELECT s.id, s.revision, s.starts_at FROM mentor m JOIN session s ON s.mentor_id = m.id
WHERE m.site_id = $1 AND s.starts_at >= $2 AND s.starts_at < $3 AND s.status = 'planned'
UNION ALL
SELECT id, revision, starts_at FROM session
WHERE site_id = $1 AND status = 'waiting' AND starts_at >= $2 AND starts_at < $3
"""
LOCK = """
SELECT id, site_id, first_day, day_after, reason, told_by, told_at, sessions, revisions, undone_at
FROM cancellation WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
LOAD = """
SELECT id, site_id, first_day, day_after, reason, told_by, told_at, sessions, revisions, undone_at
FROM cancellation WHERE id = ANY($1::uuid[])
"""
INSERT = """
INSERT INTO cancellation (id, site_id, first_day, day_after, reason, told_by, told_at, sessions, revisions, undone_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
"""
UNDO = "UPDATE cancellation SET undone_at = $2 WHERE id = $1"
UNDONE_BEFORE = """
SELECT count(*) FROM cancellation
WHERE site_id = $1 AND first_day = $2 AND day_after = $3 AND reason = $4 AND undone_at IS NOT NULL
"""
TO_CANCEL = """
SELECT s.id FROM cancellation c CROSS JOIN LATERAL unnest(c.sessions) AS meant (id) JOIN session s ON s.id = meant.id
WHERE c.id = $1 AND c.undone_at IS NULL AND s.status IN ('planned', 'waiting') AND ($2::uuid IS NULL OR s.id > $2)
ORDER BY s.id LIMIT $3
"""
TO_BRING_BACK = """
SELECT s.id FROM cancellation c CROSS JOIN LATERAL unnest(c.sessions) AS meant (id) JOIN session s ON s.id = meant.id
WHERE c.id = $1 AND s.status = 'cancelled' AND s.rest -> 'verdict' ->> 'cancellation_id' = c.id::text
  AND ($2::uuid IS NULL OR s.id > $2)
ORDER BY s.id LIMIT $3
"""
LIST = """
SELECT c.id, c.site_id, c.first_day, c.day_after, c.reason, c.told_by, c.told_at, c.undone_at,
       cardinality(c.sessions) AS meant,
       (SELECT count(*) FROM session s WHERE s.id = ANY(c.sessions) AND s.status = 'cancelled'
        AND s.rest -> 'verdict' ->> 'cancellation_id' = c.id::text) AS cancelled,
       EXISTS (SELECT 1 FROM sweep w WHERE w.handler = 'session' AND NOT w.last_look
               AND convert_from(w.cause, 'UTF8')::jsonb ->> 'cancellation_id' = c.id::text) AS under_way
FROM cancellation c WHERE c.site_id = ANY($1::text[]) AND ($2::uuid IS NULL OR c.id = $2) ORDER BY c.told_at DESC LIMIT $3
"""


async def find_planned(conn: Connection | Pool, days: Days) -> dict[UUID, tuple[int, date]] | None:
    """Sessions with their revision and their day on the site's calendar; None when nobody has told us of the site."""
    name = await conn.fetchval(store_imports.TIME_ZONE, days.site_id)
    if name is None:
        return None
    zone = find_zone(name) or ZoneInfo("UTC")
    rows = await conn.fetch(PLANNED, days.site_id, midnight(days.first, zone), midnight(days.after, zone))
    return {row["id"]: (row["revision"], row["starts_at"].astimezone(zone).date()) for row in rows}


async def load_planned(conn: Connection, keys: Sequence[Days]) -> dict[Days, Meant]:
    """By days; absent where the site is not known."""
    found = {days: await find_planned(conn, days) for days in keys}
    return {days: {id: told for id, (told, _) in planned.items()} for days, planned in found.items() if planned is not None}


async def lock_cancellations(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Cancellation]:
    return {row["id"]: _cancellation(row) for row in await conn.fetch(LOCK, ids)}


async def load_cancellations(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Cancellation]:
    return {row["id"]: _cancellation(row) for row in await conn.fetch(LOAD, ids)}


async def save_cancellations(conn: Connection, changed: Sequence[Cancellation], new: Sequence[Cancellation]) -> bool:
    """Seldom more than one, so a statement each. Once told, only undoing changes it."""
    for one in changed:
        await conn.execute(UNDO, one.id, one.undone_at)
    return all([await conn.execute(INSERT, *_values(one)) == "INSERT 0 1" for one in new])


async def count_undone(conn: Connection | Pool, days: Days, reason: Why) -> int:
    return int(await conn.fetchval(UNDONE_BEFORE, *days, reason))


async def list_progress(conn: Connection | Pool, sites: Iterable[str], limit: int) -> list[Progress]:
    """Newest first."""
    return [_progress(row) for row in await conn.fetch(LIST, sorted(sites), None, limit)]


async def find_progress(conn: Connection | Pool, sites: Iterable[str], id: UUID) -> Progress | None:
    row = await conn.fetchrow(LIST, sorted(sites), id, 1)
    return _progress(row) if row else None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When that day begins there; where the clock jumps over midnight, with the first moment after it."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _cancellation(row: Record) -> Cancellation:
    return Cancellation(
        id=row["id"],
        days=_days(row),
        reason=row["reason"],
        told_by=row["told_by"],
        told_at=row["told_at"],
        meant=dict(zip(row["sessions"], row["revisions"], strict=True)),
        undone_at=row["undone_at"],
    )


def _progress(row: Record) -> Progress:
    return Progress(
        id=row["id"],
        days=_days(row),
        reason=row["reason"],
        told_by=row["told_by"],
        told_at=row["told_at"],
        undone_at=row["undone_at"],
        meant=row["meant"],
        cancelled=row["cancelled"],
        under_way=row["under_way"],
    )


def _days(row: Record) -> Days:
    return Days(row["site_id"], row["first_day"], row["day_after"])


def _values(c: Cancellation) -> tuple[object, ...]:
    return (c.id, *c.days, c.reason, c.told_by, c.told_at, list(c.meant), list(c.meant.values()), c.undone_at)
