"""Writes malformed records and good neighbors, and knows what has to become of each.

Which records are malformed is judged by the contracts alone; what became of them, by tables.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from deploy import topology
from services.trigger.app import SERVICE as TRIGGER
from services.trigger.tenants import Publisher
from shared.contracts import ids
from shared.messaging.ingest import OwnTopics, PublishersTopics
from shared.messaging.message import Message, Unreadable
from shared.messaging.worker import Decode
from shared.settings import settings
from tests.chaos.malformed_town import CALM, FLOOD, OWN_READER, SPEAKERS, rows
from tests.chaos.oracle import Verdict, judge
from tests.fuzz.fragments import Dice, fields_of, text_of
from tests.fuzz.records import BAD_NAME, ENVELOPE, WAYS, Example, Odd, examples, odd, spoken_for, whole
from tests.messaging.test_bus import with_header_name

EVERYBODY = (*SPEAKERS, FLOOD, *CALM)
OWN_TOPIC, COMPACTED = "trigger.events", "supervision.roster"
MEGABYTE = 1_000_000
EVERY = 10  # odd records for one good neighbor
LARGEST_OF_A_PUBLISHER = 500_000  # bytes that Kafka takes on its topic, with some room for headers
LARGEST_REQUEST = 16 * 1024 * 1024  # more than the dice make: what is too large is for Kafka to say
IN_FLIGHT = 500
STANDS_IN = "ZZZZ"
KEPT = "kept with its reason"
SCHEDULED, PLANNED = "site.session_scheduled.v1", "trigger.session_planned.v1"
ENROLLED = "supervision.mentor_enrolled.v1"
LETTERS = """
SELECT topic, partition, "offset", reason, reason <> '' AND detail <> '' AS told FROM dead_letter
WHERE topic = ANY($1::text[]) AND "offset" >= $2
"""
NEIGHBORS = {
    TRIGGER.name: "SELECT id, starts_at FROM session WHERE id = ANY($1::uuid[])",
    OWN_READER: "SELECT session_id, revision FROM planned_session WHERE session_id = ANY($1::uuid[])",
}
TAKEN = "SELECT id FROM inbox WHERE id = ANY($1::uuid[])"
Place = tuple[str, int, int]  # topic, partition, offset


@dataclass(slots=True)
class Written:
    """Some records as they stand on their topics, and what has to become of them at one service."""

    service: str
    begins: dict[tuple[str, int], int] = field(default_factory=dict)  # (topic, partition) -> the first offset
    ends: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    malformed: set[Place] = field(default_factory=set)
    valid: set[UUID] = field(default_factory=set)  # odd, but valid after all: by inbox id
    unwanted: int = 0
    too_large: int = 0  # even for Kafka
    neighbors: dict[UUID, Any] = field(default_factory=dict)

    def stands(self, place: Place) -> None:
        topic, partition, offset = place
        self.begins[topic, partition] = min(self.begins.get((topic, partition), offset), offset)
        self.ends[topic, partition] = max(self.ends[topic, partition], offset + 1)

    async def judged(self) -> Verdict:
        topics, first = sorted({topic for topic, _ in self.ends}), min(self.begins.values(), default=0)
        letters = await rows(self.service, LETTERS, topics, first)
        taken = await rows(self.service, TAKEN, list(self.valid))
        known = await rows(self.service, NEIGHBORS[self.service], list(self.neighbors))
        return (
            judge("letters", {str(place): [KEPT] for place in self.malformed}, _by_key(self._kept(letters)))
            + judge("odd but valid records", {id: ["taken"] for id in self.valid}, {row[0]: ["taken"] for row in taken})
            + judge("neighbors", {id: [said] for id, said in self.neighbors.items()}, _by_key((row[0], row[1]) for row in known))
        )

    def _kept(self, letters: Iterable[Any]) -> Iterable[tuple[str, str]]:
        """An id said twice with other content is a letter too, though nothing is wrong with its bytes."""
        for row in letters:
            place = (row["topic"], row["partition"], row["offset"])
            if not self.begins.get(place[:2], place[2] + 1) <= place[2] < self.ends[place[:2]]:
                continue  # of another round
            if place in self.malformed or row["reason"] != "id_reused":
                yield str(place), KEPT if row["told"] else "kept without a reason"


class Press:
    """One publisher's records are compressed, the others' are not."""

    def __init__(self, dice: Dice, plain: AIOKafkaProducer, zipped: AIOKafkaProducer) -> None:
        self.dice, self._plain, self._zipped = dice, plain, zipped
        speakers = {name: Publisher(name, frozenset([name]), kafka=True, paused=False) for name in EVERYBODY}
        self._read: dict[str, Decode] = {
            TRIGGER.name: PublishersTopics(TRIGGER, speakers), OWN_READER: OwnTopics(topology.service(OWN_READER)),
        }  # fmt: skip
        self._said = {name: spoken_for(name, examples("site")) for name in EVERYBODY}
        self._ours = tuple(one for owner in topology.NAMES for one in examples(owner))
        self._pending: list[tuple[Written, Odd | None, Any]] = []

    async def odd(self, written: Written, many: int, speakers: Sequence[str]) -> None:
        """Among them, after each tenth, a good one. Most speak for their own site."""
        for n in range(many):
            speaker = self.dice.choice(speakers)
            await self.write(written, f"in.{speaker}", odd(self.dice, self._of_a_site(speaker), WAYS))
            if n % EVERY == 0:
                await self.good(written, speaker)
        await self.settle()

    async def odd_of_ours(self, written: Written, many: int) -> None:
        """None that erases somebody: that takes away the letters about them, which are what is looked for."""
        for n in range(many):
            record = odd(self.dice, self._ours, ENVELOPE)
            read = self._read[written.service](record.at(OWN_TOPIC, 0))
            if not (isinstance(read, Message) and read.event.erases()):
                await self.write(written, OWN_TOPIC, record)
            if n % EVERY == 0:
                await self._good_of_ours(written)
        await self.settle()

    async def megabytes(self, written: Written, many: int) -> None:
        """On the one kind of topic that takes records as large as that."""
        for _ in range(many):
            await self.write(written, COMPACTED, a_megabyte(self.dice))
        await self.settle()

    async def bad(self, written: Written, many: int, speaker: str) -> None:
        """In a row, and not one of them good for anything."""
        written_bad = 0
        while written_bad < many:
            record = odd(self.dice, self._said[speaker], WAYS)
            fits = len(record.value or b"") < LARGEST_OF_A_PUBLISHER
            if fits and isinstance(self._read[written.service](record.at(f"in.{speaker}", 0)), Unreadable):
                await self.write(written, f"in.{speaker}", record)
                written_bad += 1
        await self.settle()

    async def good(self, written: Written, speaker: str) -> None:
        ref, starts_at = f"good-{uuid4().hex}", in_nine_days()
        told = {"session_ref": ref, "site_id": speaker, "mentor_ref": f"m{ref[-3:]}", "starts_at": starts_at.isoformat(),
                "time_zone": "America/Chicago", "activity": "homework_help"}  # fmt: skip
        written.neighbors[ids.session(speaker, ref)] = starts_at
        await self._send(written, f"in.{speaker}", self._sound(SCHEDULED, fields_of(told)), None)

    async def _good_of_ours(self, written: Written) -> None:
        id = uuid4()
        fields = dict(next(one for one in self._ours if one.type == PLANNED).fields) | {'"session_id"': json.dumps(str(id))}
        written.neighbors[id] = int(fields['"revision"'])
        await self._send(written, OWN_TOPIC, self._sound(PLANNED, list(fields.items())), None)

    async def write(self, written: Written, topic: str, record: Odd) -> None:
        await self._send(written, topic, record, record)

    async def settle(self) -> None:
        """Waits until all stand on their topics, and notes what the contracts say of the odd ones."""
        pending, self._pending = self._pending, []
        for written, record, sent in pending:
            try:
                at = await sent
            except MessageSizeTooLargeError:
                written.too_large += 1
                continue
            place = (at.topic, at.partition, at.offset)
            written.stands(place)
            if record is not None:
                self._noted(written, record, place)

    def _noted(self, written: Written, record: Odd, place: Place) -> None:
        topic, partition, offset = place
        match self._read[written.service](record.at(topic, offset, partition)):
            case Unreadable():
                written.malformed.add(place)
            case Message(cause):
                written.valid.add(cause)
            case _:
                written.unwanted += 1

    async def _send(self, written: Written, topic: str, record: Odd, odd: Odd | None) -> None:
        if any(name == BAD_NAME for name, _ in record.headers):
            sent = await _send_with_a_bad_name(self._plain, topic, record)
        else:
            producer = self._zipped if topic == f"in.{SPEAKERS[0]}" else self._plain
            sent = await producer.send(topic, record.value, key=record.key, headers=list(record.headers))
        self._pending.append((written, odd, sent))
        if len(self._pending) >= IN_FLIGHT:
            await self.settle()

    def _sound(self, type: str, fields: list[tuple[str, str]]) -> Odd:
        return whole(self.dice, Example(type, ()), text_of(fields).encode())

    def _of_a_site(self, speaker: str) -> tuple[Example, ...]:
        return self._said[speaker if self.dice.randrange(EVERY) else self.dice.choice(SPEAKERS)]


@asynccontextmanager
async def press(seed: int) -> AsyncIterator[Press]:
    options = {"bootstrap_servers": settings().kafka, "acks": "all", "max_request_size": LARGEST_REQUEST, "linger_ms": 5}
    async with AIOKafkaProducer(**options) as plain, AIOKafkaProducer(**options, compression_type="gzip") as zipped:
        yield Press(Dice(seed), plain, zipped)


def a_megabyte(dice: Dice) -> Odd:
    return whole(dice, Example(ENROLLED, ()), b'{"pad": "%s"}' % (b"x" * MEGABYTE))


def in_nine_days() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=9)


async def _send_with_a_bad_name(producer: AIOKafkaProducer, topic: str, record: Odd) -> Any:
    """No Python client writes a header name that is not text, so it is put into the finished bytes."""
    headers = [(STANDS_IN if name == BAD_NAME else name, value) for name, value in record.headers]
    builder = producer.create_batch()
    builder.append(timestamp=None, key=record.key, value=record.value, headers=headers)
    with_header_name(builder, STANDS_IN.encode(), BAD_NAME.encode("utf-8", "surrogateescape"))
    return await producer.send_batch(builder, topic, partition=0)


def _by_key(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found
