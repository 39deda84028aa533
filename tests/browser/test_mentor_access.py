"""The mentor's pages without a mouse, without color, without motion: what no checker of pages can tell by itself."""

import pytest
from playwright.async_api import Page, expect

from tests.assessment.building import MULTI, OPEN, ORDER, SINGLE, TRAINING
from tests.assessment.visiting import arrive, told
from tests.browser.acts import press
from tests.browser.keys import Keys

MOVING = """() => [...document.querySelectorAll('*')].map(e => getComputedStyle(e))
  .filter(s => s.animationName !== 'none' || parseFloat(s.transitionDuration) > 0).length"""


async def test_a_whole_training_with_the_keyboard_alone(served, browser, link):
    """Every stop has a ring and a name, is in sight, and comes in the order in which one reads."""
    running, address = served
    await arrive(running, SINGLE, MULTI, ORDER, OPEN)
    page = await browser.new_page(viewport={"width": 390, "height": 844})
    await page.goto(f"{address}/t/{link()}")
    keys = Keys(page)
    await keys.press("Start the training", "Space")
    for words in ("Next", "Next", "“Why did you miss them?”", "Try another line", "Skip to the questions"):
        await keys.press(words)
    await keys.tab_to("“")  # one stop for all radio buttons: the arrows choose
    await page.keyboard.press("ArrowDown")
    await keys.press("Certain", "Space")
    await keys.press("Show me the answer instead")
    await keys.press("Next")
    for option in ("“It feels like a lot.”", "“You wish"):
        await page.evaluate("() => { document.activeElement.blur(); window.jittBefore = null }")
        await keys.mark(option)
    await keys.press("Fairly sure")
    await keys.press("Next")
    for option, place in (("Ask what they like", 1), ("Say back", 2), ("Ask what they want", 3)):
        await page.evaluate("() => { document.activeElement.blur(); window.jittBefore = null }")
        await keys.put(option, place)
    await keys.press("A guess")
    await keys.press("Next")
    await keys.tab_to("The goal was")
    await page.keyboard.type("It sounds like a lot, every night.")
    await keys.press("Send to my supervisor")
    await keys.press("Next")
    await expect(page).to_have_url(f"{address}/t/{TRAINING}/done")
    assert keys.wrong == []
    assert keys.stops > 60
    assert (await told(running)).count("training_completed") == 1
    await page.close()


@pytest.mark.parametrize("javascript", [True, False])
async def test_an_error_is_said_at_once_and_leads_to_its_field(served, browser, link, javascript):
    running, address = served
    await arrive(running, SINGLE)
    page = await browser.new_page(java_script_enabled=javascript)
    await at_the_first_question(page, address, link)
    await page.get_by_role("button", name="Certain", exact=True).press("Enter")
    summary = page.locator("#errors")
    await expect(summary.get_by_role("alert")).to_contain_text("Choose one of the answers first")
    await expect(summary).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#answer")).to_be_focused()
    await expect(page.locator("#answer")).to_have_accessible_description("Error: Choose one of the answers first")
    await page.close()


async def test_with_forced_colors_the_chosen_row_and_the_progress_are_still_told_apart(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, MULTI, ORDER)
    page = await browser.new_page(forced_colors="active", viewport={"width": 390, "height": 844})
    await at_the_first_question(page, address, link)
    assert await page.evaluate("() => matchMedia('(forced-colors: active)').matches")
    row = page.locator("label.choice").first
    before = await row.screenshot()
    await row.click()
    await page.mouse.move(0, 0)
    await page.evaluate("() => document.activeElement.blur()")
    assert await row.screenshot() != before
    done, now, coming, end = (page.locator(f".steps {tick}") for tick in ("i.done", "i.now", "i:not([class])", "i.end"))
    assert await done.first.screenshot() != await coming.first.screenshot()
    assert (await now.bounding_box())["height"] > (await coming.first.bounding_box())["height"]
    place = await end.bounding_box()
    seen = await page.screenshot(clip=place)
    await end.evaluate("tick => { tick.style.visibility = 'hidden' }")
    assert await page.screenshot(clip=place) != seen
    await page.close()


async def test_who_asked_for_less_motion_gets_none(served, browser, link):
    running, address = served
    await arrive(running, SINGLE)
    page = await browser.new_page(reduced_motion="reduce")
    await at_the_first_question(page, address, link)
    assert await page.evaluate(MOVING) == 0
    await page.close()


async def at_the_first_question(page: Page, address: str, link) -> None:
    await page.goto(f"{address}/t/{link()}")
    await press(page, "Start the training", "Next", "Next", "Skip to the questions")
    await expect(page.locator("#answer")).to_be_visible()
