"""Row-level security, by convention: a web role has the rows of its caller's site or mentor in every table with a site_id.

`web.toml` beside the migrations says what it may do with other tables, and which other rows it has. What is in neither is
out of its reach. Applied after each migration run; a policy that is as it should be is left alone, as a change locks its table.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asyncpg import Connection

from shared.statements import run

RULES = "web.toml"
ALL = "SELECT, INSERT, UPDATE, DELETE"
OWN, PAGES, SHOWN = "own", "pages", "pages_shown"
# Each is looked up once for a statement, not for each row.
WORDS = {
    "role": "(SELECT current_setting('jitt.role', true))",
    "sites": "(SELECT nullif(current_setting('jitt.sites', true), '')::text[])::text[]",
    "mentor": "(SELECT nullif(current_setting('jitt.mentor', true), '')::uuid)",
    "opened": "(SELECT nullif(current_setting('jitt.opened', true), '')::uuid)",
}
OF_SITE, OF_MENTOR = "site_id = ANY ({sites})", "mentor_id = {mentor}"
TABLES = """
SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
       EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'site_id' AND NOT attisdropped) AS of_site,
       EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'mentor_id' AND NOT attisdropped) AS of_mentor,
       ARRAY(SELECT p.polname || ' ' || coalesce(obj_description(p.oid, 'pg_policy'), '')
             FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY p.polname) AS policies
FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""
FORCE = ("ALTER TABLE %I ENABLE ROW LEVEL SECURITY", "ALTER TABLE %I FORCE ROW LEVEL SECURITY")
DROP = "DROP POLICY IF EXISTS %I ON %I"
EVERYTHING = "CREATE POLICY own ON %I TO %I, CURRENT_USER USING (true)"
WRITABLE = "CREATE POLICY pages ON %I TO %I USING (%s)"
READABLE = "CREATE POLICY pages_shown ON %I FOR SELECT TO %I USING (%s)"
REMEMBER = "COMMENT ON POLICY %I ON %I IS %L"


@dataclass(frozen=True, slots=True)
class Rules:
    """`may`: privileges by table, else all on tables with a site_id and none on others.

    `shows`, `opens`: by table, the condition in SQL of other rows that may be read, or read and written.
    """

    may: Mapping[str, str] = field(default_factory=dict)
    shows: Mapping[str, str] = field(default_factory=dict)
    opens: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    of_site: bool
    of_mentor: bool
    forced: bool
    policies: tuple[str, ...]


def read_rules(*folders: Path) -> Rules:
    """Of several, the later say the last word on a table."""
    found = Rules({}, {}, {})
    for file in (folder / RULES for folder in folders):
        if file.exists():
            read = Rules(**tomllib.loads(file.read_text()))
            found = Rules({**found.may, **read.may}, {**found.shows, **read.shows}, {**found.opens, **read.opens})
    return found


async def guard(conn: Connection, service: str, web: str, rules: Rules) -> None:
    """`conn`: the owner's, with the schema as its search path; `service` and `web` are the two roles."""
    tables = await list_tables(conn)
    for table in tables:
        if wanted := policies(table, rules):
            await _guard_table(conn, table, wanted, (service, web))
    async with conn.transaction():
        await run(conn, "REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I", service, web)
        for table in tables:
            if may := privileges(table, rules):
                await run(conn, "GRANT %s ON %I TO %I", may, table.name, web)


async def list_tables(conn: Connection) -> list[Table]:
    rows = await conn.fetch(TABLES)
    return [Table(r["name"], r["of_site"], r["of_mentor"], r["forced"], tuple(r["policies"])) for r in rows]


def privileges(table: Table, rules: Rules) -> str:
    return rules.may.get(table.name, ALL if table.of_site else "")


def policies(table: Table, rules: Rules) -> dict[str, str]:
    """By name, the rows; none for a table whose rows belong to nobody in particular."""
    written = [OF_SITE] * table.of_site + [OF_MENTOR] * table.of_mentor * table.of_site
    written += [f"({rules.opens[table.name]})"] if table.name in rules.opens else []
    if not written and table.name not in rules.shows:
        return {}
    found = {OWN: "true", PAGES: " OR ".join(written).format(**WORDS) or "false"}
    return found | ({SHOWN: rules.shows[table.name].format(**WORDS)} if table.name in rules.shows else {})


async def _guard_table(conn: Connection, table: Table, wanted: Mapping[str, str], roles: tuple[str, str]) -> None:
    if table.forced and set(table.policies) == {f"{name} {rows}" for name, rows in wanted.items()}:
        return
    service, web = roles
    async with conn.transaction():
        for statement in FORCE:
            await run(conn, statement, table.name)
        for name in (OWN, PAGES, SHOWN):
            await run(conn, DROP, name, table.name)
        await run(conn, EVERYTHING, table.name, service)
        await run(conn, WRITABLE, table.name, web, wanted[PAGES])
        if SHOWN in wanted:
            await run(conn, READABLE, table.name, web, wanted[SHOWN])
        for name, rows in wanted.items():
            await run(conn, REMEMBER, name, table.name, rows)
