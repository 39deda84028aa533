"""A training without a connection: Chromium's own network switch, a closed browser, days, double taps, two phones."""

from playwright.async_api import expect

from tests.assessment.building import MULTI, OPEN, ORDER, SAFETY, SINGLE, TRAINING
from tests.assessment.visiting import arrive, told
from tests.browser.acts import choose, follow, press
from tests.browser.offline import eventually, held, kept, later, phone
from tests.driving import outgoing

NOTHING = {"trainings": [], "acts": []}


async def heading(page, words):
    await expect(page.get_by_role("heading", level=1)).to_have_text(words)


async def strip(page, words):
    await expect(page.locator("#strip")).to_contain_text(words)


async def at_the_first_question(page, address, link):
    """Started, and the training is on the phone."""
    await page.goto(f"{address}/t/{link()}")
    await press(page, "Start the training")
    await kept(page)
    await page.goto(f"{page.url.rpartition('/cards/')[0]}/questions/1")


async def answers(running):
    return [(e.attempt, e.chosen) for e in await outgoing(running) if e.TYPE == "assessment.item_answered.v1"]


async def test_the_whole_training_works_without_a_connection_and_arrives_once_in_order(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, SAFETY, MULTI, ORDER, OPEN)
    async with phone(browser) as (context, page):
        await page.goto(f"{address}/t/{link()}")
        await press(page, "Start the training")
        await kept(page)
        await context.set_offline(True)
        await press(page, "Next")
        await heading(page, "Three tries")
        await strip(page, "You are offline")
        await press(page, "Next")
        await press(page, "Skip to the questions")
        await choose(page, "a")
        await press(page, "Certain")
        await heading(page, "Not quite")
        await choose(page, "b")
        await press(page, "Check my answer")
        await heading(page, "That works")
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
        await heading(page, "Your answer is kept on this phone")
        await follow(page, "Next")
        await heading(page, "Done. Two things to talk over")
        await strip(page, "7 answers are waiting to be sent.")
        assert await told(running) == ["training_opened"]
        await context.set_offline(False)
        await strip(page, "All answers sent.")
        said = await told(running)
        assert said == ["training_opened", *["item_answered"] * 6, "training_completed"]
        assert (await eventually(lambda: held(page), lambda h: not h["trainings"])) == NOTHING


async def test_what_waited_too_long_is_said_and_deleted(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await context.set_offline(True)
        await choose(page, "b")
        await press(page, "Certain")
        await heading(page, "That works")
        await later(page, running, hours=60, start_in=-50)
        await context.set_offline(False)
        await strip(page, "These answers could not be sent, because the session had started. They are deleted from this phone.")
        assert await answers(running) == []
        assert (await held(page))["acts"] == []


async def test_two_taps_and_the_back_button_keep_one_answer(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await context.set_offline(True)
        await choose(page, "a")
        await page.get_by_role("button", name="Certain", exact=True).dblclick()
        await heading(page, "Not quite")
        await page.go_back()
        await heading(page, "Not quite")
        await strip(page, "1 answer is waiting to be sent.")
        await context.set_offline(False)
        await strip(page, "All answers sent.")
        assert await answers(running) == [(1, ("a",))]


async def test_a_second_phone_meets_the_first_answer(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (one, page), phone(browser) as (_, other):
        await at_the_first_question(page, address, link)
        await one.set_offline(True)
        await choose(page, "a")
        await press(page, "A guess")
        await heading(page, "Not quite")
        await other.goto(f"{address}/t/{link()}")
        await press(other, "Go on")
        await other.goto(f"{address}/t/{TRAINING}/questions/1")
        await choose(other, "b")
        await press(other, "Certain")
        await heading(other, "That works")
        await one.set_offline(False)
        await strip(page, "You had answered this on another phone or computer before. The first answer counts.")
        assert await answers(running) == [(1, ("b",))]
        await page.goto(f"{address}/t/{TRAINING}/questions/1")
        await heading(page, "That works")


async def test_what_is_missing_is_said_without_a_connection_and_the_choice_stays(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await context.set_offline(True)
        await page.locator("#answer").focus()
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await expect(page).to_have_title("Error: Question 1 of 2 · Eastfield Mentoring")
        assert await page.locator("#answer").is_checked()
        await page.goto(f"{address}/t/{TRAINING}/questions/2")
        await press(page, "Send to my supervisor")
        await expect(page.locator("#answer-error")).to_contain_text("Write a sentence, or choose to talk about it")
        await page.get_by_role("textbox").fill("x" * 501 + "<b>")
        await press(page, "Send to my supervisor")
        await expect(page.locator("#answer-error")).to_contain_text("Make it shorter")
        assert await page.get_by_role("textbox").input_value() == "x" * 501 + "<b>"


async def test_until_a_missed_safety_question_is_sent_the_page_says_that_nobody_was_told(served, browser, link):
    running, address = served
    await arrive(running, SAFETY, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await context.set_offline(True)
        await choose(page, "a")
        await press(page, "Certain")
        await press(page, "Show me the answer instead")
        await expect(page.get_by_text("Please talk with your supervisor")).to_be_visible()
        await strip(page, "Your supervisor has not been told yet. Please call. 2 answers are waiting to be sent.")
        await context.set_offline(False)
        await strip(page, "All answers sent.")


async def test_a_training_whose_link_was_opened_can_be_started_without_a_connection(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await page.goto(f"{address}/t/{link()}")
        await kept(page)
        await context.set_offline(True)
        await press(page, "Start the training")
        for _ in range(2):
            await press(page, "Next")
        await press(page, "Skip to the questions")
        await choose(page, "b")
        await press(page, "Certain")
        await heading(page, "That works")
        await context.set_offline(False)
        await strip(page, "All answers sent.")
        assert await told(running) == ["training_opened", "item_answered"]
