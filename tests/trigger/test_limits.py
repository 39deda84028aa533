"""How fast a publisher may send over HTTPS: what passes, what is turned away, and when to come again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2

from services.trigger.app import SERVICE
from services.trigger.limits import BURST_SECONDS, Bucket, Limit
from shared.process import application_of
from tests.conftest import Database
from tests.driving import deliver
from tests.trigger.building import enrolled, site_described
from tests.trigger.test_http import BATCH, Site, a_token, event


@asynccontextmanager
async def limited(database: Database, requests: float = 1_000, events: float = 1_000) -> AsyncIterator[Site]:
    running = await database(SERVICE)
    slow = {"publisher_requests_per_second": requests, "publisher_events_per_second": events}
    running = replace(running, settings=running.settings.model_copy(update=slow))
    token = await a_token(running, "east-booking", "east")
    await deliver(running, site_described(), enrolled("m1"))
    transport = httpx2.ASGITransport(app=application_of(running))
    async with httpx2.AsyncClient(transport=transport, base_url="http://jitt.test") as client:
        yield Site(client, running, token)


def test_a_bucket_lets_a_burst_pass_and_then_its_rate() -> None:
    limit = Limit(10)
    assert [limit.take("a", 1, 0.0) for _ in range(10 * BURST_SECONDS + 1)] == [0] * 10 * BURST_SECONDS + [1]
    assert [limit.take("a", 1, 1.0) for _ in range(11)] == [0] * 10 + [1]


def test_each_publisher_has_a_bucket_of_its_own() -> None:
    limit = Limit(1)
    limit.take("a", 100, 0.0)
    assert (limit.take("a", 1, 0.0), limit.take("b", 1, 0.0)) == (96, 0)


def test_what_is_larger_than_the_bucket_passes_once_and_is_paid_off() -> None:
    bucket = Bucket(rate=10, left=50, at=0.0)
    assert (bucket.take(1_000, 0.0), bucket.take(1, 0.0)) == (0, 96)
    assert (bucket.take(1, 95.0), bucket.take(1, 95.2)) == (1, 0)


def test_rest_fills_no_bucket_over_its_rim() -> None:
    bucket = Bucket(rate=10, left=0, at=0.0)
    assert [bucket.take(1, 1_000.0) for _ in range(10 * BURST_SECONDS + 1)] == [0] * 10 * BURST_SECONDS + [1]


async def test_too_many_requests_are_told_when_to_come_again_and_another_publisher_is_not_held_up(database: Database) -> None:
    async with limited(database, requests=0.001) as site:
        other = await a_token(site.running, "east-sis", "east")
        first, second = [await site.get("/v1/rejected") for _ in range(2)]
        wait = second.headers["retry-after"]
        assert (first.status_code, second.status_code, 900 <= int(wait) <= 1_000) == (200, 429, True)
        assert second.json()["error"] == (
            f"Too many requests from east-booking: 0.001 a second at most. This was not taken. Wait {wait} s, and send it again."
        )
        assert (await site.get("/v1/rejected", other)).status_code == 200


async def test_too_many_events_are_turned_away_whole_and_leave_nothing(database: Database) -> None:
    async with limited(database, events=1) as site:
        many = [event(f"e{n}", session_ref=f"s{n}") for n in range(20)]
        assert (await site.post(many, BATCH)).status_code == 202
        for again in (await site.post(many, BATCH), await site.post(event("e99"))):
            assert (again.status_code, "Too many events from east-booking" in again.json()["error"]) == (429, True)
            assert 1 <= int(again.headers["retry-after"]) <= 16
        assert len(await site.planned()) == 20
        assert (await site.get("/v1/rejected")).status_code == 200
