"""SQL of sealing open answers anew."""

from base64 import b64decode
from uuid import UUID

from asyncpg import Connection, Record

from services.assessment.training import Sealed

COUNT = "SELECT key_id, count(*) AS answers FROM open_answer GROUP BY key_id"
OTHERS = """
SELECT training_id, number, item_id, key_id, sealed, answered_at FROM open_answer
WHERE key_id <> $1 ORDER BY training_id, number LIMIT $2 FOR UPDATE
"""
PUT = "UPDATE open_answer SET key_id = $3, sealed = $4 WHERE training_id = $1 AND number = $2"


async def count_by_key(conn: Connection) -> dict[str, int]:
    return {row["key_id"]: row["answers"] for row in await conn.fetch(COUNT)}


async def lock_others(conn: Connection, newest: str, limit: int) -> list[Record]:
    """Sealed with any other key."""
    return list(await conn.fetch(OTHERS, newest, limit))


async def put(conn: Connection, training_id: UUID, number: int, again: Sealed) -> None:
    await conn.execute(PUT, training_id, number, again.key_id, b64decode(again.sealed))
