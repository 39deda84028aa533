"""A site's holidays over HTTPS: put whole, read back with what is planned then, and only by who speaks for the site."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from services.trigger.holidays import MOST
from services.trigger.messages import PublisherPaused
from tests.driving import deliver
from tests.trigger.building import CHICAGO, scheduled
from tests.trigger.test_http import START, Site, a_token, site

THE_DAY = START.astimezone(ZoneInfo(CHICAGO)).date()
NEXT_DAY = THE_DAY + timedelta(days=1)
PATH = "/v1/sites/east/holidays"
BREAK = {"date": str(THE_DAY), "name": "Winter break"}
__all__ = ["site"]


async def put(site: Site, *holidays: Any, path: str = PATH, token: str | None = None) -> httpx2.Response:
    headers = {"authorization": f"Bearer {token or site.token}"}
    return await site.client.put(path, json={"holidays": holidays}, headers=headers)


async def days(site: Site) -> list[tuple[str, str, int]]:
    return [(one["date"], one["name"], one["sessions"]) for one in (await site.get(PATH)).json()["holidays"]]


async def test_a_calendar_takes_the_place_of_the_one_before_and_says_what_is_planned_then(site: Site) -> None:
    await deliver(site.running, scheduled(START, session_ref="s1"), scheduled(START, session_ref="s2"))
    assert await days(site) == []
    answer = await put(site, {"date": str(NEXT_DAY)}, BREAK)
    assert (answer.status_code, answer.json()["site_id"]) == (200, "east")
    assert await days(site) == [(str(THE_DAY), "Winter break", 2), (str(NEXT_DAY), "", 0)]
    story = (await site.get("/v1/sessions", site_id="east", session_ref="s1")).json()
    assert (story["status"], story["warnings"]) == ("planned", ["on_a_holiday"])
    assert (await put(site, BREAK | {"name": "Snow"})).json()["holidays"] == [BREAK | {"name": "Snow", "sessions": 2}]
    assert (await put(site)).json()["holidays"] == await days(site) == []


async def test_the_same_calendar_again_changes_nothing(site: Site) -> None:
    first, again = await put(site, BREAK), await put(site, BREAK)
    assert first.json() == again.json()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"date": "2026-02-30"}, "holidays.0.date"),
        ({"date": "0999-01-01"}, "holidays.0.date"),
        ({"name": "no day"}, "holidays.0.date"),
        ({"date": "2026-12-25", "name": "x" * 101}, "holidays.0.name"),
        ({"date": "2026-12-25", "name": "two\nlines"}, "holidays.0.name"),
        ({"date": "2026-12-25", "day": "x"}, "holidays.0.day"),
    ],
)
async def test_a_faulty_calendar_is_refused_whole_and_the_place_named(site: Site, wrong: dict[str, str], named: str) -> None:
    await put(site, BREAK)
    answer = await put(site, wrong, {"date": str(NEXT_DAY)})
    assert (answer.status_code, named in answer.json()["error"]) == (422, True)
    assert [day for day, _, _ in await days(site)] == [str(THE_DAY)]


async def test_a_day_twice_and_too_many_days_are_refused(site: Site) -> None:
    twice = await put(site, BREAK, BREAK)
    assert (twice.status_code, twice.json()["error"]) == (422, f"holidays: {THE_DAY} is in it twice. Give each day once.")
    many = await put(site, *({"date": str(THE_DAY + timedelta(days=n))} for n in range(MOST + 1)))
    assert (many.status_code, await days(site)) == (422, [])


async def test_only_who_speaks_for_the_site_sees_and_sets_its_holidays(site: Site) -> None:
    other = "/v1/sites/west/holidays"
    assert (await put(site, BREAK, path=other)).status_code == (await site.get(other)).status_code == 403
    assert (await put(site, BREAK, token="jitt_wrong")).status_code == 401
    await deliver(site.running, PublisherPaused(name="east-booking", paused=True))
    assert ((await put(site, BREAK)).status_code, (await site.get(PATH)).status_code) == (403, 200)


async def test_a_site_that_is_not_set_up_has_no_calendar(site: Site) -> None:
    token = await a_token(site.running, "ahead", "later")
    path = "/v1/sites/later/holidays"
    answer = await put(site, BREAK, path=path, token=token)
    assert (answer.status_code, "is not set up yet" in answer.json()["error"]) == (404, True)
