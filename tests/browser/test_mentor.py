"""The mentor's pages in a real browser: the whole way with and without JavaScript, and what a browser's own keys do on it."""

import pytest
from playwright.async_api import expect

from shared.pages.languages import ENGLISH
from tests.assessment.building import MULTI, OPEN, ORDER, SAFETY, SINGLE, TRAINING
from tests.assessment.visiting import arrive, told
from tests.browser.acts import choose, follow, press


async def walk(page, visit, say=ENGLISH.gettext):
    """From the link to the last page; `visit(name)` is called on every page on the way; `say` in the page's language."""
    await visit("start")
    await press(page, say("Start the training"))
    await visit("card-text")
    await press(page, say("Next"))
    await visit("card-example")
    await press(page, say("Next"))
    await visit("card-branch")
    async with page.expect_navigation():
        await page.locator("button[name=say][value=b]").click()
    await visit("card-branch-said")
    await follow(page, say("Try another line"))
    await press(page, say("Skip to the questions"))
    await visit("question-single")
    await press(page, say("Certain"))
    await visit("question-error")
    await choose(page, "a")
    await press(page, say("Certain"))
    await visit("feedback-not-quite")
    await press(page, say("Check my answer"))
    await visit("feedback-error")
    await choose(page, "b")
    await press(page, say("Check my answer"))
    await visit("feedback-recovered")
    await follow(page, say("Next"))
    await choose(page, "a")
    await press(page, say("A guess"))
    await press(page, say("Show me the answer instead"))
    await visit("feedback-safety")
    await follow(page, say("Next"))
    await visit("question-multi")
    await choose(page, "a")
    await press(page, say("Fairly sure"))
    await visit("feedback-multi")
    await press(page, say("Show me the answer instead"))
    await visit("feedback-shown")
    await follow(page, say("Next"))
    await visit("question-order")
    for id_, place in (("a", "1st"), ("b", "2nd"), ("c", "3rd")):
        await page.locator(f"select[name=place-{id_}]").select_option(label=say(place))
    await press(page, say("Certain"))
    await visit("feedback-order")
    await follow(page, say("Next"))
    await visit("open")
    await press(page, say("Send to my supervisor"))
    await visit("open-error")
    await page.get_by_role("textbox").fill("It sounds like a lot, every night.")
    await press(page, say("Send to my supervisor"))
    await visit("open-sent")
    await follow(page, say("Next"))
    await visit("done")
    await follow(page, say("Look at your answers again"))
    await visit("answers")


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_whole_way_works_with_and_without_javascript(served, browser, link, javascript):
    running, address = served
    await arrive(running, SINGLE, SAFETY, MULTI, ORDER, OPEN)
    page = await browser.new_page(java_script_enabled=javascript)
    await page.goto(f"{address}/t/{link()}")
    seen = []

    async def visit(name):
        seen.append(name)

    await walk(page, visit)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your answers")
    assert (await told(running)).count("item_answered") == 7
    assert seen[-1] == "answers"
    await page.close()


async def test_enter_in_a_choice_sends_no_confidence(served, browser, link):
    running, address = served
    await arrive(running, SINGLE)
    page = await browser.new_page(java_script_enabled=False)
    await page.goto(f"{address}/t/{link()}")
    await press(page, "Start the training")
    await page.goto(f"{address}/t/{TRAINING}/questions/1")
    await page.locator("#answer").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Error: Question 1 of 1 · Eastfield Mentoring")
    assert await page.locator("#answer").is_checked()
    assert await told(running) == ["training_opened"]
    await page.close()


async def test_back_after_an_answer_shows_the_feedback_and_no_new_try(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    page = await browser.new_page()
    await page.goto(f"{address}/t/{link()}")
    await press(page, "Start the training")
    await page.goto(f"{address}/t/{TRAINING}/questions/1")
    await page.get_by_text("makes it hard even to start").click()
    await press(page, "Certain")
    await expect(page.get_by_role("heading", level=1)).to_have_text("That works")
    await page.go_back()
    await expect(page).to_have_url(f"{address}/t/{TRAINING}/questions/1")
    await expect(page.get_by_role("heading", level=1)).to_have_text("That works")
    await page.close()
