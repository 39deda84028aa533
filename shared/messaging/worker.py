"""One process's transactions, one at a time on one connection: batches from Kafka, due rows between them.

Transient errors run the whole batch again; two timeouts in a row halve it, and the next ones too for a while; a data error
bisects it until the poison is alone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from asyncpg import Connection

from shared import db
from shared.bus import MAX_POLL_MS
from shared.messaging import store
from shared.messaging.batch import DUE_LIMIT, Applied, Batch, Conflict, TooManyFailures, apply, apply_due
from shared.messaging.handler import Handler
from shared.messaging.ingest import INBOUND
from shared.messaging.message import Decoded, Message, Record, Unreadable, Unwanted, own_message
from shared.messaging.observed import counted, timed
from shared.messaging.store import Dead
from shared.messaging.sweep import STEP, apply_sweep
from shared.service import Service
from shared.settings import settings

LOG = logging.getLogger("jitt.worker")
BUDGET_SECONDS = MAX_POLL_MS / 3_000  # a third of what Kafka allows between two polls
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
MARGIN = timedelta(minutes=1)
LOOK_BACK_SECONDS = 10
IDLE_SECONDS = 0.05
BUSY_SECONDS = 1.0  # after records came: they should not wait for many rows that are due
TIDY_SECONDS = 3_600
STEP_SECONDS = 1.0
MOST = 1_000  # messages in one transaction: twice as many are no faster, and take 8 MiB more
LATE_ALONE = 5  # timeouts of one message or row with nothing beside it
TOLD_SECONDS = 30  # what is still read of a paused publisher until its subscription ends is no second cause
T = TypeVar("T")

Decode = Callable[[Record], Decoded]


class Worker:
    """Owns the batch connection. `committed` is called after each commit that sent something (the relay wakes)."""

    def __init__(self, service: Service, dsn: str, committed: Callable[[], None], room: Callable[[], Awaitable[Any]]) -> None:
        self.service, self.dsn, self.committed, self.room = service, dsn, committed, room
        self._conn: Connection | None = None
        self._one_at_a_time = asyncio.Lock()
        self._since = {handler.name: ALWAYS for handler in service.handlers if handler.clock}
        self._looked_back_at = dict.fromkeys(self._since, 0.0)
        self._told_to_pause: dict[str, float] = {}
        self._taken_at = float("-inf")
        self._most = MOST  # fewer for a while after timeouts
        self._most_due: dict[str, int] = {}  # the same of rows that are due, by handler: one's trouble is not another's
        self._late_alone: dict[str, int] = {}

    async def take(self, records: Sequence[Record], decode: Decode) -> None:
        """A batch from Kafka. Returns when it has committed; raises when it should be delivered again."""
        if not records:
            return
        self._taken_at = monotonic()
        deadline = self._taken_at + BUDGET_SECONDS
        async with asyncio.timeout(BUDGET_SECONDS):  # wait_for may swallow the order to stop
            await self.room()
        most, parts = self._most, _in_parts(read(records, decode), self._most)
        async with self._one_at_a_time:
            for part in parts:
                await self.commit(part, deadline)
        if self._most == most:
            self._most = min(MOST, most * 2)

    async def commit(self, batch: Batch, deadline: float) -> None:
        """Applies a batch, whole or in parts; the last part carries the offsets."""
        timeouts = 0
        while True:
            try:
                applied = await self._transaction(partial(self._apply, batch))
                self._done(applied)
                await self._pause_the_noisy(applied)
                return
            except Exception as error:
                if isinstance(error, TooManyFailures) or monotonic() > deadline:
                    raise
                timeouts = timeouts + 1 if db.is_timeout(error) else 0
                if timeouts >= 2:  # remembered, for what is too slow to be found before the batch must be delivered again
                    self._most = max(1, min(self._most, len(batch.messages) // 2))
                if parts := _parts(batch, error, timeouts):
                    for part in parts:
                        await self.commit(part, deadline)
                    return
                await self._passing(error)

    async def _pause_the_noisy(self, applied: Applied) -> None:
        """A publisher with too many unreadable records within an hour is heard no more, until somebody has looked and resumes
        it. Those that were replayed or skipped meanwhile do not count again."""
        if (pause := self.service.pause_publisher) is None:
            return
        names = {letter.principal for letter in applied.letters if letter.raw and letter.raw.topic.startswith(INBOUND)}
        limit = settings().noisy_per_hour
        for name in sorted(names):
            buried = await self._transaction(partial(store.buried_lately, principal=name, at_most=limit + 1))
            if buried > limit and monotonic() - self._told_to_pause.get(name, float("-inf")) > TOLD_SECONDS:
                self._told_to_pause[name] = monotonic()
                LOG.warning("pausing a publisher: too much of it cannot be read", extra={"publisher": name, "limit": limit})
                told = own_message(self.service.name, "worker", f"pause {name} at {_last(applied, name)}", pause(name))
                await self._transaction(partial(self._apply, Batch([told])))

    async def _apply(self, batch: Batch, conn: Connection) -> Applied:
        return await apply(conn, self.service.name, self.service.handlers, batch)

    async def tidy(self) -> None:
        """For ever: forgets what is old enough, in small steps, all of it about once an hour."""
        page = 0
        while True:
            try:
                async with self._one_at_a_time:
                    page = await self._transaction(partial(store.tidy, page=page))
            except Exception as error:
                await self._passing(error)
            await asyncio.sleep(TIDY_SECONDS if page == 0 else STEP_SECONDS)

    async def fall_due(self, handler: Handler[Any]) -> int:
        """One due batch of one handler; answers how many rows it claimed."""
        since = self._lower_bound(handler.name)
        async with self._one_at_a_time:
            limit = DUE_LIMIT if monotonic() - self._taken_at > BUSY_SECONDS else DUE_LIMIT // 4
            due = partial(apply_due, service=self.service.name, handler=handler, since=since)
            applied = await self._many_or_one(handler.name, due, limit)
        if applied.oldest_due:
            self._since[handler.name] = applied.oldest_due - MARGIN
        self._done(applied)
        return applied.rows_due

    async def _many_or_one(self, name: str, work: Callable[..., Awaitable[Applied]], most: int) -> Applied:
        """So many rows at once; where they cannot be saved, one, and where even that cannot, it is set aside."""
        limit = min(most, self._most_due.get(name, DUE_LIMIT))
        while True:
            try:
                applied = await self._transaction(partial(work, limit=limit))
            except Exception as error:
                if self._may_pass(name, error, limit):
                    raise
                if limit == 1:
                    aside = await self._transaction(partial(work, limit=1, broken=f"{type(error).__name__}: {error}"))
                    self._late_alone[name] = 0  # the next row has as many tries
                    return aside
                limit = 1
            else:
                if applied.rows_due >= limit:
                    self._most_due[name], self._late_alone[name] = min(DUE_LIMIT, self._most_due.get(name, DUE_LIMIT) * 2), 0
                return applied

    def _may_pass(self, name: str, error: Exception, limit: int) -> bool:
        """After a timeout half as many rows are tried next time; one that is late again and again does not pass."""
        if db.is_timeout(error):
            self._most_due[name] = max(1, limit // 2)
            self._late_alone[name] = self._late_alone.get(name, 0) + 1 if limit == 1 else 0
            return self._late_alone[name] < LATE_ALONE
        return _passes(error)

    async def sweep(self) -> int:
        """One step of one sweep that is due; 0 when none is."""
        async with self._one_at_a_time:
            step = partial(apply_sweep, service=self.service.name, handlers=self.service.handlers)
            applied = await self._many_or_one("sweep", step, STEP)
        self._done(applied)
        return applied.rows_due

    async def run_clocks(self) -> None:
        """For ever: every handler's due rows and sweeps, as they come due."""
        work: list[Callable[[], Awaitable[int]]] = [
            partial(self.fall_due, handler) for handler in self.service.handlers if handler.clock
        ]
        if any(handler.sweeps for handler in self.service.handlers):
            work.append(self.sweep)
        while True:
            claimed = 0
            for step in work:
                await self.wait_for_room()
                try:
                    claimed += await step()
                except TooManyFailures:
                    raise
                except Exception as error:
                    await self._passing(error)
            if not claimed:
                await asyncio.sleep(IDLE_SECONDS)

    async def wait_for_room(self) -> None:
        """Until the outbox has room for what the clocks cause."""
        await self.room()

    async def offsets(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """How far we have read, by our own account. Waits for Postgres: without it nothing could be applied anyway."""
        wanted = list(topics)
        while True:
            try:
                async with self._one_at_a_time:
                    return await self._transaction(lambda conn: store.load_offsets(conn, wanted))
            except Exception as error:
                await self._passing(error)

    async def close(self) -> None:
        if self._conn is not None:
            self._conn.terminate()
            self._conn = None

    def _lower_bound(self, name: str) -> datetime:
        """Dead index entries before it are not read; every 10 s one look without it finds what others saved there."""
        if monotonic() - self._looked_back_at[name] > LOOK_BACK_SECONDS:
            self._looked_back_at[name] = monotonic()
            return ALWAYS
        return self._since[name]

    def _done(self, applied: Applied) -> None:
        for name, at in applied.due.items():
            self._since[name] = min(self._since[name], at)
        counted(self.service.name, applied)
        if applied.events_out:
            self.committed()

    async def _transaction(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        if self._conn is None or self._conn.is_closed():
            self._conn = await db.connect(self.dsn, f"jitt {self.service.name} worker")
        try:
            with timed(self.service.name):
                async with self._conn.transaction():
                    return await work(self._conn)
        except Exception as error:
            if db.is_transient(error) and not isinstance(error, Conflict):
                await self._give_up_connection()
            raise

    async def _give_up_connection(self) -> None:
        """A connection that failed may be in any state; a new one costs a few milliseconds."""
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.terminate()

    async def _passing(self, error: Exception) -> None:
        """Waits a moment before the next attempt; raises what no repetition can mend."""
        if isinstance(error, Conflict):
            return
        if not _passes(error):
            raise error
        LOG.warning("running it again", extra={"service": self.service.name, "error": f"{type(error).__name__}: {error}"})
        await asyncio.sleep(0.2)


def _in_parts(batch: Batch, most: int) -> list[Batch]:
    """Of at most so many messages each; the last part carries the letters and the offsets."""
    starts = range(0, len(batch.messages), most) or (0,)
    parts = [Batch(batch.messages[start : start + most]) for start in starts]
    parts[-1] = replace(batch, messages=parts[-1].messages)
    return parts


def _last(applied: Applied, name: str) -> str:
    """Where the last record of that publisher stood: names this incident and no other."""
    raw = next(letter.raw for letter in reversed(applied.letters) if letter.principal == name and letter.raw)
    return f"{raw.topic}/{raw.partition}/{raw.offset}"


def _passes(error: BaseException) -> bool:
    """Running it again may help. TooManyFailures does not pass, but is nobody's fault in particular: it stops the service."""
    return isinstance(error, Conflict | TooManyFailures) or db.is_transient(error) or db.is_timeout(error)


def read(records: Sequence[Record], decode: Decode) -> Batch:
    """Splits records into messages to apply and letters to bury, and says how far they reach."""
    messages: list[Message] = []
    letters: list[Dead] = []
    offsets: dict[tuple[str, int], int] = {}
    for record in records:
        offsets[record.topic, record.partition] = record.offset + 1
        match decode(record):
            case Message() as message:
                messages.append(message)
            case Unreadable(reason, detail, principal, raw):
                letters.append(Dead("dead", reason, detail, principal, (), raw))
            case Unwanted():
                pass  # a newer producer's type: not claimed, so a handler added later can backfill
    return Batch(messages, letters, offsets)


def _parts(batch: Batch, error: Exception, timeouts: int) -> Sequence[Batch]:
    """How to go on after `error`: in two halves, or with the one poison message set aside. Empty: run it again."""
    data = not _passes(error)  # refused by Postgres, or our own bug: either way some message of the batch is behind it
    if len(batch.messages) > 1 and (data or timeouts >= 2):
        middle = len(batch.messages) // 2
        first = Batch(batch.messages[:middle], visible=batch.visible, claimed=batch.claimed)
        return first, replace(batch, messages=batch.messages[middle:])
    if len(batch.messages) == 1 and not batch.visible and (data or timeouts >= LATE_ALONE):
        return (replace(batch, broken=f"{type(error).__name__}: {error}"),) if not batch.broken else ()
    return ()
