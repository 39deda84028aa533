"""Dead letters: replayed in order after the bug is mended, skipped when given up, and their clocks go on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.messaging import dead, letters
from shared.messaging.batch import Batch
from shared.messaging.message import Raw
from shared.messaging.store import Dead
from tests.driving import commit, deliver, fall_due, message
from tests.messaging import tally_service
from tests.messaging.tally_service import SERVICE, TALLY, Added, Announced, Raised, Tally


def from_topic(event, id_, offset=0):
    made = message(event, principal="tally")
    headers = (("ce_specversion", b"1.0"), ("ce_id", id_.encode()), ("ce_source", b"test"), ("ce_type", event.TYPE.encode()))
    made.raw = Raw("tally.in", 0, offset, b"k", event.model_dump_json().encode(), headers)
    return made


def mended(running):
    """The same service after a release without the bug."""

    def decide(tally, event, now, facts):
        tally = tally or Tally(event.tally)
        return replace(tally, total=tally.total + event.number, seen=(*tally.seen, event.number)), []

    fixed = replace(TALLY, on={Added: (lambda e: e.tally, decide), Announced: (lambda e: e.tally, decide)},
                    clock=replace(TALLY.clock, decide=lambda tally, *_: (replace(tally, rings_at=None), [])))
    return replace(running, service=replace(SERVICE, handlers=(fixed, tally_service.SHELF)))


def mended_sweep(running):
    """The same service after a release whose sweep has no bug."""

    def decide(tally, event, now, facts):
        return replace(tally, version=event.version, total=tally.total - 99 + 1000), []

    swept = {Raised: replace(TALLY.sweeps[Raised], decide=decide)}
    return replace(running, service=replace(SERVICE, handlers=(replace(TALLY, sweeps=swept), tally_service.SHELF)))


@pytest.fixture
async def stuck(database):
    running = await database(SERVICE)
    await commit(running, Batch([from_topic(Added(tally="a", number=n), f"n{n}") for n in (1, 666, 2)]))
    await commit(running, Batch([from_topic(Added(tally="a", number=3), "n3"), from_topic(Added(tally="b", number=1), "b1")]))
    return running


async def seen(running, tally="a"):
    return await running.pool.fetchval("SELECT seen FROM tally WHERE id = $1", tally)


async def test_replay_before_the_bug_is_mended_changes_nothing_and_says_why(stuck):
    done = await dead.replay(stuck)
    assert (done.applied, done.failed) == (0, 3)
    assert "ZeroDivisionError" in done.reason
    assert await seen(stuck) == [1]
    assert len(await dead.list_letters(stuck)) == 3


async def test_replay_after_the_bug_is_mended_applies_all_in_order(stuck):
    done = await dead.replay(mended(stuck))
    assert (done.applied, done.failed) == (3, 0)
    assert await seen(stuck) == [1, 666, 2, 3]
    assert await dead.list_letters(stuck) == []
    assert [o.kind for o in await deliver(stuck, Added(tally="a", number=4))] == ["applied"]


async def test_replaying_one_takes_along_what_waits_for_the_same_aggregate(stuck):
    letters = await dead.list_letters(stuck)
    done = await dead.replay(mended(stuck), [letters[1].id])
    assert done.applied == 3
    assert await seen(stuck) == [1, 666, 2, 3]


async def test_skipping_gives_up_one_and_applies_what_waited_behind_it(stuck):
    first = (await dead.list_letters(stuck))[0]
    done = await dead.skip(stuck, [first.id])
    assert (done.applied, done.failed) == (2, 0)
    assert await seen(stuck) == [1, 2, 3]
    assert [o.kind for o in await deliver(stuck, Added(tally="a", number=4))] == ["applied"]


async def test_a_parked_keys_clock_goes_on_after_the_replay(database):
    running = await database(SERVICE)
    await commit(running, Batch([from_topic(Added(tally="a", number=13, ring_in_ms=-5), "n1")]))
    assert await fall_due(running, "tally") == 1
    assert await fall_due(running, "tally") == 0
    better = mended(running)
    assert (await dead.replay(better)).failed == 0
    assert await fall_due(better, "tally") == 1


async def test_unreadable_letters_stay_until_they_can_be_read(database):
    running = await database(SERVICE)
    bad = from_topic(Added(tally="a", number=1), "n1").raw
    letter = Dead("dead", "schema", "number: missing", "tally", (), replace(bad, value=b"{}"))
    await commit(running, Batch([], letters=[letter]))
    done = await dead.replay(running)
    assert (done.applied, done.failed) == (0, 1)
    assert "schema" in done.reason


async def found(running, **which):
    async with running.connection() as conn:
        return await letters.list_ids(conn, letters.Which(**which))


async def test_filters_choose_by_state_reason_principal_concern_and_time(stuck):
    ids = [letter.id for letter in await dead.list_letters(stuck)]
    now = datetime.now(UTC)
    assert await found(stuck) == ids
    assert await found(stuck, states=("dead",)) == ids[:1]
    assert await found(stuck, reason="behind_a_failed_one") == ids[1:]
    assert await found(stuck, reason="failed", principal="nobody") == []
    assert await found(stuck, principal="tally", concern="tally") == ids
    assert await found(stuck, concern="tally/a") == ids
    assert await found(stuck, concern="tally/b") == []
    assert await found(stuck, since=now + timedelta(hours=1)) == []
    assert await found(stuck, since=now - timedelta(hours=1), until=now + timedelta(hours=1)) == ids
    await dead.skip(stuck, ids)
    assert await found(stuck) == []
    assert await found(stuck, states=("skipped",)) == ids


async def test_counts_say_how_many_of_what_since_when(stuck):
    async with stuck.connection() as conn:
        counts = await letters.counts(conn, letters.Which())
        listed = await letters.list_found(conn, letters.Which(), 1)
    assert [(row["reason"], row["principal"], row["state"], row["letters"]) for row in counts] == [
        ("behind_a_failed_one", "tally", "parked", 2), ("failed", "tally", "dead", 1)]
    assert all(row["oldest"] <= row["newest"] for row in counts)
    assert [(row["reason"], row["where"]) for row in listed] == [("failed", "tally.in/0/0")]


async def test_a_long_replay_tells_how_far_it_is(stuck):
    heard = []
    await dead.replay(mended(stuck), told=lambda *numbers: heard.append(numbers))
    assert heard == [(1, 0), (2, 0), (3, 0)]


def test_bytes_are_shown_as_text_where_they_are_text():
    raw = Raw("t", 0, 0, b"k\xff", "é".encode(), (("h", b"v"),))
    shown = dead.Letter(1, datetime.now(UTC), "dead", "schema", "", "x", (), raw).whole()
    assert (shown["value"], shown["value_hex"]) == ("é", "c3a9")
    assert (shown["key"], shown["key_hex"]) == (None, "6bff")
    assert (shown["headers"], shown["headers_hex"]) == ({"h": "v"}, {"h": "76"})
