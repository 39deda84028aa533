"""The console in a real browser: the checks that every page has to pass, live pages, and everything without JavaScript."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from shared.contracts import ids
from tests.browser.checking import problems
from tests.browser.visits import SCREEN, Visit
from tests.supervision.builders import SITE
from tests.supervision.console import GRADE, SECRET

TALKED, HELD = "We talked", "A hold needs a talk. Tick what you went through, or snooze."


async def is_live(page: Page) -> None:
    await expect(page.locator("#live")).to_contain_text("Live. Nothing new")


async def test_every_page_passes_the_checks_in_every_width_and_scheme(visit: Visit) -> None:
    pages = {
        "today": "/today", "brief": visit.brief("marcus"), "brief-going": visit.brief("devi"), "alerts": "/alerts",
        "resolved": "/alerts?state=resolved", "mentors": "/mentors", "mentor": f"/mentors/{ids.mentor(SITE, 'marcus')}",
        "contacts": "/contacts", "site": "/site", "safeguarding": "/safeguarding", "sign-in": await visit.link(),
        "not-found": f"/briefs/{visit.day.sessions['marcus']}",
    }  # fmt: skip
    page = await (await visit.signed_in()).new_page()
    found: list[str] = []
    for name, path in pages.items():
        await page.goto(path)
        found += await problems(page, f"console-{name}")
    await page.goto("/alerts")
    await page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true })")
    found += await problems(page, "console-alerts-opened")
    assert found == []


async def test_what_follows_an_action_passes_the_checks_too(visit: Visit) -> None:
    page, found = await visit.page(visit.brief("marcus")), []
    before = await page.title()
    await page.get_by_role("button", name="Not needed").click()
    await expect(page).to_have_title(f"Error: {before}")
    found += await problems(page, "console-brief-error")
    await page.get_by_label("We went through the safety question").check()
    await page.get_by_role("button", name=TALKED).click()
    await expect(page.get_by_text("Logged at")).to_be_visible()
    found += await problems(page, "console-brief-logged")
    await page.goto("/alerts")
    await page.get_by_role("button", name="Acknowledge").first.click()
    await expect(page.get_by_role("link", name="Acknowledged 1")).to_be_visible()
    found += await problems(page, "console-acknowledged")
    await page.get_by_text("Resolve with a note").first.click()
    await page.get_by_role("button", name="Resolve alert").click()
    await expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    found += await problems(page, "console-alerts-error")
    assert found == []


async def test_a_brief_with_two_misses_is_one_screen_and_one_sheet(visit: Visit) -> None:
    page = await visit.page(visit.brief("marcus"), viewport=SCREEN)
    below = await page.evaluate("() => document.documentElement.scrollHeight - innerHeight")
    pdf = await page.pdf(format="Letter")
    assert (below, len(re.findall(rb"/Type\s*/Page\b", pdf))) == (0, 1)


async def test_everything_works_without_javascript(visit: Visit) -> None:
    page = await visit.page("/today", java_script_enabled=False)
    await expect(page.get_by_text("Not live. Last update")).to_be_visible()
    await page.get_by_role("link", name=re.compile("Open brief.*Marcus Bell")).click()
    await page.get_by_role("button", name="Not needed").click()
    await expect(page.get_by_role("link", name=HELD)).to_be_visible()
    await page.get_by_label("We went through the safety question").check()
    await page.get_by_role("button", name=TALKED).click()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("heading", name="Talk first: a safety question was missed")).to_be_visible()
    await page.get_by_role("link", name="Alerts").click()
    await page.get_by_role("button", name=re.compile("Acknowledge.*Inês Carvalho")).click()
    await page.get_by_text("Resolve with a note").click()
    await page.get_by_label("What was done?").fill("We spoke at noon.")
    await page.get_by_role("button", name="Resolve alert").click()
    await expect(page.get_by_text("We spoke at noon.")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_enter_in_the_tick_logs_nothing(visit: Visit) -> None:
    page = await visit.page(visit.brief("marcus"))
    tick = page.get_by_label("We went through the safety question")
    await tick.focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    await expect(page.locator("#problem")).to_be_focused()
    await expect(page.get_by_label("We went through the safety question")).to_be_checked()


async def test_a_mentor_who_gets_ready_is_announced_and_moves_down(visit: Visit) -> None:
    page = await visit.page("/today")
    await is_live(page)
    await visit.day.finishes("anton")
    await expect(page.locator("#live")).to_have_text("Live. Anton Kuhl is ready.")
    row = page.locator(f"#s-{visit.day.sessions['anton']}")
    await expect(page.get_by_role("region", name="Ready 5").locator(row)).to_contain_text("Nothing missed.")


async def test_a_new_alert_comes_in_by_itself_with_its_count(visit: Visit) -> None:
    page = await visit.page("/alerts")
    await is_live(page)
    await visit.day.answers("anton", SECRET, "wrong", "sure")
    await expect(page.get_by_role("heading", name="Anton Kuhl was certain, and missed a safety question")).to_be_visible()
    await expect(page.locator("#live")).to_have_text("Live. New: Anton Kuhl was certain, and missed a safety question.")
    await expect(page.locator("#open-alerts")).to_contain_text("3")


async def test_a_script_that_comes_late_does_not_miss_that_the_page_is_live(visit: Visit) -> None:
    page = await (await visit.signed_in()).new_page()

    async def late(route: Route) -> None:
        await asyncio.sleep(1)
        await route.continue_()

    await page.route("**/console.js*", late)
    await page.goto("/alerts")
    await is_live(page)


async def test_new_rows_wait_while_somebody_is_in_the_list(visit: Visit) -> None:
    page = await visit.page("/alerts")
    await is_live(page)
    await page.get_by_text("Resolve with a note").click()
    await page.get_by_label("What was done?").fill("We spoke")
    await visit.day.answers("anton", SECRET, "wrong", "sure")
    await expect(page.get_by_role("link", name="1 new. Show")).to_be_visible()
    await expect(page.get_by_label("What was done?")).to_be_focused()
    await expect(page.get_by_label("What was done?")).to_have_value("We spoke")
    await page.get_by_role("link", name="1 new. Show").click()
    await expect(page.get_by_role("heading", name="Anton Kuhl was certain, and missed a safety question")).to_be_visible()


async def test_an_opened_explanation_stays_open_when_the_list_is_drawn_again(visit: Visit) -> None:
    page = await visit.page("/alerts")
    await is_live(page)
    await page.get_by_text("Why this alert").first.click()
    await page.get_by_role("heading", name="Alerts").click()
    await page.evaluate("() => document.activeElement.blur()")
    await page.mouse.move(5, 5)
    await visit.day.answers("anton", SECRET, "wrong", "sure")
    await expect(page.get_by_role("heading", name="Anton Kuhl was certain, and missed a safety question")).to_be_visible()
    await expect(page.locator("details[open]")).to_contain_text("answered wrong on the first try")


async def test_another_supervisors_page_hears_nothing(visit: Visit) -> None:
    omar = await visit.page("/alerts", "omar")
    dana = await visit.page("/alerts")
    await is_live(omar)
    await is_live(dana)
    await visit.day.answers("anton", SECRET, "wrong", "sure")
    await expect(dana.locator("#open-alerts")).to_contain_text("3")
    await expect(omar.get_by_text("No open alerts.")).to_be_visible()
    await expect(omar.locator("#live")).to_contain_text("Nothing new")


async def test_a_lost_stream_is_said_with_a_way_out(visit: Visit) -> None:
    page = await visit.page("/today")
    await is_live(page)
    await page.context.set_offline(True)
    await expect(page.locator("#live")).to_contain_text("Not live. Last update")
    await expect(page.get_by_role("link", name="Reload")).to_be_visible()


@pytest.mark.parametrize("script", ["htmx.min.js", "hx-sse.min.js", "console.js"])
async def test_a_page_whose_scripts_come_slowly_and_in_any_order_is_live(visit: Visit, script: str) -> None:
    page = await (await visit.signed_in()).new_page()

    async def late(route: Route) -> None:
        await asyncio.sleep(1)
        await route.continue_()

    await page.route(f"**/{script}*", late)
    await page.goto("/today")
    await is_live(page)


async def test_a_stream_that_failed_at_first_is_asked_for_again(visit: Visit) -> None:
    page = await (await visit.signed_in()).new_page()
    asked: list[Route] = []

    async def stream(route: Route) -> None:
        asked.append(route)
        await (route.abort() if len(asked) == 1 else route.continue_())

    await page.route("**/alerts/stream*", stream)
    await page.goto("/today")
    await is_live(page)
    await page.wait_for_timeout(6_000)
    assert len(asked) == 2, "a stream that is there is not asked for again"


async def test_no_page_breaks_its_own_security_policy_or_writes_an_error(visit: Visit) -> None:
    page = await (await visit.signed_in()).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in ("/today", visit.brief("marcus"), "/alerts", "/mentors", "/contacts"):
        await page.goto(path)
        if path in ("/today", "/alerts"):
            await is_live(page)
    await visit.day.answers("anton", GRADE, "wrong")
    assert said == []
