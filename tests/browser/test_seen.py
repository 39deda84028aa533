"""Seen in a real browser: what was on the screen, and nothing else; said on everybody's open page without moving the list."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.checking import problems
from tests.browser.offline import eventually
from tests.browser.visits import SCREEN, Visit

LOW = {"width": 1280, "height": 420}
LISTED = """
UPDATE alert SET place = 'grouped', place_at = NULL, severity = 'attention', with_role = 'supervisor' WHERE state = 'open'
"""


async def seen(visit: Visit) -> int:
    async with visit.day.running.connection() as conn:
        found: int = await conn.fetchval("SELECT count(*) FROM alert WHERE jsonb_array_length(seen) > 0")
    return found


async def test_what_was_on_the_screen_is_seen_and_what_lies_below_it_is_not(visit: Visit) -> None:
    lead = await visit.page("/alerts", "priya", viewport=SCREEN, java_script_enabled=False)
    await expect(lead.get_by_role("heading", name=re.compile("Marcus Bell"))).to_be_visible()
    assert await seen(visit) == 0, "asking for the page has no effect"
    page = await visit.page("/alerts", viewport=LOW)
    first, last = page.locator("[data-unseen]").first, page.locator("[id^=t-]").last
    await expect(first).to_be_visible()
    await expect(page.locator("[id^=seen-]", has_text="Seen by you at")).to_have_count(1)
    assert await seen(visit) == 1, "the other one lies below"
    await last.scroll_into_view_if_needed()
    await page.mouse.wheel(0, 2_000)
    await expect(page.locator("[id^=seen-]", has_text="Seen by you at")).to_have_count(2)
    await expect(page.get_by_role("link", name="new. Show")).to_be_hidden()


TELLING = """() => {
  const real = fetch;
  window.telling = 0;
  window.fetch = (what, ...more) => {
    if (what !== "/alerts/seen") return real(what, ...more);
    window.telling += 1;
    return real(what, ...more).finally(() => { window.telling -= 1; });
  };
}"""


async def seconds_pass(page: Page, seconds: int) -> None:
    """By the page's clock, which stands while an answer is on its way: the line takes no time."""
    for _ in range(seconds):
        await page.clock.run_for(1_000)
        assert await eventually(lambda: page.evaluate("() => window.telling"), lambda telling: telling == 0) == 0


@pytest.mark.parametrize(("answer", "asked"), [(503, 4), (403, 1)])
async def test_seen_is_told_again_later_while_the_server_is_away_and_not_where_it_refuses(
    visit: Visit, answer: int, asked: int
) -> None:
    page = await (await visit.signed_in(viewport=SCREEN)).new_page()
    tries: list[str] = []

    async def away(route: Route) -> None:
        tries.append(route.request.method)
        await route.fulfill(status=answer)

    await page.route("**/alerts/seen", away)
    await page.clock.install()
    await page.add_init_script(f"({TELLING})()")
    await page.goto("/alerts")
    await expect(page.get_by_role("heading", name=re.compile("Marcus Bell"))).to_be_visible()
    async with asyncio.timeout(60):
        while not tries:  # until it was drawn, and on the screen for a second
            await seconds_pass(page, 1)
    await seconds_pass(page, 60)
    assert (len(tries), await seen(visit)) == (asked, 0)
    await page.unroute("**/alerts/seen")
    await page.keyboard.press("Tab")
    await seconds_pass(page, 3)
    if answer == 503:
        await expect(page.locator("[id^=seen-]", has_text="Seen by you at").first).to_be_visible()
    assert (await seen(visit) > 0) is (answer == 503)


async def test_the_leads_open_page_says_so_at_once_and_what_is_new_in_the_list_is_not_held_back_for_it(visit: Visit) -> None:
    lead = await visit.page("/alerts", "priya", viewport=SCREEN)
    await expect(lead.locator("#live")).to_contain_text("Live.")
    await expect(lead.locator("[id^=seen-]", has_text="Seen by you at").first).to_be_visible()
    await lead.locator("ul.list").first.hover()
    await visit.page("/alerts", viewport=SCREEN)
    await expect(lead.locator("[id^=seen-]", has_text=re.compile("you at .* and Dana Ortiz at")).first).to_be_visible()
    await expect(lead.get_by_role("link", name="new. Show")).to_be_hidden()


async def test_a_list_that_is_acknowledged_with_one_tap_and_taken_back_passes_the_checks(visit: Visit) -> None:
    await visit.day.answers("leah", "q1", "wrong")
    await visit.day.answers("samuel", "q1", "wrong")
    await visit.day.running.pool.execute(LISTED)
    page = await visit.page("/alerts", viewport=SCREEN, java_script_enabled=False)
    found = []
    await page.get_by_role("button", name="Acknowledge all").click()
    await expect(page.get_by_text(re.compile("You acknowledged .* alerts at"))).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Acknowledge all")).to_be_visible()
    page = await visit.page("/alerts")
    await expect(page.locator("[id^=seen-]", has_text="Seen by you at").first).to_be_visible()
    found += await problems(page, "console-alerts-seen")
    await page.get_by_role("button", name="Acknowledge all").click()
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    found += await problems(page, "console-alerts-taken")
    assert found == []
