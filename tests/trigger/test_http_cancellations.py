"""Cancelled days over HTTPS: what is accepted, what is not, and what the answers say of how far each is."""

from datetime import timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
import pytest

from services.trigger.messages import PublisherPaused
from tests.driving import deliver
from tests.trigger.building import CHICAGO, scheduled
from tests.trigger.test_http import START, Site, a_token, site
from tests.trigger.test_sweeps import swept

THE_DAY = START.astimezone(ZoneInfo(CHICAGO)).date()
NEXT_DAY = THE_DAY + timedelta(days=1)
PATH = "/v1/cancellations"
ONE_DAY = {"site_id": "east", "date": THE_DAY.isoformat(), "reason": "snow_day"}
__all__ = ["site"]


async def call(site: Site, token: str | None = None, key: str | None = None, **changes: Any) -> httpx2.Response:
    body = {name: value for name, value in (ONE_DAY | changes).items() if value is not None}
    headers = {"authorization": f"Bearer {token or site.token}"} | ({"idempotency-key": key} if key else {})
    return await site.client.post(PATH, json=body, headers=headers)


async def take_back(site: Site, id: str, token: str | None = None) -> httpx2.Response:
    return await site.client.delete(f"{PATH}/{id}", headers={"authorization": f"Bearer {token or site.token}"})


async def announce(site: Site, many: int = 3) -> None:
    await deliver(site.running, *(scheduled(START, session_ref=f"s{n}") for n in range(many)))


async def how_far(site: Site) -> list[tuple[str, int, int]]:
    found = (await site.get(PATH)).json()["cancellations"]
    return [(one["state"], one["sessions"], one["cancelled"]) for one in found]


async def test_one_call_cancels_a_day_and_says_how_far_it_is_and_another_takes_it_back(site: Site) -> None:
    await announce(site)
    answer = await call(site)
    told = answer.json()
    assert (answer.status_code, told["from"], told["to"]) == (202, THE_DAY.isoformat(), NEXT_DAY.isoformat())
    assert await how_far(site) == [("under_way", 3, 0)]
    await swept(site.running)
    assert await how_far(site) == [("done", 3, 3)]
    story = (await site.get("/v1/sessions", site_id="east", session_ref="s1")).json()
    assert (story["status"], story["cancellation_id"]) == ("cancelled", told["id"])
    assert (await take_back(site, told["id"])).status_code == 202
    assert await how_far(site) == [("being_undone", 3, 3)]
    await swept(site.running)
    assert await how_far(site) == [("undone", 3, 0)]
    assert (await site.get(f"{PATH}/{told['id']}")).json()["undone_at"]
    assert [planned.status for planned in await site.planned()].count("planned") == 6


async def test_a_dry_run_counts_and_does_nothing(site: Site) -> None:
    await announce(site)
    answer = await call(site, dry_run=True)
    assert (answer.status_code, answer.json()["state"], answer.json()["sessions"]) == (200, "dry_run", 3)
    assert (answer.json()["id"], await how_far(site), await swept(site.running)) == (None, [], 0)


async def test_the_same_call_again_is_one_cancellation(site: Site) -> None:
    await announce(site)
    by_content = [(await call(site)).json()["id"] for _ in range(2)]
    by_key = [(await call(site, key="monday")).json()["id"] for _ in range(2)]
    assert len({*by_content, *by_key}) == 2
    reused = await call(site, key="monday", reason="other")
    assert (reused.status_code, "key of its own" in reused.json()["error"]) == (409, True)


async def test_several_days_end_before_the_day_that_to_names(site: Site) -> None:
    await announce(site, 1)
    after = NEXT_DAY + timedelta(days=1)
    from_the_next = await call(site, date=None, **{"from": NEXT_DAY.isoformat(), "to": after.isoformat()}, dry_run=True)
    up_to_it = await call(site, date=None, **{"from": THE_DAY.isoformat(), "to": NEXT_DAY.isoformat()}, dry_run=True)
    assert (from_the_next.json()["sessions"], up_to_it.json()["sessions"]) == (0, 1)


WRONG = [
    ({"reason": "Sam has a cold"}, 422, "reason: Input should be 'snow_day', 'holiday', 'staff_absence' or 'other'"),
    ({"reason": None}, 422, "reason: Field required"),
    ({"date": "10.12.2026"}, 422, "date: Input should be a valid date"),
    ({"date": None}, 422, "Say which days"),
    ({"from": "2026-12-10"}, 422, "Say which days"),
    ({"date": None, "from": "2026-12-10"}, 422, "Say which days"),
    ({"date": None, "from": "2026-12-10", "to": "2026-12-10"}, 422, "the day after the last one"),
    ({"date": "9999-12-31"}, 422, "Say which days"),
    ({"dryrun": True}, 422, "dryrun: Extra inputs are not permitted"),
    ({"site_id": "east-2"}, 422, "“east-2” is not set up yet"),
    ({"site_id": "west"}, 403, "may not speak for “west”"),
]


@pytest.mark.parametrize(("changes", "code", "words"), WRONG)
async def test_what_cannot_be_done_is_said_in_words_and_leaves_nothing(
    site: Site, changes: dict[str, Any], code: int, words: str
) -> None:
    answer = await call(site, **changes)
    assert (answer.status_code, words in answer.json()["error"]) == (code, True), answer.text
    assert await how_far(site) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 50_000, b'{"\\ud800": 1}', b'{"site_id": "\\u0000"}'])
async def test_nonsense_is_answered_in_words(site: Site, body: bytes) -> None:
    answer = await site.client.post(PATH, content=body, headers={"authorization": f"Bearer {site.token}"})
    assert (answer.status_code, bool(answer.json()["error"])) == (422, True)


async def test_a_key_that_cannot_be_kept_is_refused(site: Site) -> None:
    assert (await call(site, key="a b")).status_code == 422
    assert (await call(site, key="x" * 201)).status_code == 422


async def test_another_sites_days_are_as_if_they_were_not_there(site: Site) -> None:
    await announce(site, 1)
    id = (await call(site)).json()["id"]
    other = await a_token(site.running, "west-booking", "west")
    for answer in (await take_back(site, id, other), await site.get(f"{PATH}/{id}", other), await take_back(site, str(uuid4()))):
        assert (answer.status_code, "no such cancellation at your sites" in answer.json()["error"]) == (404, True)
    assert (await site.get(PATH, other)).json() == (await site.get(PATH, site_id="west")).json() == {"cancellations": []}
    assert await how_far(site) == [("under_way", 1, 0)]


async def test_who_is_not_known_or_paused_cancels_nothing(site: Site) -> None:
    id = (await call(site)).json()["id"]
    assert (await call(site, "jitt_wrong")).status_code == 401
    await deliver(site.running, PublisherPaused(name="east-booking", paused=True))
    assert [(await call(site, key="1")).status_code, (await take_back(site, id)).status_code] == [403, 403]
    assert len(await how_far(site)) == 1
