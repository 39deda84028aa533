"""The short form of `python -m tests.load.console`: two small sites, every page, and its time on the processors."""

from statistics import median

from deploy.local.stack import Stack
from tests.load.console import LIMIT_MS, filled, measure, show


async def test_every_page_of_a_filled_console_is_there_and_takes_less_than_promised(stack: Stack) -> None:
    async with filled(stack.postgres, 400) as running:
        taken = await measure(running, 2)
    show(taken)
    assert {who for who, _ in taken} == {"supervisor", "site lead"}
    assert {page for _, page in taken} == {"/today", "/briefs", "/mentors", "/contacts", "/clearances"}
    slow = [
        page
        for (who, page), looks in taken.items()
        if who == "supervisor" and median(look.own + look.postgres for look in looks) > LIMIT_MS
    ]
    assert slow == []
