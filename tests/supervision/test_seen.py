"""Seen is a step of its own: told once for each person, kept with the alert, and no reason for anybody to stop waiting."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx2
import pytest

from services.supervision import reading_feed, store_cases
from services.supervision.app import SERVICE
from services.supervision.domain import Alert, Seen
from services.supervision.handlers_erasures import KEEPS
from services.supervision.told import Cursor, Sees
from shared.contracts import ids
from shared.contracts.event import Refused
from shared.contracts.supervision import AlertEscalated, AlertSeen, PersonErased
from shared.messaging import store_erasing
from shared.privacy import NOBODY
from tests.conftest import Database
from tests.driving import deliver, outgoing
from tests.supervision import builders
from tests.supervision.builders import HOUR, LEAD, MINUTE, SITE, START, SUPERVISOR, Story, looked_at, taken
from tests.supervision.console import SECRET, Afternoon, an_afternoon, signed_in, words

MISS = "confident_miss_on_safety_item"
MARCUS, DANA, OMAR = ids.mentor(SITE, "marcus"), ids.supervisor(SITE, "dana"), ids.supervisor(SITE, "omar")
NAVIGATES = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def missed() -> Story:
    return Story(builders.listed(), builders.planned(), builders.answered(), at=START - 5 * HOUR)


def test_who_looks_first_is_kept_and_told_once_for_each_person() -> None:
    story = missed()
    story.happens(looked_at(story.alert(MISS)), at=story.now + MINUTE)
    assert story.tries(looked_at(story.alert(MISS)), at=story.now + MINUTE) == Refused("seen_already")
    story.happens(looked_at(story.alert(MISS), by=LEAD))
    at = START - 5 * HOUR + MINUTE
    assert story.alert(MISS).seen == (Seen(SUPERVISOR, at, "supervisor"), Seen(LEAD, at + MINUTE, "supervisor"))
    assert [(one.by, one.at, one.with_role) for one in story.said(AlertSeen)] == [
        (SUPERVISOR, at, "supervisor"), (LEAD, at + MINUTE, "supervisor"),
    ]  # fmt: skip


def test_that_somebody_has_seen_it_stops_nothing() -> None:
    seen, unseen = missed(), missed()
    seen.happens(looked_at(seen.alert(MISS)))
    by = unseen.alert(MISS).acknowledge_by
    assert by and seen.alert(MISS).escalate_at == by
    assert seen.until(by).said(AlertEscalated) == unseen.until(by).said(AlertEscalated) != []
    seen.happens(looked_at(seen.alert(MISS), by=LEAD))
    assert seen.alert(MISS).seen[-1].with_role == "site_lead"


def test_raised_again_with_something_new_nobody_has_seen_it() -> None:
    story = missed()
    story.happens(looked_at(story.alert(MISS)), taken(story.alert(MISS)))
    assert story.tries(looked_at(story.alert(MISS), by=LEAD)) == Refused("already_acknowledged")
    story.happens(builders.answered(item_id="q9"), at=story.now + MINUTE)
    assert (story.alert(MISS).state, story.alert(MISS).seen) == ("open", ())
    story.happens(looked_at(story.alert(MISS)))
    assert len(story.said(AlertSeen)) == 2


@pytest.fixture
async def day(database: Database) -> Afternoon:
    day = await an_afternoon(await database(SERVICE))
    async with day.together():
        await day.mentor("marcus", "Marcus Bell")
        await day.session("marcus", 3 * HOUR)
    await day.answers("marcus", SECRET, "wrong", "sure")
    return day


@pytest.fixture
async def dana(day: Afternoon) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(day.running, "dana") as client:
        yield client


async def kept(day: Afternoon) -> Alert:
    async with day.running.connection() as conn:
        case = (await store_cases.load_cases(conn, [MARCUS]))[MARCUS]
    return next(alert for alert in case.alerts if alert.rule == MISS)


async def says_seen(client: httpx2.AsyncClient, *alerts: UUID, csrf: str | None = None) -> int:
    page = (await client.get("/alerts")).text
    token = csrf if csrf is not None else page.split('data-csrf="', 1)[1].split('"', 1)[0]
    return (await client.post("/alerts/seen", data={"csrf": token, "alert_id": [str(one) for one in alerts]})).status_code


async def test_opening_the_list_has_no_effect_and_what_the_page_tells_has_one(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    alert = await kept(day)
    page = (await dana.get("/alerts", headers=NAVIGATES)).text
    assert f'data-unseen="{alert.alert_id}"' in page
    assert (await kept(day)).seen == ()
    assert await says_seen(dana, alert.alert_id) == 204
    assert await says_seen(dana, alert.alert_id) == 204
    [one] = (await kept(day)).seen
    assert (one.by, one.with_role) == (DANA, "supervisor")
    assert [event.by for event in await outgoing(day.running) if isinstance(event, AlertSeen)] == [DANA]
    page = (await dana.get("/alerts")).text
    assert "data-unseen" not in page and "Seen by you at 2:" in words(page)
    async with signed_in(day.running, "priya") as priya:
        assert "Seen by Dana Ortiz at 2:" in words((await priya.get("/alerts")).text)


async def test_only_who_may_act_on_it_can_say_so(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    alert = await kept(day)
    async with signed_in(day.running, "omar") as omar:
        assert await says_seen(omar, alert.alert_id) == 204, "no word about whether there is such an alert"
    assert await says_seen(dana, uuid4()) == 204
    assert await says_seen(dana, alert.alert_id, csrf="made up") == 403
    assert (await kept(day)).seen == ()


@pytest.mark.parametrize(
    ("headers", "seen"),
    [(NAVIGATES, True), (NAVIGATES | {"sec-purpose": "prefetch"}, False), ({"sec-fetch-mode": "no-cors"}, False), ({}, False)],
    ids=["a person", "a prefetch", "a part of a page", "a program"],
)
async def test_without_scripts_opening_its_brief_is_seeing_it_where_a_person_does(
    day: Afternoon, dana: httpx2.AsyncClient, headers: dict[str, str], seen: bool
) -> None:
    assert (await dana.get(f"/briefs/{day.trainings['marcus']}", headers=headers)).status_code == 200
    assert [one.by for one in (await kept(day)).seen] == [DANA] * seen


async def test_a_brief_opens_while_somebody_else_has_the_case_and_says_so_the_next_time(
    day: Afternoon, dana: httpx2.AsyncClient
) -> None:
    brief = f"/briefs/{day.trainings['marcus']}"
    async with day.running.connection() as conn, conn.transaction():
        await conn.execute("SELECT FROM mentor_case WHERE mentor_id = $1 FOR UPDATE", MARCUS)
        assert (await dana.get(brief, headers=NAVIGATES)).status_code == 200
    assert (await kept(day)).seen == ()
    assert (await dana.get(brief, headers=NAVIGATES)).status_code == 200
    assert [one.by for one in (await kept(day)).seen] == [DANA]


async def test_the_feed_tells_of_it_like_of_every_step(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    alert = await kept(day)
    await says_seen(dana, alert.alert_id)
    async with day.running.connection() as conn:
        changes = await reading_feed.list_changes(conn, Sees((SITE,)), Cursor(0, 0))
    assert [change.kind for change in changes if change.alert_id == alert.alert_id][-1] == "seen"


async def test_an_erased_person_has_seen_nothing_any_more_and_a_record_that_is_handed_out_says_it(day: Afternoon) -> None:
    async with signed_in(day.running, "dana") as dana:
        await says_seen(dana, (await kept(day)).alert_id)
    async with day.running.connection() as conn:
        rows = await store_erasing.hand_out(conn, next(one for one in KEEPS if one.table == "alert"), MARCUS)
    assert str(DANA) in repr([row["seen"] for row in rows])
    await deliver(day.running, PersonErased(mentor_id=DANA, role="staff", site_id=SITE))
    assert [one.by for one in (await kept(day)).seen] == [NOBODY]
    async with signed_in(day.running, "priya") as priya:
        page = (await priya.get("/alerts")).text
    assert "Seen by Somebody at 2:" in words(page)
