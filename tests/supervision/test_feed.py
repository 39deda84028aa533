"""The feed of alerts for systems: pages and streams, gaps of any length, and readers who do not read."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from services.supervision import http_feed, listening, reading_feed, streaming
from services.supervision.listening import Feed
from services.supervision.told import Change, Cursor, Sees, Told
from shared import db
from shared.contracts import ids
from shared.running import Running
from tests.conftest import at_database
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon
from tests.supervision.feeding import Reader, a_site, a_token, heard, raises, serving
from tests.supervision.test_pages_live import A_DOCUMENT

ADD = """
INSERT INTO alert_change (at, kind, alert_id, mentor_id, site_id, document)
SELECT now(), $1 || n, gen_random_uuid(), $2, $3, $4 FROM generate_series(1, $5) n
"""
HERS = Sees((SITE,))


@pytest.fixture
async def day(running: Running) -> Afternoon:
    return await a_site(running)


@pytest.fixture
async def reader(day: Afternoon) -> AsyncIterator[Reader]:
    async with serving(day.running) as address:
        yield Reader(address, await a_token(day.running))


async def add(conn: asyncpg.Connection, kind: str, count: int = 1) -> None:
    await conn.execute(ADD, kind, ids.mentor(SITE, "marcus"), SITE, A_DOCUMENT, count)


async def test_a_page_says_what_changed_as_it_was_then_and_where_to_go_on(day: Afternoon, reader: Reader) -> None:
    await raises(day, "marcus")
    first = (await reader.get("/v1/alerts")).json()
    await day.answers("marcus", "q1", "wrong wrong")
    again = (await reader.get(f"/v1/alerts?after={first['next']}")).json()
    [raised] = first["changes"]
    assert (raised["change"], raised["rule"], raised["state"]) == ("raised", "safety_item_missed", "open")
    assert raised["mentor_id"] == str(ids.mentor(SITE, "marcus"))
    assert "Marcus" not in str(first)
    assert first["more"] is False
    assert raised["id"] not in [change["id"] for change in again["changes"]]
    everything = await reader.all()
    assert everything == [*first["changes"], *again["changes"]], "what was told once is told the same again"


async def test_a_gap_of_any_length_is_filled_in_order_and_each_change_comes_once(day: Afternoon, reader: Reader) -> None:
    async with reader.stream() as events:
        await raises(day, "marcus")
        [last] = await heard(events, 1)
    async with day.running.connection() as conn:
        for batch in range(5):
            await add(conn, f"{batch}-", 150)
    async with reader.stream(last["id"]) as events:
        missed = await heard(events, 750)
        await raises(day, "zoe")
        [live] = await heard(events, 1)
    assert [change["change"] for change in missed] == [f"{batch}-{n}" for batch in range(5) for n in range(1, 151)]
    assert live["mentor_id"] == str(ids.mentor(SITE, "zoe"))
    assert [change["id"] for change in await reader.all(last["id"])] == [change["id"] for change in [*missed, live]]


async def test_whoever_was_cut_off_before_anything_came_goes_on_from_there(day: Afternoon, reader: Reader) -> None:
    async with reader.stream() as events:
        place = await anext(events)
    await raises(day, "marcus")
    async with reader.stream(place["id"]) as events:
        [missed] = await heard(events, 1)
    assert "data" not in place
    assert missed["change"] == "raised"


async def test_nothing_is_lost_to_listeners_while_transactions_commit_in_any_order(
    day: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many write at once and commit late and out of order; one listener stays, one comes back again and again."""
    monkeypatch.setattr(listening, "LOOK_SECONDS", 0.005)
    feed, dice, sent, writers = Feed(day.running), random.Random(7), 96, 8
    async with day.running.connection() as conn:
        start = await reading_feed.here(conn)
        database = await conn.fetchval("SELECT current_database()")
    dsn = at_database(db.service_dsn("supervision"), database)

    async def write(number: int) -> None:
        conn = await asyncpg.connect(dsn)
        for n in range(sent // writers):
            async with conn.transaction():
                await add(conn, f"{number}/{n}/")
                await asyncio.sleep(dice.random() * 0.06)
        await conn.close()

    async def listen(stay: int) -> list[str]:
        """Leaves after so many turns and comes back with its last place."""
        got, place = [], start
        while len(got) < sent:
            async with feed.listening():
                for _ in range(stay):
                    found, place = await feed.after(place, HERS, 0.05)
                    got += [change.kind for change in found]
        return got

    async with asyncio.timeout(90):
        *_, steady, restless = await asyncio.gather(*map(write, range(writers)), listen(10), listen(1))
    async with day.running.connection() as conn:
        in_order = [row["kind"] for row in await conn.fetch("SELECT kind FROM alert_change ORDER BY xact, seq")]
    assert steady == restless == in_order
    assert len(in_order) == sent


async def test_a_feed_that_goes_by_row_numbers_would_lose_a_change(day: Afternoon) -> None:
    """The broken twin: the number alone, without asking who still writes."""
    twin = "SELECT kind, seq FROM alert_change WHERE seq > $1 ORDER BY seq"
    async with day.running.connection() as slow, day.running.connection() as fast, day.running.connection() as other:
        late = slow.transaction()
        await late.start()
        await add(slow, "late")
        await add(fast, "early")
        first = await other.fetch(twin, 0)
        await late.commit()
        assert await other.fetch(twin, first[-1]["seq"]) == [], "passed by for ever"


async def test_one_look_serves_every_listener(day: Afternoon, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, real = 0, reading_feed.look

    async def counted(conn: asyncpg.Connection, after: Cursor, limit: int) -> object:
        nonlocal looks
        looks += 1
        return await real(conn, after, limit)

    async def of_the_table(*_: object) -> object:
        raise AssertionError("a listener who is up to date asked the table")

    feed = Feed(day.running)
    async with feed.listening():
        async with asyncio.timeout(5):
            while feed.until == Cursor(0, 0):
                await asyncio.sleep(0.01)
        monkeypatch.setattr(reading_feed, "look", counted)
        monkeypatch.setattr(reading_feed, "list_page", of_the_table)
        waiting = [asyncio.create_task(feed.after(feed.until, HERS, 5)) for _ in range(200)]
        await asyncio.sleep(0)
        await raises(day, "marcus")
        found = await asyncio.gather(*waiting)
    assert {len(changes) for changes, _ in found} == {1}
    assert looks < 20


@pytest.mark.parametrize(("asked", "said"), [("yesterday", "is no place in this feed"), ("9000000000.1", "after the newest")])
async def test_a_place_that_is_none_is_refused_in_words(reader: Reader, asked: str, said: str) -> None:
    for path in (f"/v1/alerts?after={asked}", f"/v1/alerts/stream?after={asked}"):
        answer = await reader.get(path)
        assert (answer.status_code, said in answer.json()["error"]) == (422, True)


async def test_a_token_opens_its_own_sites_only(day: Afternoon, reader: Reader) -> None:
    await raises(day, "marcus")
    elsewhere = Reader(reader.address, await a_token(day.running, "westfield"))
    assert len(await reader.all()) == 1
    assert await elsewhere.all() == []
    stranger = await Reader(reader.address, "jitt_no-such-token").get("/v1/alerts")
    assert stranger.status_code == 401
    assert "jitt token add" in stranger.json()["error"]


async def test_a_stream_ends_when_its_token_does(day: Afternoon, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_feed, "ASK_AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(streaming, "BEAT_SECONDS", 0.2)
    async with reader.stream() as events:
        await anext(events)
        await day.running.pool.execute("UPDATE api_token SET revoked_at = now()")
        await raises(day, "marcus")
        async with asyncio.timeout(5):
            said = [event async for event in events]
    assert len([event for event in said if "data" in event]) <= 1


async def test_a_quiet_stream_shows_a_sign_of_life_and_its_place(
    day: Afternoon, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_feed, "ASK_AGAIN_SECONDS", 0.2)
    async with reader.stream() as events, asyncio.timeout(5):
        beats = [await anext(events) for _ in range(3)]
    assert all(reading_feed.parse(beat["id"]) and "data" not in beat for beat in beats)


async def test_a_listener_who_does_not_read_is_left(day: Afternoon, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks for much and takes nothing: what it was to get is not kept for it."""
    monkeypatch.setattr(streaming, "SLOW_SECONDS", 0.5)
    kept: list[Feed] = []
    real = Feed.listening
    monkeypatch.setattr(listening.Feed, "listening", lambda self: kept.append(self) or real(self))
    async with day.running.connection() as conn:
        await add(conn, "x" * 2_000, 4_000)
    host, port = reader.address.removeprefix("http://").split(":")
    lazy = socket.socket()
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    lazy.connect((host, int(port)))
    lazy.sendall(
        f"GET /v1/alerts/stream?after=1.0 HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {reader.token}\r\n\r\n".encode()
    )
    async with asyncio.timeout(10):
        while not kept or not kept[0].listeners:
            await asyncio.sleep(0.02)
        while kept[0].listeners:
            await asyncio.sleep(0.02)
    lazy.close()
    assert len(await reader.all()) == 4_000, "it may come again"


def test_a_change_is_seen_by_its_supervisor_who_stands_in_whom_it_was_handed_to_and_the_lead() -> None:
    dana, omar, lee = (ids.supervisor(SITE, name) for name in ("dana", "omar", "lee"))
    told = Told("safety_item_missed", 1, "urgent", "open", None, dana, {})
    change = Change(Cursor(1, 1), "escalated", uuid4(), ids.mentor(SITE, "marcus"), SITE, datetime.now(UTC), dana, told, (omar,))
    see = [Sees((SITE,), dana), Sees((SITE,), omar), Sees((SITE,), lee, (dana,)), Sees((SITE,))]
    assert all(change.seen_by(who) for who in see)
    assert not any(change.seen_by(who) for who in (Sees((SITE,), lee), Sees(("elsewhere",), omar), Sees(("elsewhere",))))


async def test_whoever_listens_is_told_what_the_table_tells_also_a_back_up(day: Afternoon) -> None:
    await raises(day, "marcus")
    back_up = Sees((SITE,), ids.supervisor(SITE, "omar"))
    async with day.running.connection() as conn:
        before = [change for change in (await reading_feed.look(conn, Cursor(0, 0), 500))[0] if change.seen_by(back_up)]
        await conn.execute("UPDATE alert SET with_role = 'back_up', with_person = $1", back_up.caseload)
        live = [change for change in (await reading_feed.look(conn, Cursor(0, 0), 500))[0] if change.seen_by(back_up)]
        listed = await reading_feed.list_changes(conn, back_up, Cursor(0, 0))
    assert [change.cursor for change in live] == [change.cursor for change in listed]
    assert (before, len(listed) > 0) == ([], True)
