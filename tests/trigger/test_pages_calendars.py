"""The page of calendars: which of them it shows, what it says is to be done, and that it names nobody."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.trigger import mapping_words, store_feeds
from services.trigger.http_calendars import MOST
from services.trigger.imports import Need
from services.trigger.store_feeds import Asked
from shared.contracts import ids
from shared.running import Running
from shared.security import PLATFORM
from tests.supervision.console import words
from tests.trigger.test_pages_publishers import as_

PAGE, PUBLISHERS = "/platform/calendars", "/platform/publishers"
AT = datetime(2026, 12, 2, 11, tzinfo=UTC)
READ = Asked("read", "1 session planned, 4 unchanged.", timedelta(minutes=15), needs="[]", read_at=AT)
NEEDS = mapping_words.kept(
    [Need("no_rule", 2, [AT, AT + timedelta(days=1)], {"SUMMARY", "ATTENDEE"}), Need("several_mentors", 1, [AT])]
)


async def a_feed(running: Running, id: str, asked: Asked = READ, mentor: str = "") -> None:
    whose = (ids.mentor("eastfield", mentor), mentor) if mentor else (None, None)
    async with running.connection() as conn:
        row = (id, "eastfield", *whose, f"https://calendar.example.org/secret-{id}/ines.ics", "check_in", False, 15)
        assert await store_feeds.add(conn, row)
        feed = await store_feeds.find(conn, id)
        assert feed
        await store_feeds.asked(conn, feed, asked)


async def shown(running: Running, page: str = PAGE) -> str:
    async with as_(PLATFORM, running) as browser:
        return words((await browser.get(page)).text)


async def test_it_says_what_needs_mapping_how_much_when_and_what_to_do(running: Running) -> None:
    await a_feed(running, "fa", replace(READ, needs=NEEDS))
    said = await shown(running)
    assert "eastfield: a calendar of several mentors" in said
    assert "Needs mapping: no rule says whose 2 sessions are. Add a rule under mentor." in said
    assert "The first: Wed Dec 2, 2026, 11:00 am; Thu Dec 3, 2026, 11:00 am. They have ATTENDEE, SUMMARY." in said
    assert "1 session is about more than one mentor. Who had it keeps it" in said
    assert "jitt feed mapping set fa FILE" in said


async def test_it_shows_what_waits_for_a_word_and_what_cannot_be_read_and_nothing_else(running: Running) -> None:
    await a_feed(running, "fine")
    await a_feed(running, "twice", Asked("timeout", "It did not answer.", timedelta(minutes=15), failures=2))
    await a_feed(running, "thrice", Asked("http_404", "There is no calendar at this address.", timedelta(hours=1), failures=3))
    await a_feed(running, "held", replace(READ, held=7))
    said = await shown(running)
    assert [id for id in ("fine", "twice", "thrice", "held") if f" {id}" in said] == ["thrice", "held"]
    assert "7 sessions are in it no more, or nobody’s now, and stay planned." in said
    assert "If they really are off: jitt feed confirm held" in said
    assert "There is no calendar at this address." in said and "Could not be read 3 times in a row" in said
    assert "2 calendars wait for somebody" in await shown(running, PUBLISHERS)


async def test_it_shows_neither_a_mentor_nor_the_rest_of_an_address(running: Running) -> None:
    await a_feed(running, "fa", replace(READ, held=3), mentor="ines")
    said = await shown(running)
    assert "eastfield: one mentor’s calendar" in said and "calendar.example.org" in said
    assert "ines" not in said
    assert "secret" not in said
    assert str(ids.mentor("eastfield", "ines")) not in said


async def test_of_very_many_it_shows_the_first_and_says_so(running: Running) -> None:
    for n in range(MOST + 1):
        await a_feed(running, f"f{n:03}", replace(READ, held=3))
    said = await shown(running)
    assert said.count("jitt feed confirm") == MOST
    assert f"The first {MOST} are shown." in said
    assert f"More than {MOST} calendars wait for somebody" in await shown(running, PUBLISHERS)


async def test_when_nothing_waits_it_says_so_and_the_publishers_page_is_silent(running: Running) -> None:
    await a_feed(running, "fine")
    assert "No calendar waits for anybody." in await shown(running)
    assert "for somebody" not in await shown(running, PUBLISHERS)


@pytest.mark.parametrize("role", ["supervisor", "site_lead"])
async def test_people_of_a_site_are_turned_away(running: Running, role: str) -> None:
    async with as_(role, running) as browser:
        assert (await browser.get(PAGE)).status_code == 403
