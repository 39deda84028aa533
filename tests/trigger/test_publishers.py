"""Publishers: kept as they were told, on a real Postgres, and asked for by the door and by the commands."""

import json
import os
from datetime import timedelta

import asyncpg
import pytest

from services.trigger import publishers, tenants
from services.trigger.messages import PublisherAdded
from shared import commands as shared_commands
from shared import tokens
from shared.running import Running
from tests.driving import deliver
from tests.trigger.typed import jitt


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


async def test_an_old_token_is_ended_once_the_new_one_is_in_use(running: Running):
    old = json.loads((await jitt("publisher", "add", "lakeside", "--site", "east", "--json")).stdout)["token"]
    assert "no older token" in (await jitt("publisher", "revoke", "lakeside", "--old")).stderr
    new = json.loads((await jitt("publisher", "token", "lakeside", "--json")).stdout)["token"]
    too_soon = await jitt("publisher", "revoke", "lakeside", "--old")
    assert (too_soon.exit_code, "has not been used yet" in too_soon.stderr) == (1, True)
    assert all([await publishers.find_by_token(running.pool, token) for token in (old, new)])
    assert (await jitt("publisher", "revoke", "lakeside", "--old")).exit_code == 0
    assert [bool(await publishers.find_by_token(running.pool, token)) for token in (old, new)] == [False, True]


async def test_an_old_token_can_be_ended_anyway_and_never_by_mistake(running: Running):
    await jitt("publisher", "add", "lakeside", "--site", "east")
    await jitt("publisher", "token", "lakeside")
    assert (await jitt("publisher", "revoke", "lakeside")).exit_code == 2
    assert (await jitt("publisher", "revoke", "nobody", "--old")).exit_code == 1
    assert (await jitt("publisher", "revoke", "lakeside", "--old", "--anyway")).exit_code == 0
    assert [len(c.token_hashes) for c in await publishers.list_credentials(running.pool)] == [1]


async def test_when_a_token_was_last_used_is_shown_to_the_day_and_written_once_an_hour(running: Running):
    token = json.loads((await jitt("publisher", "add", "lakeside", "--site", "east", "--json")).stdout)["token"]
    await jitt("publisher", "token", "lakeside")
    assert "never, never" in (await jitt("publisher", "list")).stdout
    await publishers.find_by_token(running.pool, token)
    assert not await used_again(running, token, timedelta(minutes=50))
    assert await used_again(running, token, timedelta(minutes=10))
    today = await running.pool.fetchval("SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM token_use")
    assert json.loads((await jitt("publisher", "list", "--json")).stdout)[0]["last_used"] == [today, None]


async def used_again(running: Running, token: str, later: timedelta) -> bool:
    """Whether its use, so much later, is written down."""
    await running.pool.execute("UPDATE token_use SET at = at - $1::interval", later)
    before = await running.pool.fetchval("SELECT at FROM token_use")
    await publishers.find_by_token(running.pool, token)
    return await running.pool.fetchval("SELECT at FROM token_use") != before


async def test_a_wrong_token_leaves_no_trace_of_its_use(running: Running):
    assert await publishers.find_by_token(running.pool, "jitt_wrong") is None
    assert await running.pool.fetchval("SELECT count(*) FROM token_use") == 0


async def test_a_publishers_sites_are_shown_and_changed(running: Running):
    await jitt("publisher", "add", "lakeside", "--site", "east", "--site", "west")
    told = await jitt("publisher", "sites", "lakeside", "--add", "north", "--add", "south", "--remove", "west")
    assert told.stdout == "lakeside may announce sessions of east, north and south.\n"
    assert (await jitt("publisher", "sites", "lakeside")).stdout == told.stdout
    assert (await publishers.load_publishers(running.pool))["lakeside"].sites == {"east", "north", "south"}


@pytest.mark.parametrize(("name", "options", "words"), [
    ("nobody", ("--add", "east"), "no publisher of that name"),
    ("nobody", (), "no publisher of that name"),
    ("lakeside", ("--remove", "west"), "not among its sites"),
    ("lakeside", ("--remove", "east"), "no site left"),
    ("lakeside", ("--add", "east", "--remove", "east"), "Say one of the two"),
])  # fmt: skip
async def test_sites_that_cannot_be_changed_so_are_explained(running: Running, name: str, options: tuple[str, ...], words: str):
    await jitt("publisher", "add", "lakeside", "--site", "east")
    told = await jitt("publisher", "sites", name, *options)
    assert (told.exit_code > 0, words in told.stderr) == (True, True)
    assert [c.sites for c in await publishers.list_credentials(running.pool)] == [("east",)]


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


async def test_when_no_topic_is_left_a_publisher_is_told_to_use_https(running: Running):
    there = [PublisherAdded(name=f"district-{n}", sites=("east",), kafka=True) for n in range(tenants.MOST_TOPICS - 1)]
    await deliver(running, *there)
    assert (await jitt("publisher", "add", "the-last", "--site", "east", "--kafka")).exit_code == 0
    told = await jitt("publisher", "add", "one-more", "--site", "east", "--kafka")
    assert (told.exit_code, "300 publishers have a topic of their own" in told.stderr) == (1, True)
    assert (await jitt("publisher", "add", "one-more", "--site", "east")).exit_code == 0


async def test_the_last_use_of_a_token_that_was_ended_is_forgotten_after_a_year_and_of_one_that_works_never(running: Running):
    old, new = [json.loads((await jitt(*words, "--json")).stdout)["token"] for words in (
        ("publisher", "add", "lakeside", "--site", "east"), ("publisher", "token", "lakeside"))]  # fmt: skip
    for token in (old, new):
        assert await publishers.find_by_token(running.pool, token)
    await running.pool.execute("UPDATE token_use SET at = now() - interval '13 months'")
    await jitt("publisher", "revoke", "lakeside", "--old")
    kept = await running.pool.fetch("SELECT hash FROM token_use")
    assert [row["hash"] for row in kept] == [tokens.hashed(new)]
    await jitt("publisher", "token", "lakeside")
    await jitt("publisher", "revoke", "lakeside", "--old")
    await running.pool.execute("UPDATE token_use SET at = now() - interval '11 months'")
    await jitt("publisher", "pause", "lakeside")
    assert await running.pool.fetchval("SELECT count(*) FROM token_use") == 1


@pytest.mark.parametrize(("error", "words"), [
    (asyncpg.CannotConnectNowError("starting up"), "cannot be reached (CannotConnectNowError)"),
    (asyncpg.InvalidPasswordError("no"), "cannot be reached (InvalidPasswordError)"),
    (asyncpg.UndefinedTableError('relation "site" does not exist'), "Run `jitt migrate`"),
    (asyncpg.CheckViolationError("a row is wrong"), "PostgreSQL refused that, and nothing was changed: a row is wrong"),
])  # fmt: skip
def test_what_postgres_says_becomes_a_sentence_that_says_what_to_do(error: Exception, words: str):
    assert words in shared_commands.why(error)
