"""A snow day in the console: one card on Today and on Alerts, for whose mentors it is, until it is noted or taken back."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.supervision import away
from services.supervision.app import SERVICE
from services.supervision.screens.days_off import Card, live
from shared.contracts import ids
from shared.contracts.supervision import DayCalledOff, DayCalledOffClosed
from shared.contracts.trigger import SessionBroughtBack, SessionCalledOff
from shared.running import Running
from shared.service import Service
from tests.driving import deliver, fall_due, outgoing
from tests.supervision import builders
from tests.supervision.builders import HOUR, SITE
from tests.supervision.console import Afternoon, an_afternoon, form, signed_in, words

Database = Callable[[Service], Awaitable[Running]]
SNOW = UUID(int=99)


@pytest.fixture
async def day(database: Database) -> Afternoon:
    """Dana has two sessions today, Omar one; then their day is called off."""
    found = await an_afternoon(await database(SERVICE))
    for reference, name, supervisor in (("ana", "Ana Ruiz", "dana"), ("ben", "Ben Ito", "dana"), ("cleo", "Cleo Park", "omar")):
        await found.mentor(reference, name, supervisor)
        await found.session(reference, 2 * HOUR, training=False)
    await deliver(found.running, *(off(found, reference) for reference in ("ana", "ben", "cleo")))
    await settled(found)
    return found


def off(day: Afternoon, reference: str) -> SessionCalledOff:
    today: date = day.now.date()
    return SessionCalledOff(
        **day.of(reference), cancellation_id=SNOW, site_id=SITE, first_day=today, day_after=today + timedelta(days=1),
        reason="snow_day",
    )  # fmt: skip


def back(day: Afternoon, reference: str) -> SessionBroughtBack:
    of: dict[str, Any] = {name: value for name, value in day.of(reference).items() if name != "starts_at"}
    return SessionBroughtBack(**of, cancellation_id=SNOW, site_id=SITE)


async def settled(day: Afternoon) -> None:
    await day.running.pool.execute("UPDATE day_off SET due_at = now()")
    await fall_due(day.running, "day_off")


async def told(day: Afternoon, kind: type[Any]) -> list[Any]:
    return [event for event in await outgoing(day.running) if isinstance(event, kind)]


async def page(day: Afternoon, who: str, path: str = "/today") -> str:
    async with signed_in(day.running, who) as browser:
        return words((await browser.get(path)).text)


async def note(browser: httpx2.AsyncClient, path: str, back_to: str) -> httpx2.Response:
    hidden = form((await browser.get(path)).text, f"/days-off/{SNOW}/noted")
    assert hidden["back"] == back_to
    return await browser.post(f"/days-off/{SNOW}/noted", data=hidden)


async def test_each_supervisor_has_one_card_with_their_own_sessions_and_the_lead_has_all(day: Afternoon) -> None:
    assert len(await told(day, DayCalledOff)) == 2
    for path in ("/today", "/alerts"):
        dana = await page(day, "dana", path)
        assert "Snow day on" in dana and "Two of your sessions are canceled." in dana
        assert "Ana Ruiz" in dana and "Ben Ito" in dana and "Cleo Park" not in dana
        omar = await page(day, "omar", path)
        assert "One of your sessions is canceled." in omar and "Cleo Park" in omar and "Ana Ruiz" not in omar
        assert "Three sessions are canceled." in await page(day, "priya", path)


async def test_noted_it_is_gone_for_that_supervisor_only(day: Afternoon) -> None:
    async with signed_in(day.running, "dana") as browser:
        answer = await note(browser, "/alerts", "alerts")
        assert (answer.status_code, answer.headers["location"]) == (303, "/alerts")
        assert "Snow day" not in words((await browser.get("/today")).text)
    assert "Snow day" in await page(day, "omar")
    assert [closed.how for closed in await told(day, DayCalledOffClosed)] == ["noted"]


async def test_taken_back_it_is_gone_for_everybody_and_said_so(day: Afternoon) -> None:
    await deliver(day.running, *(back(day, reference) for reference in ("ana", "ben", "cleo")))
    await settled(day)
    for who in ("dana", "omar", "priya"):
        assert "Snow day" not in await page(day, who)
    assert sorted(closed.how for closed in await told(day, DayCalledOffClosed)) == ["lifted", "lifted"]


def test_what_is_said_of_a_day_is_what_was_called_off_since_and_nothing_of_what_is_known() -> None:
    ana, ben, cleo = (UUID(int=n) for n in (1, 2, 3))
    two = "Two of your sessions are canceled."
    known = Card(SNOW, frozenset({ana, ben}), "Snow day on Tuesday, December 1", two, ("9:00 am, Ana",), "")
    later, fewer = replace(known, lines=("Today",)), replace(known, sessions=frozenset({ana}), summary="One of them is canceled.")
    other = replace(known, sessions=frozenset({ana, cleo}))
    assert live((), (known,)) == "Live. Snow day on Tuesday, December 1. Two of your sessions are canceled."
    assert live((known,), (other,)) == "Live. Snow day on Tuesday, December 1. Two of your sessions are canceled."
    assert [live((known,), after) for after in ((later,), (fewer,), ())] == [""] * 3  # that somebody noted theirs is no news


async def test_nobody_notes_a_day_of_another_site_or_without_the_pages_own_form(day: Afternoon) -> None:
    await day.staff("zoe", "Zoe Hall", "site_lead", "westfield")
    async with signed_in(day.running, "zoe", "westfield") as zoe, signed_in(day.running, "dana") as dana:
        hidden = form((await dana.get("/today")).text, f"/days-off/{SNOW}/noted")
        assert (await zoe.post(f"/days-off/{SNOW}/noted", data=hidden)).status_code == 403
        assert (await dana.post(f"/days-off/{SNOW}/noted", data=hidden | {"csrf": "made up"})).status_code == 403
        assert (await dana.post(f"/days-off/{uuid4()}/noted", data=hidden)).status_code == 404
    assert await told(day, DayCalledOffClosed) == []


async def test_two_sessions_with_one_training_show_the_same_preparation_and_one_talk_counts_for_both(database: Database) -> None:
    day = await an_afternoon(await database(SERVICE))
    await day.mentor("ana", "Ana Ruiz")
    await day.session("ana", 2 * HOUR)
    second = day.of_training("ana") | {"session_id": uuid4(), "starts_at": day.now + 4 * HOUR}
    await day.happens(
        builders.planned(**{k: v for k, v in second.items() if k != "training_id"}, quiz_by=day.now + HOUR, time_zone=day.zone)
    )
    await day.happens(builders.shared(**second, quiz_by=day.now + HOUR))
    await day.finishes("ana", grade="wrong right", sure="sure")
    async with signed_in(day.running, "dana") as dana:
        before = (await dana.get("/today")).text
        assert before.count(f'href="/briefs/{day.trainings["ana"]}" id="a-') == 2
        assert words(before).count("Needs a talk") == 2
        brief = f"/briefs/{day.trainings['ana']}"
        hidden = form((await dana.get(brief)).text, "/contacts")
        await dana.post("/contacts", data=hidden | {"outcome": "talked"})
        assert words((await dana.get("/today")).text).count("Needs a talk") == 0


async def test_who_stands_in_has_the_card_of_who_is_away_and_can_note_it(day: Afternoon) -> None:
    first = last = day.now.date()
    asked = away.Asked(SITE, ids.supervisor(SITE, "dana"), ids.supervisor(SITE, "omar"), first - timedelta(days=1), last)
    await away.enter(day.running, asked)
    async with signed_in(day.running, "omar") as omar:
        shown = words((await omar.get("/today")).text)
        assert all(name in shown for name in ("Ana Ruiz", "Ben Ito", "Cleo Park"))
        await note(omar, "/today", "today")
        assert "Snow day" not in words((await omar.get("/today")).text)
    assert len(await told(day, DayCalledOffClosed)) == 2, "his own, and the one of whom he stands in for"
    assert "Snow day" not in await page(day, "dana")
