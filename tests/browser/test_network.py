"""The network's page in a real browser: accessible in every width and scheme, with figures and without."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from playwright.async_api import Browser

from services.supervision.app import SERVICE
from services.supervision.network import LEFT_OUT
from shared.platform import NETWORK
from shared.running import Running
from shared.security import PLATFORM, SESSION_COOKIE, Signed, mint_session
from shared.service import Service
from tests.browser.checking import problems
from tests.supervision.feeding import serving
from tests.supervision.test_network import some_weeks


async def test_the_page_passes_the_checks_with_figures_and_without(
    database: Callable[[Service], Awaitable[Running]], browser: Browser
) -> None:
    found: list[str] = []
    for name in ("network-none", "network"):
        running = await database(SERVICE)
        if name == "network":
            await some_weeks(running)
        async with serving(running) as address:
            context = await browser.new_context(base_url=address)
            cookie = mint_session(Signed(uuid4(), frozenset({PLATFORM}), frozenset()), datetime.now(UTC) + timedelta(minutes=15))
            await context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": address}])
            page = await context.new_page()
            await page.goto(NETWORK)
            found += await problems(page, name)
            if name == "network":
                assert await page.get_by_role("row", name="Lakeside").get_by_text(LEFT_OUT).count() == 4
            await context.close()
    assert "\n".join(found) == ""
