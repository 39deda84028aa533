"""What a person does on a page. A button or a link is left when the next page is there: a look in between sees half a page."""

from typing import Literal

from playwright.async_api import Page


async def press(page: Page, *buttons: str) -> None:
    for words in buttons:
        await _go(page, "button", words)


async def follow(page: Page, words: str) -> None:
    await _go(page, "link", words)


async def _go(page: Page, role: Literal["button", "link"], words: str) -> None:
    async with page.expect_navigation():
        await page.get_by_role(role, name=words, exact=True).click()


async def choose(page: Page, option: str) -> None:
    await page.locator("label.choice", has=page.locator(f"input[value={option}]")).click()
