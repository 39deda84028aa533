"""Rows that are due on a database too slow for all of them at once: fewer at a time, and no row stops the others for good."""

from dataclasses import replace

from shared import db
from shared.messaging.worker import Worker
from tests.driving import deliver
from tests.messaging.tally_service import SERVICE, TALLY, Added
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


async def _ring(worker):
    """One try, as the clocks do it: what may pass is tried again."""
    try:
        await worker.fall_due(worker.service.handlers[0])
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
