"""SQL of check-ins: the last word on each session, and the one that a brief shows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Connection

from services.supervision.check_ins import Kept
from services.supervision.screens.last_session import Last
from services.supervision.store import columns
from shared.contracts.assessment import CheckInSubmitted

LOAD = "SELECT document FROM check_in WHERE check_in_id = ANY($1::uuid[]) ORDER BY check_in_id FOR UPDATE"
INSERT = """
INSERT INTO check_in (check_in_id, mentor_id, site_id, starts_at, revision, document)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::int[], $6::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE check_in c SET (starts_at, revision, document) = (u.starts_at, u.revision, u.document)
FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::jsonb[]) AS u (check_in_id, starts_at, revision, document)
WHERE c.check_in_id = u.check_in_id
"""
# The caller has seen to it that the mentor is in the reader's caseload.
LAST = """
SELECT c.document, EXISTS (
  SELECT FROM preparation p
  WHERE p.mentor_id = $1 AND p.starts_at > c.starts_at AND p.starts_at < $3 AND p.status IN ('planned', 'held')
    AND p.session_id::text <> c.document ->> 'session_id') AS later
FROM check_in c WHERE c.mentor_id = $1 AND c.site_id = $2 AND c.starts_at < $3 ORDER BY c.starts_at DESC LIMIT 1
"""


async def load_check_ins(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Kept]:
    found = [Kept(CheckInSubmitted.model_validate_json(row["document"])) for row in await conn.fetch(LOAD, keys)]
    return {one.id: one for one in found}


async def save_check_ins(conn: Connection, changed: Sequence[Kept], new: Sequence[Kept]) -> bool:
    """False when somebody else created one of `new` meanwhile: roll back and run the batch again."""
    if changed:
        rows = [(one.id, (s := one.submitted).starts_at, s.revision, s.model_dump_json()) for one in changed]
        await conn.execute(UPDATE, *columns(rows))
    if not new:
        return True
    made = [(one.id, (s := one.submitted).mentor_id, s.site_id, s.starts_at, s.revision, s.model_dump_json()) for one in new]
    inserted = await conn.execute(INSERT, *columns(made))
    return bool(inserted == f"INSERT 0 {len(new)}")


async def find_last(conn: Connection, mentor_id: UUID, site_id: str, before: datetime) -> Last | None:
    """The newest of a session that began before."""
    row = await conn.fetchrow(LAST, mentor_id, site_id, before)
    return Last(CheckInSubmitted.model_validate_json(row["document"]), row["later"]) if row else None
