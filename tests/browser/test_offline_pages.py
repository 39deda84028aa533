"""Pages without a connection are readable by everybody, in both languages, and the line under the header is read aloud."""

import pytest
from playwright.async_api import expect

from services.assessment.visits import PAGES
from shared.pages import languages
from tests.assessment import spanish
from tests.assessment.building import MULTI, OPEN, ORDER, SAFETY, SINGLE, TRAINING
from tests.assessment.visiting import arrive
from tests.browser.acts import choose, press
from tests.browser.checking import SCHEMES, problems
from tests.browser.offline import kept, phone
from tests.browser.test_offline import at_the_first_question


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_pages_without_a_connection_are_readable_by_everybody(served, browser, link, locale):
    running, address = served
    await (spanish.arrive(running) if locale == "es" else arrive(running, SINGLE, SAFETY, MULTI, ORDER, OPEN))
    say, found = languages.spoken(PAGES, locale).gettext, []
    async with phone(browser) as (context, page):

        async def visit(name):
            schemes = SCHEMES if locale == "en" else ("light",)
            found.extend(await problems(page, f"offline-{name}.{locale}", schemes))

        await page.goto(f"{address}/t/{link()}")
        await press(page, say("Start the training"))
        await kept(page)
        await page.goto(f"{address}/t/{TRAINING}/questions/1")
        await context.set_offline(True)
        await expect(page.locator("#strip p")).to_have_text(
            say("You are offline. Keep going: your answers stay on this phone and are sent when you are back.")
        )
        await visit("question")
        await choose(page, "a")
        await press(page, say("Certain"))
        await visit("feedback")
        await press(page, say("Show me the answer instead"))
        await page.goto(f"{address}/t/{TRAINING}/questions/5")
        await page.get_by_role("textbox").fill("It sounds like a lot.")
        await press(page, say("Send to my supervisor"))
        await visit("kept")
        await page.goto(f"{address}/t/{TRAINING}/answers")
        await expect(page.locator("main li .st")).to_have_text([say("Here is what works"), say("Kept on this phone")])
        await visit("answers")
        await page.goto(f"{address}/t/{TRAINING}/paper")
        await expect(page.get_by_role("heading", level=1)).to_have_text(say("This page needs a connection"))
        await visit("needs-connection")
        await press(page, say("Remove this training from the phone"))
        await visit("forget")
        await press(page, say("Remove them anyway"))
        await visit("forgotten")
        await expect(page.get_by_role("heading", level=1)).to_have_text(say("This training is no longer on this phone"))
    assert found == []


async def test_the_line_under_the_header_is_a_status_of_the_page(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await expect(page.get_by_role("status")).to_have_count(1)
        await context.set_offline(True)
        await expect(page.get_by_role("status")).to_contain_text("You are offline.")
        assert await page.evaluate("() => document.activeElement === document.body")
        await context.set_offline(False)
        await expect(page.get_by_role("status")).to_be_empty()
