"""What a row takes on disk: a table with its indexes, its long values and the room that updates have left, by its rows.

`python -m tests.bench.rows [DSN]` measures the tables of a database that is in use, with a login that may read all schemas.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from deploy import topology

ENOUGH = 400  # rows from which a table is no matter of whole pages any more
TABLES = """
SELECT schemaname || '.' || relname AS name, quote_ident(schemaname) || '.' || quote_ident(relname) AS relation
FROM pg_stat_user_tables WHERE schemaname = ANY($1) ORDER BY 1
"""
SIZE = "SELECT count(*) AS rows, pg_total_relation_size('{relation}') AS bytes FROM {relation}"


@dataclass(frozen=True, slots=True)
class Row:
    """`bytes` of one row of a table, of all that are there."""

    table: str
    rows: int
    bytes: float


async def measured(conn: asyncpg.Connection, enough: int = ENOUGH) -> list[Row]:
    """Of every service's tables that hold enough rows to tell."""
    found = []
    for table in await conn.fetch(TABLES, list(topology.NAMES)):
        [(rows, size)] = await conn.fetch(SIZE.format(relation=table["relation"]))
        if rows >= enough:
            found.append(Row(table["name"], rows, size / rows))
    return found


async def _of(dsn: str) -> list[Row]:
    conn = await asyncpg.connect(dsn, timeout=10)
    try:
        return await measured(conn)
    finally:
        await conn.close()


def show(rows: Sequence[Row]) -> None:
    for one in rows:
        print(f"{one.table:<32} {one.rows:>12,} rows {one.bytes:>8,.0f} bytes a row")
    if not rows:
        print(f"No table holds {ENOUGH:,} rows, which is too few to tell. Look at a database in use.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m tests.bench.rows", description="What a row of each table takes on disk.")
    parser.add_argument("dsn", help="postgresql://… of a database in use; `jitt up` prints its own")
    show(asyncio.run(_of(parser.parse_args().dsn)))
