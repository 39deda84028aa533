"""`python -m tests.load.console`: how long the console's pages take at the server, once a large network has filled its tables.

Rows are made in a real PostgreSQL: 200 mentors a site, eleven supervisors and a lead. They stay in JITT_HOME/load, so that
a second run of the day begins at once. Then people of sites chosen at random open pages, one after another; each page is
timed from request to answer inside this process, and beside it what that took of the processor, here and in PostgreSQL: the
rest is waiting for whatever else the machine does.
"""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import quantiles
from time import perf_counter, process_time
from uuid import UUID, uuid4

import asyncpg
import httpx2

from services.supervision.app import SERVICE
from services.supervision.http_sign_in import mint_sign_in
from shared import access, db
from shared.running import Running
from shared.settings import settings
from tests.bench.machine import yardstick_ms
from tests.conftest import at_database
from tests.load import filling
from tests.supervision.console import a_browser, path_of

PAGES = ("/today", "/briefs/{training}", "/mentors/{mentor}", "/contacts", "/clearances")
LIMIT_MS = 100
PAGES_POOL = "load pages"
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = $1"
Taken = Mapping[tuple[str, str], Sequence["Look"]]


@dataclass(frozen=True, slots=True)
class Look:
    """Milliseconds: until the answer; and of the processor, in this process and in PostgreSQL's for it."""

    wall: float
    own: float
    postgres: float


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody with one of their mentors, and that mentor's newest training."""

    who: str
    person: UUID
    mentor: UUID
    training: UUID


async def measure(running: Running, each: int, seed: int = 7) -> Taken:
    """By who asked and for which page; the first look of each person is not counted."""
    taken: dict[tuple[str, str], list[Look]] = {}
    for asker in await _askers(running, each, Random(seed)):
        async with a_browser(running) as client:
            await client.post(path_of(await mint_sign_in(running.pool, asker.person)))
            for page in PAGES:
                path = page.format(training=asker.training, mentor=asker.mentor)
                for look in range(3):
                    found = await _timed(running, client, path)
                    if look:
                        taken.setdefault((asker.who, page.split("/{")[0]), []).append(found)
    return taken


async def _timed(running: Running, client: httpx2.AsyncClient, path: str) -> Look:
    before = await _worked(running)
    began, worked = perf_counter(), process_time()
    response = await client.get(path)
    wall, own = (perf_counter() - began) * 1_000, (process_time() - worked) * 1_000
    assert response.status_code == 200, f"{path}: {response.status_code}"
    return Look(wall, own, await _worked(running) - before)


async def _worked(running: Running) -> float:
    """Of the processes that answer the pages' connections, since each began; 0 where they are on another machine."""
    pids = [row["pid"] for row in await running.pool.fetch(BACKENDS, PAGES_POOL)]
    told = [file.read_text() for pid in pids if (file := Path(f"/proc/{pid}/schedstat")).exists()]
    return sum(int(words.split()[0]) for words in told) / 1_000_000


async def _askers(running: Running, each: int, random: Random) -> list[Asker]:
    async with running.connection() as conn:
        sites = await conn.fetchval("SELECT count(*) FROM site")
        chosen = [f"site-{random.randrange(sites)}" for _ in range(each)]
        rows = await conn.fetch(
            """SELECT DISTINCT ON (c.site_id, who) c.site_id, who, person, c.mentor_id, p.training_id
            FROM mentor_case c JOIN preparation p ON p.mentor_id = c.mentor_id AND p.completed_at IS NOT NULL
            JOIN person lead ON lead.site_id = c.site_id AND lead.role = 'site_lead'
            CROSS JOIN LATERAL (VALUES ('supervisor', c.supervisor_id), ('site lead', lead.person_id)) AS a (who, person)
            WHERE c.site_id = ANY($1::text[]) ORDER BY c.site_id, who, p.starts_at DESC""",
            chosen,
        )
    return [Asker(row["who"], row["person"], row["mentor_id"], row["training_id"]) for row in rows]


def show(taken: Taken) -> bool:
    """Whether every supervisor's page is within the limit at p99, or would be on a machine that does nothing else."""
    print(f"{'who':<12}{'page':<14}{'looks':>6}{'by the clock: p50':>19}{'p99':>8}{'on the processor: p50':>23}{'p99':>8}"
          f"{'PostgreSQL of it':>18}")  # fmt: skip
    worst, alone = 0.0, 0.0
    for (who, page), looks in sorted(taken.items()):
        wall, busy, theirs = (_quantiles(looks, part) for part in (_wall, _busy, _postgres))
        if who == "supervisor":
            worst, alone = max(worst, wall[98]), max(alone, busy[98])
        print(f"{who:<12}{page:<14}{len(looks):>6}{wall[49]:>19.1f}{wall[98]:>8.1f}{busy[49]:>23.1f}{busy[98]:>8.1f}"
              f"{theirs[49]:>18.1f}")  # fmt: skip
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    print(f"ms; promised: {LIMIT_MS}. Supervisors at p99: {worst:.0f} by the clock, {alone:.0f} on the processor. "
          f"Load {load:.1f} on {processors} processors; this machine's yardstick {yardstick_ms():.0f} ms")  # fmt: skip
    return worst <= LIMIT_MS or (load > processors and alone <= LIMIT_MS)


def _quantiles(looks: Sequence[Look], part: Callable[[Look], float]) -> list[float]:
    return quantiles(map(part, looks), n=100, method="inclusive")


def _wall(look: Look) -> float:
    return look.wall


def _busy(look: Look) -> float:
    return look.own + look.postgres


def _postgres(look: Look) -> float:
    return look.postgres


@asynccontextmanager
async def filled(postgres: str, mentors: int) -> AsyncIterator[Running]:
    """A database that is gone afterwards."""
    name, owner = f"console_{uuid4().hex[:12]}", await asyncpg.connect(postgres)
    try:
        await filling.make(owner, postgres, name, mentors)
        async with opened(name) as running:
            yield running
    finally:
        await owner.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await owner.close()


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[Running]:
    own, web = (at_database(db.service_dsn(SERVICE.name, login), name) for login in ("", db.WEB))
    pools = await db.open_pool(own, "load", size=4), await access.open_pool_at(web, PAGES_POOL, size=4)
    yield Running(SERVICE, pools[0], settings(), pools[1])
    for pool in pools:
        await db.close_pool(pool)


async def run(postgres: str, mentors: int, each: int) -> bool:
    print(f"{mentors:,} mentors", flush=True)
    owner = await asyncpg.connect(postgres)
    try:
        name = await filling.kept(owner, postgres, mentors)
    finally:
        await owner.close()
    async with opened(name) as running:
        return show(await measure(running, each))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentors", type=int, default=200_000)
    parser.add_argument("--sites", type=int, default=50, help="of how many sites somebody asks")
    asked = parser.parse_args()
    with filling.server() as postgres:
        os.environ["JITT_POSTGRES"] = postgres
        settings.cache_clear()
        if not asyncio.run(run(postgres, asked.mentors, asked.sites)):
            raise SystemExit("too slow")


if __name__ == "__main__":
    main()
