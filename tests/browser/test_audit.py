"""Who has read what, in a browser: a table that scrolls by itself on a phone, chosen from without JavaScript."""

from playwright.async_api import expect

from shared.contracts import ids
from shared.messaging import store_operated
from tests.browser.checking import problems
from tests.browser.visits import Visit
from tests.supervision.builders import SITE


async def test_the_log_of_readings_passes_the_checks_and_is_chosen_from_without_javascript(visit: Visit) -> None:
    dana = await visit.page(visit.brief("marcus"))
    await dana.goto(visit.brief("devi"))
    page = await (await visit.signed_in("priya", java_script_enabled=False)).new_page()
    await page.goto("/site")
    await page.get_by_role("link", name="Who has read what").click()
    await expect(page.get_by_role("cell", name="Marcus Bell").first).to_be_visible()
    await page.get_by_label("About").select_option(label="Devi Raman")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("cell", name="Devi Raman")).to_be_visible()
    await expect(page.get_by_role("cell", name="Marcus Bell")).to_have_count(0)
    async with visit.day.running.connection() as conn:
        for command in ("export", "import people --dry-run"):
            await store_operated.note(conn, [SITE], "ann as root@ops-1.example", command, [ids.mentor(SITE, "devi")])
    lively = await (await visit.signed_in("priya")).new_page()
    await lively.goto("/audit")
    await expect(lively.get_by_role("cell", name="jitt export")).to_be_visible()
    found = await problems(lively, "console-audit")
    await lively.goto("/audit?what=brief&before=1")
    assert [*found, *await problems(lively, "console-audit-empty")] == []
