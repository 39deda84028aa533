"""The SQL of requests for new links: one row a mentor, the last request."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Connection, Pool

from services.assessment.link_requests import LinkRequest

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
# As long as another one would not count.
ASKED = "SELECT requested_at FROM link_request WHERE mentor_id = $1 AND requested_at > now() - interval '24 hours'"


async def load_requests(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, LinkRequest]:
    return {row["mentor_id"]: LinkRequest(**dict(row)) for row in await conn.fetch(LOAD, keys)}


async def save_requests(conn: Connection, changed: Sequence[LinkRequest], new: Sequence[LinkRequest]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    if changed:
        await conn.execute(UPDATE, *zip(*map(_row, changed), strict=True))
    if not new:
        return True
    inserted: str = await conn.execute(INSERT, *zip(*map(_row, new), strict=True))
    return inserted == f"INSERT 0 {len(new)}"


async def find_asked(pool: Pool, mentor_id: UUID) -> datetime | None:
    """When this mentor last asked, within 24 hours."""
    at: datetime | None = await pool.fetchval(ASKED, mentor_id)
    return at


def _row(r: LinkRequest) -> tuple[object, ...]:
    return r.mentor_id, r.site_id, r.training_id, r.requested_at
