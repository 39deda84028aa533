"""The preview for authors in a real browser: the mentor's page in a frame, what to mend beside it, and a save that shows."""

import re
import shutil
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from deploy.preview.drafts import Shelf
from deploy.preview.http import application
from services.content.lint import LIBRARY
from tests.browser.checking import TAGS, problems
from tests.browser.conftest import on_a_port

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture
def folder(tmp_path):
    """Two modules in both languages, to be edited."""
    for locale in ("en", "es"):
        (tmp_path / locale).mkdir()
        for name in ("showing_up_1.md", "crisis_response_1.md"):
            shutil.copy(LIBRARY / locale / name, tmp_path / locale / name)
    return tmp_path


@asynccontextmanager
async def looking(browser, path, at="/", **options):
    async with on_a_port(application(Shelf(path))) as address:
        context = await browser.new_context(base_url=address, viewport=DESK, **options)
        page = await context.new_page()
        await page.goto(at)
        yield page
        await context.close()


def inside(page):
    return page.frame_locator("#page")


def beside(page, words):
    """A link of the list of pages."""
    return page.locator(".pages").get_by_role("link", name=words)


def save(file, before, after):
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), "utf-8")


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_every_page_of_the_preview_passes_the_checks(browser, folder, locale):
    async with looking(browser, folder) as page:
        found = await problems(page, f"preview-index-{locale}")
        await page.goto(f"/m/{locale}~crisis_response_1")
        await expect(inside(page).locator("h1")).to_be_visible()
        found += await problems(page, f"preview-{locale}")
        save(folder / locale / "crisis_response_1.md", "minutes: 4", "minutes: 1")
        await expect(page.locator("[data-at=start] .findings")).to_contain_text("minutes-said")
        found += await problems(page, f"preview-findings-{locale}")
        assert found == []


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_the_mentors_pages_inside_pass_the_checks_at_phone_width(browser, folder, locale):
    async with looking(browser, folder, f"/m/{locale}~crisis_response_1") as page:
        await page.set_viewport_size(PHONE)
        links = await page.locator(".pages a").evaluate_all("all => all.map(each => each.getAttribute('href'))")
        assert len(links) > 15
        found = []
        for link in links:
            await page.goto(link)
            result = await Axe().run(page, options={"runOnly": TAGS})
            found += [f"{link}: {violation['id']}" for violation in result.response["violations"]]
        assert found == []


async def test_each_answer_shows_the_feedback_of_the_file(browser, folder):
    async with looking(browser, folder, "/m/en~showing_up_1") as page:
        await beside(page, re.compile("Question 1.*option 1")).click()
        module = Shelf(folder).find("en~showing_up_1").module
        option = module.items[0].options[0]
        await expect(inside(page).get_by_text(option.why)).to_be_visible()
        await expect(inside(page).locator("h1")).to_contain_text("That works" if option.right else "Not quite")


async def test_on_a_phone_a_page_that_was_chosen_comes_into_view(browser, folder):
    async with looking(browser, folder, "/m/en~showing_up_1") as page:
        await page.set_viewport_size(PHONE)
        await beside(page, "Done").scroll_into_view_if_needed()
        await expect(page.locator("#page")).not_to_be_in_viewport()
        await beside(page, "Done").click()
        await expect(page.locator("#page")).to_be_in_viewport()


async def test_what_the_supervisor_may_ask_stands_beside_the_page(browser, folder):
    async with looking(browser, folder, "/m/en~showing_up_1") as page:
        module = Shelf(folder).find("en~showing_up_1").module
        for prompt in module.prompts:
            await expect(page.locator("#panel").get_by_text(prompt)).to_be_visible()


async def test_a_training_can_be_walked_as_a_mentor_does(browser, folder):
    async with looking(browser, folder, "/m/es~showing_up_1") as page:
        mentor = inside(page)
        module = Shelf(folder).find("es~showing_up_1").module
        await expect(mentor.locator("html")).to_have_attribute("lang", "es")
        await mentor.locator("form button").first.click()
        await expect(mentor.get_by_role("heading", name=module.cards[0].title)).to_be_visible()
        await expect(page.locator(".pages a[aria-current]")).to_contain_text(module.cards[0].title)
        await beside(page, re.compile("Question 1")).first.click()
        wrong = next(option for option in module.items[0].options if not option.right)
        await mentor.get_by_text(wrong.text).click()
        await mentor.locator("#sure button").last.click()
        await expect(mentor.get_by_text(wrong.why)).to_be_visible()
        right = next(option for option in module.items[0].options if option.right)
        await mentor.get_by_text(right.text).click()
        await mentor.locator("form button.main").click()
        await expect(mentor.get_by_text(right.why)).to_be_visible()
        await beside(page, "Done").click()
        await expect(mentor.get_by_text(module.keep_in_mind)).to_be_visible()


async def test_the_sites_own_numbers_stand_where_the_text_names_them(browser, folder):
    async with looking(browser, folder, "/m/en~crisis_response_1?at=cards/4") as page:
        await expect(inside(page).get_by_text("555‑555‑0141").or_(inside(page).get_by_text("555 555 0141"))).to_be_visible()
        assert "{" not in await inside(page).locator("main").inner_text()


async def test_a_save_is_shown_at_once_on_the_page_one_was_on(browser, folder):
    file = folder / "en" / "showing_up_1.md"
    async with looking(browser, folder, "/m/en~showing_up_1") as page:
        title = Shelf(folder).find("en~showing_up_1").module.cards[0].title
        await beside(page, f"Card 1: {title}").click()
        await expect(inside(page).get_by_role("heading", name=title)).to_be_visible()
        save(file, f"## Card: {title}", "## Card: Quite another title")
        await expect(inside(page).get_by_role("heading", name="Quite another title")).to_be_visible()
        await expect(page.locator("#live")).to_contain_text("read again")
        await expect(beside(page, "Card 1: Quite another title")).to_have_attribute("aria-current", "true")


async def test_what_to_mend_stands_with_the_page_that_it_is_about(browser, folder):
    async with looking(browser, folder, "/m/en~showing_up_1") as page:
        save(folder / "en" / "showing_up_1.md", "Look for:", "Look out:")
        row = page.locator(".pages > li", has=page.get_by_role("link", name=re.compile("^Question 1"))).first
        await expect(row.locator(".findings")).to_contain_text("The question has no cue.")
        await expect(page.locator("#count")).to_contain_text("error")


async def test_a_file_that_cannot_be_read_keeps_its_last_page_and_says_what_to_mend(browser, folder):
    file = folder / "en" / "showing_up_1.md"
    async with looking(browser, folder, "/m/en~showing_up_1") as page:
        title = await inside(page).locator("h1").inner_text()
        save(file, "minutes:", "minutes ")
        await expect(page.get_by_text("The file cannot be read as it stands.")).to_be_visible()
        await expect(page.locator(".findings").first).to_contain_text("Error")
        await expect(inside(page).locator("h1")).to_have_text(title)
        save(file, "minutes ", "minutes:")
        await expect(page.get_by_text("The file cannot be read as it stands.")).to_be_hidden()


async def test_a_file_that_never_could_be_read_comes_when_it_is_mended(browser, tmp_path):
    file = tmp_path / "showing_up_1.md"
    whole = (LIBRARY / "en" / "showing_up_1.md").read_text("utf-8")
    file.write_text(whole.replace("minutes:", "minutes "), "utf-8")
    async with looking(browser, file) as page:
        await expect(inside(page).get_by_role("heading", name="Nothing to show yet")).to_be_visible()
        file.write_text(whole, "utf-8")
        await expect(inside(page).get_by_text("Lakeside Mentoring")).to_be_visible()


async def test_the_other_language_is_one_click_away_on_the_same_page(browser, folder):
    async with looking(browser, folder, "/m/en~showing_up_1") as page:
        await beside(page, re.compile("^Question 2")).first.click()
        await expect(page.locator(".pages a[aria-current]")).to_contain_text("Question 2")
        await page.get_by_role("link", name="Español").click()
        spanish = Shelf(folder).find("es~showing_up_1").module
        await expect(inside(page).get_by_role("heading", name=spanish.items[1].question)).to_be_visible()


async def test_one_file_brings_its_other_language_along_and_no_copy(browser, folder):
    shutil.copytree(folder / "en", folder / "backup")
    async with looking(browser, folder / "en" / "showing_up_1.md") as page:
        await expect(page.locator(".tongues a")).to_have_count(0)
        await page.get_by_role("link").filter(has_text="Español").first.click()
        await expect(inside(page).locator("html")).to_have_attribute("lang", "es")


async def test_no_page_breaks_its_own_security_policy_or_writes_an_error(browser, folder):
    async with looking(browser, folder) as page:
        said = []
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        for path in ("/", "/m/en~showing_up_1", "/m/es~crisis_response_1?at=done"):
            await page.goto(path)
            await expect(page.get_by_role("banner")).to_be_visible()
        await page.goto("/m/en~showing_up_1?at=cards/1")
        await expect(inside(page).locator("h1")).to_be_visible()
        assert said == []
