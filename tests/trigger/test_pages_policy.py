"""The page of a site's policy: only for its leads, a preview that saves nothing, one of two who save at once, and every error."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
import pytest

from services.trigger import policy_examples, policy_form, store_copies
from services.trigger.messages import PolicyChosen
from services.trigger.moments import Timing
from services.trigger.policy import OwnTiming, Policy, written
from services.trigger.zones import find_zone
from shared.running import Running
from shared.security import AUTHOR, LEAD, PLATFORM, SESSION_COOKIE, Signed, mint_session
from tests.driving import deliver
from tests.supervision.console import ORIGIN, a_browser, form, words
from tests.trigger.building import CHICAGO, afternoon, scheduled

PAGE, PREVIEW = "/policy", "/policy/preview"
ALL = {"assign_days": "2", "nudge": "6", "quiz_by": "4", "last_call": "45", "check_in": "20", "quiet_from": "20:00",
       "quiet_to": "08:00", "training_minutes": "4"}  # fmt: skip
WANTED = Timing(2, timedelta(hours=6), timedelta(hours=4), timedelta(minutes=45), timedelta(minutes=20), time(20), time(8))


@asynccontextmanager
async def as_(running: Running, role: str = LEAD, site: str = "east") -> AsyncIterator[httpx2.AsyncClient]:
    who = Signed(uuid4(), frozenset({role}), frozenset({site}))
    async with a_browser(running) as browser:
        browser.cookies.set(SESSION_COOKIE, mint_session(who, datetime.now(UTC) + timedelta(minutes=15)))
        browser.headers["origin"] = ORIGIN
        yield browser


async def saved(running: Running, site: str = "east") -> Policy:
    return await store_copies.get_policy(running.pool, site)


async def send(browser: httpx2.AsyncClient, to: str = PAGE, **changes: str) -> httpx2.Response:
    page = await browser.get(PAGE)
    return await browser.post(to, data=form(page.text, PAGE) | ALL | changes)


async def test_it_shows_what_everyone_starts_with_and_what_that_means(east: Running) -> None:
    async with as_(east) as browser:
        html = (await browser.get(PAGE)).text
    said = words(html)
    assert "As everyone starts." in said and "Save as version 1" in said
    assert "For a session on Thursday at 4:00 pm" in said and "For an early one, Monday at 8:00 am" in said
    assert "Thu 1:00 pm Answers due; brief to the supervisor" in said
    assert "Sun 8:30 pm Answers due; brief to the supervisor moved out of the mentor’s quiet hours" in said
    assert re.findall(r'name="(\w+)" value="([\d:.]+)"', html)[1:] == list(policy_form.filled(Policy()).values.items())
    assert "style=" not in html


async def test_what_is_saved_is_the_next_version_and_the_page_says_so(east: Running) -> None:
    await deliver(east, scheduled(afternoon(40)), scheduled(afternoon(41), session_ref="s2"))
    async with as_(east) as browser:
        response = await send(browser)
        assert (response.status_code, response.headers["location"]) == (303, "/policy?saved=1")
        said = words((await browser.get(response.headers["location"])).text)
    assert "Saved as version 1." in said and "Save as version 2" in said
    assert "Applies to 2 planned sessions whose training has not gone out, and to all that come." in said
    assert await saved(east) == Policy(version=1, timing=WANTED, training_minutes=4)


async def test_a_preview_saves_nothing_and_keeps_what_was_typed(east: Running) -> None:
    async with as_(east) as browser:
        html = (await send(browser, PREVIEW)).text
    assert 'name="nudge" value="6"' in html
    assert "Thu 10:00 am" in words(html) and "Training, up to 4 minutes" in words(html)
    assert await saved(east) == Policy()


async def test_the_same_again_is_no_new_version(east: Running) -> None:
    async with as_(east) as browser:
        await send(browser)
        assert (await send(browser)).headers["location"] == PAGE
    assert (await saved(east)).version == 1


async def test_of_two_who_save_at_once_the_second_is_told_and_can_save_on_top(east: Running) -> None:
    async with as_(east) as one, as_(east) as other:
        page = (await one.get(PAGE)).text
        await send(other, nudge="7")
        told = await one.post(PAGE, data=form(page, PAGE) | ALL)
        assert told.status_code == 409
        assert "Version 1 was saved by somebody else meanwhile. Your changes are below, on top of it." in words(told.text)
        assert (await saved(east)).timing.nudge == timedelta(hours=7)
        again = await one.post(PAGE, data=form(told.text, PAGE) | ALL)
    assert again.headers["location"] == "/policy?saved=2"
    assert (await saved(east)).timing == WANTED


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("training_minutes", "6", "Enter a whole number from 1 to 5"),
        ("assign_days", "1.5", "Enter a whole number from 1 to 14"),
        ("nudge", "soon", "Enter a number from 0 to 23"),
        ("nudge", "nan", "Enter a number from 0 to 23"),
        ("last_call", "-1", "Enter a number from 0 to 180"),
        ("check_in", "", "Enter a number from 0 to 600"),
        ("quiet_from", "25:00", "Enter a time, such as 21:00"),
        ("quiz_by", "9", "The reminder must come before the quiz is due, and the quiz at least 15 minutes before the session"),
        ("quiet_to", "19:00", "Quiet hours may last 16 hours at most: otherwise no time of the day is left to write to a mentor"),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field_and_not_saved(east: Running, field: str, typed: str, told: str) -> None:
    async with as_(east) as browser:
        response = await send(browser, **{field: typed})
    assert response.status_code == 422
    beside = "quiet_from" if field == "quiet_to" else field
    assert f'<span class="error" id="{beside}-wrong">{told}</span>' in response.text
    assert f'<a href="#{beside}">{told}</a>' in response.text and "<title>Error: " in response.text
    assert f'name="{field}" value="{typed}"' in response.text
    assert await saved(east) == Policy()


async def test_hours_may_have_a_fraction_and_a_comma(east: Running) -> None:
    async with as_(east) as browser:
        await send(browser, nudge="4.5", quiz_by="2,25")
        html = (await browser.get(PAGE)).text
    assert (await saved(east)).timing.quiz_by == timedelta(hours=2, minutes=15)
    assert 'name="nudge" value="4.5"' in html and 'name="quiz_by" value="2.25"' in html


async def test_the_exceptions_of_activities_stay_and_are_said(east: Running) -> None:
    own = {"first_meeting": OwnTiming(last_call=timedelta(hours=1))}
    await deliver(east, PolicyChosen(site_id="east", document=written(Policy(activities=own))))
    async with as_(east) as browser:
        assert "Only for first_meeting" in words((await browser.get(PAGE)).text)
        await send(browser)
    assert (await saved(east)) == Policy(version=2, timing=WANTED, training_minutes=4, activities=own)


@pytest.mark.parametrize("role", ["supervisor", PLATFORM, AUTHOR])
async def test_it_is_for_leads_only(east: Running, role: str) -> None:
    async with as_(east, role) as browser:
        page, posted = await browser.get(PAGE), await browser.post(PAGE, data=ALL)
    assert (page.status_code, posted.status_code) == (403, 403)
    assert "It is for the leads of your site." in words(page.text)


async def test_a_lead_of_another_site_changes_their_own(east: Running) -> None:
    async with as_(east, site="west") as browser:
        await send(browser)
    assert await saved(east) == Policy()
    assert (await saved(east, "west")).timing == WANTED


async def test_a_form_without_its_token_or_from_another_site_changes_nothing(east: Running) -> None:
    async with as_(east) as browser:
        assert (await send(browser, csrf="x" * 40)).status_code == 403
        browser.headers["origin"] = "https://elsewhere.example"
        assert (await send(browser)).status_code == 403
    assert await saved(east) == Policy()


async def test_who_is_not_signed_in_is_sent_there_and_comes_back(east: Running) -> None:
    async with a_browser(east) as browser:
        response = await browser.get(PAGE)
    assert response.status_code == 303
    assert response.headers["location"].endswith("/sign-in/again?service=trigger&path=%2Fpolicy")


@pytest.mark.parametrize("zone", [CHICAGO, "Europe/London", "Asia/Kathmandu", "Pacific/Apia"])
def test_examples_are_to_come_and_drawn_inside_the_picture(zone: str) -> None:
    place = find_zone(zone)
    assert isinstance(place, ZoneInfo)
    begun = datetime(2026, 3, 1, tzinfo=UTC)
    for now in (begun + timedelta(hours=7 * n) for n in range(60)):
        for example in policy_examples.examples(Policy(timing=replace(WANTED, assign_days=14)), place, now):
            assert now < next(line.at for line in example.lines if line.session) <= now + timedelta(days=8)
            axis = example.axis
            places = [*axis.messages, *(x for x, *_ in axis.bands), *(tick.x for tick in axis.ticks), axis.session[0]]
            assert all(0 <= float(x.rstrip("%")) <= 100 for x in places)
            assert all(float(x.rstrip("%")) + float(wide.rstrip("%")) <= 100.01 for x, wide, _ in axis.bands)
