"""A mentor's own record, its calendar and its certificate in a real browser: readable by everybody, and one sheet on paper."""

import os
import re
from io import BytesIO

import pytest
from playwright.async_api import expect

from services.supervision.app import SERVICE as SUPERVISION
from shared.contracts import ids
from shared.contracts.assessment import LinkRequested
from tests.assessment.building import MENTOR
from tests.assessment.recording import another_module, arrive, finish, miss, of_module, plan, record_link
from tests.browser.checking import SCHEMES, problems
from tests.browser.conftest import serving
from tests.browser.visits import Visit
from tests.driving import deliver
from tests.supervision.builders import SITE
from tests.supervision.console import a_full_afternoon

SCHEMES_OF = {"en": SCHEMES, "es": ("light",)}
PAPER = {"Letter": (612, 792), "A4": (595, 842)}
LONG = "Ask what they already tried before you offer a single idea of your own"


async def a_past(running, locale="en"):
    await arrive(running, locale=locale)
    await finish(running, 3, "wrong right", session_id=await plan(running, days=-2))
    await finish(running, 10)
    await finish(running, 17, kind="recall", module=None)
    await miss(running)
    for days in (2, 9):
        await plan(running, days=days)


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_every_page_of_a_record_is_readable_by_everybody(served, browser, locale):
    running, address = served
    page, found = await browser.new_page(), []

    async def look(name, path=""):
        if path:
            await page.goto(f"{address}{path}")
        await page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true })")
        found.extend(await problems(page, f"{name}.{locale}", SCHEMES_OF[locale]))

    await arrive(running, locale=locale)
    await look("record-empty", f"/m/{record_link()}/record")
    await look("record-expired", f"/m/{record_link(days=-1)}")
    await a_past(running, locale)
    await look("record-door", f"/m/{record_link()}")
    await page.locator("button.main").click()
    await expect(page).to_have_url(f"{address}/m/{MENTOR}/record")
    await look("record")
    await look("certificate", f"/m/{MENTOR}/certificate")
    await look("certificate-error", f"/m/{MENTOR}/certificate?from=2026-11-02&to=2026-11-01")
    assert found == []
    await page.close()


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_the_page_of_an_expired_link_is_readable_before_and_after_asking(served, browser, link, locale):
    running, address = served
    await arrive(running, locale=locale)
    page = await browser.new_page(java_script_enabled=locale == "en")
    await page.goto(f"{address}/t/{link(days=-1)}")
    found = await problems(page, f"expired-ask.{locale}", SCHEMES_OF[locale]) if locale == "en" else []
    await page.locator("form button.main").click()
    await expect(page.locator(".note")).to_contain_text(re.compile("You asked for a new link|Pediste un enlace nuevo"))
    found += await problems(page, f"expired-asked.{locale}", SCHEMES_OF[locale]) if locale == "en" else []
    assert found == []
    await page.close()


async def test_a_record_works_without_javascript_and_asks_nobody_else(served, browser):
    running, address = served
    await a_past(running)
    page = await browser.new_page(java_script_enabled=False)
    hosts, refused, came_from = set(), [], set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.on("request", lambda request: came_from.add(request.headers.get("referer") or ""))
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    await page.goto(f"{address}/m/{record_link()}")
    await page.get_by_role("button", name="Open my record").click()
    await page.get_by_text("Sessions in your phone’s calendar").click()
    await expect(page.get_by_label("Or copy this address")).to_be_visible()
    await page.get_by_role("link", name="Certificate to print").click()
    await page.get_by_label("First day").fill("2025-01-01")
    await page.get_by_role("button", name="Show these days").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Certificate of trainings")
    assert "from=2025-01-01" in page.url
    await page.get_by_role("link", name="I need to talk").click()
    assert (hosts, refused, came_from) == ({address.removeprefix("http://")}, [], {""})
    await page.close()


@pytest.mark.parametrize("paper", PAPER)
async def test_the_certificate_is_one_sheet_however_much_was_trained(served, browser, paper):
    running, address = served
    await arrive(running)
    for number in range(28):
        await deliver(running, another_module(f"module_{number}", f"{LONG}, part {number}"))
        await finish(running, 3 + number, **of_module(f"module_{number}"))
    await finish(running, 40, kind="recall", module=None)
    page = await browser.new_page()
    await page.goto(f"{address}/m/{record_link()}/certificate")
    width, height = PAPER[paper]
    if folder := os.environ.get("JITT_SHOTS"):
        await page.set_viewport_size({"width": 710, "height": 900})
        await page.emulate_media(media="print")
        await page.screenshot(path=f"{folder}/certificate-paper.{paper}.png", full_page=True)
    made = await page.pdf(width=f"{width / 72}in", height=f"{height / 72}in", prefer_css_page_size=False)
    assert pages_of(made) == 1
    await page.emulate_media(media="print")
    hidden = page.locator("form, .bar, .back, .foot")
    assert [await each.is_visible() for each in await hidden.all()] == [False] * await hidden.count()
    await expect(page.get_by_text("Name of the mentor")).to_be_visible()
    await page.close()


async def test_a_record_on_paper_has_no_buttons(served, browser):
    running, address = served
    await a_past(running)
    page = await browser.new_page()
    await page.goto(f"{address}/m/{record_link()}/record")
    await page.emulate_media(media="print")
    await expect(page.get_by_text("Say it back before you advise").first).to_be_visible()
    buttons = page.locator("main").locator("a, button, summary, input")
    assert [await each.is_visible() for each in await buttons.all()] == [False] * await buttons.count()
    await page.close()


async def test_the_console_says_who_needs_a_new_link(database, browser):
    day = await a_full_afternoon(await database(SUPERVISION))
    marcus = ids.mentor(SITE, "marcus")
    await day.happens(LinkRequested(mentor_id=marcus, site_id=SITE, training_id=day.trainings["marcus"], requested_at=day.now))
    async with serving(day.running) as address:
        page, found = await Visit(day, address, browser).page(f"/mentors/{marcus}"), []
        await expect(page.locator("#new-link")).to_contain_text("Marcus asked for a new link today at")
        found += await problems(page, "console-mentor-new-link")
        await page.goto("/mentors")
        await expect(page.get_by_text("Needs a new link")).to_be_visible()
        found += await problems(page, "console-mentors-new-link")
        assert found == []
        await page.context.close()


def pages_of(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", BytesIO(pdf).getvalue()))
