"""The relay: outbox rows to Kafka, at least once, in order per key. One connection, up to eight shards.

A shard is held by a session advisory lock; the relays of a service share the shards evenly.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from math import ceil
from zlib import crc32

from asyncpg import Connection, Record

from shared import db, kafka_rights
from shared.bus import EventProducer, Outbound
from shared.contracts.topics import TOPICS
from shared.messaging import store
from shared.messaging.fold import SHARDS

LOG = logging.getLogger("jitt.relay")
ROWS = 2_000
FULL = 20_000
COMPACTED = frozenset(topic.name for topic in TOPICS if topic.compacted)
FROZEN = "60s"  # a relay that asks Postgres nothing for so long loses its session, and with it its shards to the others
TRY_LOCK = "SELECT pg_try_advisory_lock($1::int, $2::int)"
UNLOCK = "SELECT pg_advisory_unlock($1::int, $2::int)"
RELAYS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"


def application(service: str) -> str:
    """The relay connection's application_name; counting them tells how many relays share the shards."""
    return f"jitt {service} relay"


async def connect(dsn: str, service: str) -> Connection:
    """The connection that holds the shards' locks."""
    return await db.connect(dsn, application(service), idle_session_timeout=FROZEN)


class Relay:
    """`wake` is set after a commit that left something to send; `caught_up` is clear while the outbox is too full."""

    def __init__(self, service: str, bootstrap: str) -> None:
        self.service, self.bootstrap = service, bootstrap
        self.wake = asyncio.Event()
        self.caught_up = asyncio.Event()
        self.caught_up.set()
        self.held: list[int] = []
        self.sent = 0
        self._lock = crc32(service.encode()) & 0x7FFFFFFF
        self._events = EventProducer(bootstrap, f"{service}.relay")
        self._compacted: dict[int, EventProducer] = {}

    async def share(self, conn: Connection) -> None:
        """Takes or gives back shards, so that each of n relays holds about 8 / n."""
        fair = ceil(SHARDS / max(1, await conn.fetchval(RELAYS, application(self.service))))
        if self.held[fair:]:
            await self._events.close()  # a send that timed out may still be on its way
        for shard in self.held[fair:]:
            await self._close_shard(shard)
            await conn.fetchval(UNLOCK, self._lock, shard)
        del self.held[fair:]
        for shard in range(SHARDS):
            if len(self.held) >= fair:
                break
            if shard not in self.held and await conn.fetchval(TRY_LOCK, self._lock, shard):
                self.held.append(shard)

    async def round(self, conn: Connection) -> int:
        """Sends up to ROWS and deletes what is acknowledged; answers how many went."""
        if not self.held:
            self.caught_up.set()  # whoever holds the shards judges the backlog
            return 0
        rows = await store.unsent(conn, self.held, ROWS)
        if await self._fences_others(rows):  # what they sent meanwhile is gone from the outbox
            rows = await store.unsent(conn, self.held, ROWS)
        self._judge_backlog(await store.backlog(conn, FULL + 1) if len(rows) == ROWS else len(rows))
        if not rows:
            return 0
        acked = await self._publish(rows)
        if acked:
            await store.sent(conn, acked)
        self.sent += len(acked)
        return len(acked)

    async def lost(self) -> None:
        """The connection, and with it every lock, is gone: nothing of ours may still be on its way."""
        self.held.clear()
        await self.close()

    async def close(self) -> None:
        await self._events.close()
        for shard in list(self._compacted):
            await self._close_shard(shard)

    async def _publish(self, rows: Sequence[Record]) -> list[int]:
        acked = await self._events.publish([_outbound(row) for row in rows if row["topic"] not in COMPACTED])
        compacted: dict[int, list[Outbound]] = {}
        for row in rows:
            if row["topic"] in COMPACTED:
                compacted.setdefault(row["shard"], []).append(_outbound(row))
        for shard, group in compacted.items():
            try:
                acked += await self._producer(shard).publish_whole(group)
            except Exception as error:
                LOG.warning("publishing failed", extra={"shard": shard, "error": f"{type(error).__name__}: {error}"})
        return acked

    async def _fences_others(self, rows: Sequence[Record]) -> bool:
        """Starts the producers that these rows of compacted topics need. True when one was not up: then whoever held the shard
        before could still send until now, and the rows may be old."""
        shards = {row["shard"] for row in rows if row["topic"] in COMPACTED}
        new = [producer for shard in sorted(shards) if not (producer := self._producer(shard)).started]
        for producer in new:
            try:
                await producer.start()
            except Exception as error:  # its rows wait; those of event topics go on
                LOG.warning("no producer for a compacted topic", extra={"error": f"{type(error).__name__}: {error}"})
        return bool(new)

    def _producer(self, shard: int) -> EventProducer:
        if shard not in self._compacted:
            name = kafka_rights.transactional_id(self.service, shard)
            self._compacted[shard] = EventProducer(self.bootstrap, name, transactional_id=name)
        return self._compacted[shard]

    async def _close_shard(self, shard: int) -> None:
        if producer := self._compacted.pop(shard, None):
            await producer.close()

    def _judge_backlog(self, waiting: int) -> None:
        if waiting > FULL:
            if self.caught_up.is_set():
                LOG.warning("the outbox is full, reading pauses", extra={"waiting": waiting})
            self.caught_up.clear()
        else:
            self.caught_up.set()


def _outbound(row: Record) -> Outbound:
    headers = [
        *_of_type(row["type"]), ("ce_id", str(row["event_id"]).encode()), ("ce_time", _time(row["at"])),
        ("ce_subject", row["key"].encode()),
    ]
    if row["traceparent"]:
        headers.append(("traceparent", row["traceparent"].encode()))
    return row["id"], row["topic"], row["key"], headers, row["payload"] or None  # none: the key is forgotten


@lru_cache(maxsize=100)
def _of_type(type: str) -> tuple[tuple[str, bytes], ...]:
    """The headers that all events of a type share."""
    service, _, _ = type.partition(".")
    return (("ce_specversion", b"1.0"), ("ce_source", f"jitt/{service}".encode()), ("ce_type", type.encode()),
            ("content-type", b"application/json"))


@lru_cache(maxsize=100)
def _time(at: datetime) -> bytes:
    """The same for all events of a transaction."""
    return at.isoformat().encode()
