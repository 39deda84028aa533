"""What a phone does to its worker: storage that closes or is full, an old browser, a slow deploy, a removal in the middle."""

import asyncio

import pytest

from services.assessment import offline
from shared.process import application_of
from tests.assessment.building import OPEN, SINGLE, TRAINING
from tests.assessment.visiting import arrive
from tests.browser.acts import choose, press
from tests.browser.conftest import on_a_port
from tests.browser.offline import HURRIED, Faulty, eventually, held, phone
from tests.browser.test_offline import NOTHING, answers, at_the_first_question, heading, strip

BROKEN = {
    "closed": "async () => (await opened).close()",
    "gone": "() => { opened = undefined; IDBFactory.prototype.open = () => { throw new Error('refused'); }; }",
    "full": "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError'); }; }",
    "no locks": "() => Object.defineProperty(navigator, 'locks', { value: undefined })",
}
WATCH = """() => {
  window.changes = 0;
  const strip = document.getElementById("strip");
  new MutationObserver((seen) => { window.changes += seen.length; }).observe(strip, { childList: true });
}"""
LATE_ANSWERS = """() => {
  const real = fetch;
  self.fetch = async (asked, how) => {
    const response = await real(asked, how);
    if (/\\/(kept|offline)$/.test(asked.url ?? asked)) await new Promise((go) => { self.go = go; });
    return response;
  };
}"""


@pytest.mark.parametrize("how", BROKEN)
async def test_with_a_connection_every_page_opens_whatever_is_wrong_with_the_phones_storage(served, browser, link, how):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        (worker,) = context.service_workers
        await worker.evaluate(BROKEN[how])
        await page.reload()
        await choose(page, "b")
        await press(page, "Certain")
        await heading(page, "That works")
        assert await answers(running) == [(1, ("b",))]


async def test_a_browser_without_a_timeout_for_requests_sends_what_was_kept(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        (worker,) = context.service_workers
        await worker.evaluate("() => { delete AbortSignal.timeout; }")
        await context.set_offline(True)
        await choose(page, "b")
        await press(page, "Certain")
        await heading(page, "That works")
        await context.set_offline(False)
        await strip(page, "All answers sent.")
        assert await answers(running) == [(1, ("b",))]


async def test_what_a_failing_server_did_not_take_is_sent_by_itself_and_said_once(served, browser, link):
    running, _ = served
    await arrive(running, SINGLE, OPEN)
    app = Faulty(application_of(running))
    async with on_a_port(app) as address, phone(browser) as (_context, page):
        await at_the_first_question(page, address, link)
        app.mode = "500"
        await page.add_init_script(HURRIED)
        await choose(page, "b")
        await press(page, "Certain")
        await strip(page, "1 answer is waiting to be sent.")
        await page.evaluate(WATCH)
        wanted = app.refused.count("kept") + 2  # when the second is asked, the page has been told of the first

        async def refused():
            return app.refused.count("kept")

        assert await eventually(refused, lambda found: found >= wanted, 40) >= wanted
        assert await page.evaluate("() => window.changes") == 0
        app.mode = None
        await strip(page, "All answers sent.")
        assert await answers(running) == [(1, ("b",))]


async def test_pages_open_while_a_new_worker_still_fetches_what_the_phone_keeps(served, browser, link, monkeypatch):
    running, _ = served
    await arrive(running, SINGLE, OPEN)
    app, hangs = application_of(running), []

    async def slow(scope, receive, send):
        while hangs and scope.get("path", "").endswith("/offline"):
            await asyncio.sleep(0.1)
        await app(scope, receive, send)

    async with on_a_port(slow) as address, phone(browser) as (_, page):
        await at_the_first_question(page, address, link)
        hangs.append(True)
        monkeypatch.setattr(offline, "version", lambda: "a-later-one")
        await page.reload()
        names = await eventually(lambda: page.evaluate("() => caches.keys()"), lambda n: "shell-a-later-one" in n)
        assert "shell-a-later-one" in names
        try:
            await choose(page, "b")
            await press(page, "Certain")
            await heading(page, "That works")
        finally:
            hangs.clear()


async def test_what_was_under_way_when_a_training_was_removed_does_not_bring_it_back(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        (worker,) = context.service_workers
        await worker.evaluate(LATE_ANSWERS)
        asks = f"refresh({{ id: '{TRAINING}', ref: '{TRAINING}' }})"
        await worker.evaluate(f"() => {{ {asks}.finally(() => {{ self.over = true; }}); }}")
        await eventually(lambda: worker.evaluate("() => Boolean(self.go)"), bool)
        assert await worker.evaluate("() => Boolean(self.go)")
        await press(page, "Remove this training from the phone")
        await heading(page, "This training is no longer on this phone")
        await worker.evaluate("() => self.go()")
        assert await eventually(lambda: worker.evaluate("() => Boolean(self.over)"), bool)
        assert await held(page) == NOTHING
