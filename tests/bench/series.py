"""Cases 2 and 3: the hop's Python and SQL one after the other without Kafka, and then those SQL statements alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import asyncpg

from services.trigger.app import SERVICE
from services.trigger.publishers import load_publishers
from shared import db
from shared.messaging import store
from shared.messaging.batch import apply
from shared.messaging.fold import SHARDS
from shared.messaging.ingest import PublishersTopics
from shared.messaging.observed import counted, timed
from shared.messaging.worker import read
from tests.bench import world
from tests.bench.hop import STATUSES, Bench
from tests.bench.world import Announced

BATCH = 2_000  # a yardstick stays as it is: twice what a transaction of the service takes, and by itself a seventh quicker
PUBLISHER = "series"
Statement = tuple[str, tuple[Any, ...], dict[str, Any]]  # the connection's method and what it is given


class Recording(asyncpg.Connection):
    """A connection that keeps what it is asked, while `statements` is a list."""

    statements: list[Statement] | None = None

    def keep(self, method: str, *args: Any, **options: Any) -> None:
        if self.statements is not None:
            self.statements.append((method, args, options))

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        self.keep("execute", query, *args, **options)
        return str(await super().execute(query, *args, **options))

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        self.keep("fetch", query, *args, **options)
        return await super().fetch(query, *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        self.keep("fetchrow", query, *args, **options)
        return await super().fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        self.keep("fetchval", query, *args, **options)
        return await super().fetchval(query, *args, **options)

    async def copy_records_to_table(self, *args: Any, **options: Any) -> str:
        self.keep("copy_records_to_table", *args, **options)
        return str(await super().copy_records_to_table(*args, **options))


@dataclass(slots=True)
class Phases:
    """Seconds of each phase of the whole burst."""

    seconds: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=perf_counter)

    def done(self, name: str) -> None:
        now = perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self.last
        self.last = now

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


async def series(bench: Bench, announced: Sequence[Announced], keep: list[Statement] | None = None) -> Phases:
    """Decode, apply, and the relay's select and delete. With `keep`, what the database is asked is put there."""
    await world.clear(bench.owner, PUBLISHER)
    conn = await asyncpg.connect(db.service_dsn("trigger"), command_timeout=db.SECONDS, connection_class=Recording)
    try:
        decode = PublishersTopics(SERVICE, await load_publishers(conn))
        records = [one.raw(f"in.{PUBLISHER}", n) for n, one in enumerate(announced)]
        conn.statements = keep
        phases = Phases()
        for start in range(0, len(records), BATCH):
            await _batch(conn, records[start : start + BATCH], decode, phases)
        conn.statements = None
    finally:
        await conn.close()
    await _check(bench, len(announced))
    return phases


async def bare(bench: Bench, statements: Sequence[Statement], number: int) -> float:
    """Seconds for the same statements with the same arguments on the same rows, and nothing else."""
    await world.clear(bench.owner, PUBLISHER)
    conn = await asyncpg.connect(db.service_dsn("trigger"), command_timeout=db.SECONDS)
    try:
        started = perf_counter()
        for method, args, options in statements:
            await getattr(conn, method)(*args, **options)
        seconds = perf_counter() - started
    finally:
        await conn.close()
    await _check(bench, number)
    return seconds


async def _batch(conn: asyncpg.Connection, records: Sequence[Any], decode: PublishersTopics, phases: Phases) -> None:
    batch = read(records, decode)
    phases.done("decode")
    with timed(SERVICE.name):
        async with conn.transaction():
            applied = await apply(conn, SERVICE.name, SERVICE.handlers, batch)
    counted(SERVICE.name, applied)
    phases.done("apply")
    rows = await store.unsent(conn, range(SHARDS), BATCH)
    await store.sent(conn, [row["id"] for row in rows])
    phases.done("relay")


async def _check(bench: Bench, number: int) -> None:
    world.check_all_planned([tuple(row) for row in await bench.owner.fetch(STATUSES)], number)
    assert await bench.owner.fetchval("SELECT count(*) FROM trigger.outbox") == 0, "rows were left in the outbox"
