"""SQL of how ready mentors feel after a training, as they said last."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Connection

from services.supervision.readiness import Readiness

LOAD = """
SELECT training_id, mentor_id, site_id, ready, at
FROM readiness WHERE training_id = ANY($1::uuid[]) ORDER BY training_id FOR UPDATE
"""
INSERT = """
INSERT INTO readiness (training_id, mentor_id, site_id, ready, at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[]) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE readiness r SET (ready, at) = (u.ready, u.at)
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS u (training_id, ready, at) WHERE r.training_id = u.training_id
"""
OF_TRAINING = "SELECT ready FROM readiness WHERE training_id = $1"


async def load_readiness(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Readiness]:
    return {row["training_id"]: Readiness(**dict(row)) for row in await conn.fetch(LOAD, keys)}


async def save_readiness(conn: Connection, changed: Sequence[Readiness], new: Sequence[Readiness]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    if changed:
        await conn.execute(UPDATE, *zip(*((r.training_id, r.ready, r.at) for r in changed), strict=True))
    if not new:
        return True
    rows = [(r.training_id, r.mentor_id, r.site_id, r.ready, r.at) for r in new]
    inserted: str = await conn.execute(INSERT, *zip(*rows, strict=True))
    return inserted == f"INSERT 0 {len(new)}"


async def find_ready(conn: Connection, training_id: UUID) -> str | None:
    ready: str | None = await conn.fetchval(OF_TRAINING, training_id)
    return ready
