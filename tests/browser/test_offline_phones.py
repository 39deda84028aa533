"""What a phone does to its worker: storage that closes or is full, an old browser, a slow deploy, a removal in the middle."""

import pytest

from tests.assessment.building import OPEN, SINGLE
from tests.assessment.visiting import arrive
from tests.browser.offline import phone
from tests.browser.test_mentor import choose, press
from tests.browser.test_offline import answers, at_the_first_question, heading, strip

BROKEN = {
    "closed": "async () => (await opened).close()",
    "gone": "() => { opened = undefined; IDBFactory.prototype.open = () => { throw new Error('refused'); }; }",
    "full": "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError'); }; }",
    "no locks": "() => Object.defineProperty(navigator, 'locks', { value: undefined })",
}


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
