"""The pages of dead letters for the people who run the network: who may see them, what they show, and what their forms do."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
import typer
from typer.testing import CliRunner, Result

from services.supervision import commands_console
from services.supervision.app import SERVICE
from services.supervision.http_sign_in import mint_platform_sign_in
from shared import db
from shared.messaging.batch import Batch
from shared.messaging.message import Raw
from shared.messaging.store import Dead
from shared.running import Running
from shared.service import Service
from tests.conftest import at_database
from tests.driving import commit
from tests.supervision.console import Afternoon, a_browser, an_afternoon, form, path_of, signed_in, words

Database = Callable[[Service], Awaitable[Running]]
MARKUP = b"<script>alert(1)</script>"


@pytest.fixture
async def day(database: Database) -> Afternoon:
    return await an_afternoon(await database(SERVICE))


@asynccontextmanager
async def platform(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with a_browser(running) as browser:
        signed = await browser.post(path_of(await mint_platform_sign_in(running.pool)))
        assert signed.headers["location"] == "/platform/dead"
        yield browser


async def bury(running: Running, *letters: tuple[str, str]) -> None:
    """(reason, sender) of each; its value is markup."""
    raws = [Raw("trigger.events", 0, offset, b"k\xff", MARKUP, (("a b", b"c"),)) for offset in range(len(letters))]
    dead = [Dead("dead", reason, "site_id: missing", sender, (), raw)
            for raw, (reason, sender) in zip(raws, letters, strict=True)]  # fmt: skip
    await commit(running, Batch([], letters=dead))


async def states(running: Running) -> list[str]:
    return [row["state"] for row in await running.pool.fetch("SELECT state FROM dead_letter ORDER BY id")]


async def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_comes_back(day: Afternoon) -> None:
    async with a_browser(day.running) as browser:
        sent = await browser.get("/platform/dead?reason=schema")
        where = "/sign-in/again?service=supervision&path=%2Fplatform%2Fdead%3Freason%3Dschema"
        assert (sent.status_code, path_of(sent.headers["location"])) == (303, where)
        sign_in = "/sign-in?at=supervision&to=%2Fplatform%2Fdead%3Freason%3Dschema"
        assert (await browser.get(where)).headers["location"] == sign_in
    async with platform(day.running) as browser:
        back = await browser.get(where)
        assert path_of(back.headers["location"]) == "/platform/dead?reason=schema&signed=1"


async def test_a_page_that_is_reloaded_when_the_cookie_has_ended_signs_in_once_more(day: Afternoon) -> None:
    async with platform(day.running) as browser:
        came = await browser.get("/platform/dead?reason=schema&signed=1")
        assert (came.status_code, came.headers["location"]) == (303, "/platform/dead?reason=schema")
    async with a_browser(day.running) as another_host:
        told = await another_host.get("/platform/dead?reason=schema&signed=1")
        assert (told.status_code, "You are signed in, but not for this address" in told.text) == (401, True)


async def test_the_link_that_is_printed_for_those_who_run_the_network_opens_their_pages_once(
    day: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await day.running.pool.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_SUPERVISION_POSTGRES", at_database(db.service_dsn("supervision"), name))
    printed = await _typed("--platform", "--json")
    assert (printed.exit_code, printed.stderr) == (0, "")
    link = path_of(json.loads(printed.stdout)["url"])
    async with a_browser(day.running) as browser:
        assert (await browser.post(link)).headers["location"] == "/platform/dead"
        assert (await browser.get("/platform/dead")).status_code == 200
    async with a_browser(day.running) as second:
        await second.post(link)
        assert (await second.get("/platform/dead")).status_code == 303
    mixed = await _typed("--platform", "--site", "eastfield")
    assert (mixed.exit_code, "--platform alone" in mixed.stderr) == (2, True)


async def test_the_link_that_is_printed_for_authors_opens_their_page_and_none_about_people(
    day: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await day.running.pool.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_SUPERVISION_POSTGRES", at_database(db.service_dsn("supervision"), name))
    printed = await _typed("--author")
    async with a_browser(day.running) as browser:
        statistics = f"{day.running.settings.content_url}/authors/statistics"
        assert (await browser.post(path_of(printed.stdout.strip()))).headers["location"] == statistics
        for page in ("/today", "/alerts", "/mentors", "/contacts", "/platform/dead"):
            refused = await browser.get(page)
            assert (refused.status_code, "you are signed in to write trainings" in refused.text) == (403, True)
            assert f'href="{statistics}"' in refused.text
        again = await browser.get("/sign-in/again?service=content&path=/authors/statistics")
        assert again.headers["location"] == f"{statistics}?signed=1"
    assert (await _typed("--author", "--platform")).exit_code == 2
    assert (await _typed()).exit_code == 2


async def _typed(*words: str) -> Result:
    """In a thread: the command has an event loop of its own."""
    app = typer.Typer()
    commands_console.add_to(app, typer.Typer())
    return await asyncio.to_thread(CliRunner().invoke, app, list(words))


async def test_a_sign_in_comes_back_to_no_other_place(day: Afternoon) -> None:
    async with platform(day.running) as browser:
        for service in ("evil", "text"):  # the address that takes text messages is no service's
            assert (await browser.get(f"/sign-in/again?service={service}&path=/platform/dead")).status_code == 404
        assert (await browser.get("/sign-in/again?service=trigger&path=//evil.example/platform/")).status_code == 422


@pytest.mark.parametrize("person", ["dana", "priya"])
async def test_supervisors_and_site_leads_are_refused_in_words(day: Afternoon, person: str) -> None:
    async with signed_in(day.running, person) as browser:
        refused = await browser.get("/platform/dead")
        assert (refused.status_code, "It is for the people who run the network." in words(refused.text)) == (403, True)


async def test_the_platform_opens_no_page_about_people(day: Afternoon) -> None:
    async with platform(day.running) as browser:
        for page in ("/today", "/alerts", "/mentors", "/contacts"):
            refused = await browser.get(page)
            assert (refused.status_code, "you are signed in to run the platform" in refused.text) == (403, True)


async def test_letters_are_grouped_narrowed_and_listed_without_a_word_of_what_they_hold(day: Afternoon) -> None:
    await bury(day.running, ("schema", "trigger"), ("schema", "content"), ("too_large", "trigger"))
    async with platform(day.running) as browser:
        said = words((await browser.get("/platform/dead")).text)
        assert "A field is missing or wrong 2 records , the oldest from" in said
        assert MARKUP[:16].hex(" ") in said
        assert "alert" not in said and "site_id" not in said
        narrowed = words((await browser.get("/platform/dead?reason=schema&publisher=content")).text)
        assert "Each record 1" in narrowed
        wrong = await browser.get("/platform/dead?since=yesterday")
        assert (wrong.status_code, "“yesterday” is no time." in wrong.text) == (422, True)


async def test_nothing_there_is_said(day: Afternoon) -> None:
    async with platform(day.running) as browser:
        said = words((await browser.get("/platform/dead")).text)
        assert "No dead letters." in said
        assert "Dead letters of supervision Trigger Content Assessment Supervision" in said


async def test_one_letter_is_shown_whole_and_its_markup_is_text(day: Afternoon) -> None:
    await bury(day.running, ("schema", "trigger"))
    id_ = await day.running.pool.fetchval("SELECT id FROM dead_letter")
    async with platform(day.running) as browser:
        page = (await browser.get(f"/platform/dead/{id_}")).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page
        assert "6bff" in page and "This may hold personal data." in page


async def test_a_letter_or_a_page_that_is_not_there_says_which_and_where_to_look(day: Afternoon) -> None:
    async with platform(day.running) as browser:
        for address, heading, sentence in (
            ("/platform/dead/999", "There is no dead letter 999 here", "this is supervision, and each has its own list"),
            ("/platform/dead/first", "There is no such page", "in the menu"),
            ("/platform/feeds", "There is no such page", "in the menu"),
        ):
            answer = await browser.get(address)
            assert (answer.status_code, heading in answer.text, sentence in answer.text) == (404, True, True), address
    async with a_browser(day.running) as nobody:
        assert (await nobody.get("/platform/feeds")).status_code == 303


async def test_giving_up_asks_first_and_wants_to_know_why(day: Afternoon) -> None:
    await bury(day.running, ("schema", "trigger"), ("too_large", "trigger"))
    async with platform(day.running) as browser:
        asked = (await browser.get("/platform/dead/confirm?do=skip&reason=schema")).text
        assert "Bury 1 record of supervision?" in words(asked)
        hidden = form(asked, "/platform/dead/skip")
        assert (await browser.post("/platform/dead/skip", data=hidden)).status_code == 422
        assert await states(day.running) == ["dead", "dead"]
        done = await browser.post("/platform/dead/skip", data=hidden | {"why": "The sender was mended."})
        assert "1 record buried" in words(done.text)
        assert await states(day.running) == ["skipped", "dead"]
        assert "Given up: The sender was mended." in await day.running.pool.fetchval("SELECT detail FROM dead_letter ORDER BY id")


async def test_a_replay_that_fails_again_says_why(day: Afternoon) -> None:
    await bury(day.running, ("schema", "trigger"))
    async with platform(day.running) as browser:
        asked = (await browser.get("/platform/dead/confirm?do=replay&reason=schema")).text
        assert "Replay 1 record to supervision?" in words(asked)
        done = words((await browser.post("/platform/dead/replay", data=form(asked, "/platform/dead/replay"))).text)
        assert "0 applied, 1 failed again" in done
        assert await states(day.running) == ["dead"]


async def test_a_form_without_its_token_or_from_another_place_does_nothing(day: Afternoon) -> None:
    await bury(day.running, ("schema", "trigger"))
    async with platform(day.running) as browser:
        asked = (await browser.get("/platform/dead/confirm?do=skip&reason=schema")).text
        fields = form(asked, "/platform/dead/skip") | {"why": "x"}
        assert (await browser.post("/platform/dead/skip", data=fields | {"csrf": "x"})).status_code == 403
        elsewhere = await browser.post("/platform/dead/skip", data=fields, headers={"origin": "https://evil.example"})
        assert elsewhere.status_code == 403
    async with a_browser(day.running) as nobody:
        assert (await nobody.post("/platform/dead/skip", data=fields)).status_code == 401
    assert await states(day.running) == ["dead"]
