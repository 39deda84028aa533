"""What is too old goes, in small steps, by one worker at a time; what is not stays, and counts say what went."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from deploy import topology
from deploy.privacy import retention as command
from services.content.app import SERVICE
from shared import db, retention
from shared.messaging import store_erasing
from shared.running import Running
from tests.conftest import Database, at_database

OLD = """
INSERT INTO choice (mentor_id, request_id, site_id, session_id, at, kind, items)
SELECT $1, gen_random_uuid(), 'east', gen_random_uuid(), now() - make_interval(days => $2), 'nothing', '[]'
FROM generate_series(1, $3)
"""
LEARNER = "INSERT INTO learner (mentor_id, site_id) VALUES ($1, 'east')"
SOMEBODY = "00000000-0000-0000-0000-000000000007"


@pytest.fixture
async def content(database: Database) -> Running:
    """Five choices of four years ago, two of the day before they are too old."""
    running = await database(SERVICE)
    async with running.connection() as conn:
        await conn.execute(LEARNER, SOMEBODY)
        await conn.execute(OLD, SOMEBODY, 4 * 365, 5)
        await conn.execute(OLD, SOMEBODY, 3 * 365 - 1, 2)
    return running


async def left(running: Running) -> int:
    async with running.connection() as conn:
        return int(await conn.fetchval("SELECT count(*) FROM choice"))


async def test_what_is_too_old_goes_in_steps_and_is_counted(content, monkeypatch):
    monkeypatch.setattr(retention, "STEP", 2)
    assert [(kept.table, rows) for kept, rows in await retention.too_old(content) if rows] == [("choice", 5)]
    assert [(kept.table, rows) async for kept, rows in retention.run(content)] == [("choice", 5)]
    assert await left(content) == 2
    assert [kept async for kept in retention.run(content)] == []
    async with content.connection() as conn:
        assert [(one["name"], one["days"], one["rows"]) for one in await store_erasing.list_forgotten(conn, 5)] == [
            ("choice", 1_095, 5)
        ]


async def test_two_workers_do_not_do_it_at_once(content):
    async with content.connection() as conn, conn.transaction():
        assert await store_erasing.alone(conn)
        assert [kept async for kept in retention.run(content)] == []
    assert await left(content) == 7
    assert len([kept async for kept in retention.run(content)]) == 1


async def test_a_dry_run_counts_a_run_deletes_and_the_log_says_so(content, database, monkeypatch):
    """Supervision writes the commands down."""
    here = {"content": content, "supervision": await database(topology.service("supervision"))}
    monkeypatch.setattr("deploy.privacy.asking.topology.NAMES", tuple(here))
    for service, running in here.items():
        name = await running.pool.fetchval("SELECT current_database()")
        monkeypatch.setenv(f"JITT_{service.upper()}_POSTGRES", at_database(db.service_dsn(service), name))
    found = [{"service": "content", "table": "choice", "days": 1_095, "rows": 5}]
    assert json.loads(await typed("run", "--dry-run", "--json")) == found
    assert await left(content) == 7
    assert json.loads(await typed("run", "--json")) == found
    assert await left(content) == 2
    assert "Nothing is too old." in await typed("run")
    assert [(one["name"], one["rows"]) for one in json.loads(await typed("log", "--json"))] == [("choice", 5)]


async def typed(*words: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, command.app, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_every_span_is_a_statement_that_postgres_takes(database):
    """Each service's own tables and columns, none of them empty words."""
    for name in topology.NAMES:
        found = await retention.too_old(await database(topology.service(name)))
        assert {rows for _, rows in found} == {0} and len(found) >= 2


def test_the_shown_list_says_what_and_how_long():
    found = json.loads(CliRunner().invoke(command.app, ["show", "--json"]).stdout)
    choice = next(one for one in found if one["table"] == "choice")
    assert (choice["service"], choice["how_long"]) == ("content", "3 years after it happened")
    assert CliRunner().invoke(command.app, ["show"]).exit_code == 0
