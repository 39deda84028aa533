"""The seams where a fault may strike: the real functions, wrapped from here, so that production code knows nothing of it.

Each task belongs to a place by its context; only that place's own fault strikes it, so many places are tried side by side.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from random import Random
from typing import Any

from aiokafka.errors import KafkaTimeoutError
from asyncpg import Connection

from shared import bus
from shared.messaging import batch, store
from shared.messaging.worker import Worker
from tests.chaos.kernel.ground import owner

Deed = Callable[[Connection | None], Awaitable[None]]


class Strikes:
    """A fault at one seam: so many times, at the first passage and then at one of three.

    By chance: at every third, work that comes round in threes (a batch, the next, what is due) would be struck for ever.
    """

    def __init__(self, seam: str, deed: Deed, times: int) -> None:
        self.seam, self.deed, self.left = seam, deed, times
        self._dice, self._surely = Random(seam), True
        self.struck = asyncio.Event()

    def once_more(self) -> None:
        """At the next passage."""
        self.left, self._surely = 1, True

    async def passing(self, seam: str, conn: Connection | None = None) -> None:
        if seam != self.seam or not self.left:
            return
        if self._surely or self._dice.random() < 1 / 3:
            self._surely = False
            self.left -= 1
            self.struck.set()
            await self.deed(conn)


class Gate:
    """A fault that only holds whoever comes to its seam, until `open` is set. `acked`: offsets went to Kafka meanwhile."""

    def __init__(self, seam: str) -> None:
        self.seam = seam
        self.reached, self.open, self.acked = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def passing(self, seam: str, conn: Connection | None = None) -> None:
        if seam == "after the offset commit":
            self.acked.set()
        if seam == self.seam:
            self.reached.set()
            await self.open.wait()

    def held(self, work: Awaitable[Any]) -> "asyncio.Task[Any]":
        """Begins the work as a task; it alone, with what it begins, stops at this gate."""

        async def here() -> Any:
            HERE.set(self)
            return await work

        return asyncio.create_task(here())


HERE: ContextVar[Strikes | Gate | None] = ContextVar("strikes", default=None)


async def passing(seam: str, conn: Connection | None = None) -> None:
    if here := HERE.get():
        await here.passing(seam, conn)


async def breaks(conn: Connection | None) -> None:
    raise ConnectionResetError("a failpoint")


async def times_out(conn: Connection | None) -> None:
    raise KafkaTimeoutError("a failpoint")


async def ends_backend(conn: Connection | None) -> None:
    """As an operator, a failover or the out-of-memory killer would: the client learns of it by its next statement."""
    assert conn is not None, "no connection passes this seam"
    async with owner() as admin:
        await admin.execute("SELECT pg_terminate_backend($1, 1000)", conn.get_server_pid())


async def drops(conn: Connection | None) -> None:
    assert conn is not None, "no connection passes this seam"
    conn.terminate()


@contextmanager
def seams() -> Iterator[None]:
    """Wrapped until the block ends."""
    before = [(owner_, name, getattr(owner_, name)) for owner_, name, _ in SEAMS]
    for owner_, name, wrap in SEAMS:
        setattr(owner_, name, wrap(getattr(owner_, name)))
    try:
        yield
    finally:
        for owner_, name, original in before:
            setattr(owner_, name, original)


def _transaction(original: Any) -> Any:
    async def transaction(self: Worker, work: Callable[[Connection], Awaitable[Any]]) -> Any:
        async def then(conn: Connection) -> Any:
            done = await work(conn)
            await passing("before the commit", conn)
            return done

        return await original(self, then)

    return transaction


def _take(original: Any) -> Any:
    async def take(self: Worker, records: Sequence[Any], decode: Any) -> None:
        await original(self, records, decode)
        await passing("after the commit, before the offset commit")

    return take


def _ack(original: Any) -> Any:
    async def ack(self: Any) -> None:
        await original(self)
        await passing("after the offset commit")

    return ack


def _publish(original: Any) -> Any:
    async def publish(self: bus.EventProducer, rows: Sequence[bus.Outbound]) -> list[int]:
        await passing("before publishing")
        return await original(self, rows)  # type: ignore[no-any-return]

    return publish


def _start(original: Any) -> Any:
    async def start(self: Any) -> None:
        await passing("before a producer of a compacted topic starts")
        await original(self)

    return start


def _publish_whole(original: Any) -> Any:
    async def publish_whole(self: bus.EventProducer, rows: Sequence[bus.Outbound]) -> list[int]:
        await passing("before a Kafka transaction")
        return await original(self, rows)  # type: ignore[no-any-return]

    return publish_whole


def _load_reads(original: Any) -> Any:
    async def load_reads(conn: Connection, *rest: Any) -> Any:
        await passing("between claiming and deciding", conn)
        return await original(conn, *rest)

    return load_reads


def _sent(original: Any) -> Any:
    async def sent(conn: Connection, ids: Sequence[int]) -> None:
        await passing("after publishing, before the delete", conn)
        await original(conn, ids)

    return sent


def _unsent(original: Any) -> Any:
    async def unsent(conn: Connection, shards: Sequence[int], limit: int) -> Any:
        await passing("reading the outbox", conn)
        return await original(conn, shards, limit)

    return unsent


def _finish(original: Any) -> Any:
    """Between the rows and what follows from them: the aggregates are saved, the outbox and the offsets are not."""

    async def finish(conn: Connection, *rest: Any) -> None:
        await passing("in the middle of saving", conn)
        await original(conn, *rest)

    return finish


def _lock(original: Any) -> Any:
    async def lock(conn: Connection, *rest: Any) -> None:
        await original(conn, *rest)
        await passing("in the middle of folding", conn)

    return lock


def _send(original: Any) -> Any:
    """The send went through, or not: what it says is that time ran out."""

    async def send(self: bus.EventProducer, *rest: Any) -> tuple[list[int], Exception | None]:
        try:
            await passing("a send times out before it went")
            await passing(f"before a send to {rest[1]}")
            answer = await original(self, *rest)
            await passing("a send times out although it went")
        except KafkaTimeoutError as error:
            return [], error
        return answer  # type: ignore[no-any-return]

    return send


SEAMS: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (Worker, "_transaction", _transaction), (Worker, "take", _take), (bus._Committed, "ack", _ack),
    (bus.EventProducer, "publish", _publish), (bus.EventProducer, "_send", _send), (store, "sent", _sent),
    (store, "unsent", _unsent), (batch, "finish", _finish), (batch, "_lock", _lock),
    (bus.EventProducer, "start", _start), (bus.EventProducer, "publish_whole", _publish_whole),
    (batch, "load_reads", _load_reads),
)  # fmt: skip
