"""`jitt cancel-days` and `jitt holiday`, on a real Postgres: what they say, and what is left behind."""

import json
from datetime import timedelta

import pytest
import pytest_asyncio

from services.trigger.session import Status
from shared.contracts import ids
from shared.running import Running
from tests.driving import deliver
from tests.trigger.building import scheduled
from tests.trigger.test_cancellations import ONE_DAY, START, THE_DAY
from tests.trigger.test_http import Site, site
from tests.trigger.test_sweeps import kept, swept
from tests.trigger.typed import jitt

DAY, NEXT_DAY = str(THE_DAY), str(THE_DAY + ONE_DAY)
__all__ = ["site"]


@pytest_asyncio.fixture
async def running(east: Running) -> Running:
    await deliver(east, scheduled(START), scheduled(START, session_ref="s2"))
    return east


async def test_days_are_looked_at_canceled_listed_and_taken_back(running: Running) -> None:
    looked = await jitt("cancel-days", "east", "--from", DAY, "--reason", "snow_day", "--dry-run")
    assert looked.stdout.startswith("2 sessions are planned at east on ") and "Nothing was canceled." in looked.stdout
    assert (await jitt("cancel-days", "list", "east")).stdout == "No days of east were canceled.\n"
    done = await jitt("cancel-days", "east", "--from", DAY, "--reason", "snow_day")
    assert "2 sessions are being canceled at east on" in done.stdout
    id = done.stdout.split()[-1]
    await swept(running)
    [listed] = json.loads((await jitt("cancel-days", "list", "east", "--json")).stdout)
    assert (listed["id"], listed["state"], listed["cancelled"], listed["to"]) == (id, "done", 2, NEXT_DAY)
    assert "2 of 2" in (await jitt("cancel-days", "list", "east")).stdout
    assert (await jitt("cancel-days", "undo", id)).stdout.startswith("Taken back.")
    await swept(running)
    assert (await kept(running)).status is Status.PLANNED


async def test_typed_again_it_cancels_what_was_announced_meanwhile(running: Running) -> None:
    await jitt("cancel-days", "add", "east", "--from", DAY, "--to", NEXT_DAY, "--reason", "snow_day")
    await swept(running)
    await deliver(running, scheduled(START, session_ref="later"))
    again = await jitt("cancel-days", "east", "--from", DAY, "--to", NEXT_DAY, "--reason", "snow_day", "--json")
    await swept(running)
    assert json.loads(again.stdout)["sessions"] == 1
    assert (await kept(running, ids.session("east", "later"))).status is Status.CANCELLED


UNKNOWN = "0b54c1de-3c4b-5d0a-9c6e-2f6f0e6f0a11"
WRONG = [
    (("cancel-days", "west", "--from", DAY, "--reason", "other"), 1, "no site west yet"),
    (("cancel-days", "east", "--from", DAY, "--to", DAY, "--reason", "other"), 2, "end before they begin"),
    (("cancel-days", "east", "--from", DAY, "--reason", "Sam is ill"), 2, "snow_day"),
    (("cancel-days", "east", "--from", "today", "--reason", "other"), 2, "--from"),
    (("cancel-days", "undo", UNKNOWN), 1, "no cancellation with this id"),
    (("holiday", "add", "west", DAY), 1, "no site west yet"),
    (("holiday", "list", "west"), 1, "no site west yet"),
    (("holiday", "remove", "east", DAY), 1, "None of these days is a holiday"),
    (("holiday", "add", "east", DAY, "--name", "x" * 101), 2, "100 characters at most"),
]


@pytest.mark.parametrize(("typed", "code", "words"), WRONG)
async def test_what_cannot_be_done_is_said_each_time(running: Running, typed: tuple[str, ...], code: int, words: str) -> None:
    for _ in range(2):
        told = await jitt(*typed)
        assert (told.exit_code, words in told.stderr) == (code, True), told.stderr


async def test_a_holiday_is_noted_listed_with_what_is_planned_and_removed(running: Running) -> None:
    added = await jitt("holiday", "add", "east", DAY, "--name", "Founders' Day")
    assert "2 sessions are planned then. To cancel: jitt cancel-days east" in added.stdout
    await jitt("holiday", "add", "east", NEXT_DAY, "--to", str(THE_DAY + 3 * ONE_DAY))
    listed = json.loads((await jitt("holiday", "list", "east", "--json")).stdout)
    third = str(THE_DAY + timedelta(days=2))
    assert [tuple(one.values()) for one in listed] == [(DAY, "Founders' Day", 2), (NEXT_DAY, "", 0), (third, "", 0)]
    assert f"{DAY}  Founders' Day  (2 sessions are planned)" in (await jitt("holiday", "list", "east")).stdout
    await jitt("holiday", "remove", "east", DAY, "--to", third)
    assert [one["day"] for one in json.loads((await jitt("holiday", "list", "east", "--json")).stdout)] == [third]


async def test_a_session_on_a_holiday_is_kept_and_its_story_warns(site: Site) -> None:
    await deliver(site.running, scheduled(START), scheduled(START + ONE_DAY, session_ref="next"))
    await jitt("holiday", "add", "east", DAY)
    assert [await story(site, ref) for ref in ("s1", "next")] == [("planned", ["on_a_holiday"]), ("planned", [])]
    await jitt("cancel-days", "east", "--from", DAY, "--reason", "holiday")
    await swept(site.running)
    assert await story(site, "s1") == ("cancelled", [])


async def story(site: Site, ref: str) -> tuple[str, list[str]]:
    told = (await site.get("/v1/sessions", site_id="east", session_ref=ref)).json()
    return told["status"], told["warnings"]
