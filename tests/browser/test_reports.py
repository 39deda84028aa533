"""The report buttons in a real browser: readable by everybody, one tap with and without JavaScript, and taken back."""

import pytest
from playwright.async_api import Browser, Page, expect

from shared.contracts.assessment import ItemReported
from tests.assessment.building import CARDS, OPEN, SINGLE
from tests.assessment.visiting import arrive
from tests.browser.checking import problems
from tests.driving import outgoing

THANKS = "Thank you. The authors will see it."


async def to_the_first_feedback(page: Page, address: str, link: str) -> None:
    await page.goto(f"{address}/t/{link}")
    await page.get_by_role("button", name="Start the training").click()
    for card in range(1, len(CARDS) + 1):
        await page.get_by_role("button", name="Next" if card < len(CARDS) else "Skip to the questions", exact=True).click()
    await page.get_by_text("makes it hard even to start").click()
    await page.get_by_role("button", name="Certain", exact=True).click()


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_question_is_reported_with_one_tap_and_taken_back(served, browser: Browser, link, javascript: bool) -> None:
    running, address = served
    await arrive(running, SINGLE, OPEN)
    page = await browser.new_page(java_script_enabled=javascript)
    await to_the_first_feedback(page, address, link())
    await page.get_by_role("button", name="It is not my situation").press("Enter")
    await expect(page.locator("#report-words")).to_have_text(THANKS)
    await expect(page.locator("#report-words")).to_be_in_viewport()
    found = await problems(page, "feedback-reported") if javascript else []
    await page.get_by_role("button", name="Take it back").click()
    await expect(page.get_by_role("button", name="It is unclear")).to_be_visible()
    told = [(event.kind, event.withdrawn) for event in await outgoing(running) if isinstance(event, ItemReported)]
    assert told == [("not_my_situation", False), ("not_my_situation", True)]
    assert found == []
    await page.close()
