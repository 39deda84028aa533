"""What the console shows of check-ins, in a real browser: the last session on the brief, and the alerts that rest on it."""

import re
from datetime import timedelta
from typing import Any

from shared.contracts import ids
from tests.browser.checking import problems
from tests.browser.visits import SCREEN, Visit
from tests.supervision.builders import SECOND, SITE, checked_in

STEPS = {"asked_about_the_step": "did", "named_what_worked": "partly", "reset_the_step": "no"}


async def told(visit: Visit, **changes: Any) -> None:
    """Marcus, of the brief with two misses, about the session a week ago."""
    values = {"mentor_id": ids.mentor(SITE, "marcus"), "session_id": SECOND, "starts_at": visit.day.now - timedelta(days=7),
              "activity": "goal_review", "steps": STEPS, "confidence": "not_really", "wants_to_talk": "today"}  # fmt: skip
    await visit.day.happens(checked_in(**values | changes))


async def test_a_brief_with_a_last_session_and_its_alerts_pass_the_checks(visit: Visit) -> None:
    await told(visit)
    page = await visit.page(visit.brief("marcus"))
    found = await problems(page, "brief-last-session")
    await page.goto("/alerts")
    found += await problems(page, "alerts-check-in", ("light",))
    assert found == []


async def test_a_brief_with_two_misses_and_a_last_session_is_one_sheet_and_begins_on_one_screen(visit: Visit) -> None:
    await told(visit)
    page = await visit.page(visit.brief("marcus"), viewport=SCREEN)
    last = await page.locator("#last").bounding_box()
    pdf = await page.pdf(format="Letter")
    assert last and last["y"] < SCREEN["height"]
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
