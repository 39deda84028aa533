"""What became of a call: taken, not standing behind a failed record, and gone from the outbox. SQL of the assessment schema."""

from datetime import datetime
from uuid import UUID

from asyncpg import Pool

from shared.contracts.assessment import CallRequested
from shared.messaging.message import inbox_id

FIND_CALL = """
SELECT i.at, NOT EXISTS (SELECT FROM outbox o WHERE o.type = $2 AND o.key = $3)
  AND NOT EXISTS (SELECT FROM parked p WHERE p.concern = $4 AND p.since <= i.at) AS gone
FROM inbox i WHERE i.id = $1 AND i.refused IS NULL
"""


def cause_of(service: str, source: str, id: str) -> UUID:
    return inbox_id(service, source, id)


async def find_call(pool: Pool, cause: UUID, mentor_id: UUID, concern: str) -> tuple[datetime | None, bool]:
    """When it was taken, and whether all calls of this mentor have left. `concern`: what it was pressed on; it may stand still.
    (None, False): not taken."""
    row = await pool.fetchrow(FIND_CALL, cause, CallRequested.TYPE, str(mentor_id), concern)
    return (row["at"], row["gone"]) if row else (None, False)
