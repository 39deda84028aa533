"""What rows that come due cost: trigger's own worker and session handler, on its own tables.

Sessions that only wait are left for the next case, which then need not write them again; world.clear forgets them.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any

import asyncpg

from services.trigger.app import SERVICE
from services.trigger.handlers import SESSION
from services.trigger.moments import Moment
from shared import db
from shared.contracts.event import Event
from shared.contracts.site import SessionCancelled
from shared.messaging.batch import Batch, apply
from shared.messaging.worker import Worker
from shared.settings import settings
from tests.bench import due_fresh, due_rows, topics, world
from tests.bench.hop import Bench, appears, worker
from tests.bench.world import Announced
from tests.driving import message

PUBLISHER = "fresh"
COMES_UP = timedelta(seconds=12)  # what a worker process may take to come up
OVERDUE_FOR = timedelta(minutes=10)  # a reminder is too late after twenty
BATCH = 500
AT_LEAST = 5.0
TAKEN = "result.taken"  # beside the result of a worker process
SENT = "SELECT type, count(*)::int AS number FROM trigger.outbox GROUP BY 1"
KILL = "UPDATE trigger.session SET due_at = due_at + interval '120 days' WHERE site_id = $1"
STATES = "SELECT status, count(*)::int FROM trigger.session WHERE site_id <> $1 GROUP BY 1"
SEEDED = "SELECT count(*) FROM trigger.mentor WHERE revision < $1"
NO_PUBLISHER = "DELETE FROM trigger.publisher"  # a worker would read the topics of earlier cases from their beginnings
LONG_AGO = timedelta(days=90)
DEAD = "dead"  # the site of rows that have left their place in the index


@dataclass(frozen=True, slots=True)
class Rate:
    """Rows a second by one worker: claimed, folded and saved, with what follows from them in the outbox."""

    per_s: float
    cpu_us: float  # of Python, per row
    events: int


@dataclass(frozen=True, slots=True)
class Flat:
    """Microseconds per event (the median of its batches), by how many rows were pending, in the order they were measured."""

    insert: dict[int, float]
    reschedule: dict[int, float]
    cancel: dict[int, float]

    def ratio(self, name: str) -> float:
        """The last size against the first: 1 when it costs the same."""
        costs = list(getattr(self, name).values())
        return float(costs[-1] / costs[0])


@dataclass(frozen=True, slots=True)
class Lateness:
    """From the instant that a row was due until what it led to was committed."""

    p50_ms: float
    p99_ms: float
    worst_ms: float


@dataclass(frozen=True, slots=True)
class Overdue:
    """How long the overdue rows took, and how long fresh events took meanwhile until they were committed, and out again."""

    seconds: float
    per_s: float
    fresh: int  # events that the percentiles rest on
    fresh_p50_ms: float
    fresh_p99_ms: float
    out_p50_ms: float  # from Kafka to Kafka: behind what the overdue rows led to
    out_p99_ms: float


@dataclass(frozen=True, slots=True)
class DeadRows:
    clean_per_s: float
    dead_per_s: float

    @property
    def ratio(self) -> float:
        return self.dead_per_s / self.clean_per_s


async def per_second(bench: Bench, pending: int, due: int, moment: str = "nudge") -> Rate:
    """`nudge`: a reminder goes out and the clock goes on. `assign`: what the session needs is worked out, too."""
    await due_rows.waiting(bench.owner, pending)
    await due_rows.coming(bench.owner, due, datetime.now(UTC) - OVERDUE_FOR, OVERDUE_FOR, Moment(moment))
    return await _worked_off(bench, due)


async def flat(bench: Bench, sizes: Sequence[int] = (100_000, 10_000_000), changed: int = 10_000) -> Flat:
    """Sessions announced, moved and cancelled among so many that wait, in batches as they come from Kafka."""
    found = Flat({}, {}, {})
    for size in sizes:
        await due_rows.waiting(bench.owner, size)
        announced = world.burst(changed, "flat")
        async with _connected() as conn:
            found.insert[size] = await _cost(conn, [one.event for one in announced])
            found.reschedule[size] = await _cost(conn, [_moved(one) for one in announced])
            found.cancel[size] = await _cost(conn, [_cancelled(one) for one in announced])
        await _check_states(bench, {"cancelled": changed})
    return found


async def burst(bench: Bench, pending: int, due: int = 12_000, within: float = 60.0) -> Lateness:
    """So many within `within` seconds, in a worker process of its own, with Kafka and relay as ever."""
    await due_rows.waiting(bench.owner, pending)
    await bench.owner.execute(NO_PUBLISHER)
    before = await topics.ends(bench.kafka)
    dues = await due_rows.coming(bench.owner, due, datetime.now(UTC) + COMES_UP, timedelta(seconds=within))
    async with _process(bench, due) as notes:
        batches = await notes()
    await _check_published(bench, due, before)
    return _lateness(dues, batches)


async def overdue(bench: Bench, pending: int, due: int = 200_000, fresh_per_s: int = 500) -> Overdue:
    """They wait already when the worker starts; what is announced meanwhile may not wait for them.

    Fresh events count from when the worker listens to Kafka until the last overdue row is done, five seconds at least.
    """
    await due_rows.waiting(bench.owner, pending)
    topic, announced = await _publisher(bench), await _for_every_mentor(bench)
    await due_rows.coming(bench.owner, due, datetime.now(UTC) - OVERDUE_FOR, OVERDUE_FOR)
    async with _process(bench, due) as notes, due_fresh.steady(bench.kafka, topic, announced, fresh_per_s) as fresh:
        batches = await notes()
        began, ended, since = batches[0][0], batches[-1][1], await fresh.first_seen()
        await asyncio.sleep(max(0.0, since + AT_LEAST - time.time()))
    fresh.read(bench.home / TAKEN)
    committed, seen = (fresh.taken_ms(until, since, max(ended, since + AT_LEAST)) for until in (fresh.committed, fresh.seen))
    return Overdue(ended - began, due / (ended - began), len(seen), *_p50_p99(committed), *_p50_p99(seen))


async def dead_rows(bench: Bench, pending: int, due: int, dead: int = 1_000_000) -> DeadRows:
    """Rows that were due first and have moved on leave dead entries at the head of the index; a snapshot keeps them there."""
    clean = await per_second(bench, pending, due)
    await due_rows.waiting(bench.owner, pending)
    await due_rows.write(bench.owner, 1, dead, DEAD, datetime.now(UTC) - LONG_AGO)
    async with _old_snapshot():
        await bench.owner.execute(KILL, DEAD)
        await due_rows.coming(bench.owner, due, datetime.now(UTC) - OVERDUE_FOR, OVERDUE_FOR)
        held_up = await _worked_off(bench, due)
    await due_rows.waiting(bench.owner, pending)
    return DeadRows(clean.per_s, held_up.per_s)


async def _worked_off(bench: Bench, due: int) -> Rate:
    """By a worker in this process, so that nothing is measured but its own work."""
    working = Worker(SERVICE, db.service_dsn(SERVICE.name), committed=lambda: None, room=_nothing)
    started, spent, left = time.perf_counter(), time.process_time(), due
    try:
        while left > 0 and (claimed := await working.fall_due(SESSION)):
            left -= claimed
        seconds, cpu = time.perf_counter() - started, time.process_time() - spent
    finally:
        await working.close()
    assert left == 0, f"{left} of {due} rows were not due, or were worked off twice"
    events = sum([row["number"] for row in await bench.owner.fetch(SENT)])
    assert events >= due, f"only {events} events of {due} rows"
    return Rate(due / seconds, cpu / due * 1e6, events)


async def _cost(conn: asyncpg.Connection, events: Sequence[Event]) -> float:
    messages = [message(event) for event in events]
    taken: list[float] = []
    for first in range(0, len(messages), BATCH):
        started = time.perf_counter()
        async with conn.transaction():
            await apply(conn, SERVICE.name, SERVICE.handlers, Batch(messages[first : first + BATCH]))
        taken.append((time.perf_counter() - started) / len(messages[first : first + BATCH]) * 1e6)
    return median(taken)


def _moved(one: Announced) -> Event:
    return one.event.model_copy(update={"starts_at": one.event.starts_at + timedelta(days=1), "revision": 2})


def _cancelled(one: Announced) -> Event:
    return SessionCancelled(session_ref=one.event.session_ref, site_id=one.event.site_id, revision=3)


async def _for_every_mentor(bench: Bench) -> list[Announced]:
    number = world.SESSIONS_EACH * await bench.owner.fetchval(SEEDED, due_rows.COPIED)
    return world.burst(number if number % world.STRIDE else number - 1, PUBLISHER)


async def _check_states(bench: Bench, expected: dict[str, int]) -> None:
    found = {row["status"]: row["count"] for row in await bench.owner.fetch(STATES, due_rows.PENDING)}
    assert found == expected, f"sessions stand as {found}, not as {expected}"


async def _check_published(bench: Bench, due: int, before: topics.Ends) -> None:
    records, distinct = await topics.count(bench.kafka, before)
    assert (records, distinct) == (due, due), f"{records} records with {distinct} ids on {topics.OUT}, not {due}"


def _lateness(dues: Sequence[datetime], batches: Sequence[tuple[float, float, int]]) -> Lateness:
    """One worker claims in the order of due_at: the n-th row that was done is the n-th that was due."""
    done = [committed for _, committed, claimed in batches for _ in range(claimed)]
    late = [(at - due.timestamp()) * 1_000 for due, at in zip(dues, done, strict=True)]
    return Lateness(*_p50_p99(late), max(late))


def _p50_p99(values: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


async def _publisher(bench: Bench) -> str:
    """One of its own for each run: what an earlier one announced is not read again. Its topic."""
    name = f"{PUBLISHER}-{time.time_ns()}"
    topic = await topics.make(bench.kafka, name)
    await bench.owner.execute("TRUNCATE trigger.publisher")
    await bench.owner.execute(world.ADD_PUBLISHER, name, [world.site(n) for n in range(world.SITES)])
    return topic


@asynccontextmanager
async def _connected() -> AsyncIterator[asyncpg.Connection]:
    conn = await db.connect(db.service_dsn(SERVICE.name), "bench")
    try:
        yield conn
    finally:
        await conn.close()


@asynccontextmanager
async def _old_snapshot() -> AsyncIterator[None]:
    """Somebody's report, say, that has been running since before; while it is, nothing dead can be cleaned up."""
    conn = await asyncpg.connect(settings().postgres)
    try:
        async with conn.transaction(isolation="repeatable_read"):
            await conn.fetchval("SELECT count(*) FROM trigger.site")
            yield
    finally:
        await conn.close()


@asynccontextmanager
async def _process(bench: Bench, due: int) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """A worker process until the block ends. What is yielded waits until it has worked off so many, and answers its batches."""
    with worker(bench, due, "tests.bench.due_worker") as (child, result):

        async def notes() -> Any:
            await appears(result, child)
            return json.loads(result.read_text())

        yield notes


async def _nothing() -> None:
    return None
