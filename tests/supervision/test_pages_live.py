"""The live streams: what a change sends, to whom, and from where a lost connection goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import uvicorn

from services.supervision import http_feed, http_stream, reading, reading_feed
from services.supervision.app import SERVICE
from services.supervision.http_sign_in import mint_sign_in
from services.supervision.told import Cursor
from shared.contracts import ids
from shared.contracts.trigger import SessionCalledOff
from shared.process import application_of
from shared.running import Running
from shared.service import Service
from tests.driving import deliver, fall_due
from tests.supervision import builders
from tests.supervision.builders import HOUR, SITE
from tests.supervision.console import SECRET, Afternoon, an_afternoon, path_of

Database = Callable[[Service], Awaitable[Running]]
Event = dict[str, str]
PATIENCE = 8
A_DOCUMENT = """{"rule": "same_mistake_again", "rule_version": 1, "severity": "info", "state": "open", "session_id": null,
                 "supervisor_id": null, "facts": {}}"""


@pytest.fixture
async def day(database: Database) -> Afternoon:
    day = await an_afternoon(await database(SERVICE))
    await day.mentor("marcus", "Marcus Bell")
    await day.mentor("zoe", "Zoe Park", supervisor="omar")
    for reference in ("marcus", "zoe"):
        await day.session(reference, 3 * HOUR)
    return day


@pytest.fixture
async def address(day: Afternoon) -> AsyncIterator[str]:
    """A real server: streams never end by themselves, so the in-process client cannot read them."""
    config = uvicorn.Config(application_of(day.running), host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE):
        while not server.started:
            await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@asynccontextmanager
async def browser(day: Afternoon, address: str, reference: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=address, headers={"accept": "text/html"}, timeout=PATIENCE, trust_env=False) as client:
        await client.post(path_of(await mint_sign_in(day.running.pool, ids.supervisor(SITE, reference))))
        yield client


async def events(client: httpx2.AsyncClient, path: str, count: int, headers: dict[str, str] | None = None) -> list[Event]:
    """The first `count` events."""
    return await events_until(client, path, lambda found: len(found) == count, headers)


async def events_until(
    client: httpx2.AsyncClient, path: str, enough: Callable[[list[Event]], bool], headers: dict[str, str] | None = None
) -> list[Event]:
    """Each event as its fields, until there are enough of them; signs of life are left out."""
    found: list[Event] = []
    async with asyncio.timeout(PATIENCE), client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        fields: Event = {}
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if not line and fields:
                found, fields = [*found, fields] if "data" in fields else found, {}
            elif name in ("event", "data", "id"):
                fields[name] = f"{fields[name]}\n{value}" if name in fields else value
            if enough(found):
                return found
    raise AssertionError("the stream ended")


async def here(day: Afternoon) -> str:
    async with day.running.connection() as conn:
        return str(await reading_feed.here(conn))


async def test_a_new_alert_reaches_its_supervisor_as_json_and_nobody_else(day: Afternoon, address: str) -> None:
    start = await here(day)
    await day.answers("zoe", SECRET, "wrong")
    await day.answers("marcus", SECRET, "wrong")
    path, heard = f"/v1/alerts/stream?after={start}", []
    for reference, count in (("dana", 1), ("omar", 1), ("priya", 2)):
        async with browser(day, address, reference) as client:
            heard.append(await events(client, path, count))
    hers, his, both = heard
    mentors = [[json.loads(event["data"])["mentor_id"] for event in got] for got in (hers, his, both)]
    marcus, zoe = str(ids.mentor(SITE, "marcus")), str(ids.mentor(SITE, "zoe"))
    assert mentors == [[marcus], [zoe], [zoe, marcus]]
    assert json.loads(hers[0]["data"])["rule"] == "safety_item_missed"
    assert "Marcus" not in hers[0]["data"]


async def test_a_lost_stream_goes_on_after_its_last_event(day: Afternoon, address: str) -> None:
    start = await here(day)
    await day.answers("marcus", SECRET, "wrong wrong")
    async with browser(day, address, "dana") as dana:
        first = await events(dana, f"/v1/alerts/stream?after={start}", 1)
        rest = await events(dana, f"/v1/alerts/stream?after={start}", 1, {"Last-Event-ID": first[0]["id"]})
    assert [first[0]["event"], rest[0]["event"]] == ["raised", "updated"]
    assert reading_feed.parse(first[0]["id"]) < reading_feed.parse(rest[0]["id"])


async def test_nothing_of_another_caseload_is_read_from_the_feed(day: Afternoon) -> None:
    async with day.running.connection() as conn:
        start = await reading_feed.here(conn)
    await day.answers("marcus", SECRET, "wrong")
    async with day.running.connection() as conn:
        seen = {}
        for reference in ("dana", "omar", "priya"):
            staff = await reading.find_staff(conn, ids.supervisor(SITE, reference))
            assert staff
            seen[reference] = len(await reading_feed.list_changes(conn, reading_feed.sees(staff), start))
    assert seen == {"dana": 1, "omar": 0, "priya": 1}


async def test_a_transaction_that_commits_late_is_not_skipped(day: Afternoon) -> None:
    """Its number is lower than that of one already read: the feed waits for it instead of passing it by."""
    insert = (
        "INSERT INTO alert_change (at, kind, alert_id, mentor_id, site_id, supervisor_id, document) "
        "VALUES (now(), $1, gen_random_uuid(), $2, $3, $4, $5)"
    )
    values = (ids.mentor(SITE, "marcus"), SITE, ids.supervisor(SITE, "dana"), A_DOCUMENT)
    async with day.running.connection() as slow, day.running.connection() as fast, day.running.connection() as reader:
        staff = await reading.find_staff(reader, ids.supervisor(SITE, "dana"))
        assert staff
        cursor = await reading_feed.here(reader)
        late = slow.transaction()
        await late.start()
        await slow.execute(insert, "first", *values)
        await fast.execute(insert, "second", *values)
        hers = reading_feed.sees(staff)
        assert await reading_feed.list_changes(reader, hers, cursor) == []
        assert await reading_feed.look(reader, cursor, 10) == ([], cursor)
        await late.commit()
        assert [change.kind for change in await reading_feed.list_changes(reader, hers, cursor)] == ["first", "second"]
        assert [change.kind for change in (await reading_feed.look(reader, cursor, 10))[0]] == ["first", "second"]


async def test_the_open_page_gets_a_sentence_a_count_and_its_list(day: Afternoon, address: str) -> None:
    start = await here(day)
    await day.answers("marcus", SECRET, "wrong")
    async with browser(day, address, "dana") as dana:
        line, redrawn = await events(dana, f"/alerts/stream?page=alerts&after={start}", 2)
    assert 'hx-target="#live"' in line["data"] and "Live. New: Marcus Bell missed a safety question." in line["data"]
    assert 'hx-target="#open-alerts"' in line["data"]
    assert 'hx-target="#live-list"' in redrawn["data"] and "/acknowledge" in redrawn["data"]
    assert reading_feed.parse(redrawn["id"])


async def test_today_is_redrawn_when_a_mentor_gets_ready(day: Afternoon, address: str) -> None:
    async with browser(day, address, "dana") as dana:
        page = (await dana.get("/today")).text
        path = page.split('hx-sse:connect="')[1].split('"')[0].replace("&amp;", "&")
        ready = asyncio.create_task(events_until(dana, path, lambda found: any("Everyone is ready." in e["data"] for e in found)))
        await day.finishes("marcus")
        redrawn = (await ready)[-1]
    assert 'hx-target="#live-list"' in redrawn["data"]


@pytest.mark.parametrize("path", ["/today", "/alerts"])
async def test_a_day_that_is_called_off_comes_onto_the_open_page_and_is_said(
    day: Afternoon, address: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no alert about one mentor, so no change of the feed tells of it."""
    monkeypatch.setattr(http_stream, "OPEN_SECONDS", 0.5)
    async with browser(day, address, "dana") as dana:
        open_page = (await dana.get(path)).text
        stream = open_page.split('hx-sse:connect="')[1].split('"')[0].replace("&amp;", "&")
        first, after = day.now.date(), day.now.date() + timedelta(days=1)
        begun = asyncio.Event()

        def both(found: list[Event]) -> bool:
            begun.set()
            return len(found) == 2

        heard = asyncio.create_task(events_until(dana, stream, both))
        await begun.wait()
        await deliver(day.running, SessionCalledOff(**day.of("marcus"), cancellation_id=ids.session(SITE, "snow"), site_id=SITE,
                                                    first_day=first, day_after=after, reason="snow_day"))  # fmt: skip
        await day.running.pool.execute("UPDATE day_off SET due_at = now()")
        await fall_due(day.running, "day_off")
        line, redrawn = await heard
    assert "Live. Snow day on" in line["data"] and "One of your sessions is canceled." in line["data"]
    assert "Marcus Bell" in redrawn["data"] and "/noted" in redrawn["data"]


async def test_news_of_other_sites_is_not_a_reason_to_look(day: Afternoon, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All listeners of a process are woken by all news of the network: with a thousand pages open, each look counts."""
    looked: list[int] = []
    look = http_stream._look

    async def counted(*given: Any) -> Any:
        looked.append(1)
        return await look(*given)

    async def woken(*_: Any) -> AsyncIterator[tuple[list[Any], Any]]:
        for _ in range(40):
            yield [], Cursor(1, 1)

    monkeypatch.setattr(http_stream, "_look", counted)
    monkeypatch.setattr(http_feed, "follow", woken)
    async with browser(day, address, "dana") as dana:
        page = (await dana.get("/alerts")).text
        stream = page.split('hx-sse:connect="')[1].split('"')[0].replace("&amp;", "&")
        async with dana.stream("GET", stream) as response:
            async for _ in response.aiter_lines():
                pass
    assert looked == []


async def test_the_stream_needs_a_session(day: Afternoon, address: str) -> None:
    async with httpx2.AsyncClient(base_url=address, trust_env=False) as stranger:
        answers = [await stranger.get(path) for path in ("/alerts/stream", "/v1/alerts/stream")]
    assert [answer.status_code for answer in answers] == [401, 401]


async def test_a_mentor_who_changes_supervisor_leaves_the_first_ones_feed(day: Afternoon) -> None:
    async with day.running.connection() as conn:
        start = await reading_feed.here(conn)
    await day.answers("marcus", SECRET, "wrong")
    await deliver(day.running, builders.listed(supervisor_reference="omar", time_zone=day.zone))
    async with day.running.connection() as conn:
        dana = await reading.find_staff(conn, ids.supervisor(SITE, "dana"))
        assert dana
        assert await reading_feed.list_changes(conn, reading_feed.sees(dana), start) == []
