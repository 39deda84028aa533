"""The pages for people who run the network, in a real browser: the checks of every page, and what their buttons do."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from deploy import topology
from services.supervision.app import SERVICE as SUPERVISION
from services.trigger import fetching
from services.trigger.app import SERVICE
from services.trigger.messages import PublisherAdded, PublisherPaused
from services.trigger.store_feeds import Asked
from shared.messaging.batch import Batch
from shared.messaging.message import Raw
from shared.messaging.store import Dead
from shared.running import Running
from shared.security import PLATFORM, SESSION_COOKIE, Signed, mint_session
from shared.service import Service
from shared.settings import settings
from tests.browser.checking import problems
from tests.browser.conftest import serving
from tests.driving import commit, deliver
from tests.trigger.test_pages_calendars import NEEDS, READ, a_feed

DEAD, PUBLISHERS, CALENDARS = "/platform/dead", "/platform/publishers", "/platform/calendars"
VALUE = b'{"session_ref": "s-1042", "site_id": "lakeside", "starts_at": "tomorrow"}'


Platform = tuple[Running, BrowserContext]
Open = Callable[[Service], AbstractAsyncContextManager[Platform]]


@pytest.fixture
def opened(database: Callable[..., Awaitable[Running]], browser: Browser) -> Open:
    return lambda service: _opened(service, database, browser)


@pytest.fixture
async def platform(opened: Open) -> AsyncIterator[Platform]:
    async with opened(SERVICE) as found:
        yield found


@asynccontextmanager
async def _opened(service: Service, database: Callable[..., Awaitable[Running]], browser: Browser) -> AsyncIterator[Platform]:
    """A service, and the browser of somebody who runs the network."""
    running = await database(service)
    signed = Signed(uuid4(), frozenset({PLATFORM}), frozenset())
    async with serving(running) as address:
        context = await browser.new_context(base_url=address)
        cookie = mint_session(signed, datetime.now(UTC) + timedelta(minutes=15))
        await context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": address}])
        yield running, context
        await context.close()


async def some_letters(running: Running) -> None:
    await deliver(running, PublisherAdded(name="lakeside-bus", sites=("lakeside", "harbor"), kafka=True))
    await deliver(running, PublisherAdded(name="eastfield-web", sites=("eastfield",), kafka=False, token_sha256="00" * 32))
    await deliver(running, PublisherPaused(name="lakeside-bus", paused=True, why="too many records that cannot be read"))
    await bury_some(running)


async def some_calendars(running: Running) -> None:
    failed = Asked("http_404", fetching.WORDS[404], timedelta(hours=6), failures=12)
    await a_feed(running, "7be0c1aa", replace(READ, held=7, needs=NEEDS))
    await a_feed(running, "c5c4745d", failed, mentor="ines")


async def bury_some(running: Running) -> None:
    raws = [Raw("in.lakeside-bus", 0, n, b"s-1042", VALUE, (("ce_type", b"site.session_scheduled.v1"),)) for n in range(4)]
    letters = [Dead("dead", "schema", "starts_at: a time with its zone", "lakeside-bus", (), raw) for raw in raws[:2]]
    failed = Dead("dead", "failed", "ZeroDivisionError: division by zero", "lakeside-bus", ("session/1",), raws[2])
    parked = Dead("parked", "behind_a_failed_one", "", "lakeside-bus", ("session/1",), raws[3])
    await commit(running, Batch([], letters=[*letters, failed, parked]))


async def test_every_page_passes_the_checks_in_every_width_and_scheme(platform: Platform) -> None:
    running, context = platform
    page = await context.new_page()
    found: list[str] = []
    for name, path in {"no-dead": DEAD, "no-publishers": PUBLISHERS, "no-calendars": CALENDARS}.items():
        await page.goto(path)
        found += await problems(page, f"platform-{name}")
    await some_letters(running)
    await some_calendars(running)
    ids = [row["id"] for row in await running.pool.fetch("SELECT id FROM dead_letter ORDER BY id")]
    pages = {
        "dead": DEAD, "dead-filtered": f"{DEAD}?reason=schema", "dead-none-such": f"{DEAD}?reason=tombstone",
        "dead-error": f"{DEAD}?since=yesterday", "letter": f"{DEAD}/{ids[2]}",
        "replay": f"{DEAD}/confirm?do=replay&reason=schema", "bury": f"{DEAD}/confirm?do=skip&id={ids[0]}",
        "publishers": PUBLISHERS, "calendars": CALENDARS, "heard": f"{PUBLISHERS}?heard=lakeside-bus",
        "not-found": f"{DEAD}/999999",
    }  # fmt: skip
    for name, path in pages.items():
        await page.goto(path)
        found += await problems(page, f"platform-{name}")
    assert "\n".join(found) == ""


@pytest.mark.parametrize("name", [name for name in topology.NAMES if name != SERVICE.name])
async def test_every_service_shows_its_own_dead_letters_and_how_it_stands(opened: Open, name: str) -> None:
    found: list[str] = []
    async with opened(topology.service(name)) as (running, context):
        page = await context.new_page()
        await page.goto(DEAD)
        await expect(page.get_by_role("navigation", name="Services").locator("[aria-current]")).to_have_text(name.capitalize())
        for words in ("No dead letters.", "Every event is published. Everything that is due is done. Nothing stands still."):
            await expect(page.get_by_text(words)).to_be_visible()
        found += await problems(page, f"platform-{name}-no-dead")
        await bury_some(running)
        last = await running.pool.fetchval("SELECT max(id) FROM dead_letter")
        pages = {"dead": DEAD, "letter": f"{DEAD}/{last}", "bury": f"{DEAD}/confirm?do=skip&id={last}",
                 "no-letter": f"{DEAD}/999999", "no-page": "/platform/nothing"}  # fmt: skip
        for kind, path in pages.items():
            await page.goto(path)
            found += await problems(page, f"platform-{name}-{kind}")
    assert "\n".join(found) == ""


async def test_one_signs_out_on_the_page_of_any_service(
    opened: Open, database: Callable[..., Awaitable[Running]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JITT_TEXT_URL", "https://texts.example/send")
    async with serving(await database(SUPERVISION)) as there:
        monkeypatch.setenv("JITT_SUPERVISION_URL", there)
        settings.cache_clear()
        async with opened(SERVICE) as (_, context):
            page = await context.new_page()
            await page.goto(DEAD)
            await page.get_by_role("button", name="Sign out").click()
            await expect(page).to_have_url(f"{there}/sign-in?out=-")
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
    monkeypatch.undo()
    settings.cache_clear()


async def test_a_publisher_is_resumed_and_records_are_buried_with_the_keyboard(platform: Platform) -> None:
    running, context = platform
    await some_letters(running)
    page = await context.new_page()
    await page.goto(PUBLISHERS)
    await page.get_by_role("button", name="Resume lakeside-bus").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("lakeside-bus is heard again.")
    await expect(page.get_by_role("button", name="Resume lakeside-bus")).to_have_count(0)
    await page.goto(f"{DEAD}/confirm?do=skip&reason=schema")
    await page.get_by_role("button", name="Bury 2 records").press("Enter")
    await expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    await page.get_by_label("Why?").fill("The vendor sends them again.")
    await page.get_by_role("button", name="Bury 2 records").press("Enter")
    await expect(page.get_by_role("heading", name="2 records buried")).to_be_visible()
    rows = await running.pool.fetch("SELECT state FROM dead_letter ORDER BY id")
    assert [row["state"] for row in rows] == ["skipped", "skipped", "dead", "parked"]
