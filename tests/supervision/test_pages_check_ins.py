"""What the console shows of check-ins: the next brief, the alerts, and the command that prints the link."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from services.supervision.app import SERVICE
from shared.contracts import ids
from shared.contracts.assessment import CheckInSubmitted, OpenMiss, SkillRemembered
from shared.running import Running
from shared.security import Link, read_link
from shared.service import Service
from tests.driving import deliver
from tests.supervision import builders
from tests.supervision.builders import DAY, HOUR, SITE
from tests.supervision.conftest import Jitt
from tests.supervision.console import Afternoon, an_afternoon, form, signed_in, words

Database = Callable[[Service], Awaitable[Running]]
STEPS = {"asked_about_the_step": "did", "named_what_worked": "partly", "reset_the_step": "no"}


@pytest.fixture
async def day(database: Database) -> Afternoon:
    """Marcus has a session in two hours; the last one was a week ago."""
    day = await an_afternoon(await database(SERVICE))
    await day.mentor("marcus", "Marcus Bell")
    await day.session("marcus", 2 * HOUR)
    return day


@pytest.fixture
async def dana(day: Afternoon) -> Any:
    async with signed_in(day.running, "dana") as client:
        yield client


def told(day: Afternoon, ago: timedelta = 7 * DAY, **changes: Any) -> CheckInSubmitted:
    values = {"mentor_id": ids.mentor(SITE, "marcus"), "session_id": builders.SECOND, "starts_at": day.now - ago,
              "activity": "goal_review", "steps": STEPS, "confidence": "somewhat"}  # fmt: skip
    return builders.checked_in(**values | changes)


async def brief(day: Afternoon, client: httpx2.AsyncClient) -> str:
    return words((await client.get(f"/briefs/{day.trainings['marcus']}")).text)


async def test_the_next_brief_shows_the_last_session(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    assert "Last session" not in await brief(day, dana)
    await day.happens(told(day, wants_to_talk="week"))
    shown = await brief(day, dana)
    for said in ("Last session: goal review,", "Asked about the step in the first ten minutes Did",
                 "Named one thing that the young person did that worked Partly", "Set the next step together Did not",
                 "Feels somewhat confident about the next session.", "Asked to talk that week."):  # fmt: skip
        assert said in shown


async def test_a_change_replaces_what_the_brief_shows_an_older_word_does_not(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    await day.happens(told(day), told(day, happened=False, steps={}, revision=3))
    await day.happens(told(day, revision=2))
    shown = await brief(day, dana)
    assert "Marcus said that the two did not meet." in shown
    assert "Set the next step together" not in shown


async def test_the_brief_is_about_the_session_before_it_and_no_later_one(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    await day.happens(told(day), told(day, ago=14 * DAY, session_id=builders.TRAINING, happened=False, steps={}))
    await day.happens(told(day, ago=-3 * HOUR, session_id=builders.SESSION, confidence="very"))
    shown = await brief(day, dana)
    assert "Feels somewhat confident" in shown
    assert "did not meet" not in shown and "very confident" not in shown


async def test_a_session_that_nothing_was_said_of_does_not_pass_an_older_check_in_for_the_last_session(
    day: Afternoon, dana: httpx2.AsyncClient
) -> None:
    await day.happens(told(day))
    silent = {"mentor_id": ids.mentor(SITE, "marcus"), "session_id": builders.SESSION, "starts_at": day.now - 2 * DAY}
    await day.happens(builders.planned(**silent, status="cancelled"))
    assert "Last session: goal review" in await brief(day, dana)
    await day.happens(builders.planned(**silent, revision=2))
    assert "Last check-in: goal review" in await brief(day, dana)


async def test_a_step_of_a_newer_vocabulary_is_shown_by_its_code(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    await day.happens(told(day, activity="juggling", steps={"kept_three_balls_up": "no"}))
    assert "Kept three balls up Did not" in await brief(day, dana)


async def test_nobody_elses_supervisor_sees_it(day: Afternoon) -> None:
    await day.happens(told(day, wants_to_talk="today"))
    async with signed_in(day.running, "omar") as omar:
        assert (await omar.get(f"/briefs/{day.trainings['marcus']}")).status_code == 403
        assert "Marcus" not in words((await omar.get("/alerts")).text)


async def test_the_alerts_say_who_asks_for_today_and_what_was_not_done(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    await day.happens(told(day, ago=3 * HOUR, wants_to_talk="today"))
    shown = words((await dana.get("/alerts")).text)
    for said in ("Marcus Bell asked to talk the same day", "Marcus Bell did not do a planned step: “Set the next step together”",
                 "The session was today at", "Before the session", "Follow-up"):  # fmt: skip
        assert said in shown
    assert "Safety" not in shown.split("Safety alerts always come through")[0]


async def test_the_same_step_twice_running_is_said(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    await day.happens(told(day), told(day, ago=3 * HOUR, session_id=builders.SESSION))
    shown = words((await dana.get("/alerts")).text)
    assert "did not do the same planned step twice running: “Set the next step together”" in shown


async def test_what_the_mentor_takes_back_is_resolved_and_says_by_whom(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    await day.happens(told(day, wants_to_talk="today", steps={}), told(day, steps={}, revision=2))
    assert "asked to talk" not in words((await dana.get("/alerts")).text)
    shown = words((await dana.get("/alerts?state=resolved")).text)
    assert "It closed by itself: the mentor took it back." in shown


async def test_a_talk_that_is_logged_on_the_next_brief_closes_both(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    await day.happens(told(day, wants_to_talk="week"))
    page = (await dana.get(f"/briefs/{day.trainings['marcus']}")).text
    await dana.post("/contacts", data=form(page, "/contacts") | {"outcome": "talked"})
    assert "No open alerts." in words((await dana.get("/alerts")).text)


async def test_memory_counts_questions_that_come_back_and_no_steps(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    mentor_id = ids.mentor(SITE, "marcus")
    step = OpenMiss(step="reset_the_step", missed_at=day.now - DAY, session_id=builders.SECOND)
    item = OpenMiss(module_id="m", version=1, item_id="q1", missed_at=day.now - DAY, session_id=builders.SECOND)
    for revision, misses, said in ((1, (step,), "Practiced yesterday "), (2, (step, item), "one question comes back")):
        await day.happens(SkillRemembered(
            mentor_id=mentor_id, site_id=SITE, skill="goal_setting", stability=10, difficulty=5, decay=0.2,
            reviewed_at=day.now - DAY, open_misses=misses, revision=revision,
        ))  # fmt: skip
        assert said in words((await dana.get(f"/mentors/{mentor_id}")).text)


async def test_the_link_is_to_the_last_session_that_has_begun_else_to_the_next(jitt: Jitt, running: Running) -> None:
    async with running.connection() as conn:
        now = await conn.fetchval("SELECT now()")
    starts = {1: now - 9 * DAY, 2: now - 2 * DAY, 3: now + DAY, 4: now - DAY}
    words_ = ("link", "--check-in", "--site", "eastfield", "--mentor", "marcus")
    assert (await jitt(*words_)).stderr.startswith("No session is known for that")
    for number, expected in ((3, 3), (1, 1), (2, 2), (4, 2)):
        status = "cancelled" if number == 4 else "planned"
        session_id = builders.of(number)["session_id"]
        await deliver(running, builders.planned(session_id=session_id, starts_at=starts[number], status=status))
        url = (await jitt(*words_)).stdout.strip()
        token = urlsplit(url).path.removeprefix("/c/")
        assert read_link(token, now) == Link("check_in", builders.of(expected)["session_id"], builders.MENTOR, 1)
        assert not isinstance(read_link(token, starts[expected] + 14 * DAY), Link)


async def test_whose_check_in_has_to_be_said(jitt: Jitt) -> None:
    for words_ in ((), (builders.TRAINING,), ("--mentor", "marcus")):
        assert (await jitt("link", "--check-in", *words_)).exit_code == 2
