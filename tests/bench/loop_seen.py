"""What an outside reader sees of the answers: their events on Kafka, and the brief in supervision's tables."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer

from tests.bench import machine
from tests.bench.hop import Bench
from tests.load.answers import OPEN, Sent

TOPICS = ("assessment.events", "supervision.events")
EVERY = 0.02  # seconds between two looks at the tables: what is shown is found so much later at most
RARELY = 250  # milliseconds that Kafka may keep an empty answer back: records say themselves when they were published
LATEST = 60.0  # seconds after the last was sent
SHOWN = """
SELECT p.training_id, p.ready_at IS NOT NULL AS ready, a.item_id, a.attempt
FROM supervision.preparation p LEFT JOIN supervision.answer a ON a.training_id = p.training_id
WHERE p.training_id = ANY($1::uuid[])
"""


class Seen:
    """Notes on each answer when it was seen where. A brief shows the last of a training when it is ready, too."""

    def __init__(self, sent: Sequence[Sent]) -> None:
        self.sent = sent
        self._by_key = {one.answer.key: one for one in sent}
        self._last = {one.answer.training_id: one for one in sent if one.answer.last}

    def waiting(self) -> set[UUID]:
        """Trainings of which something was taken that the brief does not show yet."""
        return {one.answer.training_id for one in self.sent if one.answered and not one.shown}

    def event(self, type: str, data: dict[str, Any], taken: float, published: float) -> None:
        training_id = UUID(data["training_id"])
        if type.startswith("supervision.brief_ready"):
            if one := self._last.get(training_id):
                one.ready = one.ready or published
            return
        if one := self._told_of(type, data, training_id):
            one.taken, one.published = one.taken or taken, one.published or published

    def _told_of(self, type: str, data: dict[str, Any], training_id: UUID) -> Sent | None:
        if type.startswith("assessment.item_answered"):
            return self._by_key.get((training_id, data["item_id"], data["attempt"]))
        one = self._last.get(training_id) if type.startswith("assessment.training_completed") else None
        return one if one and one.answer.attempt == OPEN else None

    def tables(self, rows: Iterable[Any], at: float) -> None:
        """Rows of SHOWN: each answer that is there, and whether its training's brief is ready."""
        for training_id, ready, item_id, attempt in rows:
            key = (UUID(str(training_id)), item_id, attempt)
            if (one := self._by_key.get(key)) and (ready or not one.answer.last):
                one.shown = one.shown or at
            if ready and (one := self._last.get(key[0])) and one.answer.attempt == OPEN:
                one.shown = one.shown or at

    def complete(self) -> bool:
        return not missing(self.sent)


def missing(sent: Sequence[Sent]) -> list[str]:
    """Every answer that was taken and has no event, no place in the brief, or no word that the brief is ready; by name."""
    return [f"question {one.answer.item_id}, try {one.answer.attempt}, of training {one.answer.training_id}: {what}"
            for one in sent if one.answered for what in _lacks(one)]  # fmt: skip


def _lacks(one: Sent) -> list[str]:
    found = {"no event": one.published, "not in the brief": one.shown, "no brief_ready": one.ready or not one.answer.last}
    return [what for what, there in found.items() if not there]


class Looks:
    """Readers who watch until the block ends, and what they cost Postgres themselves."""

    def __init__(self, conn: asyncpg.Connection, seen: Seen) -> None:
        self._conn, self._seen = conn, seen

    def cpu_seconds(self) -> float:
        return machine.cpu_seconds(self._conn.get_server_pid())

    async def tables(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if trainings := self._seen.waiting():
                rows = await self._conn.fetch(SHOWN, list(trainings))
                self._seen.tables(rows, time.time())

    async def records(self, consumer: AIOKafkaConsumer) -> None:
        async for record in consumer:
            headers = dict(record.headers)
            data = json.loads(record.value)
            if "training_id" in data:
                taken = datetime.fromisoformat(headers["ce_time"].decode()).timestamp()
                self._seen.event(headers["ce_type"].decode(), data, taken, record.timestamp / 1_000)


@asynccontextmanager
async def watched(bench: Bench, dsn: str, seen: Seen) -> AsyncIterator[Looks]:
    conn = await asyncpg.connect(dsn)
    consumer = AIOKafkaConsumer(*TOPICS, bootstrap_servers=bench.kafka, auto_offset_reset="latest",
                                isolation_level="read_committed", fetch_max_wait_ms=RARELY)  # fmt: skip
    try:
        await consumer.start()
        for partition in consumer.assignment():
            await consumer.position(partition)  # so that nothing is missed between now and the first look
        looks = Looks(conn, seen)
        tasks = [asyncio.create_task(work) for work in (looks.tables(), looks.records(consumer))]
        try:
            yield looks
        finally:
            await _ended(tasks)
    finally:
        await consumer.stop()
        await conn.close()


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Raises what ended one of them."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def settled(seen: Seen) -> None:
    """Returns when all that was taken is there. Raises AssertionError with what is missing after a minute."""
    deadline = time.monotonic() + LATEST
    while not seen.complete():
        lost = missing(seen.sent)
        assert time.monotonic() < deadline, f"{len(lost)} are missing after {LATEST:.0f} s: {'; '.join(lost[:5])}"
        await asyncio.sleep(0.1)
