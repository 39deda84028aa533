"""A file of a million sessions, imported by the command in a process of its own: how long, how much memory, and a second time.

`python -m tests.load.sheet [rows]` prints the figures.
"""

import asyncio
import csv
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg

from deploy import topology
from deploy.local import stack as local
from services.trigger.app import SERVICE
from shared import db
from shared.contracts import ids
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.vocabulary import vocabulary
from shared.running import opened
from shared.settings import settings
from tests.conftest import at_database, home_in

ROWS = 1_000_000
PER_MENTOR = 40
CHUNK = 500
SITE = SiteDescribed(site_id="eastfield", name="Eastfield", phone="555 0100", time_zone="America/Chicago", revision=1)
HEADERS = ("Booking No", "Volunteer ID", "Date", "Start", "Duration", "Type", "Room", "Notes")


def main(rows: int) -> None:
    with TemporaryDirectory(prefix="jitt-sheet-", ignore_cleanup_errors=True) as folder, local.running(home_in(folder)) as stack:
        os.environ["JITT_KAFKA"], os.environ["JITT_POSTGRES"] = stack.kafka, stack.postgres
        asyncio.run(_made_ready(stack.postgres, mentors_of(rows)))
        file = Path(folder) / "sessions.csv"
        write(file, rows)
        size, load = file.stat().st_size / 1e6, os.getloadavg()[0]
        print(f"{rows:,} rows, {size:,.0f} MB; load average {load:.1f} on {os.cpu_count()} cores")
        for name in ("first run", "second run"):
            _timed(name, file, rows)


def mentors_of(rows: int) -> int:
    return max(1, rows // PER_MENTOR)


def write(file: Path, rows: int) -> None:
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text, delimiter=";")
        writer.writerow(HEADERS)
        writer.writerows(_rows(rows))


def _rows(rows: int) -> Iterator[tuple[object, ...]]:
    """Each mentor once a day, in the order in which a program books them."""
    activities = list(vocabulary().activities.values())
    first, mentors = datetime.now(UTC).date() + timedelta(days=10), mentors_of(rows)
    for n in range(rows):
        day, mentor = divmod(n, mentors)
        start = f"{3 + mentor % 4}:{mentor % 12 * 5:02} pm"
        yield (f"B-{n}", f"m-{mentor}", f"{first + timedelta(days=day):%m/%d/%Y}", start, 45, activities[n % 7].title, "12", "")


def _timed(name: str, file: Path, rows: int) -> None:
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["import", "sessions", str(file), "--site", "eastfield", "--dates", "mdy"]
    done = subprocess.run([sys.executable, "-m", "deploy.cli", *words], capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name}: {seconds:.1f} s ({rows / seconds:,.0f} rows/s), {cpu:.1f} s of it on a core, "
          f"{after.ru_maxrss / 1024:.0f} MB at most, exit {done.returncode}")  # fmt: skip
    print("  " + "\n  ".join((done.stdout + done.stderr).splitlines()[-3:]))


async def _made_ready(postgres: str, mentors: int) -> None:
    """A migrated database that knows the site and its mentors."""
    conn, name = await asyncpg.connect(postgres), f"sheet_{uuid4().hex[:8]}"
    await conn.execute(f'CREATE DATABASE "{name}"')
    await conn.close()
    await db.migrate(at_database(postgres, name), ["trigger"], topology.migrations)
    settings.cache_clear()
    os.environ["JITT_TRIGGER_POSTGRES"] = at_database(db.service_dsn("trigger"), name)
    async with opened(SERVICE) as running:
        await running.submit(SITE, id="site", source="load")
        for begin in range(0, mentors, CHUNK):
            known = [(f"m-{n}", _mentor(f"m-{n}")) for n in range(begin, min(mentors, begin + CHUNK))]
            await running.submit_many(known, source="load")


def _mentor(ref: str) -> MentorEnrolled:
    mentor_id = ids.mentor(SITE.site_id, ref)
    return MentorEnrolled(mentor_id=mentor_id, site_id=SITE.site_id, supervisor_id=None, time_zone=SITE.time_zone, revision=1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
