"""A calendar on a real web server that changes between two looks, fails, and lies; and what is planned meanwhile."""

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import monotonic
from typing import Any

import pytest

from services.trigger import beside, calendar_import, feeds, fetching, store_feeds
from services.trigger.store_feeds import Asked, Feed
from shared import outside
from shared.contracts import ids
from shared.contracts.supervision import PersonErased
from shared.running import Running
from tests.driving import deliver
from tests.trigger.calendar_server import CalendarServer, Given
from tests.trigger.typed import jitt

DANA = ids.mentor("eastfield", "dana")
MONDAY = (datetime.now(UTC) + timedelta(days=7)).replace(hour=16, minute=0, second=0, microsecond=0)


def calendar(*days: int, cut: bool = False, hour: int = 16) -> bytes:
    """An entry for each day from a week from now on, of UID s0, s1 and so on."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN"]
    for day in days:
        start = (MONDAY + timedelta(days=day)).replace(hour=hour)
        when = (f"DTSTART:{start:%Y%m%dT%H%M%SZ}", "DURATION:PT45M")
        lines += ["BEGIN:VEVENT", f"UID:s{day}", *when, "SUMMARY:Dana", "END:VEVENT"]
    return "\r\n".join(lines if cut else [*lines, "END:VCALENDAR", ""]).encode()


@pytest.fixture
def running(eastfield: Running) -> Running:
    return eastfield


async def feed_of(running: Running, server: CalendarServer, **changes: Any) -> Feed:
    own = {"complete": False, "minutes": 15} | changes
    async with running.connection() as conn:
        await store_feeds.add(conn, ("f1", "eastfield", DANA, "dana", server.url, "check_in", own["complete"], own["minutes"]))
    return await again(running)


async def again(running: Running) -> Feed:
    found = await store_feeds.find(running.pool, "f1")
    assert found
    return found


async def looked(running: Running) -> Asked:
    return await feeds.look(running, await again(running))


async def planned(running: Running) -> int:
    return int(await running.pool.fetchval("SELECT count(*) FROM session WHERE status = 'planned'"))


async def test_a_calendar_that_changes_is_told_and_one_that_does_not_is_not_sent_again(running: Running, server: CalendarServer):
    await feed_of(running, server)
    server.given = Given(calendar(0, 1, 2), headers={"ETag": '"one"', "Last-Modified": "Mon, 23 Nov 2026 08:00:00 GMT"})
    first = await looked(running)
    assert (first.outcome, first.detail, await planned(running)) == ("read", "3 sessions planned, 0 unchanged.", 3)
    second = await looked(running)
    assert (second.outcome, server.requests[1]["if-none-match"]) == ("unchanged", '"one"')
    assert server.requests[1]["if-modified-since"] == "Mon, 23 Nov 2026 08:00:00 GMT"
    server.given = Given(calendar(0, 1, 2, hour=18), headers={"ETag": '"two"'})
    assert (await looked(running)).detail == "0 sessions planned, 3 moved, 0 unchanged."
    assert await planned(running) == 3
    kept = await again(running)
    assert (kept.etag, kept.failures, kept.outcome) == ('"two"', 0, "read")


async def test_after_half_a_day_it_is_read_whole_as_the_days_that_are_planned_move_on(running: Running, server: CalendarServer):
    await feed_of(running, server)
    server.given = Given(calendar(0), headers={"ETag": '"one"'})
    await looked(running)
    await running.pool.execute("UPDATE feed SET read_at = now() - interval '13 hours'")
    assert (await looked(running)).outcome == "read"
    assert "if-none-match" not in server.requests[1]


FAULTS = {
    "http_500": Given(b"sorry", status=500),
    "http_404": Given(b"gone", status=404),
    "http_429": Given(b"slower", status=429, headers={"Retry-After": "7200"}),
    "no_calendar": Given(b"<!doctype html><title>Sign in</title>"),
    "truncated": Given(calendar(0, 1)[:100], length=400),
    "timeout": Given(calendar(0, 1), slow=True),
    "too_large": Given(calendar(0) + b" " * (fetching.BYTES + 1)),
    "redirects": Given(status=302, headers={"Location": "/again.ics"}),
    "no_address": Given(status=302, headers={"Location": "file:///etc/passwd"}),
}


@pytest.mark.parametrize(("code", "given"), FAULTS.items(), ids=FAULTS)
async def test_a_server_that_fails_changes_nothing_and_is_asked_again_later(
    running: Running, server: CalendarServer, monkeypatch: pytest.MonkeyPatch, code: str, given: Given
):
    monkeypatch.setattr(fetching, "SECONDS", 2.0)
    await feed_of(running, server)
    server.given = Given(calendar(0, 1, 2))
    await looked(running)
    server.given = given
    waits = [(await looked(running)).wait for _ in range(2)]
    kept = await again(running)
    assert (kept.outcome, kept.failures, await planned(running)) == (code, 2, 3)
    assert kept.detail
    assert "private-abc" not in kept.detail
    assert waits[0] >= timedelta(minutes=12)
    assert waits[1] >= timedelta(minutes=24)
    if code == "http_429":
        assert waits[0] == timedelta(hours=2)
    server.given = Given(calendar(0, 1, 2, 3))
    server.go_on.set()
    assert ((await looked(running)).outcome, (await again(running)).failures, await planned(running)) == ("read", 0, 4)


async def test_half_a_calendar_is_not_taken_for_all_of_it(running: Running, server: CalendarServer):
    await feed_of(running, server, complete=True)
    server.given = Given(calendar(0, 1, 2, 3, 4))
    await looked(running)
    server.given = Given(calendar(0, 1, 2, 3, cut=True))
    assert ((await looked(running)).outcome, await planned(running)) == ("truncated", 5)


async def test_the_wait_doubles_up_to_six_hours(running: Running, server: CalendarServer):
    feed = await feed_of(running, server)
    error = fetching.Unreachable("http_500", "no")
    waits = [feeds.failed(store_feeds.Feed(**{f: getattr(feed, f) for f in feed.__slots__} | {"failures": n}), error).wait
             for n in range(12)]  # fmt: skip
    assert waits[-1] == timedelta(hours=6)
    assert all(later >= earlier * 1.2 for earlier, later in pairwise(waits[:5]))


async def test_what_vanishes_from_a_complete_feed_is_cancelled_but_not_much_at_once(running: Running, server: CalendarServer):
    await feed_of(running, server, complete=True)
    server.given = Given(calendar(*range(20)))
    await looked(running)
    server.given = Given(calendar(*range(18)))
    assert ((await looked(running)).outcome, await planned(running)) == ("read", 18)
    server.given = Given(calendar(0, 1, 2, 30))
    held = await looked(running)
    assert (held.outcome, (await again(running)).held, await planned(running)) == ("held", 15, 19)
    assert held.detail == ("1 session planned, 3 unchanged. 15 sessions are in it no more, and stay planned until somebody "
                           "confirms that.")  # fmt: skip
    await store_feeds.ask_soon(running.pool, "f1", confirmed=True)
    assert ((await looked(running)).outcome, (await again(running)).held, await planned(running)) == ("read", 0, 4)
    assert not (await again(running)).confirmed, "the next time somebody is asked again"


async def test_a_feed_that_is_not_complete_cancels_nothing_by_leaving_it_out(running: Running, server: CalendarServer):
    await feed_of(running, server)
    server.given = Given(calendar(0, 1, 2))
    await looked(running)
    server.given = Given(calendar(0))
    await looked(running)
    assert await planned(running) == 3


async def test_each_feed_that_is_due_is_looked_at_once_whoever_works(running: Running, server: CalendarServer):
    server.given = Given(calendar(0))
    async with running.connection() as conn:
        for n in range(6):
            where = f"{server.url}?{n}"
            await store_feeds.add(conn, (f"f{n}", "eastfield", DANA, "dana", where, "check_in", False, 15))

    async def room() -> None:
        pass

    workers = [asyncio.create_task(beside.look_at_feeds(running, room)) for _ in range(3)]
    while await running.pool.fetchval("SELECT count(*) FROM feed WHERE outcome IS NULL"):
        await asyncio.sleep(0.05)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert sorted(request["path"][-1] for request in server.requests) == list("012345")
    assert await running.pool.fetchval("SELECT count(*) FROM feed WHERE next_at > now() + interval '11 minutes'") == 6


def test_a_process_that_ends_does_not_wait_for_a_calendar_that_is_being_read():
    read = threading.Event()

    async def stopped() -> None:
        reading = asyncio.create_task(calendar_import.in_a_thread(read.wait, 20))
        await asyncio.sleep(0)
        reading.cancel()

    began = monotonic()
    asyncio.run(stopped())
    assert monotonic() - began < 10
    read.set()


PRIVATE = ("http://127.0.0.1:9/a.ics", "http://localhost/a.ics", "http://[::1]/a.ics", "http://10.1.2.3/a.ics",
           "http://169.254.169.254/latest/meta-data", "http://192.168.0.1/a.ics", "http://[::ffff:10.0.0.1]/a.ics",
           "http://[64:ff9b::a00:1]/a.ics", "http://[fd00::1]/a.ics", "http://0.0.0.0/a.ics",
           "http://2130706433/a.ics")  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
async def test_addresses_of_our_own_network_are_not_asked(url: str):
    with pytest.raises(fetching.Unreachable) as found:
        await fetching.get(url)
    assert found.value.code == "private_address"


async def test_a_redirect_into_our_own_network_is_not_followed(server: CalendarServer, monkeypatch: pytest.MonkeyPatch):
    """Only the first address is allowed here, as one that everybody can reach would be."""
    server.given = Given(status=302, headers={"Location": "http://[::1]:1/a.ics"})
    monkeypatch.setattr(outside, "is_public", lambda address: address == "127.0.0.1")
    with pytest.raises(fetching.Unreachable) as found:
        await fetching.get(server.url)
    assert (found.value.code, len(server.requests)) == ("private_address", 1)


@pytest.mark.parametrize("url", ["ftp://example.org/a.ics", "dana.ics", "", "https://", "javascript:alert(1)"])
async def test_what_is_no_address_is_said(url: str):
    with pytest.raises(fetching.Unreachable, match="begins with https://"):
        await fetching.get(url)


async def test_a_mentor_who_is_erased_takes_the_feed_along(running: Running, server: CalendarServer):
    await feed_of(running, server)
    await deliver(running, PersonErased(mentor_id=DANA))
    assert await store_feeds.find(running.pool, "f1") is None


async def test_a_feed_from_its_first_look_to_its_removal(running: Running, server: CalendarServer):
    server.given = Given(calendar(*range(5)))
    own = (server.url, "--site", "eastfield", "--mentor", "dana", "--activity", "check_in", "--complete")
    looked_at = await jitt("feed", "add", *own, "--dry-run")
    assert "It would say: 5 sessions planned, 0 unchanged." in looked_at.stdout, looked_at.output
    assert (await jitt("feed", "list")).stdout.startswith("No feeds yet.")
    added = await jitt("feed", "add", *own, "--json")
    id = json.loads(added.stdout)["feed"]
    other = await jitt("feed", "add", server.url + "?2", "--site", "eastfield", "--mentor", "dana", "--activity", "check_in")
    assert (other.exit_code, "it would cancel the other's" in other.stderr) == (1, True)
    feed = await store_feeds.claim(running.pool, timedelta(minutes=5))
    assert feed
    await feeds.look(running, feed)
    server.given = Given(calendar(0))
    assert (await jitt("feed", "now", id)).exit_code == 0
    await feeds.look(running, await store_feeds.claim(running.pool, timedelta(minutes=5)) or feed)
    listed = json.loads((await jitt("feed", "list", "--json")).stdout)
    assert [(one["outcome"], one["held"], "private-abc" in str(one)) for one in listed] == [("held", 4, False)]
    assert f"jitt feed confirm {id}" in (await jitt("feed", "show", id)).stdout
    assert (await jitt("feed", "confirm", id)).exit_code == 0
    await feeds.look(running, await store_feeds.claim(running.pool, timedelta(minutes=5)) or feed)
    assert await planned(running) == 1
    again = await jitt("feed", "confirm", id)
    assert (again.exit_code, again.stderr.strip()) == (1, "Nothing of this feed waits for anybody's word.")
    assert (await jitt("feed", "remove", id)).exit_code == 0
    gone = await jitt("feed", "show", id)
    assert (gone.exit_code, gone.stderr.strip()) == (1, f"There is no feed “{id}”. `jitt feed list` shows those that are.")
    assert await planned(running) == 1
