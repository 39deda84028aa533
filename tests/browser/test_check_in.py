"""The check-in in a real browser: readable by everybody in both languages, and half a minute with and without JavaScript."""

import pytest
from playwright.async_api import Browser, Page, expect

from services.assessment.visits import PAGES
from shared.contracts.assessment import CheckInSubmitted
from shared.pages import languages
from tests.assessment.checking_in import arrive, link_to, over
from tests.browser.acts import follow, press
from tests.browser.checking import SCHEMES, problems
from tests.driving import outgoing

SCHEMES_OF = {"en": SCHEMES, "es": ("light",)}
STEPS = 3


async def tap(page: Page, field: str, value: str) -> None:
    await page.locator("label.choice", has=page.locator(f'input[name="{field}"][value="{value}"]')).click()


async def tap_steps(page: Page, *done: str) -> None:
    groups = page.locator("fieldset.step")
    assert await groups.count() == len(done) == STEPS
    for number, value in enumerate(done):
        await groups.nth(number).locator("label.choice", has=page.locator(f'input[value="{value}"]')).click()


@pytest.mark.parametrize("javascript", [True, False])
async def test_seven_taps_are_enough(served, browser: Browser, javascript: bool) -> None:
    running, address = served
    await arrive(running)
    page = await browser.new_page(java_script_enabled=javascript)
    await page.goto(f"{address}/c/{link_to()}")
    await tap(page, "happened", "yes")
    await tap_steps(page, "did", "partly", "no")
    await tap(page, "confidence", "somewhat")
    await tap(page, "talk", "week")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you.")
    await page.go_back()
    await page.reload()
    await page.get_by_role("link", name="Change it").click()
    await expect(page.get_by_role("radio", name="Partly").nth(1)).to_be_checked()
    await tap(page, "talk", "no")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you.")
    said = [(event.revision, event.wants_to_talk) for event in await outgoing(running) if isinstance(event, CheckInSubmitted)]
    assert said == [(1, "week"), (2, "no")]
    await page.close()


async def test_a_double_click_on_send_is_one_check_in(served, browser: Browser) -> None:
    running, address = served
    await arrive(running)
    page = await browser.new_page()
    await page.goto(f"{address}/c/{link_to()}")
    await tap(page, "happened", "no")
    await tap(page, "talk", "no")
    await page.get_by_role("button", name="Send", exact=True).dblclick()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you.")
    assert len([event for event in await outgoing(running) if isinstance(event, CheckInSubmitted)]) == 1
    await page.close()


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_form_that_is_half_filled_in_goes_on_in_another_language(served, browser: Browser, javascript: bool) -> None:
    running, address = served
    await arrive(running)
    page = await browser.new_page(java_script_enabled=javascript, viewport={"width": 390, "height": 844})
    await page.goto(f"{address}/c/{link_to()}")
    await tap(page, "happened", "no")
    await page.get_by_role("button", name="Español").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("¿Cómo te fue?")
    await expect(page.get_by_role("radio", name="No, no nos vimos")).to_be_checked()
    if javascript:
        assert await problems(page, "check-in-switched", ("light",)) == []
    await tap(page, "talk", "no")
    await page.get_by_role("button", name="Enviar", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Gracias.")
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you.")
    await page.close()


async def test_who_did_not_meet_sees_no_steps_and_the_keyboard_is_enough(served, browser: Browser) -> None:
    running, address = served
    await arrive(running)
    page = await browser.new_page()
    await page.goto(f"{address}/c/{link_to()}")
    await expect(page.get_by_role("heading", name="What was planned")).to_be_visible()
    await page.get_by_role("radio", name="Yes", exact=True).focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("radio", name="No, we did not meet")).to_be_checked()
    await expect(page.get_by_role("heading", name="What was planned")).to_be_hidden()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you.")
    await page.close()


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_every_page_of_a_check_in_is_readable_by_everybody(served, browser: Browser, locale: str) -> None:
    running, address = served
    say = languages.spoken(PAGES, locale).gettext
    await arrive(running, locale=locale)
    page = await browser.new_page()
    found = []

    async def visit(name: str) -> None:
        found.extend(await problems(page, f"{name}.{locale}", SCHEMES_OF[locale]))

    await page.goto(f"{address}/c/{link_to()}")
    await visit("check-in")
    await tap(page, "happened", "yes")
    await press(page, say("Send"))
    await visit("check-in-error")
    await tap_steps(page, "did", "partly", "no")
    await tap(page, "confidence", "very")
    await tap(page, "talk", "today")
    await press(page, say("Send"))
    await visit("check-in-sent")
    await follow(page, say("Change it"))
    await visit("check-in-change")
    async with page.expect_navigation():
        await page.locator(".note").get_by_role("link", name=say("I need to talk")).click()
    await visit("check-in-talk")
    assert found == []
    await page.close()


LONG = over().model_copy(update={"minutes": 600})


@pytest.mark.parametrize(("session", "name"), [(over(status="cancelled"), "canceled"), (LONG, "early")])
async def test_what_is_no_form_is_readable_too(served, browser: Browser, session, name: str) -> None:
    running, address = served
    await arrive(running, session)
    page = await browser.new_page()
    await page.goto(f"{address}/c/{link_to()}")
    assert await problems(page, f"check-in-{name}", ("light",)) == []
    await page.close()
