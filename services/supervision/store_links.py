"""The SQL of mentors' links: who asked for a new one, and what a link needs to be signed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Connection

from shared.contracts.assessment import LinkRequested

LOAD = """
SELECT mentor_id, site_id, training_id, requested_at
FROM link_request WHERE mentor_id = ANY($1::uuid[]) ORDER BY mentor_id FOR UPDATE
"""
INSERT = """
INSERT INTO link_request (mentor_id, site_id, training_id, requested_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[]) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE link_request l SET (site_id, training_id, requested_at) = (u.site_id, u.training_id, u.requested_at)
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[]) AS u (mentor_id, site_id, training_id, requested_at)
WHERE l.mentor_id = u.mentor_id
"""
# A training that was opened or gone on with afterwards shows that a new link has come; so does one that was mailed a day ago, did
# not come back, and was not asked for again: it may be for a training that was finished before.
WAITING = """
SELECT l.mentor_id, l.requested_at FROM link_request l
WHERE l.mentor_id = ANY($1::uuid[])
  AND NOT EXISTS (SELECT FROM preparation p
                  WHERE p.mentor_id = l.mentor_id AND greatest(p.opened_at, p.last_answer_at) > l.requested_at)
  AND NOT EXISTS (SELECT FROM notice n WHERE n.person_id = l.mentor_id AND n.kind = 'link' AND n.created_at >= l.requested_at
                  AND n.state IN ('sent', 'delivered') AND n.sent_at < now() - interval '1 day')
"""
EPOCH = "SELECT link_epoch, now() AS now FROM mentor_case WHERE mentor_id = $1 AND enrolled AND status = 'active'"
CHECK_IN_OF_SESSION = """
SELECT p.session_id, p.mentor_id, p.starts_at, coalesce(c.link_epoch, 1) AS link_epoch, now() AS now
FROM preparation p LEFT JOIN mentor_case c ON c.mentor_id = p.mentor_id
WHERE p.session_id = $1 AND p.status IN ('planned', 'held') AND ($2::uuid IS NULL OR p.mentor_id = $2) LIMIT 1
"""
# The last session that has begun; before the first one, the next.
CHECK_IN_OF_MENTOR = """
SELECT p.session_id, p.mentor_id, p.starts_at, coalesce(c.link_epoch, 1) AS link_epoch, now() AS now
FROM preparation p LEFT JOIN mentor_case c ON c.mentor_id = p.mentor_id
WHERE p.mentor_id = $1 AND p.status IN ('planned', 'held')
ORDER BY p.starts_at > now(), abs(extract(epoch FROM p.starts_at - now())) LIMIT 1
"""


async def load_requests(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, LinkRequested]:
    return {row["mentor_id"]: LinkRequested(**dict(row)) for row in await conn.fetch(LOAD, keys)}


async def save_requests(conn: Connection, changed: Sequence[LinkRequested], new: Sequence[LinkRequested]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    if changed:
        await conn.execute(UPDATE, *zip(*map(_row, changed), strict=True))
    if not new:
        return True
    inserted: str = await conn.execute(INSERT, *zip(*map(_row, new), strict=True))
    return inserted == f"INSERT 0 {len(new)}"


async def load_waiting(conn: Connection, mentor_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When mentors asked for a new link, unless it has come since."""
    return {row["mentor_id"]: row["requested_at"] for row in await conn.fetch(WAITING, mentor_ids)}


async def find_epoch(conn: Connection, mentor_id: UUID) -> tuple[int, datetime] | None:
    """(epoch, now) for a new link; None for somebody who is no mentor here."""
    row = await conn.fetchrow(EPOCH, mentor_id)
    return (row["link_epoch"], row["now"]) if row else None


async def find_check_in(conn: Connection, session_id: UUID | None, mentor_id: UUID | None) -> Mapping[str, Any] | None:
    """The session to ask about, with the epoch that its link needs, and the time."""
    if session_id:
        found = await conn.fetchrow(CHECK_IN_OF_SESSION, session_id, mentor_id)
    else:
        found = await conn.fetchrow(CHECK_IN_OF_MENTOR, mentor_id)
    return dict(found) if found else None


def _row(r: LinkRequested) -> tuple[object, ...]:
    return r.mentor_id, r.site_id, r.training_id, r.requested_at
