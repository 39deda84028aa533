"""Imports in a real browser: they pass the checks, work with the keyboard, and without JavaScript from the file to the end."""

from playwright.async_api import expect

from services.supervision import importing
from tests.browser.acts import press
from tests.browser.checking import problems
from tests.browser.visits import Visit
from tests.supervision.rosters import V12, files, zipped

LIST = """ref,role,name,supervisor_ref,match_started_on
hugo,mentor,Hugo Lindner,dana,2026-09-01
zoe,mentr,Zoe Park,dana,2026-09-01
sam,mentor,Sam Reed,dana,2026-13-01
"""


def fewer() -> bytes:
    """Three of thirteen people are missing in it."""
    users = [row for row in V12["users"] if not row.startswith(("marcus", "lee", "dana"))]
    roles = [row for row in V12["roles"] if not row.startswith(("r1", "r2", "r3"))]
    return zipped(files(V12 | {"users": users, "roles": roles, "enrollments": V12["enrollments"][:1]}))


async def test_every_step_of_an_import_passes_the_checks_and_works_without_javascript(visit: Visit) -> None:
    page = await visit.page("/imports", "priya", java_script_enabled=False)
    lively = await visit.page("/imports", "priya")
    found = await problems(lively, "imports-empty")
    await page.get_by_role("button", name="Look at the list").click()
    await expect(page).to_have_title("Error: Imports · jitt")
    await page.get_by_label("The list").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": LIST.encode()})
    await page.get_by_role("button", name="Look at the list").click()
    await expect(page).to_have_title("Import: 2 with errors · jitt")
    await lively.goto(page.url)
    found += await problems(lively, "import-errors")
    await page.get_by_role("button", name="Import the good rows (1 person)").click()
    await expect(page.get_by_role("status")).to_contain_text("This one waits for its turn.")
    await lively.goto(page.url)
    found += await problems(lively, "import-coming-in")
    assert await importing.bring_in_one(visit.day.running)
    await page.get_by_role("link", name="Reload").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    await lively.goto("/imports")
    found += await problems(lively, "imports-history")
    assert found == []


async def test_a_set_by_which_too_many_would_leave_asks_for_the_number(visit: Visit) -> None:
    page = await visit.page("/imports", "priya")

    async def look(data: bytes) -> None:
        await page.goto("/imports")
        await page.get_by_label("The list").set_input_files({"name": "set.zip", "mimeType": "application/zip", "buffer": data})
        await page.get_by_role("button", name="Look at the list").click()

    await look(zipped(files()))
    await press(page, "Import 4 people")
    assert await importing.bring_in_one(visit.day.running)
    await look(fewer())
    await expect(page.get_by_text("Who would leave")).to_be_visible()
    await page.get_by_role("button", name="Go on: 3 people leave").click()
    await expect(page).to_have_title("Error: Import: look before you go on · jitt")
    found = await problems(page, "import-leaving")
    await page.get_by_label("Type 3 to go on").fill("3")
    await page.keyboard.press("Enter")
    waits = "Lists come in one after the other. This one waits for its turn."
    await expect(page.get_by_role("status")).to_have_text(waits)
    assert found == []
