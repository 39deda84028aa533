"""Which dead letters an operator means: filters, counts and lists that leave the records' bytes where they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asyncpg import Connection

OPEN = ("dead", "parked")
STATES = (*OPEN, "replayed", "skipped")
WHICH = """
FROM dead_letter
WHERE state = ANY($1::text[]) AND ($2 = '' OR reason = $2) AND ($3 = '' OR principal = $3)
  AND ($4 = '' OR EXISTS (SELECT 1 FROM unnest(concerns) AS c WHERE c = $4 OR split_part(c, '/', 1) = $4))
  AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)
"""
LIST = """SELECT id, at, state, reason, detail, principal, concerns,
       CASE WHEN topic <> '' THEN topic || '/' || partition || '/' || "offset" ELSE 'a row that came due' END AS "where"
""" + WHICH + " ORDER BY id LIMIT $7"
IDS = "SELECT id" + WHICH + " ORDER BY id"
COUNT = "SELECT count(*)" + WHICH
COUNTS = ("SELECT reason, principal, state, count(*) AS letters, min(at) AS oldest, max(at) AS newest" + WHICH
          + " GROUP BY reason, principal, state ORDER BY letters DESC, reason, principal, state")


@dataclass(frozen=True, slots=True)
class Which:
    """Letters to look for; what is empty does not matter. `concern` is a handler, or one of its aggregates as handler/key."""

    states: tuple[str, ...] = OPEN
    reason: str = ""
    principal: str = ""
    concern: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def values(self) -> Iterable[Any]:
        return list(self.states), self.reason, self.principal, self.concern, self.since, self.until


async def list_found(conn: Connection, which: Which, limit: int) -> list[dict[str, Any]]:
    """Oldest first, without the records' bytes."""
    return [dict(row) for row in await conn.fetch(LIST, *which.values(), limit)]


async def list_ids(conn: Connection, which: Which) -> list[int]:
    return [row["id"] for row in await conn.fetch(IDS, *which.values())]


async def count(conn: Connection, which: Which) -> int:
    return int(await conn.fetchval(COUNT, *which.values()))


async def counts(conn: Connection, which: Which) -> list[dict[str, Any]]:
    """By reason, principal and state, most first, with the oldest and the newest."""
    return [dict(row) for row in await conn.fetch(COUNTS, *which.values())]
