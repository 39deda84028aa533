"""The contact log over HTTP, on a real database: what is due first, talks that are logged later, and the site's figure."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from shared.contracts import ids
from shared.contracts.supervision import ContactLogged
from shared.pages import times
from shared.running import Running
from tests.driving import outgoing
from tests.supervision import builders
from tests.supervision.builders import DAY, HOUR, MINUTE, SITE
from tests.supervision.conftest import Jitt
from tests.supervision.console import Afternoon, an_afternoon, form, signed_in, words

Browser = httpx2.AsyncClient


@pytest.fixture
async def day(running: Running) -> Afternoon:
    """Three mentors: one in the second month without a talk, one whose first month ends in three days, one of no match."""
    day = await an_afternoon(running)
    today = day.now.astimezone(times.known(day.zone)).date()
    for reference, name, ago in (("marcus", "Marcus Bell", 40), ("leah", "Leah Whitcombe", 25), ("tom", "Tom Okafor", None)):
        started = None if ago is None else (today - timedelta(days=ago)).isoformat()
        await day.happens(builders.listed(
            reference=reference, name=name, supervisor_reference="dana", time_zone=day.zone, match_started_on=started, cleared={},
        ))  # fmt: skip
    async with day.running.connection() as conn:  # as if they had been listed when the match began
        await conn.execute("""UPDATE mentor_case SET history = jsonb_set(history, '{known_since}', '"2020-01-01T00:00:00Z"')""")
    return day


@pytest.fixture
async def dana(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "dana") as client:
        yield client


def local(day: Afternoon, ago: timedelta) -> dict[str, str]:
    here = (day.now - ago).astimezone(times.known(day.zone))
    return {"day": f"{here:%Y-%m-%d}", "at": f"{here:%H:%M}"}


async def logs(browser: Browser, reference: str, **fields: Any) -> httpx2.Response:
    page = f"/contacts/new?mentor_id={ids.mentor(SITE, reference)}"
    html = (await browser.get(page)).text
    mentor = re.findall(r'<option value="([^"]+)" selected', html)
    return await browser.post("/contacts/new", data=form(html, "/contacts/new") | {"mentor_id": mentor[0]} | fields)


async def test_who_is_due_comes_first_then_who_soon_is_and_nobody_without_a_match(dana: Browser) -> None:
    said = words((await dana.get("/contacts")).text)
    assert "0 of 3 mentors talked with this month." in said
    assert re.search(r"A talk is due 1 Marcus Bell No talk logged yet\. Due since .+ Log a talk with Marcus Bell", said)
    assert re.search(r"Due within a week 1 Leah Whitcombe No talk logged yet\. Due by ", said)
    assert "Tom Okafor" not in said.split("Due within a week")[1]


async def test_a_talk_of_another_day_is_logged_with_how_and_at_its_time(day: Afternoon, dana: Browser) -> None:
    response = await logs(dana, "marcus", outcome="talked", how="call", **local(day, 2 * HOUR))
    assert response.headers["location"] == f"/mentors/{ids.mentor(SITE, 'marcus')}#log"
    told = [event for event in await outgoing(day.running) if isinstance(event, ContactLogged)]
    assert [(event.how, event.outcome) for event in told] == [("call", "talked")]
    assert timedelta() <= day.now - 2 * HOUR - told[0].at < MINUTE
    said = words((await dana.get("/contacts")).text)
    assert "1 of 3 mentors talked with this month." in said
    assert "A talk is due" not in said.replace("A talk is due twice", "")
    assert "Marcus Bell Talked, by phone" in said
    page = words((await dana.get(response.headers["location"])).text)
    assert "Due by" in page


async def test_it_can_be_undone_for_ten_minutes_whenever_it_was(day: Afternoon, dana: Browser) -> None:
    where = (await logs(dana, "marcus", **local(day, 3 * DAY))).headers["location"]
    html = (await dana.get(where)).text
    action = re.findall(r'action="(/contacts/[^"]+/undo)"', html)[0]
    assert (await dana.post(action, data=form(html, action))).status_code == 303
    assert "A talk is due 1 Marcus Bell" in words((await dana.get("/contacts")).text)


@pytest.mark.parametrize(("fields", "error"), [
    ({"ago": -2 * HOUR}, "The contact cannot be in the future"),
    ({"ago": 100 * DAY}, "Log talks of the last three months only"),
    ({"day": "tomorrow"}, "Choose the day and the time of the talk"),
    ({"mentor_id": ""}, "Choose whom it was with"),
])  # fmt: skip
async def test_what_cannot_be_is_said_and_what_was_chosen_is_kept(
    day: Afternoon, dana: Browser, fields: dict[str, Any], error: str
) -> None:
    when = local(day, fields.pop("ago", HOUR))
    response = await logs(dana, "leah", outcome="not_needed", how="message", **when | fields)
    assert response.status_code == 422
    assert error in words(response.text)
    assert "<title>Error: Log a talk" in response.text
    assert 'value="message" checked' in response.text
    assert [event for event in await outgoing(day.running) if isinstance(event, ContactLogged)] == []


async def test_the_same_form_sent_twice_logs_one_talk(day: Afternoon, dana: Browser) -> None:
    html = (await dana.get(f"/contacts/new?mentor_id={ids.mentor(SITE, 'leah')}")).text
    data = form(html, "/contacts/new") | {"mentor_id": str(ids.mentor(SITE, "leah"))} | local(day, HOUR)
    assert [(await dana.post("/contacts/new", data=data)).status_code for _ in range(2)] == [303, 303]
    assert len([event for event in await outgoing(day.running) if isinstance(event, ContactLogged)]) == 1


async def test_a_talk_from_before_an_alert_does_not_close_it(day: Afternoon, dana: Browser) -> None:
    await day.happens(builders.call(mentor_id=ids.mentor(SITE, "leah"), kind="can_wait", pressed_at=day.now - HOUR))
    await logs(dana, "leah", **local(day, 3 * HOUR))
    assert "Leah Whitcombe asked to talk" in words((await dana.get("/alerts")).text)
    await logs(dana, "leah", **local(day, timedelta()))
    assert "Leah Whitcombe asked to talk" not in words((await dana.get("/alerts")).text)


async def test_a_site_lead_reads_how_many_talks_there_were_for_each_match(day: Afternoon, dana: Browser) -> None:
    for number in (1, 2, 3):
        await logs(dana, "marcus", **local(day, number * MINUTE))
    async with signed_in(day.running, "priya") as priya:
        said = words((await priya.get("/contacts")).text)
    assert "Talks for each match: 1.5 this month so far" in said
    assert "Talks for each match" not in words((await dana.get("/contacts")).text)


async def test_a_snooze_can_wait_until_the_session_is_over(day: Afternoon, dana: Browser) -> None:
    await day.session("leah", 2 * HOUR)
    await day.finishes("leah")
    page = f"/briefs/{day.trainings['leah']}"
    await dana.post("/contacts", data=form((await dana.get(page)).text, "/contacts") | {"outcome": "snooze_after"})
    async with day.running.connection() as conn:
        until = await conn.fetchval("SELECT snoozed_until FROM contact")
    end = day.now + 2 * HOUR + 45 * MINUTE
    assert end - MINUTE <= until <= end + MINUTE


async def test_the_command_prints_the_same_figure_month_by_month(day: Afternoon, dana: Browser, jitt: Jitt) -> None:
    await logs(dana, "marcus", **local(day, MINUTE))
    printed = await jitt("site", "contacts", SITE, "--months", 2)
    assert printed.exit_code == 0, printed.output
    before, this = printed.output.splitlines()[1:]
    assert this.split()[-3:] == ["2", "1", "0.50"]
    assert before.split()[-2:] == ["0", "0.00"]
    nobody = await jitt("site", "contacts", "nowhere")
    assert "There is no site “nowhere”." in nobody.output
