"""SQL of erasing what no column names: sessions by their document, and which questions a mentor's trainings asked."""

from uuid import UUID

from asyncpg import Connection, Pool

ASKED = """
DELETE FROM asked a USING training t, jsonb_to_recordset(t.assigned -> 'items') AS i (module_id text, version int)
WHERE t.mentor_id = $1 AND a.module_id = i.module_id AND a.version = i.version AND a.training_id = t.id
"""
SESSIONS = "DELETE FROM planned_session WHERE document ->> 'mentor_id' = $1"
ERASED = "SELECT EXISTS (SELECT FROM erased WHERE person_id = $1)"


async def erase_inside(conn: Connection, mentor_id: UUID) -> None:
    await conn.execute(ASKED, mentor_id)
    await conn.execute(SESSIONS, str(mentor_id))


async def is_erased(pool: Pool, mentor_id: UUID) -> bool:
    return bool(await pool.fetchval(ERASED, mentor_id))
