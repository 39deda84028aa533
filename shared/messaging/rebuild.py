"""`jitt rebuild`: copied facts made again from the topics, by the same code, in an empty shadow of the schema.

The shadow is temporary tables of the same names, which Postgres finds first: no statement in it reaches a real row."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from asyncpg import Connection

from shared import bus, db
from shared.contracts.topics import TOPICS
from shared.messaging import store
from shared.messaging.batch import Batch, apply
from shared.messaging.handler import Handler
from shared.messaging.ingest import OwnTopics
from shared.messaging.worker import read
from shared.running import Running
from shared.service import Service

TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""
PRIMARY_KEY = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = format('%I.%I', $1::text, $2::text)::regclass AND i.indisprimary
"""
SHADOW = "CREATE TEMP TABLE %1$I (LIKE %2$I.%1$I INCLUDING ALL)"
ERASED = "INSERT INTO pg_temp.erased (person_id, at) SELECT person_id, at FROM %I.erased"  # they stay erased
LOCK = "LOCK TABLE %2$I.%1$I IN EXCLUSIVE MODE"  # nobody writes; everybody reads
LEAVE = "DELETE FROM pg_temp.%1$I WHERE $1::text || '/' || %3$I::text = ANY($2::text[])"
COMPARE = """
SELECT count(*) FILTER (WHERE kept.%3$I IS NULL) AS missing,
       count(*) FILTER (WHERE made.%3$I IS NULL) AS older,
       count(*) FILTER (WHERE kept *= made) AS same,
       count(*) FILTER (WHERE kept *<> made AND kept.%3$I = made.%3$I) AS wrong
FROM pg_temp.%1$I made FULL JOIN %2$I.%1$I kept USING (%3$I)
"""
REMOVE_WRONG = """
DELETE FROM %2$I.%1$I kept USING pg_temp.%1$I made WHERE kept.%3$I = made.%3$I AND kept *<> made
"""
INSERT_MADE = """
INSERT INTO %2$I.%1$I SELECT made.* FROM pg_temp.%1$I made
WHERE NOT EXISTS (SELECT FROM %2$I.%1$I kept WHERE kept.%3$I = made.%3$I)
"""
SESSION = {"statement_timeout": "10min", "transaction_timeout": "15min", "lock_timeout": "10s", "temp_buffers": "128MB"}
STATEMENT_SECONDS = 600
CATCHING_UP = 3  # times, until what is left to read under the lock is little


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Rows: `same` to the byte, `wrong` and `missing` (both mended, unless it was only tried), `older` than what the topics
    keep, and `left` because a record of theirs failed or waits. `locked`: seconds in which nobody could write the table."""

    events: int
    seconds: float
    same: int
    wrong: int
    missing: int
    older: int
    left: int
    locked: float

    @property
    def right(self) -> bool:
        return not self.wrong and not self.missing


def projections(service: Service) -> dict[str, Handler[Any]]:
    return {handler.name: handler for handler in service.handlers if handler.projection}


async def rebuild(running: Running, handler: Handler[Any], *, write: bool,
                  told: Callable[[int], object] = lambda events: None) -> Rebuilt:
    """In the end the real table is locked for a moment, so that both have applied exactly the same records, and rows that
    differ are replaced. `told` hears how many events were read so far. Raises what Kafka and Postgres raise, and then nothing
    was changed."""
    began = monotonic()
    async with _shadow(running.service.name) as conn:
        made = _Made(running, handler, conn, told)
        for _ in range(CATCHING_UP):
            await made.catch_up()
        await conn.execute(await db.named(conn, "ANALYZE pg_temp.%I", handler.name))
        async with conn.transaction():
            names = handler.name, running.service.name, await _primary_key(conn, running.service.name, handler.name)
            await conn.execute(await db.named(conn, LOCK, *names))
            locked = monotonic()
            await made.catch_up()
            left = await _leave_what_stands(running, conn, names)
            (row,) = await conn.fetch(await db.named(conn, COMPARE, *names), timeout=STATEMENT_SECONDS)
            if write:
                for statement in (REMOVE_WRONG, INSERT_MADE):
                    await conn.execute(await db.named(conn, statement, *names), timeout=STATEMENT_SECONDS)
        now = monotonic()
        return Rebuilt(made.events, now - began, row["same"], row["wrong"], row["missing"], row["older"], left, now - locked)


@asynccontextmanager
async def _shadow(service: str) -> AsyncIterator[Connection]:
    """A connection that sees every table of its service's schema empty."""
    conn = await db.connect(db.service_dsn(service), f"jitt {service} rebuild", **SESSION)
    try:
        for row in await conn.fetch(TABLES):
            await conn.execute(await db.named(conn, SHADOW, row["relname"], service))
        await conn.execute(await db.named(conn, ERASED, service))
        yield conn
    finally:
        conn.terminate()


class _Made:
    """One projection in the shadow, and how far its topics were read."""

    def __init__(self, running: Running, handler: Handler[Any], conn: Connection, told: Callable[[int], object]) -> None:
        self.events = 0
        self._running, self._conn, self._told = running, conn, told
        self._service = replace(running.service, handlers=(handler,))
        self._decode = OwnTopics(self._service)
        self._reached: dict[tuple[str, int], int] = {}

    async def catch_up(self) -> None:
        """To where the service itself has come, compacted topics first."""
        topics = {event.TOPIC for event in self._service.events.values()}
        compacted = [topic.name for topic in TOPICS if topic.compacted]
        for topic in sorted(topics, key=lambda name: (name not in compacted, name)):
            async with self._running.connection() as conn:
                until = await store.load_offsets(conn, [topic])
            applied = asyncio.create_task(asyncio.sleep(0))
            try:
                async for records in bus.history(self._running.settings.kafka, self._reached, until):
                    batch = replace(read(records, self._decode), offsets={})
                    await applied
                    applied = asyncio.create_task(self._apply(batch))  # while Kafka is asked for the next ones
                    self.events += len(records)
                    self._told(self.events)
                await applied
            finally:
                applied.cancel()
            self._reached |= until

    async def _apply(self, batch: Batch) -> None:
        async with self._conn.transaction():
            await apply(self._conn, self._service.name, self._service.handlers, batch)


async def _leave_what_stands(running: Running, conn: Connection, names: Sequence[str]) -> int:
    """Aggregates with a record that failed, here or there, stay as they are: `jitt dead` has the word on them."""
    async with running.connection() as real:
        parked = await store.parked(real) | await store.parked(conn)
    prefix = f"{names[0]}/"
    if standing := [name for name in parked if name.startswith(prefix)]:
        await conn.execute(await db.named(conn, LEAVE, *names), names[0], standing)
    return len(standing)


async def _primary_key(conn: Connection, service: str, table: str) -> str:
    (name,) = [row["attname"] for row in await conn.fetch(PRIMARY_KEY, service, table)]
    return str(name)
