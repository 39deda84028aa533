"""A database for the console as a large network leaves it: made in minutes, and kept for the next run of the same day.

Filled without a log of changes and without indexes, which are made at the end; what is read is no different for it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from uuid import UUID

import asyncpg

from deploy import topology
from deploy.local.home import locked
from deploy.local.postgres import Postgres
from services.supervision.app import SERVICE
from services.supervision.store_cases import GRANTED, HISTORY
from shared import db
from shared.contracts.assessment import SkillRemembered
from shared.settings import settings
from tests.conftest import at_database, folder_of
from tests.load import caseloads

STATEMENTS = Path(__file__).with_name("console.sql")
MANY = 10_000  # mentors, from which on indexes at the end pay
OWNER = {"synchronous_commit": "off", "work_mem": "128MB", "maintenance_work_mem": "256MB"}
HISTORIES = """
CREATE TEMP TABLE history AS SELECT * FROM unnest($1::int[], $2::jsonb[], $3::jsonb[]) AS t (n, history, granted)
"""
INDEXES = """
SELECT indexname AS name, indexdef AS made FROM pg_indexes
WHERE schemaname = current_schema() AND tablename = ANY($1) AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
KEPT = "SELECT datname FROM pg_database WHERE datname LIKE 'kept\\_%'"


@contextmanager
def server() -> Iterator[str]:
    """PostgreSQL alone, in a folder that stays; the owner's address."""
    home = settings().home.absolute() / "load"
    home.mkdir(parents=True, exist_ok=True)
    (home / "lock").open("a").close()
    with locked(home, print):
        postgres = Postgres.start(home, None, print)
        try:
            yield postgres.dsn
        finally:
            postgres.stop()


async def kept(owner: asyncpg.Connection, dsn: str, mentors: int) -> str:
    """Its name. Made anew for another day, since all that is in it is dated, and where the tables or their filling changed."""
    name = f"kept_{mentors}_{datetime.now(UTC):%Y%m%d}_{_version()}"
    there = {row["datname"] for row in await owner.fetch(KEPT)}
    for old in there - {name}:
        await owner.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
    if name not in there:
        await make(owner, dsn, f"kept_{mentors}_not_whole", mentors)
        await owner.execute(f'ALTER DATABASE "kept_{mentors}_not_whole" RENAME TO "{name}"')
    return name


async def make(owner: asyncpg.Connection, dsn: str, name: str, mentors: int) -> None:
    await owner.execute(f'CREATE DATABASE "{name}"')
    own = at_database(dsn, name)
    await db.migrate(own, [SERVICE.name], folder_of(SERVICE.name))
    conn = await asyncpg.connect(own, server_settings={"search_path": SERVICE.name, **OWNER})
    try:
        await fill(conn, mentors)
    finally:
        await conn.close()


async def fill(conn: asyncpg.Connection, mentors: int) -> None:
    """Every statement of console.sql; $mentors is their number."""
    for skill in caseloads.module_rows():
        await conn.execute(
            "INSERT INTO module (key, module_id, locale, version, status, module) VALUES ($1, $2, 'en', 1, 'published', $3)",
            *skill,
        )
    await conn.execute(HISTORIES, *zip(*_histories(), strict=True))
    remembered = SkillRemembered(mentor_id=UUID(int=0), site_id="", skill="", stability=12, difficulty=5, decay=0.2,
                                 reviewed_at=datetime.now(UTC), revision=1)  # fmt: skip
    await conn.execute("CREATE TEMP TABLE remembered AS SELECT $1::jsonb AS document", remembered.model_dump_json())
    *statements, analyze = [one for one in STATEMENTS.read_text().split(";\n") if one.strip()]
    indexes = await _without_indexes(conn, "\n".join(statements)) if mentors >= MANY else []
    for statement in (*(one.replace("$mentors", str(mentors)) for one in statements), *indexes, analyze):
        began = perf_counter()
        await conn.execute(statement, timeout=3_600)
        print(f"  {statement.strip().splitlines()[0][:70]:<72}{perf_counter() - began:6.1f} s", flush=True)


async def _without_indexes(conn: asyncpg.Connection, statements: str) -> list[str]:
    """How to make them again; those of primary keys stay."""
    tables = sorted(set(re.findall(r"^INSERT INTO (\w+)", statements, re.MULTILINE)))
    found = await conn.fetch(INDEXES, tables)
    for table in tables:
        await conn.execute(f'ALTER TABLE "{table}" SET UNLOGGED')
    for index in found:
        await conn.execute(f'DROP INDEX "{index["name"]}"')
    return [index["made"] for index in found]


def _version() -> str:
    files = [*sorted(topology.migrations(SERVICE.name).glob("*")), STATEMENTS, Path(caseloads.__file__), Path(__file__)]
    return sha256(b"".join(file.read_bytes() for file in files if file.is_file())).hexdigest()[:10]


def _histories() -> list[tuple[int, str, str]]:
    found = [(n, caseloads.a_history(n)) for n in range(10)]
    return [(n, HISTORY.dump_json(case.history).decode(), GRANTED.dump_json(dict(case.granted)).decode()) for n, case in found]
