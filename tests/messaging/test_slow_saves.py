"""Rows that are due on a database too slow for all of them at once: fewer at a time, and no row stops the others for good."""

from dataclasses import replace

import asyncpg

from shared import db
from shared.messaging.worker import LATE_ALONE, Worker
from tests.driving import deliver
from tests.messaging.tally_service import SERVICE, TALLY, Added, Tally
from tests.messaging.test_bus import dsn_of

ROWS = 40
UNRUNG = "SELECT count(*) FROM tally WHERE rung = 0"


async def _room():
    pass


async def _due(database):
    running = await database(SERVICE)
    await deliver(running, *(Added(tally=f"t{n:02}", number=100 + n, ring_in_ms=0) for n in range(1, ROWS + 1)))
    return running


async def _worker(running, save, options=""):
    return Worker(replace(SERVICE, handlers=(replace(TALLY, save=save),)), await dsn_of(running) + options, lambda: None, _room)


async def _ring(worker, handler=0):
    """One try, as the clocks do it: what may pass is tried again."""
    try:
        await worker.fall_due(worker.service.handlers[handler])
    except Exception as error:
        if not (db.is_timeout(error) or db.is_transient(error)):
            raise


async def test_rows_that_are_too_many_for_a_slow_database_are_worked_off_in_smaller_steps(database):
    running, tried = await _due(database), []

    async def save(conn, changed, new):
        tried.append(len(changed))
        if len(changed) > 10:
            raise TimeoutError("too many at once")
        return await TALLY.save(conn, changed, new)

    worker = await _worker(running, save)
    for _ in range(30):
        await _ring(worker)
    await worker.close()
    assert await running.pool.fetchval(UNRUNG) == 0
    assert max(tried) == ROWS, "all at once is tried first"


async def test_a_row_that_always_times_out_is_set_aside_and_the_others_ring(database):
    running = await _due(database)

    async def save(conn, changed, new):
        if any(107 in tally.seen for tally in changed):
            raise TimeoutError("this one never fits")
        return await TALLY.save(conn, changed, new)

    worker = await _worker(running, save)
    for _ in range(ROWS * 3):
        await _ring(worker)
    await worker.close()
    assert [row["id"] for row in await running.pool.fetch("SELECT id FROM tally WHERE rung = 0")] == ["t07"]
    letters = await running.pool.fetch("SELECT reason FROM dead_letter")
    assert [letter["reason"] for letter in letters] == ["failed"]


async def test_a_row_that_always_times_out_is_set_aside_also_beside_a_handler_whose_rows_go_well(database):
    running, woken = await _due(database), []

    async def save(conn, changed, new):
        if any(107 in tally.seen for tally in changed):
            raise TimeoutError("this one never fits")
        return await TALLY.save(conn, changed, new)

    async def claim(conn, limit, since):
        woken.append(limit)
        ids = [f"other {len(woken)}/{n}" for n in range(min(limit, 5))]
        return {id: Tally(id, rings_at=await conn.fetchval("SELECT now()")) for id in ids}

    async def kept(conn, changed, new):
        return True

    others = replace(TALLY, name="other", save=kept, clock=replace(TALLY.clock, claim=claim))
    worker = await _worker(running, save)
    worker = Worker(replace(SERVICE, handlers=(*worker.service.handlers, others)), worker.dsn, lambda: None, _room)
    for _ in range(ROWS * 3):
        await _ring(worker)
        await _ring(worker, 1)
    await worker.close()
    assert [row["id"] for row in await running.pool.fetch("SELECT id FROM tally WHERE rung = 0")] == ["t07"]
    assert set(woken) == {woken[0]}, "who is not late claims as many as ever"


async def test_each_row_that_is_late_alone_has_as_many_tries_before_it_is_set_aside(database):
    running, alone = await _due(database), []

    async def save(conn, changed, new):
        late = [tally.id for tally in changed if {107, 108} & set(tally.seen)]
        alone.extend(late if len(changed) == 1 else ())
        if late:
            raise TimeoutError("these never fit")
        return await TALLY.save(conn, changed, new)

    worker = await _worker(running, save)
    for _ in range(ROWS * 3):
        await _ring(worker)
    await worker.close()
    assert [row["id"] for row in await running.pool.fetch("SELECT id FROM tally WHERE rung = 0 ORDER BY id")] == ["t07", "t08"]
    assert (alone.count("t07"), alone.count("t08")) == (LATE_ALONE, LATE_ALONE)


async def test_a_database_that_does_not_answer_for_minutes_sets_nothing_aside(database, monkeypatch):
    """However many tries to connect time out, and whichever is the first that does not: that is no row's fault."""
    running, tries = await _due(database), []
    connect = asyncpg.connect

    async def silent(*args, **named):
        tries.append(1)
        if len(tries) <= silence:
            raise TimeoutError
        return await connect(*args, **named)

    monkeypatch.setattr(asyncpg, "connect", silent)
    for silence in range(10, 20):
        tries.clear()
        await deliver(running, Added(tally=f"after {silence}", number=1, ring_in_ms=0))
        worker = await _worker(running, TALLY.save)
        for _ in range(silence + 1):
            await _ring(worker)
        await worker.close()
    assert await running.pool.fetchval("SELECT count(*) FROM dead_letter") == 0
    assert await running.pool.fetchval(UNRUNG) == 0


async def test_a_transaction_that_the_server_ends_as_too_long_is_a_timeout(database):
    """asyncpg says a lost connection then, at the transaction's exit even less than that."""
    running, said = await _due(database), []

    async def save(conn, changed, new):
        try:
            await conn.execute("SELECT pg_sleep(60)")
        except Exception as error:
            said.append(db.is_timeout(error))
            raise
        return True

    worker = await _worker(running, save, "?transaction_timeout=1s")
    try:
        await worker.fall_due(worker.service.handlers[0])
    except Exception as error:
        said.append(db.is_timeout(error))
    await worker.close()
    assert said == [True, True]


async def test_a_connection_that_is_lost_is_no_timeout(database):
    running = await _due(database)

    async def save(conn, changed, new):
        await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return True

    worker = await _worker(running, save)
    said = []
    try:
        await worker.fall_due(worker.service.handlers[0])
    except Exception as error:
        said.append((db.is_transient(error), db.is_timeout(error)))
    await worker.close()
    assert said == [(True, False)]
