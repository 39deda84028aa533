"""One service erases a person: all of it, once, whatever else happens at the same moment, and nothing late brings them back."""

import asyncio
import json
from uuid import uuid4

import pytest

from services.content.app import SERVICE as CONTENT
from services.supervision.app import SERVICE as SUPERVISION
from services.supervision.notice_messages import NoticeTried
from services.trigger.app import SERVICE as TRIGGER
from shared.contracts import ids
from shared.contracts.content import PersonErasureDone
from shared.contracts.supervision import PersonErased
from shared.messaging import batch, dead, store_erasing
from shared.messaging.batch import Batch, apply
from shared.messaging.ingest import OwnTopics
from shared.messaging.message import Raw, Unwanted
from shared.messaging.store import Dead, bury
from shared.running import Running
from tests.conftest import Database
from tests.content.building import MENTOR, a_request
from tests.driving import deliver, message, outgoing
from tests.trigger.building import afternoon, enrolled, scheduled, site_described


@pytest.fixture
async def content(database: Database) -> Running:
    return await database(CONTENT)


@pytest.fixture
async def trigger(database: Database) -> Running:
    return await database(TRIGGER)


async def count(running: Running, table: str) -> int:
    async with running.connection() as conn:
        return int(await conn.fetchval(f"SELECT count(*) FROM {table}"))


async def test_the_ledger_says_how_many_rows_of_which_table_went_and_a_repeat_adds_nothing(content):
    await deliver(content, a_request(1), a_request(2))
    for _ in range(2):
        await deliver(content, PersonErased(mentor_id=MENTOR))
        async with content.connection() as conn:
            found = await store_erasing.find(conn, MENTOR)
        assert found and found["rows"] == {"choice": 2, "learner": 1}
    assert [event for event in await outgoing(content) if isinstance(event, PersonErasureDone)] == [
        PersonErasureDone(mentor_id=MENTOR)
    ] * 2


async def test_what_comes_before_it_in_one_batch_goes_and_what_comes_after_it_is_refused(content):
    outcomes = await deliver(content, a_request(1), PersonErased(mentor_id=MENTOR), a_request(2))
    assert [(one.kind, one.reason) for one in outcomes] == [("applied", None), ("applied", None), ("refused", "erased")]
    assert (await count(content, "choice"), await count(content, "learner")) == (0, 0)


async def test_an_erasure_waits_for_whoever_is_about_to_save_something_about_the_person(content):
    """The other one looked before the erasure, and saves after it began."""
    async with content.connection() as conn:
        other = conn.transaction()
        await other.start()
        await apply(conn, "content", CONTENT.handlers, Batch([message(a_request(1))]))
        erasing = asyncio.create_task(deliver(content, PersonErased(mentor_id=MENTOR)))
        await waits_for_a_lock(content)
        await other.commit()
    await erasing
    assert (await count(content, "choice"), await count(content, "learner")) == (0, 0)


async def test_without_that_lock_the_person_would_be_there_again(content, monkeypatch):
    async def nobody(conn):
        """The broken twin: it waits for nobody."""

    monkeypatch.setattr(batch.store, "wait_for_others", nobody)
    async with content.connection() as conn:
        other = conn.transaction()
        await other.start()
        await apply(conn, "content", CONTENT.handlers, Batch([message(a_request(1))]))
        await deliver(content, PersonErased(mentor_id=MENTOR))
        await other.commit()
    assert await count(content, "choice") == 1


async def waits_for_a_lock(running: Running) -> None:
    async with asyncio.timeout(10), running.connection() as conn:
        while not await conn.fetchval("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'erased'::regclass"):
            await asyncio.sleep(0.01)


async def test_a_session_that_is_told_again_is_refused_and_another_mentors_is_not(trigger):
    await deliver(trigger, site_described(), enrolled("m1"), enrolled("m2"), scheduled(afternoon(3)))
    await deliver(trigger, PersonErased(mentor_id=ids.mentor("east", "m1")))
    outcomes = await deliver(trigger, enrolled("m1"), scheduled(afternoon(4), revision=5),
                             scheduled(afternoon(4), session_ref="s2", mentor_ref="m2"))  # fmt: skip
    assert [one.reason for one in outcomes] == ["erased", "erased", None]
    assert (await count(trigger, "mentor"), await count(trigger, "session")) == (1, 1)


def letter(value: object, key: bytes | None = None, topic: str = "in.district") -> Dead:
    raw = Raw(topic, 0, int(uuid4().int % 10**9), key, value if isinstance(value, bytes) else json.dumps(value).encode(), ())
    return Dead("dead", "schema", "minutes: too many", "district", (), raw)


async def test_dead_letters_that_hold_the_person_go_and_others_stay(trigger):
    person = ids.mentor("east", "m1")
    theirs = [
        letter({"site_id": "east", "mentor_ref": "m1", "minutes": -1}),
        letter({"specversion": "1.0", "data": {"site_id": "east", "mentor_ref": "m1"}}),
        letter({"mentor_id": str(person)}, topic="assessment.events"),
        letter({}, key=str(person).encode(), topic="content.events"),
    ]
    others = [letter({"site_id": "west", "mentor_ref": "m1"}), letter({"site_id": "east", "mentor_ref": "m2"}), letter(b"\xff{")]
    async with trigger.connection() as conn:
        await bury(conn, [*theirs, *others])
    await deliver(trigger, PersonErased(mentor_id=person))
    assert [one.raw.value for one in await dead.list_letters(trigger)] == [one.raw.value for one in others]


async def test_a_replay_of_what_was_set_aside_brings_nobody_back(content):
    waiting = message(a_request(1))
    async with content.connection() as conn:
        await deliver(content, PersonErased(mentor_id=MENTOR))
        applied = await apply(conn, "content", CONTENT.handlers, Batch([waiting], claimed=True, visible=True))
    assert applied.outcomes[0].reason == "erased"
    assert await count(content, "choice") == 0


def test_a_tombstone_on_a_compacted_topic_is_no_dead_letter():
    read = OwnTopics(SUPERVISION)
    assert read(Raw("content.catalog", 0, 0, b"key", None, ())) == Unwanted("tombstone")
    assert not isinstance(read(Raw("trigger.events", 0, 0, b"key", None, ())), Unwanted)


async def test_a_mail_that_is_refused_after_the_erasure_leaves_no_trace_of_its_person(database):
    """It was under way meanwhile."""
    running, notice_id = await database(SUPERVISION), uuid4()
    refused = NoticeTried(notice_id=notice_id, site_id="east", person_id=MENTOR, tries=1, outcome="refused", channel="mail")
    await deliver(running, refused)
    assert await count(running, "reach") == 1
    await deliver(running, PersonErased(mentor_id=MENTOR, site_id="east"))
    assert [one.reason for one in await deliver(running, refused)] == ["erased"]
    assert await count(running, "reach") == 0
