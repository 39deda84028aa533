"""No record stops the reading: each becomes a message that can be stored, or a reason in words; its neighbors never suffer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from deploy.topology import NAMES
from services.assessment.app import SERVICE as ASSESSMENT
from services.content.app import SERVICE as CONTENT
from services.supervision.app import SERVICE as SUPERVISION
from services.trigger.app import SERVICE as TRIGGER
from services.trigger.tenants import Publisher
from shared.contracts import ids
from shared.messaging import worker
from shared.messaging.batch import Batch
from shared.messaging.ingest import OwnTopics, PublishersTopics
from shared.messaging.message import LARGEST, Decoded, Message, Record, Unreadable, Unwanted
from shared.messaging.worker import Decode, Worker, read
from shared.running import Running
from shared.service import Service
from tests.conftest import Database
from tests.fuzz.amount import cases, dice, some
from tests.fuzz.fragments import Dice, fields_of, text_of
from tests.fuzz.records import Example, Placed, examples, odd, spoken_for, whole
from tests.messaging.test_bus import dsn_of
from tests.trigger.building import afternoon

SITE, TOPIC = "east", "in.booking"
SERVICES = (TRIGGER, CONTENT, ASSESSMENT, SUPERVISION)
PUBLISHERS = {"booking": Publisher("booking", frozenset([SITE]), kafka=True, paused=False)}
FROM_SITES = spoken_for(SITE, examples("site"))
FROM_US = tuple(example for owner in NAMES for example in examples(owner))
SECONDS = 0.5  # for one record; the slowest takes a few milliseconds on a quiet machine


@cases(0.3)
@given(st.randoms(use_true_random=False))
def test_whatever_a_publisher_writes_is_a_message_of_its_own_site_or_a_reason(random: Random) -> None:
    found = _read(PublishersTopics(TRIGGER, PUBLISHERS), odd(random, FROM_SITES).at(TOPIC, 0))
    if isinstance(found, Message):
        assert getattr(found.event, "site_id", None) == SITE
        assert found.principal == "booking"


@cases(0.2)
@given(st.randoms(use_true_random=False), st.sampled_from(SERVICES))
def test_whatever_stands_on_our_own_topics_is_a_message_unwanted_or_a_reason(random: Random, service: Service) -> None:
    _read(OwnTopics(service), odd(random, FROM_US).at("trigger.events", 0))


def test_the_fuzz_reaches_every_reason_for_which_a_record_can_be_set_aside() -> None:
    decode, random = PublishersTopics(TRIGGER, PUBLISHERS), Dice(4)
    known = (*FROM_SITES, *examples("site"))  # the latter speak for a site of somebody else
    read_all = [decode(odd(random, known).at(TOPIC, 0)) for _ in range(4_000)]
    reasons = {found.reason for found in read_all if isinstance(found, Unreadable)}
    of_the_envelope = {"no_cloudevent", "bad_header", "tombstone", "too_large", "unknown_type"}
    assert reasons >= of_the_envelope | {"schema", "nul_in_text", "not_your_site"}


async def test_among_odd_records_every_good_neighbor_is_planned_and_every_bad_one_is_kept(database: Database) -> None:
    seed, random = dice()
    assert await _wrong(await database(TRIGGER), random, some(0.1)) == [], f"FUZZ_SEED={seed}"


def _forgets_tombstones(records: Sequence[Record], decode: Decode) -> Batch:
    batch = read(records, decode)
    return replace(batch, letters=[letter for letter in batch.letters if letter.reason != "tombstone"])


def _gives_up_at_a_bad_header(records: Sequence[Record], decode: Decode) -> Batch:
    batch = read(records, decode)
    return replace(batch, messages=[]) if any(letter.reason == "bad_header" for letter in batch.letters) else batch


@pytest.mark.parametrize(("twin", "seen"), [(_forgets_tombstones, "kept"), (_gives_up_at_a_bad_header, "neighbors")])
async def test_the_check_sees_a_worker_that_loses_something(
    database: Database, monkeypatch: pytest.MonkeyPatch, twin: Callable[..., Batch], seen: str
) -> None:
    monkeypatch.setattr(worker, "read", twin)
    assert any(seen in what for what in await _wrong(await database(TRIGGER), Dice(7), 300))


async def _wrong(running: Running, random: Dice, many: int) -> list[str]:
    """What became of odd records and their neighbors, where it is not what it should be."""
    decode = PublishersTopics(TRIGGER, PUBLISHERS)
    records, neighbors = _mixed(random, many)
    unreadable = [record.offset for record in records if isinstance(decode(record), Unreadable)]
    await _take(running, records, decode)
    planned = {row["id"] for row in await running.pool.fetch("SELECT id FROM session")}
    letters = await running.pool.fetch('SELECT "offset", reason, detail FROM dead_letter ORDER BY "offset"')
    kept = [letter["offset"] for letter in letters if letter["reason"] != "id_reused"]
    faults = {
        f"neighbors that are not planned: {len(neighbors - planned)}": neighbors <= planned,
        f"not kept, or kept though sound: {sorted(set(kept) ^ set(unreadable))[:5]}": kept == unreadable,
        "a letter without a reason": all(letter["reason"] and letter["detail"] for letter in letters),
    }
    return [what for what, right in faults.items() if not right]


def _read(decode: Decode, record: Placed) -> Decoded:
    began = thread_time()
    found = decode(record)
    assert thread_time() - began < SECONDS
    match found:
        case Message():
            assert len(to_json(found.event)) <= 6 * LARGEST
            assert b"\x00" not in found.event.model_dump_json().encode()
        case Unreadable():
            assert found.reason and found.detail and found.detail.isprintable()
            assert len(found.detail) <= 500
        case Unwanted():
            assert found.type
    return found


def _mixed(random: Random, many: int) -> tuple[list[Placed], set[object]]:
    """Ten odd records, then a good one, and so on; the good ones' sessions."""
    records: list[Placed] = []
    neighbors: set[object] = set()
    for n in range(many):
        records.append(odd(random, FROM_SITES).at(TOPIC, len(records)))
        if n % 10 == 0:
            records.append(whole(random, *_good(f"good-{n}")).at(TOPIC, len(records)))
            neighbors.add(ids.session(SITE, f"good-{n}"))
    return records, neighbors


def _good(ref: str) -> tuple[Example, bytes]:
    told = {"session_ref": ref, "site_id": SITE, "mentor_ref": "m1", "starts_at": afternoon(9).isoformat(),
            "time_zone": "America/Chicago", "activity": "homework_help"}  # fmt: skip
    fields = fields_of(told)
    return Example("site.session_scheduled.v1", tuple(fields)), text_of(fields).encode()


async def _take(running: Running, records: list[Placed], decode: Decode) -> None:
    taking = Worker(replace(TRIGGER, pause_publisher=None), await dsn_of(running), lambda: None, _room)
    try:
        for begin in range(0, len(records), 200):
            await taking.take(records[begin : begin + 200], decode)
    finally:
        await taking.close()


async def _room() -> None:
    """The relay keeps up."""
