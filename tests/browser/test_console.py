"""The console in a real browser: every page by the checks that each page has to pass, then what needs JavaScript and what does not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from services.supervision.app import SERVICE
from services.supervision.http_sign_in import mint_sign_in
from shared.contracts import ids
from shared.running import Running
from tests.browser.checking import problems
from tests.browser.conftest import serving
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, a_full_afternoon, path_of

BRIEF_SCREEN = {"width": 1280, "height": 900}
LETTER = {"width": 816, "height": 1056}


@dataclass
class Visit:
    day: Afternoon
    address: str
    browser: Browser

    async def signed_in(self, reference: str = "dana", **options: Any) -> BrowserContext:
        context = await self.browser.new_context(base_url=self.address, **options)
        page = await context.new_page()
        await page.goto(path_of(await mint_sign_in(self.day.running.pool, ids.supervisor(SITE, reference))))
        await page.get_by_role("button", name="Sign in to jitt").click()
        await expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()
        await page.close()
        return context

    async def page(self, path: str, reference: str = "dana", **options: Any) -> Page:
        page = await (await self.signed_in(reference, **options)).new_page()
        await page.goto(path)
        return page


@pytest.fixture
async def visit(database: Callable[..., Awaitable[Running]], browser: Browser) -> AsyncIterator[Visit]:
    running = await database(SERVICE)
    day = await a_full_afternoon(running)
    async with serving(running) as address:
        visit = Visit(day, address, browser)
        yield visit
        for context in browser.contexts:
            await context.close()


async def test_every_page_passes_the_checks_in_every_width_and_scheme(visit: Visit) -> None:
    marcus, leah = visit.day.trainings["marcus"], ids.mentor(SITE, "leah")
    pages = {
        "today": "/today", "brief": f"/briefs/{marcus}", "alerts": "/alerts", "acknowledged": "/alerts?state=acknowledged",
        "mentors": "/mentors", "mentor": f"/mentors/{leah}", "contacts": "/contacts", "safeguarding": "/safeguarding",
    }  # fmt: skip
    page = await (await visit.signed_in()).new_page()
    found: list[str] = []
    for name, path in pages.items():
        await page.goto(path)
        found += await problems(page, f"console-{name}")
    assert found == []
