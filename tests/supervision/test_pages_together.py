"""Several alerts of one list are acknowledged with one tap, and that can be taken back for ten minutes."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from services.supervision.app import SERVICE
from shared.contracts import ids
from shared.contracts.event import Refused
from shared.contracts.supervision import AlertAcknowledged, AlertRaised
from tests.conftest import Database
from tests.driving import outgoing
from tests.supervision import builders
from tests.supervision.builders import HOUR, LEAD, MINUTE, SITE, START, Story, let_go, taken
from tests.supervision.console import Afternoon, an_afternoon, signed_in, words

MISS, TALK = "confident_miss_on_safety_item", "mentor_asked_to_talk"
LISTED = "UPDATE alert SET place = 'grouped', place_at = NULL"


def missed() -> Story:
    return Story(builders.listed(), builders.planned(), builders.answered(), at=START - 5 * HOUR)


def test_what_was_taken_by_mistake_waits_again_as_before() -> None:
    story, untouched = missed(), missed()
    story.happens(taken(story.alert(MISS)), at=story.now + MINUTE)
    assert story.tries(let_go(story.alert(MISS), by=LEAD)) == Refused("not_taken_by_them")
    story.happens(let_go(story.alert(MISS)), at=story.now + 9 * MINUTE)
    assert story.alert(MISS) == untouched.alert(MISS)
    assert len(story.said(AlertRaised)) == len(untouched.said(AlertRaised)) + 1, "whoever follows it hears that it is open again"


def test_after_ten_minutes_it_stays_taken() -> None:
    story = missed()
    story.happens(taken(story.alert(MISS)))
    assert story.tries(let_go(story.alert(MISS)), at=story.now + 11 * MINUTE) == Refused("too_late_to_undo")


@pytest.fixture
async def day(database: Database) -> Afternoon:
    """Four mentors of Dana have asked to talk, in one list; so has one of Omar."""
    day = await an_afternoon(await database(SERVICE))
    people = [*((f"m{n}", f"Mentor {n}", "dana") for n in range(4)), ("zoe", "Zoe Park", "omar")]
    async with day.together():
        for reference, name, supervisor in people:
            await day.mentor(reference, name, supervisor)
    for reference, _, _ in people:
        await day.happens(builders.call(mentor_id=ids.mentor(SITE, reference), kind="can_wait", pressed_at=day.now))
    await day.running.pool.execute(LISTED)
    return day


@pytest.fixture
async def dana(day: Afternoon) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(day.running, "dana") as client:
        yield client


def sent(html: str, action: str) -> dict[str, str | list[str]]:
    """All hidden fields of the form, also those of one name."""
    fields: dict[str, list[str]] = {}
    body = html.split(f'action="{action}"', 1)[1].split("</form>", 1)[0]
    for piece in body.split('<input type="hidden" name="')[1:]:
        name, value = piece.split('"', 1)[0], piece.split('value="', 1)[1].split('"', 1)[0]
        fields.setdefault(name, []).append(value)
    return {name: values if name == "alert_id" else values[0] for name, values in fields.items()}


async def states(day: Afternoon) -> dict[str, int]:
    async with day.running.connection() as conn:
        rows = await conn.fetch("SELECT state, count(*) AS number FROM alert WHERE rule = $1 GROUP BY 1", TALK)
    return {row["state"]: row["number"] for row in rows}


async def test_one_tap_acknowledges_the_list_and_one_takes_it_back(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    page = (await dana.get("/alerts")).text
    assert "Acknowledge all 4" in words(page)
    fields = sent(page, "/alerts/acknowledge")
    answer = await dana.post("/alerts/acknowledge", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?state=acknowledged")
    assert await states(day) == {"acknowledged": 4, "open": 1}
    assert (await dana.post("/alerts/acknowledge", data=fields)).status_code == 303, "sent twice it is one tap"
    assert len([e for e in await outgoing(day.running) if isinstance(e, AlertAcknowledged)]) == 4
    page = (await dana.get("/alerts?state=acknowledged")).text
    assert "You acknowledged four alerts at 2:" in words(page)
    answer = await dana.post("/alerts/let-go", data=sent(page, "/alerts/let-go"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts")
    assert await states(day) == {"open": 5}


async def test_an_alert_that_somebody_else_took_stays_theirs_and_the_rest_is_taken(
    day: Afternoon, dana: httpx2.AsyncClient
) -> None:
    fields = sent((await dana.get("/alerts")).text, "/alerts/acknowledge")
    async with signed_in(day.running, "priya") as priya:
        first = str(fields["alert_id"][0])
        one = sent((await priya.get("/alerts")).text, f"/alerts/{first}/acknowledge")
        assert (await priya.post(f"/alerts/{first}/acknowledge", data=one)).status_code == 303
    await dana.post("/alerts/acknowledge", data=fields)
    async with day.running.connection() as conn:
        by = await conn.fetch("SELECT acknowledged_by FROM alert WHERE state = 'acknowledged'")
    assert sorted(row[0] for row in by) == sorted([ids.supervisor(SITE, "priya"), *[ids.supervisor(SITE, "dana")] * 3])
    page = (await dana.get("/alerts?state=acknowledged")).text
    assert "You acknowledged three alerts" in words(page)


async def test_nobody_takes_what_they_may_not_see_and_after_ten_minutes_the_page_says_why(
    day: Afternoon, dana: httpx2.AsyncClient
) -> None:
    fields = sent((await dana.get("/alerts")).text, "/alerts/acknowledge")
    async with signed_in(day.running, "omar") as omar:
        page = (await omar.get("/alerts")).text
        his = sent(page, re.findall(r'action="(/alerts/[0-9a-f-]+/acknowledge)"', page)[0])
        assert (await omar.post("/alerts/acknowledge", data=his | {"alert_id": fields["alert_id"]})).status_code == 403
    await dana.post("/alerts/acknowledge", data=fields)
    undo = sent((await dana.get("/alerts?state=acknowledged")).text, "/alerts/let-go")
    await day.running.pool.execute("UPDATE alert SET acknowledged_at = acknowledged_at - $1::interval", timedelta(minutes=11))
    late = await dana.post("/alerts/let-go", data=undo)
    assert late.status_code == 409 and "This cannot be undone any more" in words(late.text)
    assert await states(day) == {"acknowledged": 4, "open": 1}
    assert 'id="undo"' not in (await dana.get("/alerts?state=acknowledged")).text
