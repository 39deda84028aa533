"""I need to talk, without a connection: the site's numbers are there, and a request for a call says whether it was delivered."""

from contextlib import asynccontextmanager

from playwright.async_api import Error, expect

from services.assessment import calls as calls_module
from services.assessment.calls import keep_numbers
from shared.messaging import dead
from shared.process import application_of
from tests.assessment.building import OPEN, SINGLE, TRAINING, enrolled, site
from tests.assessment.visiting import arrive
from tests.browser.acts import follow, press
from tests.browser.checking import problems
from tests.browser.conftest import on_a_port
from tests.browser.offline import Faulty, eventually, held, kept, phone
from tests.browser.test_offline import at_the_first_question, heading, strip
from tests.driving import deliver, outgoing

ASKED, NOT_YET = "Your supervisor has been asked to call you", "Not delivered yet. Please call."


async def calls(running):
    return [e.kind for e in await outgoing(running) if e.TYPE == "assessment.call_requested.v1"]


async def left(running):
    """As the relay does when Kafka takes what waits."""
    await running.pool.execute("DELETE FROM outbox")


async def test_the_numbers_of_the_site_are_there_without_a_connection_and_after_removal(served, browser, link):
    running, address = served
    await arrive(running, SINGLE)
    await keep_numbers(running, {})
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await deliver(running, site(revision=2, phone="555 555 0177"))
        await keep_numbers(running, {})
        await page.reload()
        await press(page, "Remove this training from the phone")
        await page.goto(f"{address}/t/{link()}")
        await kept(page)
        await context.set_offline(True)
        await follow(page, "I need to talk")
        await heading(page, "I need to talk")
        assert await page.locator('a[href="tel:5555550177"]').count() == 1
        assert await page.locator('a[href="tel:18005550199"]').count() == 1
        await page.goto(f"{address}/talk/east")
        assert await page.locator('a[href="tel:5555550177"]').count() == 1
        await page.goto(f"{address}/talk/elsewhere")
        assert await page.locator('a[href="tel:988"]').count() == 1


async def test_a_call_pressed_without_a_connection_is_sent_first_of_all_and_says_when_it_is_delivered(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    await keep_numbers(running, {})
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await context.set_offline(True)
        await page.locator("label.choice", has=page.locator("input[value=b]")).click()
        await press(page, "Certain")
        await follow(page, "I need to talk")
        await page.get_by_role("button", name="Ask my supervisor to call me now").dblclick()
        await heading(page, NOT_YET)
        await strip(page, "Your supervisor has not been told yet. Please call.")
        assert await problems(page, "call-on-the-phone.en") == []
        await page.reload()
        await heading(page, NOT_YET)
        await context.set_offline(False)
        sent = await eventually(lambda: outgoing(running), lambda events: len(events) == 3)
        assert [e.TYPE.split(".")[1] for e in sent] == ["training_opened", "call_requested", "item_answered"]
        assert await calls(running) == ["now"]
        await left(running)
        await heading(page, ASKED)
        assert [act["sent"] for act in (await held(page))["acts"] if act["told"].get("call")] in ([], [True])


async def test_in_an_outage_a_call_waits_on_the_server_and_the_page_finds_out_by_itself(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (_, page):
        await at_the_first_question(page, address, link)
        await follow(page, "I need to talk")
        await press(page, "Ask my supervisor to call me now")
        await heading(page, NOT_YET)  # taken, and not gone yet: Kafka is away
        assert await problems(page, "call-waits.en") == []
        await left(running)
        await heading(page, ASKED)


QUICKLY = """() => {
  const real = setTimeout, looks = (window.looks = []);
  window.setTimeout = (what, ms, ...more) => {
    if (what.name === "lookAgain") looks.push(ms / 1000);
    return real(what, what.name === "lookAgain" ? ms / 100 : ms, ...more);
  };
}"""


async def test_a_calls_page_asks_less_and_less_often_and_stays_as_it_is_until_there_is_news(served, browser, link, monkeypatch):
    monkeypatch.setattr(calls_module, "SOON", 0.0)
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (_, page):
        await page.goto(f"{address}/t/{link()}")
        await press(page, "Start the training")
        await kept(page)
        await page.add_init_script(f"({QUICKLY})()")
        await follow(page, "I need to talk")
        await press(page, "Ask my supervisor to call me now")
        await heading(page, NOT_YET)
        await page.get_by_role("link", name="Look whether it is delivered").focus()
        looks = await eventually(lambda: page.evaluate("() => window.looks"), lambda found: len(found) > 5)
        assert looks[:6] == [5, 10, 20, 40, 60, 60]
        assert await page.evaluate("() => document.activeElement.dataset.again") == "server"
        await left(running)
        await heading(page, ASKED)


LOOK = "Look whether it is delivered"
SEES = """() => {
  const line = document.getElementById("strip");
  window.told = [];
  new MutationObserver(() => window.told.push(line.textContent)).observe(line, { childList: true });
}"""
LOOKED = "() => document.dispatchEvent(new Event('visibilitychange'))"


async def looks(page):
    """As when somebody comes back to it. Where it has found out by itself in the same moment, it is on its way already."""
    try:
        await page.evaluate(LOOKED)
    except Error as error:
        if "Execution context was destroyed" not in error.message:
            raise


@asynccontextmanager
async def staying(page):
    """Looked at and read, with the focus on its link: no other page takes its place meanwhile."""
    loads, link = list[str](), page.get_by_role("link", name=LOOK)

    def loaded(frame):
        loads.append(frame.url)

    await link.focus()
    page.on("framenavigated", loaded)
    yield
    page.remove_listener("framenavigated", loaded)
    await expect(link).to_be_focused()
    assert loads == []


async def waits_for_a_call(page, address, link, *, offline=False):
    """On the page of a call that nobody was told of yet, which looks again sooner than for a person."""
    await at_the_first_question(page, address, link)
    await page.add_init_script(f"({QUICKLY})()")
    await page.context.set_offline(offline)
    await follow(page, "I need to talk")
    await press(page, "Ask my supervisor to call me now")
    await heading(page, NOT_YET)


async def looks_again(page, times):
    for _ in range(times):
        async with page.expect_response(lambda response: "/call/" in response.url):
            await page.evaluate(LOOKED)


async def test_a_call_page_whose_cookie_is_gone_stays_and_says_once_what_to_do(served, browser, link, monkeypatch):
    monkeypatch.setattr(calls_module, "SOON", 0.0)
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await waits_for_a_call(page, address, link)
        await page.evaluate(SEES)
        await context.clear_cookies()
        async with staying(page):
            await strip(
                page,
                "This page can no longer see whether your request is delivered. To ask again, open the link from the e-mail.",
            )
            await looks_again(page, 4)
            assert len([words for words in await page.evaluate("() => window.told") if words]) == 1
        await heading(page, NOT_YET)
        assert await problems(page, "call-lost.en") == []
        other = await context.new_page()
        await other.goto(f"{address}/t/{link()}")
        await press(other, "Go on")
        await looks_again(page, 1)
        await expect(page.locator("#strip")).to_have_text("")
        await left(running)
        await looks(page)
        await heading(page, ASKED)


async def test_a_call_page_whose_link_is_in_use_no_more_says_so(served, browser, link, monkeypatch):
    """What was kept of the call is given up then: nobody may go on waiting for it."""
    monkeypatch.setattr(calls_module, "SOON", 0.0)
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (_, page):
        await waits_for_a_call(page, address, link)
        await deliver(running, enrolled(link_epoch=2, revision=2))
        await looks(page)
        await heading(page, "This link is no longer in use.")


async def test_a_call_that_waits_on_a_phone_without_its_cookie_stays_and_leaves_with_the_link(served, browser, link, monkeypatch):
    monkeypatch.setattr(calls_module, "SOON", 0.0)
    running, address = served
    await arrive(running, SINGLE, OPEN)
    await keep_numbers(running, {})
    async with phone(browser) as (context, page):
        await waits_for_a_call(page, address, link, offline=True)
        await context.clear_cookies()
        async with staying(page):
            await context.set_offline(False)
            await strip(page, "Open the link from the e-mail once more, so that what waits here can be sent.")
            before = len(await page.evaluate("() => window.looks"))
            await eventually(lambda: page.evaluate("() => window.looks"), lambda found: len(found) > before + 3)
        other = await context.new_page()
        await other.goto(f"{address}/t/{link()}")
        assert await eventually(lambda: calls(running), bool) == ["now"]
        await other.goto(f"{address}/t/{link()}")
        await press(other, "Go on")
        await looks(page)
        await expect(page.get_by_role("link", name=LOOK)).to_have_attribute("data-again", "server")
        await left(running)
        await looks(page)
        await heading(page, ASKED)


async def test_behind_a_failed_record_tries_add_nothing_and_a_call_waits_for_no_answer(served, browser, link, monkeypatch):
    monkeypatch.setattr(calls_module, "SOON", 0.0)
    running, _ = served
    await arrive(running, SINGLE, OPEN)
    await keep_numbers(running, {})
    service, tries = application_of(running), list[str]()

    async def counted(scope, receive, send):
        if scope.get("path", "").endswith("/kept"):
            tries.append(scope["path"])
        await service(scope, receive, send)

    async def try_now():
        await page.get_by_role("button", name="Try now").click()  # the page stays
        return len(tries)

    async with on_a_port(counted) as address, phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await running.pool.execute("INSERT INTO parked (concern) VALUES ($1)", f"training/{TRAINING}")
        await context.set_offline(True)
        await page.locator("label.choice", has=page.locator("input[value=b]")).click()
        await press(page, "Certain")
        await follow(page, "I need to talk")
        await press(page, "Ask my supervisor to call me now")
        await heading(page, NOT_YET)
        await context.set_offline(False)
        await expect(page.get_by_role("link", name=LOOK)).to_have_attribute("data-again", "server")
        await strip(page, "1 answer is waiting to be sent.")
        assert await eventually(try_now, lambda count: count > 5) > 5
        assert [letter.state for letter in await dead.list_letters(running)] == ["parked", "parked"]  # the call, and the answer
        assert (await dead.replay(running)).applied == 2
        await try_now()
        await strip(page, "All answers sent.")
        await left(running)
        await looks(page)
        await heading(page, ASKED)


async def test_without_javascript_a_link_looks_again(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser, java_script_enabled=False) as (_, page):
        await page.goto(f"{address}/t/{link()}")
        await press(page, "Start the training")
        await follow(page, "I need to talk")
        await press(page, "Ask for a call")
        await heading(page, NOT_YET)
        await follow(page, "Look whether it is delivered")
        await heading(page, NOT_YET)
        await left(running)
        await follow(page, "Look whether it is delivered")
        await heading(page, ASKED)


async def test_a_server_that_fails_keeps_a_call_on_the_phone(served, browser, link):
    running, _ = served
    await arrive(running, SINGLE, OPEN)
    app = Faulty(application_of(running))
    async with on_a_port(app) as address, phone(browser) as (_, page):
        await at_the_first_question(page, address, link)
        await follow(page, "I need to talk")
        app.mode = "500"
        await press(page, "Ask my supervisor to call me now")
        await heading(page, NOT_YET)
        app.mode = None
        await press(page, "Try now")
        assert await eventually(lambda: calls(running), bool) == ["now"]
        assert TRAINING.hex in page.url.replace("-", "")
