"""Every table says whose rows it holds, why and for how long; a new one, or a new column with an id, fails here until it does."""

from collections.abc import Iterator, Mapping
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from deploy import topology
from deploy.local.stack import Stack
from shared import db, privacy
from shared.privacy import Keeps, Kept
from tests.conftest import at_database

# Ids of things. Any other column of type uuid may be a person's, and has to be spoken of.
THINGS = {
    "alert_id", "alert_ids", "absence_id", "cancellation_id", "check_in_id", "contact_id", "event_id", "hold_id", "id",
    "import_id", "notice_id", "preparation_id", "request_id", "row_id", "session_id", "sessions", "shared", "skill_id",
    "training_id",
}  # fmt: skip
COLUMNS = """
SELECT c.table_name AS table, c.column_name AS column, c.udt_name AS type
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE t.table_type = 'BASE TABLE' AND c.table_schema = $1 ORDER BY c.table_name, c.ordinal_position
"""
Columns = Mapping[str, Mapping[str, str]]  # table -> column -> type


@pytest_asyncio.fixture(scope="module")
async def schemas(stack: Stack) -> Mapping[str, Columns]:
    """Of each service, as the migrations make them."""
    name = f"test_tables_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(stack.postgres)
    await admin.execute(f'CREATE DATABASE "{name}"')
    owner = at_database(stack.postgres, name)
    await db.migrate(owner, topology.NAMES, topology.migrations)
    conn = await asyncpg.connect(owner)
    found: dict[str, dict[str, dict[str, str]]] = {}
    for schema in topology.NAMES:
        for row in await conn.fetch(COLUMNS, schema):
            found.setdefault(schema, {}).setdefault(row["table"], {})[row["column"]] = row["type"]
    await conn.close()
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()
    return found


def faults(columns: Columns, keeps: Keeps) -> Iterator[str]:
    """What privacy.toml leaves open, or says of what is not there."""
    by_table = {kept.table: kept for kept in keeps}
    yield from (f"{table}: nobody says what it is for" for table in columns.keys() - by_table.keys())
    yield from (f"{table}: there is no such table" for table in by_table.keys() - columns.keys())
    for table in sorted(columns.keys() & by_table.keys()):
        yield from _faults_of(by_table[table], columns[table])


def _faults_of(kept: Kept, columns: Mapping[str, str]) -> Iterator[str]:
    named = {*kept.of, *kept.by, *kept.inside, *kept.naming, *kept.elsewhere}
    since = {kept.since} if kept.since else set()
    yield from (f"{kept.table}.{name}: there is no such column" for name in (named | since | {*kept.hide}) - columns.keys())
    for name, type_ in columns.items():
        if name not in named and type_ in ("uuid", "_uuid") and name not in THINGS:
            yield f"{kept.table}.{name}: whose id is it?"
        if name not in named and type_ in ("jsonb", "json") and not kept.of and name not in NOBODYS.get(kept.table, ()):
            yield f"{kept.table}.{name}: is there anybody in it?"


# JSON of tables that belong to nobody, and that names nobody.
NOBODYS = {
    "correction": ("document",), "erased": ("rows",), "erasure": ("receipts",), "holidays": ("days",),
    "item_statistics": ("items",), "module": ("document", "module"), "policy": ("document",), "policy_kept": ("document",),
    "site": ("document", "variables"), "version": ("items", "module"), "webhook": ("secrets", "dead"), "zone_rules": ("zones",),
}  # fmt: skip


@pytest.mark.parametrize("service", topology.NAMES)
def test_every_table_and_every_id_in_it_is_spoken_of(schemas: Mapping[str, Columns], service: str) -> None:
    assert list(faults(schemas[service], topology.service(service).keeps)) == []


def test_a_new_table_a_new_column_and_a_wrong_one_are_seen(schemas: Mapping[str, Columns]) -> None:
    keeps = topology.service("content").keeps
    there = schemas["content"]
    grown = {**there, "diary": {"mentor_id": "uuid"}, "learner": {**there["learner"], "friend_id": "uuid"},
             "publication": {**there["publication"], "readers": "jsonb"}}  # fmt: skip
    assert sorted(faults(grown, keeps)) == [
        "diary: nobody says what it is for", "learner.friend_id: whose id is it?", "publication.readers: is there anybody in it?",
    ]  # fmt: skip
    assert "choice: there is no such table" in faults({t: c for t, c in there.items() if t != "choice"}, keeps)


@pytest.mark.parametrize("text", [
    "[session]\ngroup = 'a'\nwhat = 'b'\nwhy = 'c'", "[session]\ngroup = 'a'\nwhat = 'b'\nwhy = 'c'\ndays = 3",
    "[session]\ngroup = 'a'\nwhat = 'b'\nwhy = 'c'\nuntil = 'd'\nwhose = ['mentor_id']", "[session",
], ids=["no end", "no beginning", "a word too many", "no TOML"])  # fmt: skip
def test_what_cannot_be_followed_is_refused_with_the_place(tmp_path, text):
    (tmp_path / "privacy.toml").write_text(text)
    with pytest.raises(privacy.Unclear, match=r"privacy\.toml"):
        privacy.load(tmp_path)
