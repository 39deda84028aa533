"""SQL of what OneRoster sets told last: rows of opaque ids, roles and days. No name and no reference of anybody."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Connection

from services.supervision.messages import RosterRowTold
from services.supervision.oneroster_rows import KEPT, Kept
from services.supervision.store import columns

LOAD = """
SELECT row_id, site_id, file, document FROM oneroster_row WHERE row_id = ANY($1::uuid[]) ORDER BY row_id FOR UPDATE
"""
INSERT = """
INSERT INTO oneroster_row (row_id, site_id, file, document)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE oneroster_row r SET document = u.document FROM unnest($1::uuid[], $2::jsonb[]) AS u (row_id, document)
WHERE r.row_id = u.row_id
"""
REMOVE = "DELETE FROM oneroster_row WHERE row_id = ANY($1::uuid[])"
OF_SITE = "SELECT row_id, document FROM oneroster_row WHERE site_id = $1 AND file = $2"


async def load_rows(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, RosterRowTold]:
    return {row["row_id"]: RosterRowTold(**dict(row)) for row in await conn.fetch(LOAD, keys)}


async def save_rows(conn: Connection, changed: Sequence[RosterRowTold], new: Sequence[RosterRowTold]) -> bool:
    """Rows that a set has no longer go. False when somebody else created one of `new` meanwhile."""
    if gone := [row.row_id for row in changed if row.document is None]:
        await conn.execute(REMOVE, gone)
    if updated := [(row.row_id, row.document) for row in changed if row.document is not None]:
        await conn.execute(UPDATE, *columns(updated))
    added = [(row.row_id, row.site_id, row.file, row.document) for row in new if row.document is not None]
    return not added or await conn.execute(INSERT, *columns(added)) == f"INSERT 0 {len(added)}"


async def list_rows(conn: Connection, site_id: str) -> dict[str, dict[UUID, Kept]]:
    """By file, and one file after the other: so large a thing need not be there twice as a whole."""
    found: dict[str, dict[UUID, Kept]] = {}
    for file, read in KEPT.items():
        if rows := await conn.fetch(OF_SITE, site_id, file):
            found[file] = {row["row_id"]: read.validate_json(row["document"]) for row in rows}
    return found
