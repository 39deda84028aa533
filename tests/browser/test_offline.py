"""A training without a connection: Chromium's own network switch, a closed browser, days, double taps, a new deploy."""

from playwright.async_api import expect

from tests.assessment.building import MULTI, OPEN, ORDER, SAFETY, SINGLE
from tests.assessment.visiting import arrive, told
from tests.browser.offline import eventually, held, kept, phone
from tests.browser.test_mentor import choose, follow, press


async def test_the_whole_training_works_without_a_connection_and_arrives_once_in_order(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, SAFETY, MULTI, ORDER, OPEN)
    async with phone(browser) as (context, page):
        page.on("console", lambda m: print("console", m.text))
        context.on("serviceworker", lambda w: print("worker", w.url))
        await page.goto(f"{address}/t/{link()}")
        await press(page, "Start the training")
        await kept(page)
        await context.set_offline(True)
        print(await page.evaluate("() => navigator.onLine"))
        await press(page, "Next")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Three tries")
        await expect(page.locator("#strip")).to_contain_text("You are offline")
        print(await held(page))
        await press(page, "Next")
        await press(page, "Skip to the questions")
        await choose(page, "a")
        await press(page, "Certain")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Not quite")
        await choose(page, "b")
        await press(page, "Check my answer")
        await expect(page.get_by_role("heading", level=1)).to_have_text("That works")
        await follow(page, "Next")
        await choose(page, "b")
        await press(page, "Certain")
        await follow(page, "Next")
        await choose(page, "a")
        await press(page, "Certain")
        await press(page, "Show me the answer instead")
        await follow(page, "Next")
        for id_, place in (("a", "1st"), ("b", "2nd"), ("c", "3rd")):
            await page.locator(f"select[name=place-{id_}]").select_option(label=place)
        await press(page, "Certain")
        await follow(page, "Next")
        await page.get_by_role("textbox").fill("It sounds like a lot, every night.")
        await press(page, "Send to my supervisor")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Your answer is kept on this phone")
        await follow(page, "Next")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Done. Two things to talk over")
        await expect(page.locator("#strip")).to_contain_text("7 answers are waiting to be sent.")
        assert await told(running) == ["training_opened"]
        await context.set_offline(False)
        await expect(page.locator("#strip")).to_contain_text("All answers sent.")
        said = await told(running)
        assert said == ["training_opened", *["item_answered"] * 6, "training_completed"]
        assert (await eventually(lambda: held(page), lambda h: not h["trainings"])) == {"trainings": [], "acts": []}
