"""Pages that tell of a correction, in a real browser: readable by everybody, on every width and in both languages."""

import pytest
from playwright.async_api import Browser

from tests.assessment import spanish
from tests.assessment.building import SINGLE
from tests.assessment.correcting import correction
from tests.assessment.test_corrections import MENDED, answers, second_version, swept
from tests.assessment.visiting import arrive
from tests.browser.checking import problems
from tests.browser.visits import Visit
from tests.driving import deliver
from tests.supervision.console import GRADE, SECRET
from tests.supervision.test_pages_corrections import corrected


@pytest.mark.parametrize(("locale", "chosen"), [("en", "a"), ("es", "b")], ids=["right after all", "wrong after all, in Spanish"])
async def test_what_was_corrected_is_readable_by_everybody(served, browser: Browser, link, locale: str, chosen: str) -> None:
    running, address = served
    await (spanish.arrive(running, spanish.SINGLE) if locale == "es" else arrive(running, SINGLE))
    await answers(running, chosen)
    new = spanish.published(spanish.SINGLE).model_copy(update={"version": 2}) if locale == "es" else second_version(MENDED)
    await deliver(running, new, correction(locale=locale))
    await swept(running)
    page = await browser.new_page()
    found = []
    for name, path in (("link", ""), ("done", "/done"), ("question", "/questions/1")):
        await page.goto(f"{address}/t/{link()}{path}")
        assert await page.get_by_role("region", name="We corrected question 1" if locale == "en" else "Corregimos").count() == 1
        found += await problems(page, f"corrected-{name}-{locale}", ("light", "dark") if locale == "en" else ("light",))
    assert found == []
    await page.close()


async def test_a_brief_and_alerts_with_a_correction_are_readable_by_everybody(visit: Visit) -> None:
    await corrected(visit.day, SECRET, "b", was_correct=False)
    await corrected(visit.day, GRADE, "b", was_correct=False)
    found = []
    for name, path in (("brief", visit.brief("marcus")), ("alerts", "/alerts"), ("resolved", "/alerts?state=resolved")):
        found += await problems(await visit.page(path), f"corrected-{name}")
    assert found == []
