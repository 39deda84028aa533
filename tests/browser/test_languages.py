"""The language switch in a real browser, and a third language that is only a folder: every page holds it."""

import pytest
from playwright.async_api import expect

from services.assessment.visits import PAGES
from shared.pages import languages
from tests.assessment import spanish
from tests.assessment.building import MULTI, OPEN, ORDER, SAFETY, SINGLE, TRAINING
from tests.assessment.visiting import arrive, told
from tests.browser import pseudo
from tests.browser.acts import press
from tests.browser.checking import problems
from tests.browser.test_mentor import walk
from tests.driving import deliver

HERE = f"/t/{TRAINING}"
ITEMS = (SINGLE, SAFETY, MULTI, ORDER, OPEN)


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_switch_in_the_footer_changes_the_language_and_keeps_the_place(served, browser, link, javascript):
    running, address = served
    await arrive(running, *ITEMS)
    await deliver(running, spanish.published(*spanish.ITEMS).model_copy(update={"version": 7}))
    page = await browser.new_page(java_script_enabled=javascript)
    await page.goto(f"{address}/t/{link()}")
    await press(page, "Español")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Devuélvele lo que oíste")
    await expect(page.locator("html")).to_have_attribute("lang", "es")
    await press(page, "Empezar la capacitación")
    await page.goto(f"{address}{HERE}/questions/1")
    await page.locator("label.choice", has=page.locator("input[value=b]")).click()
    await press(page, "Total")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Eso funciona")
    await press(page, "English")
    await expect(page).to_have_url(f"{address}{HERE}/questions/1")
    await expect(page.get_by_role("heading", level=1)).to_have_text("That works")
    assert await told(running) == ["training_opened", "item_answered"]
    await page.close()


async def test_pages_that_come_with_a_second_language_are_readable_by_everybody(served, browser, link):
    running, address = served
    await arrive(running, SINGLE)
    page = await browser.new_page()
    await page.goto(f"{address}/t/{link()}")
    found = []
    await press(page, "Español")
    found += await problems(page, "start-not-yet", ("light",))
    await press(page, "Empezar la capacitación")
    found += await problems(page, "card-not-yet", ("light", "dark"))
    await page.goto(f"{address}{HERE}/questions/1")
    await page.locator("label.choice", has=page.locator("input[value=b]")).click()
    await press(page, "Total")
    await page.goto(f"{address}{HERE}/done")
    found += await problems(page, "done-not-yet", ("light",))
    await page.goto(f"{address}{HERE}/paper")
    found += await problems(page, "paper-not-yet", ("light",))
    await press(page, "English")
    found += await problems(page, "paper", ("light", "dark"))
    assert found == []
    await page.close()


async def test_a_third_language_is_a_folder_and_longer_words_fit_every_page(served, browser, link, tmp_path, monkeypatch):
    with pseudo.added(tmp_path, monkeypatch):
        running, address = served
        say = languages.spoken(PAGES, pseudo.CODE).gettext
        assert say("Next") != "Next"
        await arrive(running, *ITEMS)
        page = await browser.new_page()
        await page.goto(f"{address}/t/{link()}")
        await press(page, pseudo.NAME)
        found = []

        async def visit(name):
            await page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true })")
            await expect(page.locator("html")).to_have_attribute("lang", pseudo.CODE)
            found.extend(await problems(page, f"{name}.{pseudo.CODE}", ("light",)))

        await walk(page, visit, say)
        assert found == []
        await page.close()
