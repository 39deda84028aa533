"""How long the console's pages take while a large OneRoster set is looked at, and brought in: with the work in a process of its
own, as it is, and in the pages' own process, as it was. The pages and a worker are one process, as with `--role all`.

`python -m tests.load.imports [users]` prints the figures, on the servers that JITT_KAFKA and JITT_POSTGRES name, else on its own.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
import httpx2

from deploy import topology
from deploy.local import stack as local
from services.supervision import importing, looking
from services.supervision.app import SERVICE
from shared import access, db
from shared.running import Running
from shared.settings import settings
from tests.conftest import at_database, home_in
from tests.supervision.console import an_afternoon, form, signed_in
from tests.supervision.rosters import V12, files, zipped

USERS = 63_000
MENTORS, STAFF = 0.1, 0.01  # of the users; the others are young people
NEVER = 10**12
EVERY_SECONDS = 0.05
AT_REST = 5.0  # seconds of looking at the pages before anything is brought in


def main(users: int) -> None:
    with (
        TemporaryDirectory(prefix="jitt-imports-", ignore_cleanup_errors=True) as folder,
        local.running(home_in(folder)) as stack,
    ):
        os.environ["JITT_KAFKA"], os.environ["JITT_POSTGRES"] = stack.kafka, stack.postgres
        settings.cache_clear()
        data = zipped(files(roster(users)))
        print(
            f"{users:,} users, a zip of {len(data) / 1e6:.1f} MB; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        for name, large in (("in a process of its own", 0), ("in the pages' process", NEVER)):
            looking.LARGE = large
            vars(importing)["LARGE"] = large  # where it was imported
            asyncio.run(_one(name, stack.postgres, data))


def roster(users: int) -> dict[str, list[str]]:
    """Each mentor has a class with one young person and a supervisor."""
    mentors, staff = int(users * MENTORS), max(1, int(users * STAFF))
    kinds = [("staff", "teacher", staff), ("mentor", "aide", mentors), ("young", "student", users - mentors - staff)]
    people = [(f"{kind}{n}", role) for kind, role, number in kinds for n in range(number)]
    rows = {
        "users": [f"{ref},,,true,{ref},,Sam,Person{n},,,{ref}@example.org,,,,,,," for n, (ref, _) in enumerate(people)],
        "roles": [f"r{n},,,{ref},primary,{role},2026-08-01,,o1," for n, (ref, role) in enumerate(people)],
        "classes": [f"c{n},,,Pair {n},,k1,,scheduled,,o1,t1" for n in range(mentors)],
        "enrollments": [f"e{n}-{ref},,,c{n},o1,{ref}{n % staff if ref == 'staff' else n},{role},false,2026-09-01,"
                        for n in range(mentors) for ref, role, _ in kinds],
    }  # fmt: skip
    return V12 | {name: [V12[name][0], *lines] for name, lines in rows.items()}


async def _one(name: str, postgres: str, data: bytes) -> None:
    async with _supervision(postgres) as running:
        await an_afternoon(running)
        async with signed_in(running, "priya") as browser:
            async with _timed(browser, f"{name}, nothing else"):
                await asyncio.sleep(AT_REST)
            async with _timed(browser, f"{name}, the look"):
                hidden = form((await browser.get("/imports")).text, "/imports")
                sent = await browser.post("/imports", data=hidden, files={"file": ("set.zip", data)}, timeout=600)
            where = str(sent.headers["location"])
            hidden = form((await browser.get(where)).text, f"{where}/confirm")
            await browser.post(f"{where}/confirm", data=hidden | {"leaving": "2"})
            async with _timed(browser, f"{name}, the import"):
                assert await importing.bring_in_one(running)
    own, apart = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"  at most {own:.0f} MB in the pages' process, {apart:.0f} MB in another one")


@asynccontextmanager
async def _timed(browser: httpx2.AsyncClient, what: str) -> AsyncIterator[None]:
    """Somebody reloads Today all the while."""
    took: list[float] = []
    begun, used = time.monotonic(), time.process_time()
    looking_on = asyncio.create_task(_reloads(browser, took))
    try:
        yield
    finally:
        looking_on.cancel()
    found = sorted(took)
    p50, p99 = (found[int(len(found) * part)] * 1_000 for part in (0.5, 0.99))
    seconds, cpu = time.monotonic() - begun, time.process_time() - used
    print(
        f"  {what}: {seconds:.1f} s, {cpu:.1f} s of a core in the pages' process\n"
        f"    Today p50 {p50:.0f} ms, p99 {p99:.0f} ms, {found[-1] * 1_000:.0f} ms at most ({len(found)})"
    )


async def _reloads(browser: httpx2.AsyncClient, took: list[float]) -> None:
    while True:
        begun = time.monotonic()
        answer = await browser.get("/today")
        assert answer.status_code == 200, answer.text
        took.append(time.monotonic() - begun)
        await asyncio.sleep(EVERY_SECONDS)


@asynccontextmanager
async def _supervision(postgres: str) -> AsyncIterator[Running]:
    """On a database of its own, which whoever works apart finds by the environment."""
    admin, name = await asyncpg.connect(postgres), f"imports_{uuid4().hex[:8]}"
    await admin.execute(f'CREATE DATABASE "{name}"')
    await db.migrate(at_database(postgres, name), ["supervision"], topology.migrations)
    own, web = (at_database(db.service_dsn("supervision", login), name) for login in ("", db.WEB))
    os.environ["JITT_SUPERVISION_POSTGRES"], os.environ["JITT_SUPERVISION_WEB_POSTGRES"] = own, web
    pools = await db.open_pool(own, "load"), await access.open_pool_at(web, "load pages", 8)
    try:
        yield Running(SERVICE, pools[0], settings(), pools[1])
    finally:
        for pool in pools:
            await db.close_pool(pool)
        for variable in ("JITT_SUPERVISION_POSTGRES", "JITT_SUPERVISION_WEB_POSTGRES"):
            del os.environ[variable]
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else USERS)
