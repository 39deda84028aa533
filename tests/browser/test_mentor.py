"""The mentor's pages in a real browser: every one readable by everybody, and none of them needs JavaScript."""

from uuid import UUID, uuid4

import pytest
from playwright.async_api import expect

from services.assessment.calls import keep_numbers
from services.assessment.visits import PAGES
from shared.pages import languages
from shared.pages.languages import ENGLISH
from tests.assessment import spanish
from tests.assessment.building import MULTI, OPEN, ORDER, SAFETY, SINGLE, TRAINING, assigned, planned
from tests.assessment.visiting import arrive, soon, told
from tests.browser.checking import SCHEMES, problems
from tests.driving import deliver

SCHEMES_OF = {"en": SCHEMES, "es": ("light",)}  # colors know no language; widths do


async def press(page, words):
    await page.get_by_role("button", name=words, exact=True).click()


async def follow(page, words):
    await page.get_by_role("link", name=words, exact=True).click()


async def choose(page, option):
    await page.locator("label.choice", has=page.locator(f"input[value={option}]")).click()


async def walk(page, visit, say=ENGLISH.gettext):
    """From the link to the last page; `visit(name)` is called on every page on the way; `say` in the page's language."""
    await visit("start")
    await press(page, say("Start the training"))
    await visit("card-text")
    await press(page, say("Next"))
    await visit("card-example")
    await press(page, say("Next"))
    await visit("card-branch")
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


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_every_page_of_a_training_is_readable_by_everybody(served, browser, link, locale):
    running, address = served
    await (spanish.arrive(running) if locale == "es" else arrive(running, SINGLE, SAFETY, MULTI, ORDER, OPEN))
    page = await browser.new_page()
    await page.goto(f"{address}/t/{link()}")
    found = []

    async def visit(name):
        await page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true })")
        found.extend(await problems(page, f"{name}.{locale}", SCHEMES_OF[locale]))

    await walk(page, visit, languages.spoken(PAGES, locale).gettext)
    assert found == []
    await page.close()


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_every_other_page_is_readable_by_everybody(served, browser, link, locale):
    running, address = served
    say = languages.spoken(PAGES, locale).gettext
    await (spanish.arrive(running, spanish.SINGLE) if locale == "es" else arrive(running, SINGLE))
    await keep_numbers(running, {})
    canceled, started, recall = (UUID(int=n) for n in (1, 2, 3))
    sessions = [uuid4(), uuid4(), uuid4()]
    await deliver(
        running,
        assigned(SINGLE, training_id=canceled, locale=locale, session_id=sessions[0], **soon()),
        planned(session_id=sessions[0], status="cancelled", **soon()),
        assigned(SINGLE, training_id=started, locale=locale, session_id=sessions[1], **soon(minutes=-5)),
        assigned(SINGLE, training_id=recall, locale=locale, session_id=sessions[2], kind="recall", module=None, **soon(hours=2)),
        planned(session_id=sessions[2], **soon(hours=1)),
    )
    paths = {
        "talk": f"/talk/east?t={link()}&lang={locale}",
        "talk-anywhere": "/talk",
        "broken": "/t/x.y",
        "expired": f"/t/{link(days=-1)}",
        "preparing": f"/t/{link(UUID(int=99))}",
        "canceled": f"/t/{link(canceled)}",
        "started": f"/t/{link(started)}",
        "recall-late-moved": f"/t/{link(recall)}",
        "nothing": "/t",
        "not-found": "/nowhere",
    }
    page = await browser.new_page(locale=locale)
    found = []
    for name, path in paths.items():
        await page.goto(address + path)
        found += await problems(page, f"{name}.{locale}", SCHEMES_OF[locale])
    await page.goto(address + paths["talk"])
    await press(page, say("Ask my supervisor to call me now"))
    found += await problems(page, f"called.{locale}", SCHEMES_OF[locale])
    await running.pool.close()
    await page.goto(address + paths["talk"])
    await press(page, say("Ask for a call"))
    found += await problems(page, f"call-not-sent.{locale}", SCHEMES_OF[locale])
    await page.goto(f"{address}/t/{TRAINING}")
    await page.goto(f"{address}/t/{link()}")
    found += await problems(page, f"problem.{locale}", SCHEMES_OF[locale])
    assert found == []
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


async def test_a_page_with_its_stylesheet_is_small_and_asks_nobody_else(served, browser, link):
    running, address = served
    await arrive(running)
    page = await browser.new_page()
    sizes, hosts, refused = [], set(), []

    async def arrived(response):
        hosts.add(response.url.split("/")[2])
        sizes.append(len(await response.body()))

    page.on("response", arrived)
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    await page.goto(f"{address}/t/{link()}", wait_until="networkidle")
    assert hosts == {address.removeprefix("http://")}
    assert sum(sizes) < 50 * 1024
    assert refused == []
    await page.close()
