"""The page of publishers: who may see it, what it says of each, and that resuming is heard."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest

from services.trigger.app import SERVICE
from services.trigger.messages import PublisherAdded, PublisherPaused, TokenIssued
from services.trigger.publishers import find_by_token
from shared.messaging.batch import Batch
from shared.messaging.message import Raw
from shared.messaging.store import Dead
from shared.running import Running
from shared.security import PLATFORM, SESSION_COOKIE, Signed, form_token, mint_session
from shared.service import Service
from shared.tokens import hashed, new_token
from tests.driving import commit, deliver
from tests.supervision.console import ORIGIN, a_browser, form, words

Database = Callable[[Service], Awaitable[Running]]
PAGE = "/platform/publishers"


@pytest.fixture
async def running(database: Database) -> Running:
    made = await database(SERVICE)
    await deliver(made, PublisherAdded(name="lakeside-bus", sites=("lakeside",), kafka=True))
    await deliver(made, PublisherAdded(name="harbor-web", sites=("harbor",), kafka=False, token_sha256="00" * 32))
    await deliver(made, PublisherPaused(name="lakeside-bus", paused=True, why="<b>too much</b>"))
    return made


@asynccontextmanager
async def as_(role: str, running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    who = Signed(uuid4(), frozenset({role}), frozenset())
    async with a_browser(running) as browser:
        browser.cookies.set(SESSION_COOKIE, mint_session(who, datetime.now(UTC) + timedelta(minutes=15)))
        browser.headers["origin"] = ORIGIN
        yield browser


async def test_it_says_who_is_heard_and_who_is_paused_since_when_and_why(running: Running) -> None:
    raw = Raw("in.lakeside-bus", 0, 0, None, b"?", ())
    await commit(running, Batch([], letters=[Dead("dead", "schema", "no", "lakeside-bus", (), raw)]))
    async with as_(PLATFORM, running) as browser:
        html = (await browser.get(PAGE)).text
    said = words(html)
    assert "<b>too much</b>" not in html
    assert "Paused since" in said and "&lt;b&gt;too much" in said and "1 in the last hour" in said
    assert said.count("Heard") == 1 and "None in the last hour" in said
    assert form(html, f"{PAGE}/resume")["name"] == "lakeside-bus"


async def test_it_says_on_which_day_each_token_was_last_used(running: Running) -> None:
    token = new_token()
    await deliver(running, TokenIssued(name="harbor-web", token_sha256=hashed(token).hex()))
    await find_by_token(running.pool, token)
    async with as_(PLATFORM, running) as browser:
        said = words((await browser.get(PAGE)).text)
    assert f"Tokens last used Never, {datetime.now(UTC).date()}" in said


async def test_resuming_is_heard_and_said(running: Running) -> None:
    async with as_(PLATFORM, running) as browser:
        fields = form((await browser.get(PAGE)).text, f"{PAGE}/resume")
        done = await browser.post(f"{PAGE}/resume", data=fields)
        assert done.status_code == 303
        assert "lakeside-bus is heard again." in words((await browser.get(done.headers["location"])).text)
    assert await running.pool.fetchval("SELECT count(*) FROM publisher WHERE paused_at IS NOT NULL") == 0


async def test_a_form_without_its_token_or_of_an_unknown_publisher_changes_nothing(running: Running) -> None:
    async with as_(PLATFORM, running) as browser:
        fields = form((await browser.get(PAGE)).text, f"{PAGE}/resume")
        assert (await browser.post(f"{PAGE}/resume", data=fields | {"csrf": form_token(uuid4())})).status_code == 403
        unknown = await browser.post(f"{PAGE}/resume", data=fields | {"name": "nobody"})
        assert (unknown.status_code, "There is no publisher nobody" in words(unknown.text)) == (404, True)
    assert await running.pool.fetchval("SELECT count(*) FROM publisher WHERE paused_at IS NOT NULL") == 1


@pytest.mark.parametrize("role", ["supervisor", "site_lead"])
async def test_people_of_a_site_are_turned_away_in_words(running: Running, role: str) -> None:
    async with as_(role, running) as browser:
        answer = await browser.get(PAGE)
    assert answer.status_code == 403
    assert "It is for the people who run the network." in words(answer.text)


async def test_without_a_publisher_it_says_how_to_add_the_first(database: Database) -> None:
    async with as_(PLATFORM, await database(SERVICE)) as browser:
        assert "jitt publisher add NAME --site SITE" in words((await browser.get(PAGE)).text)
