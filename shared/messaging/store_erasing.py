"""SQL of erasing, handing out and forgetting, for any table: names come from privacy.toml and are quoted by the server."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record

from shared import db
from shared.privacy import NOBODY, Keeps, Kept

LOAD = "SELECT person_id, at FROM erased WHERE person_id = ANY($1::uuid[]) ORDER BY person_id FOR UPDATE"
NOTE = "INSERT INTO erased (person_id, role) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING"
# Who was erased as both is anybody's guess: then the ledger says nothing, and it is done again as both.
COUNT = """
UPDATE erased SET rows = $2, role = CASE WHEN role IN ('', $3) THEN $3 ELSE '' END WHERE person_id = $1
"""
FIND = "SELECT at, rows FROM erased WHERE person_id = $1"
AMONG = "SELECT person_id, at FROM erased WHERE person_id = ANY($1::uuid[])"
ALL = "SELECT person_id, role FROM erased ORDER BY person_id"
ROWS_OF = "DELETE FROM %1$I WHERE %2$I = $1"
DONE_BY = "UPDATE %1$I SET %2$I = $2 WHERE %2$I = $1"
INSIDE = """
UPDATE %1$I SET %2$I = replace(%2$I::text, $1::text, $2::text)::jsonb
WHERE ($3 = '' OR site_id = $3) AND position($1::text IN %2$I::text) > 0
"""
NAMING = "DELETE FROM %1$I WHERE ($2 = '' OR site_id = $2) AND position($1::text IN %2$I::text) > 0"
HOW_MANY = "SELECT count(*) FROM %1$I WHERE %2$I = $1"
HAND_OUT = "SELECT to_jsonb(t) - $2::text[] AS row FROM %1$I AS t WHERE t.%2$I = $1"
TOO_OLD = """
DELETE FROM %1$I WHERE ctid = ANY(ARRAY(SELECT ctid FROM %1$I WHERE %2$I < now() - make_interval(days => $1) LIMIT $2))
"""
HOW_OLD = "SELECT count(*) FROM %1$I WHERE %2$I < now() - make_interval(days => $1)"
FORGET_BY = "SELECT %1$I($1, $2)"
FORGOT = "INSERT INTO forgotten (name, days, rows) VALUES ($1, $2, $3)"
LOG = "SELECT at, name, days, rows FROM forgotten ORDER BY at DESC, name LIMIT $1"
ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(4711, hashtext(current_schema()))"
LETTERS = """
DELETE FROM dead_letter
WHERE position($1::bytea IN coalesce(value, '')) > 0 OR key = $1 OR position($2 IN array_to_string(concerns, ' ')) > 0
   OR position($2 IN detail) > 0
"""
SITES_LETTERS = "SELECT id, value FROM dead_letter WHERE value IS NOT NULL AND (topic = '' OR topic LIKE 'in.%')"
THESE_LETTERS = "DELETE FROM dead_letter WHERE id = ANY($1::bigint[])"
CAUSES = "DELETE FROM sweep WHERE position($1::bytea IN cause) > 0"
PARKED = "DELETE FROM parked WHERE split_part(concern, '/', 2) = $1"


async def load(conn: Connection, ids: Sequence[UUID]) -> list[Record]:
    return list(await conn.fetch(LOAD, ids))


async def note(conn: Connection, ids: Sequence[UUID], roles: Sequence[str]) -> bool:
    """False when somebody else noted one of them meanwhile."""
    return bool(await conn.execute(NOTE, ids, roles) == f"INSERT 0 {len(ids)}")


async def count(conn: Connection, person_id: UUID, rows: Mapping[str, int], role: str) -> None:
    await conn.execute(COUNT, person_id, json.dumps(dict(rows)), role)


async def find(conn: Connection, person_id: UUID) -> dict[str, Any] | None:
    row = await conn.fetchrow(FIND, person_id)
    return {"at": row["at"], "rows": json.loads(row["rows"])} if row else None


async def among(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Who of these was erased, and when. Without a lock."""
    return {row["person_id"]: row["at"] for row in await conn.fetch(AMONG, ids)}


async def list_erased(conn: Connection) -> dict[UUID, str]:
    """As what: mentor or staff; empty where nobody knows any more."""
    return {row["person_id"]: row["role"] for row in await conn.fetch(ALL)}


async def erase(conn: Connection, keeps: Keeps, person_id: UUID, site_id: str, *, staff: bool) -> dict[str, int]:
    """Rows of each table that went, or that lost a name. Only staff have done something to others' rows; what stands inside of
    documents is looked for at the person's site, where it is known."""
    id, nobody = str(person_id), str(NOBODY)
    rows: dict[str, int] = {}
    for kept in keeps:
        found = [await _run(conn, ROWS_OF, kept.table, column, person_id) for column in kept.of]
        found += [await _run(conn, NAMING, kept.table, column, id, site_id) for column in kept.naming]
        if staff:
            found += [await _run(conn, DONE_BY, kept.table, column, person_id, NOBODY) for column in kept.by]
            found += [await _run(conn, INSIDE, kept.table, column, id, nobody, site_id) for column in kept.inside]
        if sum(found):
            rows[kept.table] = sum(found)
    return rows


async def erase_letters(conn: Connection, person_id: UUID) -> int:
    """Dead letters, sweeps and parked keys that name a person by their id."""
    name = str(person_id)
    await conn.execute(CAUSES, name.encode())
    await conn.execute(PARKED, name)
    return _number(await conn.execute(LETTERS, name.encode(), name))


async def list_sites_letters(conn: Connection) -> list[Record]:
    """What publishers sent, and pages: there a person may stand by a site's own reference."""
    return list(await conn.fetch(SITES_LETTERS))


async def delete_letters(conn: Connection, ids: Sequence[int]) -> int:
    return _number(await conn.execute(THESE_LETTERS, ids))


async def how_many(conn: Connection, kept: Kept, person_id: UUID) -> int:
    """Rows about a person, and rows of others that name them."""
    numbers = [int(await conn.fetchval(await db.named(conn, HOW_MANY, kept.table, column), person_id))
               for column in (*kept.of, *kept.by)]  # fmt: skip
    return sum(numbers)


async def hand_out(conn: Connection, kept: Kept, person_id: UUID) -> list[dict[str, Any]]:
    found = []
    for column in kept.of:
        statement = await db.named(conn, HAND_OUT, kept.table, column)
        found += [json.loads(row["row"]) for row in await conn.fetch(statement, person_id, list(kept.hide))]
    return found


async def too_old(conn: Connection, kept: Kept) -> int:
    return int(await conn.fetchval(await db.named(conn, HOW_OLD, kept.table, kept.since), kept.days))


async def forget(conn: Connection, kept: Kept, most: int) -> int:
    """One step: at most so many rows."""
    if kept.forget:
        return int(await conn.fetchval(await db.named(conn, FORGET_BY, kept.forget), kept.days, most))
    return _number(await conn.execute(await db.named(conn, TOO_OLD, kept.table, kept.since), kept.days, most))


async def forgot(conn: Connection, kept: Kept, rows: int) -> None:
    await conn.execute(FORGOT, kept.table, kept.days, rows)


async def list_forgotten(conn: Connection, limit: int) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(LOG, limit)]


async def alone(conn: Connection) -> bool:
    """False when another worker of this service forgets at this moment. Until the transaction ends."""
    return bool(await conn.fetchval(ONE_AT_A_TIME))


async def _run(conn: Connection, statement: str, table: str, column: str, *values: object) -> int:
    return _number(await conn.execute(await db.named(conn, statement, table, column), *values))


def _number(status: str) -> int:
    return int(status.rpartition(" ")[2])
