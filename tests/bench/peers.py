"""Others that run jobs at a given time out of PostgreSQL, doing what a due row does here: procrastinate and pgqueuer.

Fair: the same server and machine; as many jobs pending and due; one process; the same effect, one row of `session` changed
and one row put into an outbox, in one statement of the job's own. Jobs are written by the server, as sessions are for us.
Each runs as its makers recommend for many small jobs: many at once, done ones deleted.

Not fair, to us: a job of theirs decides nothing and its event is not encoded, where ours folds, reads what it needs and
encodes. Not fair, to them: they promise to run any function, and so take each job by itself; we take a thousand rows in one
transaction, which only what lives in the same database can do. A job of theirs may run twice, an effect of ours cannot.
"""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from shared.settings import settings
from tests.bench.hop import Bench

PINNED = ("procrastinate==3.10.0", "pgqueuer==1.6.0", "psycopg[binary]==3.3.9", "asyncpg==0.32.0")
DATABASE = "peers"
PROGRAM = Path(__file__).with_name("due_peer.py")
LIMIT_SECONDS = 600
TABLES = """
CREATE TABLE session (id uuid PRIMARY KEY, mentor_id uuid NOT NULL, starts_at timestamptz NOT NULL, moment text NOT NULL,
                      due_at timestamptz);
CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, shard smallint NOT NULL, topic text NOT NULL,
                     key text NOT NULL, event_id uuid NOT NULL, type text NOT NULL, at timestamptz NOT NULL,
                     payload bytea NOT NULL);
"""
SESSIONS = """
INSERT INTO session SELECT gen_random_uuid(), gen_random_uuid(), at + interval '5 hours', 'nudge', at
FROM (SELECT n, CASE WHEN n <= $2 THEN now() - interval '10 minutes' * random()
                     ELSE now() + interval '1 day' + interval '59 days' * random() END AS at
      FROM generate_series(1, $1::int + $2::int) n) AS one
"""
JOBS: Mapping[str, tuple[str, str]] = {  # its table, and how the same sessions become its jobs
    "procrastinate": ("procrastinate_jobs", """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)
SELECT 'due', 'remind', jsonb_build_object('session_id', id), due_at FROM session
"""),
    "pgqueuer": ("pgqueuer", """
INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status, created, updated, heartbeat)
SELECT 0, 'remind', convert_to(id::text, 'UTF8'), due_at, 'queued', now(), now(), now() FROM session
"""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Peer:
    """How many jobs that had come due it worked off a second."""

    name: str
    version: str
    per_s: float


async def peers(bench: Bench, pending: int, due: int) -> list[Peer]:
    """Needs the package index, through pip: they are installed into an environment of their own, in the bench's directory."""
    python = await asyncio.to_thread(_installed, bench.home / "peers")
    return [await _measured(bench, python, name, pending, due) for name in JOBS]


def _installed(folder: Path) -> Path:
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run((sys.executable, "-m", "venv", str(folder)), check=True, timeout=LIMIT_SECONDS)
        found = subprocess.run((python, "-m", "pip", "install", "--quiet", *PINNED), capture_output=True, text=True, check=False,
                               timeout=LIMIT_SECONDS)
        if found.returncode:
            raise SystemExit(f"{', '.join(PINNED)} could not be installed (leave out --peers without a package index): "
                             f"{found.stderr.strip()[-500:]}")
    return python


async def _measured(bench: Bench, python: Path, name: str, pending: int, due: int) -> Peer:
    await bench.owner.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    await bench.owner.execute(f"CREATE DATABASE {DATABASE}")
    dsn = urlunsplit(urlsplit(settings().postgres)._replace(path=f"/{DATABASE}"))
    try:
        await _run(python, "install", name, dsn)
        await _seed(dsn, name, pending, due)
        version, seconds = (await _run(python, "run", name, dsn, str(due))).split()
        await _check(dsn, due)
    finally:
        await bench.owner.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    return Peer(name, version, due / float(seconds))


async def _run(python: Path, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(python, PROGRAM, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        said, errors = await asyncio.wait_for(process.communicate(), LIMIT_SECONDS)
    except TimeoutError:
        process.kill()
        raise
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: {errors.decode().strip()[-1_000:]}")
    return said.decode()


async def _seed(dsn: str, name: str, pending: int, due: int) -> None:
    table, jobs = JOBS[name]
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(TABLES)
        await conn.execute("SET session_replication_role = replica")  # no notification and no log entry for each job
        await conn.execute(SESSIONS, pending, due)
        await conn.execute(jobs)
        await conn.execute(f"VACUUM (ANALYZE) session, {table}")
        await conn.execute("CHECKPOINT")
    finally:
        await conn.close()


async def _check(dsn: str, due: int) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        sent = await conn.fetchval("SELECT count(*) FROM outbox")
    finally:
        await conn.close()
    assert sent == due, f"{sent} events of {due} jobs"

