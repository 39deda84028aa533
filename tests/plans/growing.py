"""Tables that look grown to the planner: ten thousand real rows each, the statistics of a million, and files as long as theirs.

The planner looks at the statistics and at the length of the files. The files have holes, which take no room.
"""

import re
from collections.abc import Mapping

from asyncpg import Connection, Record

ROWS = 10_000
SAME = 2  # rows of these that share a value: the statistics say how many would; no value may look commoner than others
MILLION = 1_000_000
# How many rows a network has of what does not grow: all else is looked at with a million.
FEW: Mapping[str, int] = {
    "consumed": 500,
    "outbox": 20_000,  # where the worker waits for the relay
    "parked": 20,
    "publisher": 1_000,
    "subscriber": 500,
    "sweep": 50,
    "webhook": 500,
}
# How many rows share a value, where the column is not unique by itself.
EACH: Mapping[str, int] = {
    "by_person": 500,
    "mentor_id": 10,
    "person_id": 50,
    "site_id": 200,
    "supervisor_id": 500,
    "training_id": 6,
}
# What a row holds, made of its number n and of where it stands among all, x, from 0 to 1.
VALUES: Mapping[str, str] = {  # by column, or by table and column, where not any value of the type will do
    "network_person.site_id": "''",
    "session.status": "CASE WHEN n % 50 = 0 THEN 'waiting' ELSE 'planned' END",
    "session.moment": "'assign'",
    "session.rest": "NULL",
    "planned_session.document": """jsonb_build_object('mentor_id', md5((n / 2)::text)::uuid,
                                                      'starts_at', now() + (x - 0.5) * interval '120 days')""",
    "dead_letter.reason": "(ARRAY['failed', 'unreadable', 'id_reused'])[1 + n % 3]",
    "dead_letter.state": "(ARRAY['dead', 'replayed', 'skipped', 'skipped'])[1 + n % 4]",
    "dead_letter.concerns": "ARRAY['session/' || n]",
    "alert.state": "CASE WHEN n % 20 = 0 THEN 'open' ELSE 'resolved' END",
    "alert.resolved_at": "CASE WHEN n % 20 > 0 THEN now() - (1 - x) * interval '300 days' END",
    "hold.cleared_at": "CASE WHEN n % 20 > 0 THEN now() - (1 - x) * interval '300 days' END",
    "contact.undone_at": "CASE WHEN n % 20 = 0 THEN now() END",
    "mentor_case.status": "CASE WHEN n % 20 = 0 THEN 'left' ELSE 'active' END",
    "preparation.status": "CASE WHEN n % 20 = 0 THEN 'moved_away' ELSE 'planned' END",
    "person.role": "CASE n % 50 WHEN 0 THEN 'supervisor' WHEN 1 THEN 'site_lead' ELSE 'mentor' END",
    "skill": "'skill-' || n % 30",
    "mentor_zone": "'America/Chicago'",
    "token_hashes": "ARRAY[sha256(n::text::bytea)]",
    "time_zone": "''",
    "shard": "n % 8",
    "expires_at": "now() + (x - 0.01) * interval '60 days'",
    "ends_at": "now() + (x - 0.01) * interval '60 days'",
    "due_at": "now() + x * interval '60 days'",  # almost nothing is due now
    "starts_at": "now() + (x - 0.5) * interval '120 days'",
}
TYPES: Mapping[str, str] = {
    "uuid": "md5(n::text)::uuid",
    "text": "'text-' || n",
    "smallint": "1 + n % 100",
    "integer": "1 + n % 100",
    "bigint": "n",
    "boolean": "n % 2 = 0",
    "double precision": "n / 1000.0",
    "timestamp with time zone": "now() - (1 - x) * interval '36 days'",
    "timestamp without time zone": "localtimestamp",
    "date": "current_date",
    "jsonb": "'{}'",
    "bytea": "sha256(n::text::bytea)",
    "text[]": "'{}'",
    "bytea[]": "'{}'",
    "uuid[]": "ARRAY[md5(n::text)::uuid]",
    "integer[]": "ARRAY[1]",
    "xid8": "n::text::xid8",
}
COLUMNS = """
SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indkey::text = a.attnum::text) AS alone,
       (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
        WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum] LIMIT 1) AS allowed
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND a.attidentity = ''
ORDER BY c.relname, a.attnum
"""
INSERT = """
INSERT INTO {table} ({names}) SELECT {values} FROM (SELECT n, n::float8 / $1::int AS x FROM generate_series(1, $1::int) n) AS one
"""
RELATIONS = """
SELECT oid::regclass::text AS name, relpages AS pages, reltuples AS rows, pg_relation_filepath(oid) AS file,
       current_setting('data_directory') AS folder
FROM pg_class WHERE oid = $1::text::regclass OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = $1::text::regclass)
"""
BELIEVE = """
SELECT pg_restore_relation_stats('schemaname', current_schema()::text, 'relname', $1::text, 'relpages', $2::int,
                                 'reltuples', $3::float8::real)
"""
RUN = "COPY (SELECT 1) TO PROGRAM {}"
LENGTHEN = "dd if=/dev/null of='{folder}/{file}' bs=8192 seek={pages} count=0 2>/dev/null"


async def grow(conn: Connection, rows: int = ROWS) -> None:
    """Fills every table of the current schema, and has the planner believe that it holds as much as in a large network.

    `conn` is the owner's, on the server's own machine. With a million `rows`, there is nothing to believe.
    """
    await conn.execute("SET session_replication_role = replica")  # no foreign keys: any order will do
    longer: list[str] = []
    for table, columns in _tables(await conn.fetch(COLUMNS)).items():
        size = FEW.get(table, MILLION)
        await _fill(conn, table, columns, min(rows, size))
        if size > rows:
            longer += [await _believe(conn, relation, size // rows) for relation in await conn.fetch(RELATIONS, table)]
    if longer:
        await conn.execute(RUN.format(await conn.fetchval("SELECT quote_literal($1)", "; ".join(longer))))


async def fill(conn: Connection, rows: int) -> None:
    """So many rows in every table of the current schema, and no more than that."""
    await conn.execute("SET session_replication_role = replica")
    for table, columns in _tables(await conn.fetch(COLUMNS)).items():
        await _fill(conn, table, columns, rows)


async def _fill(conn: Connection, table: str, columns: list[Record], rows: int) -> None:
    for column in columns:
        if share := _share(column):
            await conn.execute(f"ALTER TABLE {table} ALTER {column['name']} SET (n_distinct = {-1 / share})")
    await conn.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    await conn.execute(_insert(table, columns), rows)
    await conn.execute(f"VACUUM (ANALYZE) {table}")


async def _believe(conn: Connection, relation: Record, times: int) -> str:
    """The command that makes its file as long as it would be."""
    pages = relation["pages"] * times
    await conn.execute(BELIEVE, relation["name"], pages, relation["rows"] * times)
    return LENGTHEN.format(folder=relation["folder"], file=relation["file"], pages=pages)


def _tables(columns: list[Record]) -> dict[str, list[Record]]:
    tables: dict[str, list[Record]] = {}
    for column in columns:
        tables.setdefault(column["table"], []).append(column)
    del tables["migration"]
    return tables


def _insert(table: str, columns: list[Record]) -> str:
    names = ", ".join(f'"{column["name"]}"' for column in columns)
    values = ", ".join(_value(column) for column in columns)
    return INSERT.format(table=table, names=names, values=values)


def _share(column: Record) -> int:
    """How many rows have the same; 0 when that is left to the rows themselves."""
    return 0 if column["alone"] else EACH.get(column["name"], 0)


def _value(column: Record) -> str:
    name = column["name"]
    if own := VALUES.get(f"{column['table']}.{name}") or VALUES.get(name):
        return own
    if column["allowed"] and (words := re.findall(r"'(\w+)'::text", column["allowed"])):
        return f"(ARRAY{words}::text[])[1 + n % {len(words)}]"
    kind = TYPES[column["type"]]
    return re.sub(r"\bn\b", f"(n / {SAME})", kind) if _share(column) else kind
