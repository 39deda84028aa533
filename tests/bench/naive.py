"""Case 4, what one would write first: FastStream, one message at a time, one transaction each, publishing in the handler.

`python -m tests.bench.naive RESULT EVENTS PORT` (the port is not used). Its rules, rows and event are trigger's own, so that
only the way of processing differs. It also loses and doubles events where ours does not; that is another test's matter.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Sequence
from os import environ
from pathlib import Path
from typing import Any, cast

import asyncpg
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from services.trigger import domain, gathering, store
from services.trigger.app import SERVICE
from services.trigger.handlers import SESSION
from shared import db
from shared.contracts import ids
from shared.contracts.event import Refused
from shared.contracts.site import SessionScheduled
from shared.messaging.message import inbox_id
from shared.observe import setup_logging
from shared.settings import settings
from tests.bench import topics, world
from tests.bench.hop import Bench, appears, check, worker
from tests.bench.world import Announced

LOG = logging.getLogger("faststream.naive")  # errors only
GROUP = "naive"
SEEN = "INSERT INTO inbox (id, sha) VALUES ($1, '') ON CONFLICT DO NOTHING"


def service(broker: KafkaBroker, pool: asyncpg.Pool, topic: str, done: "Done", workers: int) -> Any:
    """One worker acknowledges after its work, sixteen before it: FastStream has no other way for several."""
    policy = AckPolicy.NACK_ON_ERROR if workers == 1 else AckPolicy.ACK_FIRST

    @broker.subscriber(topic, group_id=GROUP, auto_offset_reset="earliest", ack_policy=policy, max_workers=workers)
    async def consume(message: KafkaMessage) -> None:
        event = SessionScheduled.model_validate_json(message.body)
        cause = inbox_id(GROUP, message.headers["ce_source"], message.headers["ce_id"])
        async with pool.acquire() as conn, conn.transaction():
            if await conn.execute(SEEN, cause) == "INSERT 0 1":
                await _plan(cast(asyncpg.Connection, conn), broker, event, cause)
        done.one()

    return consume


async def _plan(conn: asyncpg.Connection, broker: KafkaBroker, event: SessionScheduled, cause: Any) -> None:
    key = gathering.session_id(event)
    state = (await store.load_sessions(conn, [key])).get(key)
    reads = {name: await _read(conn, read, state, event) for name, read in SESSION.reads.items()}
    now = await conn.fetchval("SELECT now()")
    decided = domain.scheduled(state, event, now, gathering.facts(state, event, reads))
    assert not isinstance(decided, Refused), decided
    session, events = decided
    await store.save_sessions(conn, [session] if state else [], [] if state else [session])
    for n, follow_up in enumerate(events):
        headers = {"ce_specversion": "1.0", "ce_id": str(ids.after(cause, str(n))), "ce_source": "jitt/trigger",
                   "ce_type": follow_up.TYPE, "ce_time": now.isoformat(), "ce_subject": follow_up.key()}
        await broker.publish(follow_up, topics.OUT, key=follow_up.key().encode(), headers=headers)


async def _read(conn: asyncpg.Connection, read: Any, state: Any, event: Any) -> Any:
    keys = list(read.keys(state, event))
    return await read.load(conn, keys) if keys else {}


async def rate(bench: Bench, announced: Sequence[Announced], workers: int, n: int) -> float:
    """Events per second, once it is warm."""
    publisher = f"naive{workers}-{n}"
    topic = await topics.make(bench.kafka, publisher)
    await topics.load(bench.kafka, topic, announced)
    await world.clear(bench.owner, publisher)
    before = await topics.ends(bench.kafka)
    environ["BENCH_TOPIC"], environ["BENCH_WORKERS"] = topic, str(workers)
    with worker(bench, len(announced), "tests.bench.naive") as (child, result):
        await appears(result, child)
        found = float(json.loads(result.read_text())["rate"])
    await check(bench, len(announced), before)
    return found


class Done:
    """Says how long it took when all are done; the first tenth, while it warms up, does not count."""

    def __init__(self, result: Path, events: int) -> None:
        self.result, self.done, self.events, self.started_at = result, 0, events, 0.0

    def one(self) -> None:
        self.done += 1
        if self.done == self.events // 10:
            self.started_at = time.monotonic()
        if self.done == self.events:
            rate = (self.events - self.events // 10) / (time.monotonic() - self.started_at)
            fresh = self.result.with_suffix(".new")
            fresh.write_text(json.dumps({"rate": rate}))
            fresh.replace(self.result)


async def main(result: Path, events: int) -> None:
    pool = await db.open_pool(db.service_dsn(SERVICE.name), "naive", size=16)
    broker = KafkaBroker(settings().kafka, acks="all", enable_idempotence=True, allow_auto_create_topics=False, logger=LOG)
    service(broker, pool, environ["BENCH_TOPIC"], Done(result, events), int(environ["BENCH_WORKERS"]))
    await broker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    setup_logging("naive")  # ours, so that it does not pay for a line of log per message
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
