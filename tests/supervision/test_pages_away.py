"""The pages about absences and Monday's list, over HTTP, and why an alert stands where it does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import httpx2
import pytest

from shared.contracts import ids
from shared.running import Running
from tests.supervision import builders
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, a_full_afternoon, form, signed_in, words

Browser = httpx2.AsyncClient

TWENTY_ASKS = """
INSERT INTO alert (alert_id, mentor_id, site_id, rule, rule_version, subject, severity, state, with_role, facts, evidence,
                   raised_at, resolved_at, resolved_by, how)
SELECT gen_random_uuid(), $1, $2, 'same_mistake_again', 1, n::text, 'attention', 'resolved', 'supervisor', '{}', '{}', now(),
       now() - n * interval '1 hour', $3, CASE WHEN n <= 11 THEN 'not_needed' ELSE 'talked' END
FROM generate_series(1, 20) AS n
"""


@pytest.fixture
async def day(running: Running) -> Afternoon:
    return await a_full_afternoon(running)


@pytest.fixture
async def dana(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "dana") as client:
        yield client


@pytest.fixture
async def omar(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "omar") as client:
        yield client


@pytest.fixture
async def priya(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "priya") as client:
        yield client


async def test_a_supervisor_enters_their_days_and_who_stands_in_sees_their_mentors(
    day: Afternoon, dana: Browser, omar: Browser
) -> None:
    assert "Marcus Bell" not in words((await omar.get("/today")).text)
    today = (day.now).astimezone(tz=None).date()
    hidden = form((await dana.get("/away")).text, "/away")
    answer = await dana.post("/away", data=hidden | {
        "delegate": str(ids.supervisor(SITE, "omar")), "first": (today - timedelta(days=1)).isoformat(),
        "last": (today + timedelta(days=3)).isoformat(),
    })  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (303, "/away")
    said = words((await dana.get("/away")).text)
    assert "You are away until" in said
    assert "Omar Haddad stands in: your mentors, briefs and alerts. I am back" in said
    for page in ("/today", "/alerts"):
        seen = words((await omar.get(page)).text)
        assert "You stand in for Dana Ortiz until" in seen
        assert "Marcus Bell" in seen
    page = (await dana.get("/away")).text
    action = page.partition('action="/away/')[2].partition('"')[0]
    assert (
        await omar.post(f"/away/{action}", data=form(await _of(omar), "/away") | {"request_id": str(uuid4())})
    ).status_code == 403
    assert (await dana.post(f"/away/{action}", data=form(page, f"/away/{action}"))).status_code == 303
    assert "Marcus Bell" not in words((await omar.get("/today")).text)
    assert "Nobody is away" in words((await dana.get("/away")).text)


async def _of(browser: Browser) -> str:
    return (await browser.get("/away")).text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"first": "2026-12-21", "last": "2026-12-24"}, "Choose who stands in"),
        ({"delegate": str(ids.supervisor(SITE, "omar")), "first": "soon", "last": "2026-12-24"}, "Choose a day"),
        (
            {"delegate": str(ids.supervisor(SITE, "omar")), "first": "2099-12-24", "last": "2099-12-21"},
            "cannot be before the first",
        ),
    ],
)
async def test_what_cannot_be_read_is_said_and_what_was_typed_stays(dana: Browser, typed: dict[str, str], says: str) -> None:
    hidden = form((await dana.get("/away")).text, "/away")
    answer = await dana.post("/away", data=hidden | typed)
    assert answer.status_code == 422
    assert words(answer.text).count(says) == 2, "in the summary and at the field"
    assert f'value="{typed["last"]}"' in answer.text


async def test_a_lead_enters_anybodys_days(priya: Browser) -> None:
    page = (await priya.get("/away")).text
    assert "Who is away?" in page
    answer = await priya.post("/away", data=form(page, "/away") | {
        "person": str(ids.supervisor(SITE, "dana")), "delegate": str(ids.supervisor(SITE, "omar")), "first": "2099-12-21",
        "last": "2099-12-24",
    })  # fmt: skip
    assert answer.status_code == 303
    assert "Dana Ortiz is away from" in words((await priya.get("/away")).text)


async def test_mondays_list_says_what_waits_and_what_became_of_the_last(day: Afternoon, dana: Browser) -> None:
    empty = words((await dana.get("/digest")).text)
    assert "at 8:00 am" in empty
    await day.happens(builders.overdue(**day.of_training("marcus"), assigned_at=day.now - timedelta(days=2)))
    seen = words((await dana.get("/digest")).text)
    assert "Waiting 1" in seen or "Nothing waits for Monday" in empty
    async with day.running.connection() as conn:
        alert = await conn.fetchval("SELECT alert_id FROM alert WHERE rule = 'safety_item_missed'")
        await conn.execute(
            "INSERT INTO digest_sent (person_id, at, site_id, alert_ids) VALUES ($1, now(), $2, $3)",
            ids.supervisor(SITE, "dana"), SITE, [alert],
        )  # fmt: skip
    seen = words((await dana.get("/digest")).text)
    assert "The last list today at" in seen
    assert "Marcus Bell missed a safety question twice Since" in seen


async def test_a_rule_that_is_rarely_needed_is_named_to_the_lead_only(day: Afternoon, dana: Browser, priya: Browser) -> None:
    async with day.running.connection() as conn:
        await conn.execute(
            TWENTY_ASKS,
            ids.mentor(SITE, "marcus"), SITE, ids.supervisor(SITE, "dana"),
        )  # fmt: skip
    assert "The same mistake again: 11 of the last 20 were not needed." in words((await priya.get("/digest")).text)
    assert "Rules to look at" not in words((await dana.get("/digest")).text)


async def test_why_says_the_rule_its_version_and_its_place_and_the_page_how_much_of_the_week_is_taken(
    day: Afternoon, dana: Browser
) -> None:
    async with day.running.connection() as conn:
        await conn.execute("UPDATE alert SET place = 'own', asked_at = now() WHERE rule = 'safety_item_missed'")
    said = words((await dana.get("/alerts")).text)
    assert "1 of your 5 alerts for this week." in said
    assert "Rule: safety_item_missed , version 2." in said
    async with day.running.connection() as conn:
        await conn.execute("UPDATE alert SET place = 'digest', with_role = 'digest' WHERE rule = 'mentor_asked_to_talk'")
    assert "It waits for Monday’s list: other alerts had come first this week." in words((await dana.get("/alerts")).text)


async def test_several_of_a_kind_are_one_list(day: Afternoon, dana: Browser) -> None:
    await day.happens(builders.call(mentor_id=ids.mentor(SITE, "marcus"), kind="can_wait", pressed_at=day.now))
    async with day.running.connection() as conn:
        await conn.execute("UPDATE alert SET place = 'grouped' WHERE rule = 'mentor_asked_to_talk'")
    said = words((await dana.get("/alerts")).text)
    assert "Two mentors: asked to talk" in said
