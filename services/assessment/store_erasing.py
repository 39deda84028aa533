"""SQL of what a mentor may ask for: erasing what no column names, and handing out what they wrote."""

from uuid import UUID

from asyncpg import Connection, Pool

from services.assessment.store import SealedAnswer
from shared.erasing import Erasure

ASKED = """
DELETE FROM asked a USING training t, jsonb_to_recordset(t.assigned -> 'items') AS i (module_id text, version int)
WHERE t.mentor_id = $1 AND a.module_id = i.module_id AND a.version = i.version AND a.training_id = t.id
"""
SESSIONS = "DELETE FROM planned_session WHERE document ->> 'mentor_id' = $1"
WORDS = """
SELECT training_id, number, item_id, key_id, sealed, answered_at FROM open_answer WHERE mentor_id = $1 ORDER BY answered_at
"""
ERASED = "SELECT EXISTS (SELECT FROM erased WHERE person_id = $1)"


async def erase_inside(conn: Connection, erasure: Erasure) -> None:
    await conn.execute(ASKED, erasure.person_id)
    await conn.execute(SESSIONS, str(erasure.person_id))


async def is_erased(pool: Pool, mentor_id: UUID) -> bool:
    return bool(await pool.fetchval(ERASED, mentor_id))


async def list_words(conn: Connection, mentor_id: UUID) -> list[tuple[UUID, SealedAnswer]]:
    """Sealed, with the training that each belongs to."""
    rows = [dict(row) for row in await conn.fetch(WORDS, mentor_id)]
    return [(row.pop("training_id"), SealedAnswer(**row)) for row in rows]
