"""Scenarios in which a broken kernel shows itself, every time: failpoints and gates decide who comes first, never luck.

Each plays on a fresh place and answers what the oracle says.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.event import Event
from shared.messaging import relay as relays
from shared.messaging.ingest import OwnTopics
from shared.messaging.message import Raw
from shared.messaging.relay import Relay
from shared.messaging.worker import Worker, read
from shared.settings import settings
from shared.working import WorkerProcess
from tests.chaos.kernel import ground, strikes, truth
from tests.chaos.kernel.ground import Place
from tests.chaos.kernel.ledger import STATES, Asked, Kept, Pledged
from tests.chaos.kernel.strikes import Gate, Strikes
from tests.chaos.kernel.truth import Accepted
from tests.chaos.oracle import Verdict
from tests.messaging.tally_service import Added

Scenario = Callable[[Place], Coroutine[Any, Any, Verdict]]
SECONDS = 15.0
AS_BEFORE = "DELETE FROM inbox; DELETE FROM tally; DELETE FROM ledger; DELETE FROM shelf; UPDATE consumed SET next_offset = 0"


async def delivered_again(place: Place) -> Verdict:
    """The batch committed, its offset did not: it comes again."""
    told, records = _told(place, "one", "two", "one")
    async with _worker(place) as worker:
        await _take(worker, records)
        await _take(worker, records)
    return await truth.verdict(place, told, published=False)


async def two_make_one_row(place: Place) -> Verdict:
    """Two processes meet the first two numbers of a tally at once: neither sees the other's row until it has committed."""
    told, (first, second) = _told(place, "one", "one")
    gate = Gate("before the commit")
    async with _worker(place) as one, _worker(place) as other:
        ahead = gate.held(_take(one, [first]))
        await gate.reached.wait()
        behind = asyncio.create_task(_take(other, [second]))
        await ground.until(lambda: _waits_or_is_done(place, behind), SECONDS)
        gate.open.set()
        await asyncio.gather(ahead, behind)
    return await truth.verdict(place, told, published=False)


async def due_while_a_number_comes(place: Place) -> Verdict:
    """A bell's row was read as due, but not yet saved, when the next number comes to the same tally."""
    told, (first, second) = _told(place, "one", "one", ring_in_ms=-1_000)
    gate = Gate("between claiming and deciding")
    async with _worker(place) as one, _worker(place) as other:
        await _take(one, [first])
        ringing = gate.held(one.fall_due(place.running.service.handlers[0]))
        await gate.reached.wait()
        coming = asyncio.create_task(_take(other, [second]))
        await ground.until(lambda: _waits_or_is_done(place, coming), SECONDS)
        gate.open.set()
        await asyncio.gather(ringing, coming)
    return await truth.verdict(place, told, published=False)


async def two_speakers_say_the_same_id(place: Place) -> Verdict:
    """Two publishers number their events from 1, as anyone would; neither has heard of the other."""
    told, (first, second) = _told(place, "one", "two")
    same = Raw("other.in", 0, 0, second.key, second.value, tuple(_with_id(second.headers, dict(first.headers)["ce_id"])))
    async with _worker(place) as worker:
        await _take(worker, [first, same])
    return await truth.verdict(place, told, published=False)


async def nobody_keeps_a_pledge(place: Place) -> Verdict:
    """What the row waits for never comes; for another one it comes in time."""
    broken, kept = f"{place.name}-p-broken", f"{place.name}-p-kept"
    now, later = datetime.now(UTC), datetime.now(UTC) + timedelta(hours=1)
    events: list[Pledged | Kept] = [Pledged(pledge=broken, by=now), Pledged(pledge=kept, by=later), Kept(pledge=kept)]
    told = Accepted()
    told.heard(*events)
    async with _worker(place) as worker:
        await _take(worker, [_record(place, n, event) for n, event in enumerate(events)])
        while await worker.fall_due(place.running.service.handlers[2]):
            pass
    return await truth.verdict(place, told, published=False)


async def made_behind_a_sweep(place: Place) -> Verdict:
    """A tally is made when the sweep has passed its place already."""
    told, records = _told(place, "b", "c")
    asked, late = Asked(pledge=f"{place.name}-all"), Added(tally=f"{place.name}-a", number=truth.LEAST)
    told.heard(late, asked)
    async with _worker(place) as worker:
        await _take(worker, [*records, _record(place, 2, asked)])
        await worker.sweep()
        await _take(worker, [_record(place, 3, late)])
        await place.running.pool.execute("UPDATE sweep SET due_at = now()")  # its half minute is over
        while await worker.sweep():
            pass
    return await truth.verdict(place, told, published=False)


async def rolled_back_and_overtaken(place: Place) -> Verdict:
    """The first number's transaction is lost before its commit; until it comes again, the second is there."""
    told = Accepted()
    late, early = (Added(tally=f"{place.name}-one", number=truth.LEAST + n) for n in (1, 0))
    told.heard(early, late)
    records = [_record(place, n, event) for n, event in enumerate((late, early))]
    async with _worker(place) as worker:
        strikes.HERE.set(Strikes("before the commit", strikes.breaks, 1))
        with suppress(ConnectionResetError):
            await worker.commit(read(records[:1], OwnTopics(place.running.service)), 0.0)  # its time is over at once
        await _take(worker, records[1:])
        await _take(worker, records[:1])
    await _relayed(place)
    return await truth.verdict(place, told)


async def a_send_fails(place: Place) -> Verdict:
    """Kafka does not answer to what the relay sends, once."""
    told, records = _told(place, "one", "two")
    async with _worker(place) as worker:
        await _take(worker, records)
    strikes.HERE.set(Strikes("a send times out before it went", strikes.times_out, 1))
    await _relayed(place)
    return await truth.verdict(place, told)


async def a_relay_thaws(place: Place) -> Verdict:
    """A relay is frozen with a revision in its hands; another takes over and goes on; then the first thaws."""
    return await _thawed(place, Gate(f"before a send to {STATES}"), warm=True)


async def a_new_relay_thaws(place: Place) -> Verdict:
    """As above, but it was frozen before it had sent anything: it has yet to make itself known to Kafka."""
    return await _thawed(place, Gate("before a producer of a compacted topic starts"), warm=False)


async def killed_in_its_first_batch(place: Place) -> Verdict:
    """A process is killed in the middle of the first batch that it ever reads; another comes."""
    told = await _sent(place, "one", "two")
    await _killed_in_the_middle(place)
    told = await _sent(place, "one", "two", told=told)
    return await _read_out(place, told)


async def killed_while_it_catches_up(place: Place) -> Verdict:
    """The database was restored to an earlier state, so Kafka knows of more than it; the process that reads again is killed."""
    told = await _sent(place, "one", "two")
    await _read_out(place, told)
    await place.running.pool.execute(AS_BEFORE)
    await _killed_in_the_middle(place)
    told = await _sent(place, "one", "two", told=told)
    return await _read_out(place, told)


def _told(place: Place, *names: str, ring_in_ms: int | None = None) -> tuple[Accepted, list[Raw]]:
    """The next number for each tally named, as records; `ring_in_ms` is asked for by the first."""
    told, records = Accepted(), []
    for n, name in enumerate(names):
        tally = f"{place.name}-{name}"
        event = Added(tally=tally, number=told.next_number(tally), ring_in_ms=None if n else ring_in_ms)
        told.heard(event)
        records.append(_record(place, n, event))
    return told, records


async def _sent(place: Place, *names: str, told: Accepted | None = None) -> Accepted:
    told = told or Accepted()
    for name in names:
        tally = f"{place.name}-{name}"
        told.heard(event := Added(tally=tally, number=told.next_number(tally)))
        await place.send(event)
    return told


def _record(place: Place, offset: int, event: Event) -> Raw:
    headers = (("ce_specversion", b"1.0"), ("ce_id", str(offset).encode()), ("ce_source", b"chaos"),
               ("ce_type", event.TYPE.encode()))  # fmt: skip
    return Raw(f"{place.name}.in", 0, offset, event.key().encode(), event.model_dump_json().encode(), headers)


def _with_id(headers: Sequence[tuple[str, bytes]], id: bytes) -> list[tuple[str, bytes]]:
    return [(name, id if name == "ce_id" else value) for name, value in headers]


@asynccontextmanager
async def _worker(place: Place) -> AsyncIterator[Worker]:
    worker = Worker(place.running.service, place.dsn, lambda: None, _room)
    try:
        yield worker
    finally:
        await worker.close()


async def _room() -> None:
    pass


async def _take(worker: Worker, records: Sequence[Raw]) -> None:
    await worker.take(records, OwnTopics(worker.service))


async def _waits_or_is_done(place: Place, task: "asyncio.Task[Any]") -> bool:
    """It stands behind a lock, or nothing held it back."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'"
    return task.done() or bool(await place.running.pool.fetchval(waiting, f"jitt {place.name} worker"))


async def _relayed(place: Place) -> None:
    """One relay until the outbox is empty."""
    relay = Relay(place.name, settings().kafka)
    conn = await relays.connect(place.dsn, place.name)
    try:
        await relay.share(conn)
        while await place.running.pool.fetchval("SELECT count(*) FROM outbox"):
            await relay.round(conn)
    finally:
        await relay.close()
        await conn.close()


async def _thawed(place: Place, gate: Gate, *, warm: bool) -> Verdict:
    told, (first, second, third) = _told(place, "one", "one", "one")
    frozen, conn = Relay(place.name, settings().kafka), await relays.connect(place.dsn, place.name)
    async with _worker(place) as worker:
        await _take(worker, [first])
        await frozen.share(conn)
        if warm:
            await frozen.round(conn)
        await _take(worker, [second])
        holding = gate.held(frozen.round(conn))
        await gate.reached.wait()
        async with ground.owner() as admin:  # as the server does by itself with a session that says nothing for a minute
            await admin.execute("SELECT pg_terminate_backend($1, 1000)", conn.get_server_pid())
        await _relayed(place)
        await _take(worker, [third])
        await _relayed(place)
    gate.open.set()
    await asyncio.gather(holding, return_exceptions=True)
    await frozen.lost()
    conn.terminate()
    return await truth.verdict(place, told)


async def _killed_in_the_middle(place: Place) -> None:
    """A process whose first batch is held until it is ended; what it was about to do never happens."""
    gate = Gate("in the middle of saving")
    process = WorkerProcess(place.running)
    loops = gate.held(_together(process))
    assert await ground.until(lambda: _is_set(gate.reached), SECONDS), "no batch came"
    await ground.until(lambda: _is_set(gate.acked), 1.0)  # one that acknowledges first has the time to
    await _end(loops, process)


async def _read_out(place: Place, told: Accepted) -> Verdict:
    """A process that reads to the end and publishes all that follows."""
    last = {tally: numbers[-1] for tally, numbers in told.numbers.items()}

    async def done() -> bool:
        found = await truth.rows(place)
        there = all(number in found.seen.get(tally, ()) for tally, number in last.items())
        return there and not await place.running.pool.fetchval("SELECT count(*) FROM outbox")

    process = WorkerProcess(place.running)
    loops = asyncio.create_task(_together(process))
    assert await ground.until(done, SECONDS), "it was not read to the end"
    await _end(loops, process)
    return await truth.verdict(place, told)


async def _together(process: WorkerProcess) -> None:
    await asyncio.gather(*process.tasks())


async def _end(loops: "asyncio.Task[None]", process: WorkerProcess) -> None:
    loops.cancel()
    await asyncio.gather(loops, return_exceptions=True)
    await process.close()


async def _is_set(event: asyncio.Event) -> bool:
    return event.is_set()
