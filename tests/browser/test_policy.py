"""The page of a site's policy in a real browser: the checks of every page, saving by keys alone, and with JavaScript off."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from services.trigger.app import SERVICE
from services.trigger.messages import PolicyChosen
from services.trigger.policy import OwnTiming, Policy, written
from shared.security import LEAD, SESSION_COOKIE, Signed, mint_session
from tests.browser.checking import problems
from tests.browser.conftest import serving
from tests.driving import deliver
from tests.trigger.building import enrolled, site_described

PAGE = "/policy"


async def a_lead(browser: Browser, address: str, *, javascript: bool = True) -> BrowserContext:
    context = await browser.new_context(base_url=address, java_script_enabled=javascript)
    signed = Signed(uuid4(), frozenset({LEAD}), frozenset({"east"}))
    cookie = mint_session(signed, datetime.now(UTC) + timedelta(minutes=15))
    await context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": address}])
    return context


async def test_every_state_passes_the_checks_in_every_width_and_scheme(database, browser: Browser) -> None:
    running = await database(SERVICE)
    await deliver(running, site_described(), enrolled("m1"))
    async with serving(running) as address:
        context = await a_lead(browser, address)
        page = await context.new_page()
        await page.goto(PAGE)
        found = await problems(page, "policy")
        own = {"first_meeting": OwnTiming(last_call=timedelta(hours=1))}
        await deliver(running, PolicyChosen(site_id="east", document=written(Policy(activities=own))))
        await page.get_by_role("button", name="Save as version 1").click()
        await expect(page.get_by_role("status")).to_contain_text("was saved by somebody else meanwhile")
        found += await problems(page, "policy-conflict")
        await page.get_by_label("Longest training").fill("9")
        await page.get_by_role("textbox", name="From").fill("08:00")
        await page.get_by_role("button", name="Save as version 2").click()
        await expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
        found += await problems(page, "policy-error")
        await context.close()
    assert "\n".join(found) == ""


@pytest.mark.parametrize("javascript", [True, False])
async def test_enter_in_a_field_only_looks_and_the_button_saves(database, browser: Browser, javascript: bool) -> None:
    running = await database(SERVICE)
    await deliver(running, site_described(), enrolled("m1"))
    async with serving(running) as address:
        context = await a_lead(browser, address, javascript=javascript)
        page = await context.new_page()
        await page.goto(PAGE)
        await page.get_by_label("Ask for answers by").fill("2")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Thu 2:00 pm")).to_be_visible()
        await expect(page.get_by_role("button", name="Save as version 1")).to_be_visible()
        await page.get_by_role("button", name="Save as version 1").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("Saved as version 1.")
        await context.close()
