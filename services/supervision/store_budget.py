"""SQL of what supervisors were asked in the last week. Read without a lock: what could still appear is waited for."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Connection

from services.supervision.budget import Ask

ASKS = """
SELECT supervisor_id, alert_id, rule, asked_at, place, state <> 'resolved' AS live FROM alert
WHERE supervisor_id = ANY($1::uuid[]) AND asked_at > now() - interval '8 days' AND place IS DISTINCT FROM 'digest'
ORDER BY supervisor_id, asked_at
"""

COUNT = """
SELECT count(*) FROM alert WHERE supervisor_id = $1 AND asked_at > now() - interval '7 days' AND place = 'own'
"""


async def count_asked(conn: Connection, supervisor_id: UUID) -> int:
    """How many places of this supervisor's week are taken."""
    return int(await conn.fetchval(COUNT, supervisor_id))


# How the newest asks of each rule ended, newest first: a person has said so.
ENDED = """
SELECT rule, array_agg(how ORDER BY resolved_at DESC) AS ended FROM (
  SELECT rule, how, resolved_at, row_number() OVER (PARTITION BY rule ORDER BY resolved_at DESC) AS place
  FROM alert WHERE site_id = $1 AND resolved_by IS NOT NULL AND resolved_at > now() - interval '365 days'
) AS newest WHERE place <= 20 GROUP BY rule ORDER BY rule
"""


async def list_asks(conn: Connection, site_id: str) -> list[tuple[str, list[str]]]:
    """Of each rule how its last twenty asks at a site ended."""
    return [(row["rule"], row["ended"]) for row in await conn.fetch(ENDED, site_id)]


async def load_asks(conn: Connection, supervisor_ids: Sequence[UUID]) -> dict[UUID, tuple[Ask, ...]]:
    found: dict[UUID, list[Ask]] = {}
    for row in await conn.fetch(ASKS, supervisor_ids):
        ask = Ask(row["alert_id"], row["rule"], row["asked_at"], row["place"], row["live"])
        found.setdefault(row["supervisor_id"], []).append(ask)
    return {supervisor: tuple(asks) for supervisor, asks in found.items()}
