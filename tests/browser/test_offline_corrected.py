"""A question is corrected while its answers wait on a phone: what the phone showed and what the server has agree in the end."""

import re

import pytest
from playwright.async_api import expect

from tests.assessment.building import OPEN, SINGLE, TRAINING
from tests.assessment.correcting import correction
from tests.assessment.test_corrections import MENDED, second_version, swept
from tests.assessment.visiting import arrive, told
from tests.browser.acts import choose, follow, press
from tests.browser.offline import eventually, held, phone
from tests.browser.test_offline import NOTHING, at_the_first_question, heading, strip
from tests.driving import deliver, outgoing

WAYS = {"right after all": ("a", "b", True), "wrong after all": ("b", None, False)}


@pytest.mark.parametrize("way", WAYS)
async def test_a_correction_overtakes_the_answers_and_the_training_is_done_all_the_same(served, browser, link, way):
    running, address = served
    first, second, counts = WAYS[way]
    await arrive(running, SINGLE, OPEN)
    async with phone(browser) as (context, page):
        await at_the_first_question(page, address, link)
        await context.set_offline(True)
        await choose(page, first)
        await press(page, "Certain")
        if second:
            await heading(page, "Not quite")
            await choose(page, second)
            await press(page, "Check my answer")
        await heading(page, "That works")
        await follow(page, "Next")
        await press(page, "I would rather talk about it")
        await follow(page, "Next")
        await heading(page, re.compile("Done. One thing to talk over" if second else "You are ready for"))
        await deliver(running, second_version(MENDED, OPEN), correction())
        await swept(running)
        await context.set_offline(False)
        await strip(page, "Sent. We corrected question 1 meanwhile. Look at it again: it says what counts now.")
        assert (await eventually(lambda: held(page), lambda h: not h["trainings"])) == NOTHING
        await page.goto(f"{address}/t/{TRAINING}/done")
        said = "Your answer now counts as right" if counts else "Your answer does not count as right any more"
        await expect(page.get_by_role("region", name="We corrected question 1")).to_contain_text(said)
    assert sorted(await told(running)) == sorted(
        ["training_opened", *["item_answered"] * (2 if second else 1), "answer_regraded", "training_completed"]
    )
    graded = [(e.version, e.attempt, e.correct) for e in await outgoing(running) if e.TYPE == "assessment.item_answered.v1"]
    assert graded == ([(1, 1, False), (1, 2, True)] if second else [(1, 1, True)])
