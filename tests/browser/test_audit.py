"""Who has read what, in a browser: a table that scrolls by itself on a phone, chosen from without JavaScript."""

from playwright.async_api import expect

from tests.browser.checking import problems
from tests.browser.visits import Visit


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
    lively = await (await visit.signed_in("priya")).new_page()
    await lively.goto("/audit")
    found = await problems(lively, "console-audit")
    await lively.goto("/audit?what=brief&before=1")
    assert [*found, *await problems(lively, "console-audit-empty")] == []
