"""Case 12: copied facts made again from the topic. The rows that the service made live must come out the same, to the byte."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from aiokafka import AIOKafkaProducer

from deploy import network, topology
from deploy.servers import url_of
from shared.contracts.trigger import SessionPlanned
from shared.messaging.rebuild import projections, rebuild
from shared.running import opened
from tests.bench import topics
from tests.bench.hop import Bench

PLANNED = "SELECT count(*) FROM assessment.planned_session"
READ = "SELECT partition, next_offset FROM assessment.consumed WHERE topic = $1"
SPACE = UUID("6f1cbb1e-6f7b-4d1c-9a0e-0a2f5b6f1e11")
PLANS_EACH = 2  # of a session: announced, and moved
PATIENCE, LOOKS = 600.0, 0.2  # seconds


@dataclass(frozen=True, slots=True)
class Remade:
    """Events per second of reading, folding and comparing, and for how many seconds nobody could write the table."""

    per_s: float
    locked: float


async def fill(bench: Bench, events: int) -> None:
    """So many more plans on trigger's topic, and a live assessment that has applied them."""
    producer = AIOKafkaProducer(bootstrap_servers=bench.kafka, linger_ms=5, max_batch_size=256 * 1024)
    await producer.start()
    try:
        for n, plan in enumerate(_plans(events)):
            body = plan.model_dump_json().encode()
            await producer.send(topics.OUT, body, key=plan.session_id.hex.encode(), headers=_headers(n))
        await producer.flush()
    finally:
        await producer.stop()
    child = network.start_service(bench.home, "assessment", {})
    try:
        deadline = time.monotonic() + PATIENCE
        while not await _has_read_all(bench):
            if not child.alive() or time.monotonic() > deadline:
                raise child.failure(f"assessment at {url_of('assessment')} did not read all plans")
            await asyncio.sleep(LOOKS)
    finally:
        child.stop()


async def remade(bench: Bench) -> Remade:
    """Raises AssertionError when a row is not the same."""
    handler = projections(topology.service("assessment"))["planned_session"]
    async with opened(topology.service("assessment")) as running:
        done = await rebuild(running, handler, write=False)
    assert done.right, f"{done.wrong} rows wrong, {done.missing} missing"
    assert done.same == await bench.owner.fetchval(PLANNED), f"only {done.same} rows were made again"
    return Remade(done.events / done.seconds, done.locked)


def _plans(events: int) -> Iterator[SessionPlanned]:
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    for n in range(events):
        session, plan = n // PLANS_EACH, n % PLANS_EACH
        yield SessionPlanned(
            session_id=uuid5(SPACE, f"session {session}"), site_id=f"site-{session % 100:03}",
            mentor_id=uuid5(SPACE, f"mentor {session // 8}"),
            starts_at=first + timedelta(hours=plan, minutes=session % 480), time_zone="America/Chicago", minutes=45,
            activity="homework_help", function="homework_support", quiz_by=first, revision=plan + 1,
        )  # fmt: skip


def _headers(n: int) -> list[tuple[str, bytes]]:
    attributes = {"specversion": "1.0", "id": str(uuid5(SPACE, f"event {n}")), "source": "trigger", "type": SessionPlanned.TYPE}
    return [(f"ce_{name}", value.encode()) for name, value in attributes.items()]


async def _has_read_all(bench: Bench) -> bool:
    ends = {where.partition: end for where, end in (await topics.ends(bench.kafka)).items() if end}
    return {row["partition"]: row["next_offset"] for row in await bench.owner.fetch(READ, topics.OUT)} == ends
