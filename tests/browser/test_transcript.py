"""docs/accessibility.md tells what a screen reader is given today."""

from tests import pages
from tests.assessment.building import MULTI, OPEN, ORDER, SINGLE
from tests.assessment.visiting import arrive
from tests.browser.transcript import ALONE, DOCUMENT, NAME, transcript


async def test_the_transcript_in_the_documentation_is_what_is_heard_now(served, browser):
    """If it is not, and what is heard now is good: `python -m tests.browser.transcript`."""
    running, address = served
    await arrive(running, SINGLE, MULTI, ORDER, OPEN)
    page = await browser.new_page(**ALONE)
    now = await transcript(page, address)
    begin, end = pages.markers(NAME)
    assert DOCUMENT.read_text().partition(begin)[2].partition(end)[0].strip().splitlines() == now.strip().splitlines()
    await page.close()
