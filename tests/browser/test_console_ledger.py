"""Clearances and contacts in a real browser: every state passes the checks, and everything works without JavaScript."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from services.supervision.app import SERVICE
from shared.contracts import ids
from tests.browser.checking import problems
from tests.browser.conftest import serving
from tests.browser.visits import SCREEN, Visit
from tests.conftest import Database
from tests.supervision.builders import SITE
from tests.supervision.caseload import GOALS, a_caseload

ANTON, LEAH, MARCUS = (ids.mentor(SITE, name) for name in ("anton", "leah", "marcus"))
SIGN = f"/clearances/{ANTON}/{GOALS}/sign-off"


@pytest.fixture
async def visit(database: Database, browser: Browser) -> AsyncIterator[Visit]:
    running = await database(SERVICE)
    day = await a_caseload(running)
    async with serving(running) as address:
        yield Visit(day, address, browser)
        for context in browser.contexts:
            await context.close()


async def test_every_page_and_state_passes_the_checks(visit: Visit) -> None:
    pages = {
        "clearances": "/clearances", "clearance-signed": f"/clearances/{LEAH}/{GOALS}", "sign-off": SIGN,
        "clearance-held": f"/clearances/{MARCUS}/safeguarding_first_response", "revoke": f"/clearances/{LEAH}/{GOALS}/revoke",
        "not-ready": f"/clearances/{LEAH}/social_emotional_check_in/sign-off", "contacts": "/contacts",
        "contact-new": f"/contacts/new?mentor_id={ANTON}", "mentor": f"/mentors/{MARCUS}", "mentor-anton": f"/mentors/{ANTON}",
        "brief-last": visit.brief("marcus"),
    }  # fmt: skip
    page = await (await visit.signed_in()).new_page()
    found: list[str] = []
    for name, path in pages.items():
        await page.goto(path)
        found += await problems(page, f"ledger-{name}")
    await page.goto(SIGN)
    await page.get_by_role("button", name="Sign off as Dana Ortiz").click()
    await expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    found += await problems(page, "ledger-sign-off-error")
    assert found == []


async def test_signing_off_undoing_and_revoking_work_without_javascript(visit: Visit) -> None:
    page = await visit.page("/clearances", java_script_enabled=False)
    await page.get_by_role("link", name=re.compile("Sign off.*Anton Kuhl")).click()
    await page.get_by_label("Talked through").check()
    for line in await page.get_by_role("checkbox").all():
        await line.check()
    await page.get_by_role("button", name="Sign off as Dana Ortiz").click()
    await expect(page.get_by_text("Signed off by you: talked through, all four lines")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("Needs your sign-off")).to_be_visible()
    await page.goto(f"/clearances/{LEAH}/{GOALS}/revoke")
    await page.get_by_label("The mentor asked for it").check()
    await page.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("Revoked by you: the mentor asked for it.")).to_be_visible()


async def test_a_talk_of_another_day_is_logged_with_the_keyboard_alone(visit: Visit) -> None:
    page = await visit.page("/contacts", java_script_enabled=False)
    link = page.get_by_role("link", name=re.compile("Log a talk.*Anton Kuhl"))
    await link.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("With whom?")).to_have_value(str(ANTON))
    await page.get_by_label("In person").focus()
    await page.keyboard.press("Space")
    await page.get_by_role("button", name="Log it").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Talked, in person")).to_be_visible()


async def test_a_brief_with_a_last_session_is_one_sheet_of_paper(visit: Visit) -> None:
    page = await visit.page(visit.brief("marcus"), viewport=SCREEN)
    await expect(page.get_by_role("heading", name=re.compile("^Last session"))).to_be_visible()
    pdf = await page.pdf(format="Letter")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
