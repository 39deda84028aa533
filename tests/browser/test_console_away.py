"""Absences and Monday's list in a real browser, at every width, without JavaScript, and with the keyboard."""

from datetime import timedelta
from uuid import UUID

from playwright.async_api import expect

from services.supervision import away
from services.supervision.messages import AbsenceSet
from shared.contracts import ids
from tests.browser import checking
from tests.browser.visits import Visit
from tests.supervision import builders
from tests.supervision.builders import SITE

DANA, OMAR = (ids.supervisor(SITE, one) for one in ("dana", "omar"))


async def a_full_list(visit: Visit) -> None:
    """What waits for Monday, what stood on the last list, five of a kind in one list, and Omar standing in for Dana."""
    day = visit.day

    def absent(number: int, person: UUID, delegate: UUID, first: int, last: int) -> AbsenceSet:
        from_at, until_at = (day.now + timedelta(days=n) for n in (first, last))
        return AbsenceSet(
            absence_id=UUID(int=number), site_id=SITE, person_id=person, delegate_id=delegate, from_at=from_at, until_at=until_at
        )

    await day.happens(builders.call(mentor_id=ids.mentor(SITE, "marcus"), kind="can_wait", pressed_at=day.now))
    await day.happens(builders.overdue(**day.of_training("tom"), assigned_at=day.now - timedelta(days=2)))
    async with day.running.connection() as conn:
        await conn.execute("UPDATE alert SET place = 'grouped', asked_at = now() WHERE rule = 'mentor_asked_to_talk'")
        await conn.execute("UPDATE alert SET place = 'own', asked_at = now() WHERE rule = 'safety_item_missed'")
        alerts = [row["alert_id"] for row in await conn.fetch("SELECT alert_id FROM alert")]
        await conn.execute("INSERT INTO digest_sent VALUES ($1, now() - interval '3 days', $2, $3)", DANA, SITE, alerts)
    await day.happens(absent(1, DANA, OMAR, -1, 3), absent(2, OMAR, DANA, 9, 12))


async def test_the_pages_have_no_problem_at_any_width(visit: Visit) -> None:
    await a_full_list(visit)
    found = []
    pages = {"away": "/away", "away-lead": "/away", "digest": "/digest", "alerts-groups": "/alerts"}
    for (name, path), who in zip(pages.items(), ("dana", "priya", "dana", "omar"), strict=True):
        found += await checking.problems(await visit.page(path, who), f"console-{name}")
    assert found == []


async def test_an_absence_is_entered_and_ended_with_the_keyboard_and_without_javascript(visit: Visit) -> None:
    page = await visit.page("/away", java_script_enabled=False)
    await page.get_by_label("Who stands in?").select_option(label="Omar Haddad, supervisor")
    await page.get_by_label("First day away").fill("2099-12-21")
    await page.get_by_label("Last day away").fill("2099-12-20")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Error: Away and standing in · jitt")
    await expect(page.locator("#problem a")).to_have_text(away.BACKWARDS)
    await expect(page.get_by_label("First day away")).to_have_value("2099-12-21")
    await page.get_by_label("Last day away").fill("2099-12-24")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="You are away from December 21, 2099 to December 24, 2099").wait_for()
    await page.get_by_role("button", name="Take this back").press("Enter")
    await page.get_by_text("Nobody is away, and no absence is planned.").wait_for()
