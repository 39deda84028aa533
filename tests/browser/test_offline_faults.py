"""A server that fails, hangs, or whose answer is lost; a closed browser; a new deploy; no cookies; and removing it all."""

import pytest

from services.assessment import offline, questions
from shared.process import application_of
from tests.assessment.building import OPEN, SAFETY, SINGLE, TRAINING
from tests.assessment.visiting import arrive
from tests.browser import chromium
from tests.browser.acts import choose, follow, press
from tests.browser.conftest import on_a_port
from tests.browser.offline import HURRIED, Faulty, eventually, held, kept, later, phone
from tests.browser.test_offline import NOTHING, answers, at_the_first_question, heading, strip
from tests.driving import outgoing

CACHED = """async () => (await Promise.all((await caches.keys()).map(
  async (name) => (await (await caches.open(name)).keys()).map((request) => request.url)))).flat()"""


BROKEN = """async () => {
  const done = (request) => new Promise((ok, no) => { request.onsuccess = () => ok(request.result); request.onerror = no; });
  const db = await done(indexedDB.open("jitt", 1)), acts = db.transaction("acts", "readwrite").objectStore("acts");
  const [{ n, ...one }] = await done(acts.getAll());
  await done(acts.add({ ...one, path: "nowhere", told: {} }));
  db.close();
}"""


@pytest.mark.parametrize("mode", ["500", "hangs", "lost"])
async def test_a_server_that_fails_still_gives_feedback_and_gets_each_answer_once(served, browser, link, mode):
    running, _ = served
    await arrive(running, SINGLE, SAFETY, OPEN)
    app = Faulty(application_of(running))
    async with on_a_port(app) as address, phone(browser) as (_, page):
        await at_the_first_question(page, address, link)
        app.mode = mode
        await choose(page, "a")
        await press(page, "Certain")
        await heading(page, "Not quite")
        await choose(page, "b")
        await press(page, "Check my answer")
        await heading(page, "That works")
        assert await answers(running) == ([(1, ("a",)), (2, ("b",))] if mode == "lost" else [])
        app.mode = None  # the page tries again by itself
        await strip(page, "All answers sent.")
        await follow(page, "Next")
        await choose(page, "b")
        await press(page, "Certain")
        await heading(page, "That works")
        assert await answers(running) == [(1, ("a",)), (2, ("b",)), (1, ("b",))]
        assert await running.pool.fetchval("SELECT count(*) FROM dead_letter") == 0


async def test_a_phone_tries_less_and_less_often_but_for_a_call(served, browser, link):
    running, _ = served
    await arrive(running, SAFETY, OPEN)
    app = Faulty(application_of(running))
    async with on_a_port(app) as address, phone(browser) as (_, page):
        await at_the_first_question(page, address, link)
        app.mode = "500"
        await page.add_init_script(HURRIED)

        async def waits():
            return (await eventually(lambda: page.evaluate("() => window.waits"), lambda found: len(found) > 5))[:6]

        await choose(page, "a")
        await press(page, "Certain")
        await heading(page, "Not quite")
        assert await waits() == [10, 20, 40, 60, 60, 60]
        await choose(page, "c")
        await press(page, "Check my answer")  # a safety question missed twice: somebody is to call
        await page.get_by_role("button", name="Try now").wait_for()
        assert await waits() == [10] * 6


async def test_a_closed_browser_keeps_what_waits_and_sends_it_two_days_later_marked_late(served, browser, link, tmp_path):
    running, _ = served
    await arrive(running, SINGLE, OPEN)
    app, options = Faulty(application_of(running)), {"executable_path": chromium.find(), "args": ["--no-sandbox"]}
    async with on_a_port(app) as address:
        async with await browser.browser_type.launch_persistent_context(tmp_path / "profile", **options) as context:
            page = await context.new_page()
            await at_the_first_question(page, address, link)
            app.mode = "500"
            await choose(page, "a")
            await press(page, "Certain")
            await heading(page, "Not quite")
        async with await browser.browser_type.launch_persistent_context(tmp_path / "profile", **options) as context:
            page = await context.new_page()
            await page.goto(f"{address}/t/{TRAINING}/questions/1")
            await heading(page, "Not quite")
            await press(page, "Show me the answer instead")
            await heading(page, "Here is what works")
            await strip(page, "2 answers are waiting to be sent.")
            await later(page, running, hours=40, start_in=-38)
            app.mode = None
            await strip(page, "Sent. Your supervisor sees it, marked late.")
            assert [(act["sent"], act["fields"]) for act in (await held(page))["acts"]] == [(True, [])] * 2
    assert await answers(running) == [(1, ("a",)), (2, ())]
    assert [e.late for e in (await outgoing(running))[1:]] == [True, True]


async def test_after_a_deploy_no_old_page_is_shown_with_a_connection_or_without(served, browser, link, monkeypatch):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        monkeypatch.setattr(offline, "version", lambda: "a-later-one")
        monkeypatch.setitem(questions.CHOOSE, "single", "Newer words")
        await page.reload()
        found = await eventually(lambda: held(page), lambda h: h["trainings"][0][2] == "a-later-one")
        assert [t[2] for t in found["trainings"]] == ["a-later-one"]
        names = await eventually(lambda: page.evaluate("() => caches.keys()"), lambda n: sorted(n)[1:] == ["shell-a-later-one"])
        assert sorted(names) == ["help", "shell-a-later-one"]
        await context.set_offline(True)
        await press(page, "Certain")
        await page.get_by_text("Newer words").first.wait_for()
        assert await page.evaluate("() => getComputedStyle(document.querySelector('.errors')).borderTopWidth") == "2px"


async def test_without_cookies_the_link_stays_on_the_phone_no_longer_than_the_training(served, browser, link):
    running, address = served
    await arrive(running, SINGLE)
    token = link()
    async with phone(browser) as (context, page):
        await page.goto(f"{address}/t/{token}")
        await context.clear_cookies()
        await press(page, "Start the training")
        assert token in page.url
        await kept(page)
        await context.set_offline(True)
        await page.goto(f"{address}/t/{token}/questions/1")
        await choose(page, "b")
        await press(page, "Certain")
        await heading(page, "That works")
        await follow(page, "Next")
        await page.get_by_role("heading", name="You are ready").wait_for()
        assert (await held(page))["acts"][0]["ref"] == token
        await context.set_offline(False)
        await strip(page, "All answers sent.")
        assert await eventually(lambda: held(page), lambda h: h == NOTHING) == NOTHING
        assert token not in str(await page.evaluate(CACHED))


async def test_a_lost_cookie_keeps_the_answer_until_the_link_is_opened_again(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await context.clear_cookies()
        await choose(page, "b")
        await press(page, "Certain")
        await heading(page, "That works")
        await strip(page, "Open the link from the e-mail once more, so that what waits here can be sent.")
        await page.goto(f"{address}/t/{link()}")
        await strip(page, "All answers sent.")
        assert await answers(running) == [(1, ("b",))]


async def test_a_form_that_the_server_cannot_read_is_let_go_and_holds_up_no_other(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await context.set_offline(True)
        await choose(page, "a")
        await press(page, "Certain")
        await heading(page, "Not quite")
        await page.evaluate(BROKEN)
        await press(page, "Show me the answer instead")
        await heading(page, "Here is what works")
        await context.set_offline(False)
        assert await eventually(lambda: answers(running), lambda found: len(found) == 2) == [(1, ("a",)), (2, ())]
        assert (await eventually(lambda: held(page), lambda h: not h["acts"]))["acts"] == []


async def test_removing_a_training_asks_before_answers_are_lost_and_leaves_nothing(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await context.set_offline(True)
        await choose(page, "b")
        await press(page, "Certain")
        await heading(page, "That works")
        await press(page, "Remove this training from the phone")
        await heading(page, "Some answers have not been sent yet")
        await follow(page, "Keep them")
        await page.goto(f"{address}/t/{TRAINING}/questions/1")
        await context.set_offline(False)
        await strip(page, "All answers sent.")
        await press(page, "Remove this training from the phone")
        await heading(page, "This training is no longer on this phone")
        assert await held(page) == NOTHING
        assert [c["name"] for c in await context.cookies()] == ["jitt_cookies"]
        assert await answers(running) == [(1, ("b",))]
