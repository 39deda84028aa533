"""Publishers and policies: kept as they were told, on a real Postgres, and asked for by the door and by the commands."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
import typer
from typer.testing import CliRunner, Result

from services.trigger import commands, publishers, store_copies
from services.trigger.app import SERVICE
from services.trigger.messages import PolicyChosen
from services.trigger.moments import Timing
from services.trigger.policy import DEFAULT, Policy, written
from shared import commands as shared_commands
from shared import db
from shared.running import Running
from tests.conftest import Database, at_database
from tests.driving import deliver, fall_due, outgoing
from tests.trigger.building import afternoon, enrolled, scheduled, site_described

HOUR = timedelta(hours=1)


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


async def test_a_policy_is_shown_in_sentences_and_changed_by_what_is_named(running: Running):
    before = (await jitt("policy", "show", "east")).stdout
    assert "As everyone starts." in before
    assert "Quiet from 9:00 pm to 7:00 am" in before
    told = await jitt("policy", "set", "east", "--quiet-from", "20:30", "--nudge", "6")
    assert "The site's own choice, version 1." in told.stdout
    assert "Quiet from 8:30 pm to 7:00 am" in told.stdout
    assert "6 hours before: a reminder" in told.stdout
    found = await store_copies.get_policy(running.pool, "east")
    assert found == replace(DEFAULT, version=1, timing=replace(Timing(), quiet_from=found.timing.quiet_from, nudge=6 * HOUR))
    await jitt("policy", "set", "east", "--nudge", "6")
    assert json.loads((await jitt("policy", "show", "east", "--json")).stdout)["version"] == 1


async def test_a_policy_that_contradicts_itself_is_not_taken(running: Running):
    told = await jitt("policy", "set", "east", "--nudge", "2")
    assert (told.exit_code, "The reminder must come before the quiz is due" in told.stderr) == (1, True)
    assert (await jitt("policy", "set", "east", "--quiet-from", "9pm")).exit_code == 2
    assert await store_copies.get_policy(running.pool, "east") == DEFAULT


async def test_sessions_follow_their_sites_policy_and_remember_its_version(running: Running):
    early = Policy(timing=replace(Timing(), assign_days=3), training_minutes=3)
    await deliver(running, site_described(), enrolled(), PolicyChosen(site_id="east", document=written(early)))
    await deliver(running, scheduled(afternoon(2)))
    assert await running.pool.fetchval("SELECT policy_version FROM session") == 1
    assert await fall_due(running, "session") == 1  # inside three days: at once
    requests = [event for event in await outgoing(running) if event.TYPE == "trigger.content_requested.v1"]
    assert [getattr(request, "training_minutes", None) for request in requests] == [3]


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
