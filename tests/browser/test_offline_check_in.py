"""A check-in without a connection: kept, sent once, also after the browser was closed; a call on it; and honest words."""

import re

from playwright.async_api import expect

from services.assessment.calls import keep_numbers
from shared.process import application_of
from tests.assessment.checking_in import arrive, link_to, said
from tests.browser import chromium
from tests.browser.acts import follow, press
from tests.browser.checking import problems
from tests.browser.conftest import on_a_port
from tests.browser.offline import Faulty, eventually, held, phone, plain
from tests.browser.test_check_in import tap, tap_steps
from tests.browser.test_offline import NOTHING, heading, strip
from tests.driving import outgoing

KEPT = "Your check-in is kept on this phone"
THERE = """() => Promise.all(["/t", "/c/"].map((scope) => navigator.serviceWorker.getRegistration(scope)))
  .then((found) => found.every((one) => one?.active))"""


async def on_the_phone(page, address, ref=None):
    await page.goto(f"{address}/c/{ref or link_to()}")
    assert await eventually(lambda: page.evaluate(THERE), bool, 30), "a worker is missing"
    assert (await eventually(lambda: held(page), lambda found: found["trainings"], 30))["trainings"]


async def fill_in(page, talk="no"):
    await tap(page, "happened", "yes")
    await tap_steps(page, "did", "partly", "no")
    await tap(page, "confidence", "somewhat")
    await tap(page, "talk", talk)
    await press(page, "Send")


async def talks(running):
    return [event.wants_to_talk for event in await said(running)]


async def test_a_check_in_is_kept_changed_and_sent_once(served, browser):
    running, address = served
    await arrive(running)
    async with phone(browser, viewport={"width": 390, "height": 844}) as (context, page):
        await on_the_phone(page, address)
        await context.set_offline(True)
        await press(page, "Send")
        await expect(page).to_have_title(re.compile("^Error: "))
        await fill_in(page, "today")
        await heading(page, KEPT)
        await expect(page.get_by_role("heading", name="Nobody knows yet that you want to talk today")).to_be_visible()
        await strip(page, "Your supervisor has not been told yet. Please call. Your check-in is waiting to be sent.")
        assert await problems(page, "check-in-kept.en") == []
        await follow(page, "Change it")
        await expect(page.get_by_role("radio", name="Partly").nth(1)).to_be_checked()
        await tap(page, "talk", "week")
        await press(page, "Send")
        await heading(page, KEPT)
        await expect(page.get_by_text("Nobody knows yet")).to_have_count(0)
        await expect(page.locator("main li")).to_have_count(6)
        await context.set_offline(False)
        await strip(page, "Your check-in is sent.")
        assert await talks(running) == ["today", "week"]
        assert await eventually(lambda: held(page), lambda found: found == NOTHING) == NOTHING
        await page.reload()
        await heading(page, "Thank you.")


async def test_a_closed_browser_keeps_it_and_sends_it_when_the_link_is_opened_again(served, browser, tmp_path):
    running, _ = served
    await arrive(running)
    app, options = Faulty(application_of(running), "/c/"), {"executable_path": chromium.find(), "args": ["--no-sandbox"]}
    token = link_to()
    async with on_a_port(app) as address:
        async with await browser.browser_type.launch_persistent_context(tmp_path / "profile", **options) as context:
            page = await context.new_page()
            await on_the_phone(page, address, token)
            app.mode = "lost"  # taken, and the phone never hears of it
            await fill_in(page)
            await heading(page, KEPT)
        app.mode = None
        async with await browser.browser_type.launch_persistent_context(tmp_path / "profile", **options) as context:
            page = await context.new_page()
            await page.goto(f"{address}/c/{token}")
            assert await eventually(lambda: held(page), lambda found: found == NOTHING) == NOTHING
    assert await talks(running) == ["no"]


async def test_what_is_missing_is_said_as_the_server_says_it(served, browser):
    running, address = served
    await arrive(running)
    async with phone(browser) as (context, page):
        await on_the_phone(page, address)
        shown = dict[bool, list[str]]()
        for offline in (False, True):
            await context.set_offline(offline)
            for taps in ({}, {"happened": "yes", "confidence": "very"}, {"happened": "no"}, {"talk": "week"}):
                await page.goto(page.url)
                for field, value in taps.items():
                    await tap(page, field, value)
                await press(page, "Send")
                await expect(page).to_have_title(re.compile("^Error: "))
                page_now = await page.locator("main").evaluate("(main) => main.outerHTML")
                shown.setdefault(offline, []).append(plain(f"<title>{page_now}"))
        assert shown[False] == shown[True]


async def test_a_call_from_a_check_in_is_kept_without_a_connection_and_sent_first(served, browser):
    running, address = served
    await arrive(running)
    await keep_numbers(running, {})
    async with phone(browser) as (context, page):
        await on_the_phone(page, address)
        await context.set_offline(True)
        await fill_in(page)
        await heading(page, KEPT)
        await page.get_by_role("banner").get_by_role("link", name="I need to talk").click()
        await heading(page, "I need to talk")
        await press(page, "Ask my supervisor to call me now")
        await heading(page, "Not delivered yet. Please call.")
        await strip(page, "Your supervisor has not been told yet. Please call.")
        await context.set_offline(False)
        sent = await eventually(lambda: outgoing(running), lambda events: len(events) == 5)
        assert [e.TYPE.split(".")[1] for e in sent][:2] == ["call_requested", "check_in_submitted"]
        await running.pool.execute("DELETE FROM outbox")
        await heading(page, "Your supervisor has been asked to call you")
