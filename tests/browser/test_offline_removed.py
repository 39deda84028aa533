"""A training or a check-in that was removed from the phone: it is kept again when somebody opens it, and by nothing else."""

import asyncio

from shared.process import application_of
from tests.assessment import checking_in
from tests.assessment.building import OPEN, SINGLE
from tests.assessment.visiting import arrive
from tests.browser.acts import follow, press
from tests.browser.conftest import on_a_port
from tests.browser.offline import eventually, held, kept, phone
from tests.browser.test_offline import NOTHING, at_the_first_question, heading
from tests.browser.test_offline_calls import ASKED, NOT_YET, calls, left, looks
from tests.browser.test_offline_check_in import on_the_phone

ANSWERS = """() => {
  window.answers = 0; // of the worker: the last thing that it does when a page was opened
  navigator.serviceWorker.addEventListener("message", () => { window.answers += 1; });
}"""
WAITING = "() => navigator.locks.query().then(({ pending }) => pending.some((lock) => lock.name.startsWith('refresh')))"


async def keeps_nothing(page, answers=1):
    heard = await eventually(lambda: page.evaluate("() => window.answers"), lambda count: count >= answers)
    assert heard >= answers, "the worker did not answer"
    assert await held(page) == NOTHING


async def asks_for_a_call(page, running):
    await follow(page, "I need to talk")
    await heading(page, "I need to talk")
    await keeps_nothing(page)
    await press(page, "Ask my supervisor to call me now")
    await heading(page, NOT_YET)
    await keeps_nothing(page)
    assert await calls(running) == ["now"]
    await left(running)
    await looks(page)
    await heading(page, ASKED)
    await keeps_nothing(page)


async def test_a_call_does_not_bring_a_training_back_to_the_phone_and_opening_it_does(served, browser, link):
    running, address = served
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await page.add_init_script(f"({ANSWERS})()")
        await page.goto(f"{address}/t/{link()}")
        await context.clear_cookies()
        await press(page, "Start the training")
        await kept(page)
        await press(page, "Remove this training from the phone")
        await heading(page, "This training is no longer on this phone")
        await asks_for_a_call(page, running)
        await follow(page, "Back to my training")
        await kept(page)


async def test_a_call_does_not_bring_a_check_in_back_to_the_phone_and_opening_it_does(served, browser):
    running, address = served
    await checking_in.arrive(running)
    async with phone(browser) as (_, page):
        await page.add_init_script(f"({ANSWERS})()")
        await on_the_phone(page, address)
        await press(page, "Remove this check-in from the phone")
        await heading(page, "This check-in is no longer on this phone")
        await asks_for_a_call(page, running)
        await follow(page, "Back to my check-in")
        assert (await eventually(lambda: held(page), lambda found: found["trainings"]))["trainings"]


async def test_what_was_asked_for_before_it_was_removed_does_not_bring_it_back(served, browser, link):
    running, _ = served
    await arrive(running, SINGLE, OPEN)
    service, gate, asked = application_of(running), asyncio.Event(), list[str]()
    gate.set()

    async def slow(scope, receive, send):
        if scope.get("path", "").endswith("/offline"):
            asked.append(scope["path"])
            await gate.wait()
        await service(scope, receive, send)

    async with on_a_port(slow) as address, phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        before, others = len(asked), [await context.new_page() for _ in range(2)]
        gate.clear()
        for other in others:
            await other.add_init_script(f"({ANSWERS})()")
            await other.goto(f"{address}/t/{link()}")
        assert await eventually(lambda: page.evaluate(WAITING), bool), "the second did not ask"
        assert len(asked) - before == 1
        await press(page, "Remove this training from the phone")
        await heading(page, "This training is no longer on this phone")
        gate.set()
        for other in others:
            await keeps_nothing(other, answers=len(others))  # each is told of both
