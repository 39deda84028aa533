"""Publishers: kept as they were told, on a real Postgres, and asked for by the door and by the commands."""

import asyncio
import json
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
import typer
from typer.testing import CliRunner, Result

from services.trigger import commands, publishers
from services.trigger.app import SERVICE
from shared import commands as shared_commands
from shared import db
from shared.running import Running
from tests.conftest import Database, at_database


@pytest_asyncio.fixture
async def running(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    running = await database(SERVICE)
    name = await running.pool.fetchval("SELECT current_database()")
    monkeypatch.setitem(os.environ, "JITT_TRIGGER_POSTGRES", at_database(db.service_dsn("trigger"), name))
    yield running


async def jitt(*words: str) -> Result:
    """The command in a thread: it has an event loop of its own."""
    app = typer.Typer()
    commands.add_to(app, typer.Typer())
    return await asyncio.to_thread(CliRunner().invoke, app, list(words))


async def test_a_publisher_over_https_gets_a_token_that_is_shown_once_and_kept_nowhere(running: Running):
    told = await jitt("publisher", "add", "lakeside", "--site", "west", "--site", "east", "--json")
    token = json.loads(told.stdout)["token"]
    found = await publishers.find_by_token(running.pool, token)
    assert found and (found.name, found.sites, found.kafka, found.paused) == ("lakeside", {"west", "east"}, False, False)
    assert await publishers.find_by_token(running.pool, token + "x") is None
    rows = await running.pool.fetch("SELECT t::text FROM publisher t")
    assert token not in str(rows)
    assert token not in (await jitt("publisher", "list", "--json")).stdout


async def test_a_publisher_over_kafka_is_known_by_its_topic_and_has_no_token(running: Running):
    told = await jitt("publisher", "add", "district-sis", "--site", "east", "--kafka")
    assert "in.district-sis" in told.stdout
    async with running.pool.acquire() as conn:
        found = (await publishers.load_publishers(conn))["district-sis"]
    assert (found.kafka, found.sites, found.paused) == (True, {"east"}, False)


async def test_a_name_is_given_once(running: Running):
    await jitt("publisher", "add", "lakeside", "--site", "east")
    again = await jitt("publisher", "add", "lakeside", "--site", "west")
    assert (again.exit_code, "a publisher of that name already" in again.stderr) == (1, True)
    assert [c.sites for c in await publishers.list_credentials(running.pool)] == [("east",)]


@pytest.mark.parametrize("name", ["Lakeside Calendar", "x", "-a", "in.put"])
async def test_a_name_that_cannot_be_a_topic_is_explained(running: Running, name: str):
    told = await jitt("publisher", "add", "--site", "east", "--", name)
    assert (told.exit_code, told.stderr.startswith("name:")) == (2, True)


async def test_a_new_token_works_beside_the_old_one_until_it_is_the_only_one(running: Running):
    old = json.loads((await jitt("publisher", "add", "lakeside", "--site", "east", "--json")).stdout)["token"]
    new = json.loads((await jitt("publisher", "token", "lakeside", "--json")).stdout)["token"]
    assert all([await publishers.find_by_token(running.pool, token) for token in (old, new)])
    newest = json.loads((await jitt("publisher", "token", "lakeside", "--only", "--json")).stdout)["token"]
    assert [bool(await publishers.find_by_token(running.pool, token)) for token in (old, new, newest)] == [False, False, True]


async def test_a_publisher_can_be_paused_and_heard_again(running: Running):
    await jitt("publisher", "add", "lakeside", "--site", "east")
    await jitt("publisher", "pause", "lakeside")
    assert "paused" in (await jitt("publisher", "list")).stdout
    await jitt("publisher", "resume", "lakeside")
    assert [c.paused_at for c in await publishers.list_credentials(running.pool)] == [None]
    assert (await jitt("publisher", "pause", "nobody")).exit_code == 1


async def test_without_a_network_a_command_says_what_to_type(running: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(os.environ, "JITT_TRIGGER_POSTGRES", "postgresql://trigger:no@127.0.0.1:1/jitt")
    told = await jitt("publisher", "list")
    assert (told.exit_code, "cannot be reached" in told.stderr) == (1, True)


@pytest.mark.parametrize(("error", "words"), [
    (asyncpg.CannotConnectNowError("starting up"), "cannot be reached (CannotConnectNowError)"),
    (asyncpg.InvalidPasswordError("no"), "cannot be reached (InvalidPasswordError)"),
    (asyncpg.UndefinedTableError('relation "site" does not exist'), "Run `jitt migrate`"),
    (asyncpg.CheckViolationError("a row is wrong"), "PostgreSQL refused that, and nothing was changed: a row is wrong"),
])  # fmt: skip
def test_what_postgres_says_becomes_a_sentence_that_says_what_to_do(error: Exception, words: str):
    assert words in shared_commands._why(error)
