"""Somebody signed in to the console, in a real browser, on the afternoon of a small site."""

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from services.supervision.http_sign_in import mint_sign_in
from shared.contracts import ids
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, path_of

SCREEN = {"width": 1280, "height": 900}


@dataclass
class Visit:
    day: Afternoon
    address: str
    browser: Browser

    async def signed_in(self, reference: str = "dana", **options: Any) -> BrowserContext:
        context = await self.browser.new_context(base_url=self.address, **options)
        page = await context.new_page()
        await page.goto(await self.link(reference))
        await page.get_by_role("button", name="Sign in to jitt").click()
        await expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()
        await page.close()
        return context

    async def link(self, reference: str = "dana") -> str:
        return path_of(await mint_sign_in(self.day.running.pool, ids.supervisor(SITE, reference)))

    async def page(self, path: str, reference: str = "dana", **options: Any) -> Page:
        page = await (await self.signed_in(reference, **options)).new_page()
        await page.goto(path)
        return page

    def brief(self, reference: str) -> str:
        return f"/briefs/{self.day.trainings[reference]}"
