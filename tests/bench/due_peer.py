"""`python due_peer.py install|run NAME DSN [DUE]`: one worker of another project, run by its own environment's Python.

`run` prints its version and the seconds from its start until the DUE jobs that have come due are done.
"""

import asyncio
import sys
import time
from importlib import import_module
from importlib.metadata import version
from typing import Any

AT_ONCE = 16
BATCH = 100
REMIND = """
WITH changed AS (UPDATE session SET moment = 'quiz_by', due_at = due_at + interval '2 hours' WHERE id = {id}::text::uuid
                 RETURNING id)
INSERT INTO outbox (shard, topic, key, event_id, type, at, payload)
SELECT 0, 'trigger.events', id::text, gen_random_uuid(), 'trigger.nudge_requested.v1', now(), convert_to(id::text, 'UTF8')
FROM changed
"""
PROCRASTINATE = REMIND.format(id="%s")
PGQUEUER = REMIND.format(id="$1")


def procrastinate_app(dsn: str) -> Any:
    library = import_module("procrastinate")
    return library.App(connector=library.PsycopgConnector(conninfo=dsn, min_size=AT_ONCE, max_size=AT_ONCE + 2))


async def install_procrastinate(dsn: str) -> None:
    app = procrastinate_app(dsn)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def run_procrastinate(dsn: str, due: int) -> float:
    """It ends by itself when nothing more is due."""
    app = procrastinate_app(dsn)
    async with app.open_async():

        async def remind(session_id: str) -> None:
            async with app.connector.pool.connection() as conn:
                await conn.execute(PROCRASTINATE, (session_id,))

        app.task(name="remind", queue="due")(remind)
        started = time.perf_counter()
        await app.run_worker_async(queues=["due"], wait=False, concurrency=AT_ONCE, delete_jobs="always", listen_notify=False,
                                   install_signal_handlers=False)
        return time.perf_counter() - started


async def install_pgqueuer(dsn: str) -> None:
    conn = await import_module("asyncpg").connect(dsn)
    driver = import_module("pgqueuer.db").AsyncpgDriver(conn)
    await import_module("pgqueuer.queries").Queries(driver).install()
    await conn.close()


async def run_pgqueuer(dsn: str, due: int) -> float:
    """It would wait for the jobs of other days as well, so it is told to stop when those that are due are done."""
    left = due
    async with import_module("asyncpg").create_pool(dsn, min_size=AT_ONCE, max_size=AT_ONCE + 2) as pool:
        manager = import_module("pgqueuer").PgQueuer.from_asyncpg_pool(pool).qm

        async def remind(job: Any) -> None:
            nonlocal left
            await pool.execute(PGQUEUER, job.payload.decode())
            left -= 1
            if not left:
                manager.shutdown.set()

        manager.entrypoint("remind")(remind)
        started = time.perf_counter()
        await manager.run(batch_size=BATCH)
        return time.perf_counter() - started


INSTALL = {"procrastinate": install_procrastinate, "pgqueuer": install_pgqueuer}
RUN = {"procrastinate": run_procrastinate, "pgqueuer": run_pgqueuer}


def main(what: str, name: str, dsn: str, due: str = "0") -> None:
    if what == "install":
        asyncio.run(INSTALL[name](dsn))
        return
    print(version(name), asyncio.run(RUN[name](dsn, int(due))))


if __name__ == "__main__":
    main(*sys.argv[1:])
