"""No record stops the reading: each becomes a message that can be stored, or a reason in words; its neighbors never suffer."""

from dataclasses import replace
from random import Random
from time import thread_time

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
from shared.messaging.ingest import OwnTopics, PublishersTopics
from shared.messaging.message import LARGEST, Decoded, Message, Unreadable, Unwanted
from shared.messaging.worker import Decode, Worker
from shared.running import Running
from shared.service import Service
from tests.conftest import Database
from tests.fuzz.amount import cases, some
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
    read, random = PublishersTopics(TRIGGER, PUBLISHERS), Dice(4)
    reasons = {found.reason for _ in range(4_000) if isinstance(found := read(odd(random, FROM_SITES).at(TOPIC, 0)), Unreadable)}
    assert reasons >= {"schema", "no_cloudevent", "bad_header", "tombstone", "nul_in_text", "too_large", "unknown_type"}
    assert isinstance(read(odd(random, examples("site")).at(TOPIC, 0)), Unreadable)


async def test_among_odd_records_every_good_neighbor_is_planned_and_every_bad_one_is_kept(database: Database) -> None:
    running = await database(TRIGGER)
    seed = Dice().getrandbits(64)
    read, random = PublishersTopics(TRIGGER, PUBLISHERS), Dice(seed)
    records, neighbors = _mixed(random, some(0.1))
    unreadable = [record.offset for record in records if isinstance(read(record), Unreadable)]
    await _take(running, records, read)
    planned = {row["id"] for row in await running.pool.fetch("SELECT id FROM session")}
    assert neighbors - planned == set(), f"seed {seed}"
    letters = await running.pool.fetch('SELECT "offset", reason, detail FROM dead_letter ORDER BY "offset"')
    kept = [letter["offset"] for letter in letters if letter["reason"] != "id_reused"]
    assert kept == unreadable, f"seed {seed}"
    assert all(letter["reason"] and letter["detail"] for letter in letters)


def _read(read: Decode, record: Placed) -> Decoded:
    began = thread_time()
    found = read(record)
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


async def _take(running: Running, records: list[Placed], read: Decode) -> None:
    worker = Worker(replace(TRIGGER, pause_publisher=None), await dsn_of(running), lambda: None, _room)
    try:
        for begin in range(0, len(records), 200):
            await worker.take(records[begin : begin + 200], read)
    finally:
        await worker.close()


async def _room() -> None:
    """The relay keeps up."""
