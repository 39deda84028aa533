"""`python -m tests.load.console`: how long the console's pages take at the server, once a large network has filled its tables.

Rows are made in a real PostgreSQL, on a database of its own: 200 mentors a site, eleven supervisors and a lead. Then people of
sites chosen at random open pages, one after another; each page is timed from request to answer inside this process.
"""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from uuid import UUID, uuid4

import asyncpg
import httpx2

from deploy.local import stack as local
from services.supervision.app import SERVICE
from services.supervision.http_sign_in import mint_sign_in
from services.supervision.store_cases import GRANTED, HISTORY
from shared import access, db
from shared.contracts.assessment import SkillRemembered
from shared.running import Running
from shared.settings import settings
from tests.bench.machine import yardstick_ms
from tests.conftest import at_database, folder_of, home_in
from tests.load.caseloads import a_history, module_rows
from tests.supervision.console import a_browser, path_of

STATEMENTS = Path(__file__).with_name("console.sql")
PAGES = ("/today", "/briefs/{training}", "/mentors/{mentor}", "/contacts", "/clearances")
HISTORIES = """
CREATE TEMP TABLE history AS SELECT * FROM unnest($1::int[], $2::jsonb[], $3::jsonb[]) AS t (n, history, granted)
"""
LIMIT_MS = 100
Taken = Mapping[tuple[str, str], Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody with one of their mentors, and that mentor's newest training."""

    who: str
    person: UUID
    mentor: UUID
    training: UUID


async def fill(conn: asyncpg.Connection, mentors: int) -> None:
    """Every statement of console.sql; $1 is the number of mentors."""
    for skill in module_rows():
        await conn.execute(
            "INSERT INTO module (key, module_id, locale, version, status, module) VALUES ($1, $2, 'en', 1, 'published', $3)",
            *skill,
        )
    await conn.execute(HISTORIES, *zip(*_histories(), strict=True))
    remembered = SkillRemembered(mentor_id=UUID(int=0), site_id="", skill="", stability=12, difficulty=5, decay=0.2,
                                 reviewed_at=datetime.now(UTC), revision=1)  # fmt: skip
    await conn.execute("CREATE TEMP TABLE remembered AS SELECT $1::jsonb AS document", remembered.model_dump_json())
    for statement in STATEMENTS.read_text().split(";\n"):
        if statement.strip():
            began = perf_counter()
            await conn.execute(statement.replace("$mentors", str(mentors)), timeout=3_600)
            print(f"  {statement.strip().splitlines()[0][:70]:<72}{perf_counter() - began:6.1f} s", flush=True)


def _histories() -> list[tuple[int, str, str]]:
    found = [(n, a_history(n)) for n in range(10)]
    return [(n, HISTORY.dump_json(case.history).decode(), GRANTED.dump_json(dict(case.granted)).decode()) for n, case in found]


async def measure(running: Running, each: int, seed: int = 7) -> Taken:
    """By who asked and for which page; the first look of each person is not counted."""
    taken: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for asker in await _askers(running, each, Random(seed)):
        async with a_browser(running) as client:
            await client.post(path_of(await mint_sign_in(running.pool, asker.person)))
            for page in PAGES:
                path = page.format(training=asker.training, mentor=asker.mentor)
                for look in range(3):
                    found = await _timed(client, path)
                    if look:
                        taken.setdefault((asker.who, page.split("/{")[0]), []).append(found)
    return taken


async def _timed(client: httpx2.AsyncClient, path: str) -> tuple[float, float]:
    """Milliseconds until the answer, and of these on this process's processor."""
    began, worked = perf_counter(), process_time()
    response = await client.get(path)
    took = (perf_counter() - began) * 1_000, (process_time() - worked) * 1_000
    assert response.status_code == 200, f"{path}: {response.status_code}"
    return took


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
    """Whether every supervisor's page is within the limit at p99."""
    print(f"{'who':<12}{'page':<14}{'looks':>7}{'p50 ms':>9}{'p99 ms':>9}{'on the processor: p50 ms':>27}{'p99 ms':>9}")
    worst = 0.0
    for (who, page), looks in sorted(taken.items()):
        wall, own = (quantiles([look[part] for look in looks], n=100, method="inclusive") for part in (0, 1))
        worst = max(worst, wall[98]) if who == "supervisor" else worst
        print(f"{who:<12}{page:<14}{len(looks):>7}{wall[49]:>9.1f}{wall[98]:>9.1f}{own[49]:>27.1f}{own[98]:>9.1f}")
    print(f"promised: {LIMIT_MS} ms; this machine's yardstick {yardstick_ms():.0f} ms, load {os.getloadavg()[0]:.1f}")
    return worst <= LIMIT_MS


@asynccontextmanager
async def filled(postgres: str, mentors: int) -> AsyncIterator[Running]:
    name, owner = f"console_{uuid4().hex[:12]}", await asyncpg.connect(postgres)
    await owner.execute(f'CREATE DATABASE "{name}"')
    try:
        dsn = at_database(postgres, name)
        await db.migrate(dsn, [SERVICE.name], folder_of(SERVICE.name))
        conn = await asyncpg.connect(dsn, server_settings={"search_path": SERVICE.name, "synchronous_commit": "off"})
        await fill(conn, mentors)
        await conn.close()
        own, web = (at_database(db.service_dsn(SERVICE.name, login), name) for login in ("", db.WEB))
        pools = await db.open_pool(own, "load", size=4), await access.open_pool_at(web, "load", size=4)
        yield Running(SERVICE, pools[0], settings(), pools[1])
        for pool in pools:
            await db.close_pool(pool)
    finally:
        await owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await owner.close()


async def run(mentors: int, each: int) -> bool:
    print(f"{mentors:,} mentors", flush=True)
    async with filled(str(settings().postgres), mentors) as running:
        return show(await measure(running, each))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentors", type=int, default=200_000)
    parser.add_argument("--sites", type=int, default=50, help="of how many sites somebody asks")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="jitt-", ignore_cleanup_errors=True) as folder, local.running(home_in(folder)) as stack:
        os.environ["JITT_KAFKA"], os.environ["JITT_POSTGRES"] = stack.kafka, stack.postgres
        settings.cache_clear()
        if not asyncio.run(run(asked.mentors, asked.sites)):
            raise SystemExit("too slow")


if __name__ == "__main__":
    main()
