"""Signing in and out in a real browser, at a real provider: there and back, and every way in which it does not go through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, expect

from tests.browser.checking import problems
from tests.provider.walking import DANA, PASSWORD, Setting, asked_for, with_addresses
from tests.supervision.console import Afternoon

LAKE = "Continue with Lake district"


class Visitor:
    """Somebody's own browser; `came_back` are the addresses that a provider sent it to."""

    def __init__(self, context: BrowserContext, setting: Setting) -> None:
        self.context, self.setting = context, setting
        self.came_back: list[str] = []
        context.on("request", self._note)

    def _note(self, request: Request) -> None:
        if "/sign-in/from/" in request.url:
            self.came_back.append(request.url)

    async def at_the_provider(self, path: str = "/today", button: str = LAKE) -> Page:
        page = await self.context.new_page()
        await page.goto(path)
        await page.get_by_role("link", name=button).click()
        await expect(page.get_by_placeholder("Enter any login")).to_be_visible()
        return page

    async def signed_in(self, login: str = "dana", path: str = "/today") -> Page:
        page = await self.at_the_provider(path)
        await types(page, login)
        return page


async def types(page: Page, login: str) -> None:
    await page.get_by_placeholder("Enter any login").fill(login)
    await page.get_by_placeholder("and password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign-in").click()


@pytest.fixture
async def visitor(production: Afternoon, setting: Setting, browser: Browser) -> AsyncIterator[Visitor]:
    async with _a_browser(browser, setting) as found:
        yield found


@pytest.fixture
async def stranger(production: Afternoon, setting: Setting, browser: Browser) -> AsyncIterator[Visitor]:
    """A second browser, which shares nothing with the first."""
    async with _a_browser(browser, setting) as found:
        yield found


@asynccontextmanager
async def _a_browser(browser: Browser, setting: Setting) -> AsyncIterator[Visitor]:
    context = await browser.new_context(base_url=setting.console, ignore_https_errors=True)
    await context.route(lambda url: "//127.0.0.1:" not in url, lambda route: route.abort())  # the provider's page wants a font
    yield Visitor(context, setting)
    await context.close()


async def heading(page: Page, words: str) -> None:
    await expect(page.get_by_role("heading", name=words, level=1)).to_be_visible()


async def test_dana_signs_in_with_the_districts_account_and_lands_where_she_wanted_to_go(visitor: Visitor) -> None:
    page = await visitor.signed_in(path="/contacts?days=7")
    await heading(page, "Contacts")
    assert page.url == f"{visitor.setting.console}/contacts?days=7"
    await expect(page.get_by_text("Signed in as Dana Ortiz, supervisor.")).to_be_visible()
    cookies = {one["name"]: one for one in await visitor.context.cookies(visitor.setting.console) if "jitt" in one["name"]}
    assert sorted(cookies) == ["__Host-jitt_console", "__Host-jitt_session"]
    assert {(one["secure"], one["httpOnly"], one["path"], one["sameSite"]) for one in cookies.values()} == {
        (True, True, "/", "Lax")
    }


async def test_an_account_that_nobody_here_has_is_told_what_to_do_and_another_one_may_be_used(visitor: Visitor) -> None:
    page = await visitor.signed_in("stranger")
    await heading(page, "That account is not known here")
    await expect(page.get_by_text("Ask your site lead to put this address in the site’s list of people.")).to_be_visible()
    assert await problems(page, "sign-in-unknown") == []
    await page.get_by_role("link", name="Use another account").click()
    await types(page, "dana")
    await heading(page, "Today")


async def test_who_stops_at_the_provider_is_not_signed_in_and_may_try_again(visitor: Visitor) -> None:
    page = await visitor.at_the_provider("/contacts")
    await page.get_by_role("link", name="Cancel").click()
    await heading(page, "You are not signed in")
    assert await problems(page, "sign-in-cancelled") == []
    await page.get_by_role("link", name="Try again with Lake district").click()
    await types(page, "dana")
    await heading(page, "Contacts")


async def test_an_address_of_a_sign_in_that_is_over_opens_nothing(
    visitor: Visitor, stranger: Visitor, production: Afternoon
) -> None:
    await heading(await visitor.signed_in(), "Today")
    for browser in (visitor, stranger):
        page = await browser.context.new_page()
        await page.goto(visitor.came_back[0])
        await heading(page, "That sign-in is over")
    assert await production.running.pool.fetchval("SELECT count(*) FROM console_session") == 1


async def test_a_code_that_was_used_is_refused_by_the_provider_although_the_state_is_fresh(
    visitor: Visitor, production: Afternoon
) -> None:
    await heading(await visitor.signed_in(), "Today")
    code = asked_for(visitor.came_back[0], "code")
    page = await visitor.context.new_page()
    started = await visitor.context.request.get("/sign-in/with/lake", max_redirects=0)
    state = asked_for(started.headers["location"], "state")
    await page.goto("/sign-in/from/lake?" + urlencode({"code": code, "state": state}))
    await heading(page, "That sign-in is over")
    assert await production.running.pool.fetchval("SELECT count(*) FROM console_session") == 1


async def test_somebody_at_two_sites_chooses_one(visitor: Visitor, production: Afternoon) -> None:
    await with_addresses(production, [("lake-two", "d.ortiz", "Dana Ortiz", DANA)])
    page = await visitor.signed_in(path="/contacts")
    await heading(page, "Where do you want to work now?")
    assert await problems(page, "sign-in-site") == []
    await page.get_by_role("button", name="Eastfield Mentoring, supervisor").click()
    await heading(page, "Contacts")


async def test_signing_out_ends_it_here_and_says_where_one_may_still_be_signed_in(visitor: Visitor) -> None:
    page = await visitor.signed_in()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("You are signed out here.")).to_be_visible()
    assert await problems(page, "sign-in-out") == []
    await page.get_by_role("link", name="Sign out at Lake district").click()
    await expect(page.get_by_text("Do you want to sign-out")).to_be_visible()
    await page.goto("/today")
    await expect(page.get_by_role("link", name=LAKE)).to_be_visible()


async def test_signing_out_everywhere_ends_every_browser(visitor: Visitor, stranger: Visitor) -> None:
    at_home, here = await stranger.signed_in(), await visitor.signed_in()
    await here.get_by_role("link", name="Where you are signed in").click()
    await heading(here, "Where you are signed in")
    assert await here.get_by_text("Signed in with Lake district").count() == 2
    assert await problems(here, "signed-in") == []
    await here.get_by_role("button", name="Sign out everywhere").click()
    await expect(here.get_by_text("You are signed out here.")).to_be_visible()
    await at_home.reload()
    await expect(at_home.get_by_role("link", name=LAKE)).to_be_visible()
