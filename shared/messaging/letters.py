"""Which dead letters an operator means: filters, counts and lists that leave the records' bytes where they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncpg import Connection, Record

OPEN = ("dead", "parked")
STATES = (*OPEN, "replayed", "skipped")
WHICH = """
FROM dead_letter
WHERE state = ANY($1::text[]) AND ($2 = '' OR reason = $2) AND ($3 = '' OR principal = $3)
  AND ($4 = '' OR EXISTS (SELECT 1 FROM unnest(concerns) AS c WHERE c = $4 OR split_part(c, '/', 1) = $4))
  AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)
  AND (cardinality($7::bigint[]) = 0 OR id = ANY($7))
"""
LIST = """SELECT id, at, state, reason, detail, principal, concerns,
       CASE WHEN topic <> '' THEN topic || '/' || partition || '/' || "offset" ELSE 'a row that came due' END AS "where"
""" + WHICH + " ORDER BY id LIMIT $8"
PAGE = """SELECT id, at, state, reason, principal, topic, partition, "offset", substring(value FOR 16) AS first,
       octet_length(value) AS size
""" + WHICH + " AND id > $8 ORDER BY id LIMIT $9"
IDS = "SELECT id" + WHICH + " ORDER BY id"
COUNT = "SELECT count(*)" + WHICH
COUNTS = ("SELECT reason, principal, state, count(*) AS letters, min(at) AS oldest, max(at) AS newest" + WHICH
          + " GROUP BY reason, principal, state ORDER BY letters DESC, reason, principal, state")
WHOLE = """
SELECT id, at, state, reason, detail, principal, concerns, topic, partition, "offset", header_names, header_values, key, value
FROM dead_letter WHERE id = $1
"""
BEHIND = """
SELECT id, at, state, reason FROM dead_letter
WHERE state IN ('dead', 'parked') AND id > $1 AND concerns && $2::text[] ORDER BY id LIMIT $3
"""
GIVEN_UP = """
UPDATE dead_letter SET detail = left(detail || ' Given up: ' || $2, 2000)
WHERE id = ANY($1::bigint[]) AND state IN ('dead', 'parked')
"""


@dataclass(frozen=True, slots=True)
class Which:
    """Letters to look for; what is empty does not matter. `concern` is a handler, or one of its aggregates as handler/key."""

    states: tuple[str, ...] = OPEN
    reason: str = ""
    principal: str = ""
    concern: str = ""
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[int, ...] = ()

    def values(self) -> Iterable[Any]:
        return list(self.states), self.reason, self.principal, self.concern, self.since, self.until, list(self.ids)


def moment(text: str) -> datetime:
    """A day or a time, UTC where it names no zone. Raises ValueError, with a sentence."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"“{text}” is no time. Write a day such as 2026-11-25, or 2026-11-25T08:30 (UTC).") from None


async def list_found(conn: Connection, which: Which, limit: int) -> list[dict[str, Any]]:
    """Oldest first, without the records' bytes."""
    return [dict(row) for row in await conn.fetch(LIST, *which.values(), limit)]


async def list_page(conn: Connection, which: Which, after: int, limit: int) -> list[Record]:
    """Oldest first, from behind the letter `after`; of the bytes only the first 16."""
    return list(await conn.fetch(PAGE, *which.values(), after, limit))


async def find_whole(conn: Connection, id: int) -> Record | None:
    """Also one that was replayed or skipped."""
    return await conn.fetchrow(WHOLE, id)


async def list_behind(conn: Connection, id: int, concerns: Iterable[str], limit: int) -> list[Record]:
    """Open letters that came later for the same aggregates."""
    return list(await conn.fetch(BEHIND, id, list(concerns), limit))


async def note_given_up(conn: Connection, ids: Iterable[int], why: str) -> None:
    await conn.execute(GIVEN_UP, list(ids), why)


async def list_ids(conn: Connection, which: Which) -> list[int]:
    return [row["id"] for row in await conn.fetch(IDS, *which.values())]


async def count(conn: Connection, which: Which) -> int:
    return int(await conn.fetchval(COUNT, *which.values()))


async def counts(conn: Connection, which: Which) -> list[dict[str, Any]]:
    """By reason, principal and state, most first, with the oldest and the newest."""
    return [dict(row) for row in await conn.fetch(COUNTS, *which.values())]
