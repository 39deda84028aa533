"""`jitt dead` as it is typed: what each option chooses, what is asked before many letters change, what is said of mistakes."""

import asyncio
import json
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

from deploy import dead
from services.trigger.app import SERVICE
from shared import db
from shared.messaging import store
from shared.messaging.message import Raw
from shared.messaging.store import Dead
from shared.running import Running
from tests.conftest import Database, at_database

ALICE, BOB = "alice-sis", "bob-sis"
LETTERS = [(ALICE, "schema"), (ALICE, "schema"), (ALICE, "tombstone"), (BOB, "schema")]


@pytest_asyncio.fixture(autouse=True)
async def running(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """Trigger with four letters, of ids 1 to 4."""
    running = await database(SERVICE)
    name = await running.pool.fetchval("SELECT current_database()")
    monkeypatch.setitem(os.environ, "JITT_TRIGGER_POSTGRES", at_database(db.service_dsn("trigger"), name))
    async with running.connection() as conn:
        await store.bury(conn, [Dead("dead", reason, f"wrong [bold]{n}[/bold]", who, (), Raw(f"in.{who}", 0, n, None, b"{", ()))
                                for n, (who, reason) in enumerate(LETTERS)])  # fmt: skip
    yield running


async def jitt_dead(*words: str, answer: str = "") -> Result:
    """In a thread: the command has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, dead.app, list(words), input=answer)


async def listed(*options: str) -> list[int]:
    told = await jitt_dead("list", "--service", "trigger", "--json", *options)
    return [row["id"] for row in json.loads(told.stdout)]


@pytest.mark.parametrize(("options", "ids"), [
    ((), [1, 2, 3, 4]), (("--publisher", ALICE), [1, 2, 3]), (("--principal", BOB), [4]),
    (("--reason", "schema", "--publisher", ALICE), [1, 2]), (("--state", "skipped"), []), (("--limit", "2"), [1, 2]),
    (("--since", "2020-01-01", "--until", "2020-02-01"), []), (("--since", "2020-01-01T08:30"), [1, 2, 3, 4]),
])  # fmt: skip
async def test_options_choose(options: tuple[str, ...], ids: list[int]) -> None:
    assert await listed(*options) == ids


async def test_a_list_that_was_cut_says_how_to_see_the_rest_and_shows_words_as_they_came() -> None:
    told = await jitt_dead("list", "--service", "trigger", "--limit", "1")
    assert "[bold]" in told.stdout
    assert "3 more: raise --limit, or choose with --service, --reason, --publisher, --since." in " ".join(told.stdout.split())


async def test_counts_by_reason_and_sender() -> None:
    told = json.loads((await jitt_dead("counts", "--service", "trigger", "--json")).stdout)
    assert sorted((row["reason"], row["principal"], row["letters"]) for row in told) == [
        ("schema", ALICE, 2), ("schema", BOB, 1), ("tombstone", ALICE, 1)]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), [
    (("list", "--service", "tigger"), "There is no service “tigger”. Choose one of: trigger, content, assessment, supervision."),
    (("list", "--state", "gone"), "--state is one of: dead, parked, replayed, skipped."),
    (("list", "--since", "yesterday"), "--since: "),
    (("skip", "trigger"), "Name the letters to give up, by id or with options such as --reason."),
    (("skip", "trigger", "1", "--reason", "schema"), "Choose letters by id or by options, not both."),
    (("replay", "trigger", "1", "--publisher", ALICE), "Choose letters by id or by options, not both."),
])  # fmt: skip
async def test_a_mistake_is_named_and_nothing_is_tried(words: tuple[str, ...], said: str) -> None:
    told = await jitt_dead(*words)
    assert (told.exit_code, said in told.stderr) == (2, True), told.output
    assert await listed() == [1, 2, 3, 4]


async def test_many_are_given_up_only_after_a_yes(running: Running) -> None:
    question = "Give up 2 of trigger (without this question: --yes)?"
    no = await jitt_dead("skip", "trigger", "--publisher", ALICE, "--reason", "schema", answer="n\n")
    assert (no.exit_code, question in no.stdout) == (1, True)
    assert await listed() == [1, 2, 3, 4]
    yes = await jitt_dead("skip", "trigger", "--publisher", ALICE, "--reason", "schema", "--why", "an old export", answer="y\n")
    assert "2 skipped; 0 that waited behind them were applied, 0 failed again." in yes.stdout
    assert await listed() == [3, 4]
    assert await listed("--state", "skipped") == [1, 2]
    assert (await jitt_dead("skip", "trigger", "3", "4")).exit_code == 0, "named ones are not asked for"
    assert (await jitt_dead("list", "--service", "trigger")).stdout.strip() == "No dead letters."


async def test_a_replay_that_fails_again_ends_with_1_and_says_why() -> None:
    told = await jitt_dead("replay", "trigger", "--publisher", BOB, "--yes")
    assert (told.exit_code, told.stdout.startswith("0 applied, 1 failed again: letter 4: ")) == (1, True), told.output
    assert (await jitt_dead("replay", "trigger", "--reason", "none_such")).stdout.strip() == "trigger has no such dead letter."
