"""Every state of the mentor's pages is readable by everybody, in every language and both color schemes, and breaks no rule of
the policy that forbids scripts and styles of others."""

import pytest
from playwright.async_api import Page

from services.assessment.calls import keep_numbers
from services.assessment.visits import PAGES
from shared.pages import languages
from tests.assessment.visiting import link_to
from tests.browser.acts import press
from tests.browser.checking import OVERFLOW, problems
from tests.browser.states import STATES, closed, make

ZOOMED = 640  # px of CSS: a window of 1280 at 200 %


async def seen(page: Page, name: str, locale: str) -> list[str]:
    """What is wrong with the page as it stands, with everything on it unfolded."""
    await page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true })")
    found = await problems(page, f"{name}.{locale}")
    await page.set_viewport_size({"width": ZOOMED, "height": 450})
    if (sideways := await page.evaluate(OVERFLOW)) > 0:
        found.append(f"{name}.{locale} at 200 %: {sideways} px sideways")
    if (spoken := await page.get_attribute("html", "lang")) != locale:
        found.append(f"{name}.{locale} says that it is in {spoken!r}")
    return found


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_every_state_of_a_training_is_readable_by_everybody(served, browser, locale):
    running, address = served
    say = languages.spoken(PAGES, locale).gettext
    page = await browser.new_page(locale=locale)
    found: list[str] = []
    page.on("console", lambda message: found.append(f"console: {message.text}") if "Policy" in message.text else None)
    for state, path in await make(running, locale):
        await page.goto(address + path)
        if state.text:
            await page.get_by_role("textbox").fill(state.text)
        if state.press:
            await press(page, say(state.press))
        found += await seen(page, state.name, locale)
    assert found == []
    await page.close()


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_every_page_without_a_training_is_readable_by_everybody(served, browser, locale):
    running, address = served
    say = languages.spoken(PAGES, locale).gettext
    await make(running, locale)
    await keep_numbers(running, {})
    page = await browser.new_page(locale=locale)
    found: list[str] = []
    for name, path in closed(locale).items():
        await page.goto(address + path)
        found += await seen(page, name, locale)
    for name, button in (("called-now", "Ask my supervisor to call me now"), ("called", "Ask for a call")):
        await page.goto(address + closed(locale)["talk"])
        await press(page, say(button))
        found += await seen(page, name, locale)
    for _ in range(20):
        await page.request.get(f"{address}/t/x.y")
    await page.goto(f"{address}/t/x.y")
    found += await seen(page, "too-many", locale)
    await running.pages.pool.close()
    await page.goto(address + closed(locale)["talk"])
    await press(page, say("Ask for a call"))
    found += await seen(page, "call-not-sent", locale)
    await page.goto(f"{address}/t/{link_to()}")
    found += await seen(page, "problem", locale)
    assert found == []
    await page.close()


def test_no_two_states_have_one_name():
    assert len({state.name for state in STATES}) == len(STATES)
