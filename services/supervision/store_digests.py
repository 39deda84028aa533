"""SQL of Monday's digests: when each is due, what waits for it, and what the last ones listed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Connection, Record

from services.supervision import notices, store_notices
from services.supervision.digests import Digest

LOAD = "SELECT person_id, site_id, time_zone, due_at FROM digest WHERE person_id = ANY($1::uuid[]) ORDER BY person_id FOR UPDATE"
DUE = """
SELECT person_id, site_id, time_zone, due_at FROM digest
WHERE due_at >= $2 AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
OVERDUE = """
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
FROM (SELECT due_at FROM digest WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS found
"""
INSERT = "INSERT INTO digest (person_id, site_id, time_zone, due_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
UPDATE = "UPDATE digest SET site_id = $2, time_zone = $3, due_at = $4 WHERE person_id = $1"
REST = "UPDATE digest SET due_at = NULL WHERE person_id = ANY($1::uuid[])"
SENT = "INSERT INTO digest_sent (person_id, at, site_id, alert_ids) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
# Alerts with nobody's supervisor are the site's lead's.
WAITING = """
SELECT a.supervisor_id AS person_id, a.alert_id, a.raised_at FROM alert a
WHERE a.supervisor_id = ANY($1::uuid[]) AND a.state = 'open' AND (a.with_role = 'digest' OR a.severity = 'info')
UNION ALL
SELECT p.person_id, a.alert_id, a.raised_at FROM person p JOIN alert a ON a.site_id = p.site_id
WHERE p.person_id = ANY($1::uuid[]) AND p.role = 'site_lead' AND a.supervisor_id IS NULL AND a.state = 'open'
  AND (a.with_role = 'digest' OR a.severity = 'info')
ORDER BY 3, 2
"""
LAST = "SELECT at, alert_ids FROM digest_sent WHERE person_id = $1 ORDER BY at DESC LIMIT 1"
USEFUL = timedelta(days=3)


async def load_digests(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Digest]:
    return {row["person_id"]: _digest(row) for row in await conn.fetch(LOAD, ids)}


async def due_digests(conn: Connection, limit: int, since: datetime) -> dict[UUID, Digest]:
    """Claims and locks what is due; rows that another worker holds are left to it."""
    return {row["person_id"]: _digest(row) for row in await conn.fetch(DUE, limit, since)}


async def rest_digests(conn: Connection, ids: Sequence[UUID]) -> None:
    await conn.execute(REST, ids)


async def save_digests(conn: Connection, changed: Sequence[Digest], new: Sequence[Digest]) -> bool:
    for digest in changed:
        await conn.execute(UPDATE, digest.person_id, digest.site_id, digest.time_zone, digest.due_at)
        if digest.sent_at:
            await _send(conn, digest, digest.sent_at)
    inserted = [await conn.execute(INSERT, one.person_id, one.site_id, one.time_zone, one.due_at) for one in new]
    return all(words == "INSERT 0 1" for words in inserted)


async def load_waiting(conn: Connection, person_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """Alerts, the oldest first."""
    found: dict[UUID, list[UUID]] = {}
    for row in await conn.fetch(WAITING, person_ids):
        found.setdefault(row["person_id"], []).append(row["alert_id"])
    return {person: tuple(alerts) for person, alerts in found.items()}


async def find_last(conn: Connection, person_id: UUID) -> tuple[datetime, list[UUID]] | None:
    row = await conn.fetchrow(LAST, person_id)
    return (row["at"], row["alert_ids"]) if row else None


async def _send(conn: Connection, digest: Digest, at: datetime) -> None:
    await conn.execute(SENT, digest.person_id, at, digest.site_id, list(digest.sent))
    about = {"at": at, "alerts": len(digest.sent), "of": digest.person_id}
    notice = notices.new(digest.person_id, f"digest/{at.isoformat()}", "digest", at, site_id=digest.site_id,
                         to=digest.person_id, until=at + USEFUL, about=about)  # fmt: skip
    await store_notices.add(conn, (notice,))


def _digest(row: Record) -> Digest:
    return Digest(row["person_id"], row["site_id"], row["time_zone"], row["due_at"])
