"""The look at a list that somebody sent in by the console: at a large one in a process of its own, so that no page waits."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from asyncpg import Connection

from services.supervision import people_import, uploads
from services.supervision.people_import import Job, Looked
from services.supervision.uploads import Report
from shared import access, apart, db
from shared.access import Scope
from shared.running import Running

LARGE = 128 * 1024  # bytes, as sent: a thousand people or more
PATIENCE = 20.0  # seconds until it is the turn of a large one; whoever sent it looks at a page that does not come


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look has counted, and found."""

    new: int
    changed: int
    unchanged: int
    gone: int
    wrong: int
    report: Report


async def seen(running: Running, job: Job) -> Seen:
    """Raises apart.Failed, and apart.Busy while others look at large lists."""
    if isinstance(job.source, Path) or len(job.source) < LARGE:
        return _seen(await people_import.look(running, job))
    return await apart.run(look_apart, access.current(), job, patience=PATIENCE)


async def look_apart(scope: Scope, job: Job) -> Seen:
    """For the same caller: row-level security holds there as it does here."""
    pool = await access.open_pool("supervision", 1)
    access.enter(scope)
    try:
        async with pool.acquire(timeout=5) as conn:
            before = await people_import.before(cast(Connection, conn), job)
    finally:
        await db.close_pool(pool)
    return _seen(people_import.looked_at(job, before))


def _seen(looked: Looked) -> Seen:
    found = looked.compared
    counts = len(found.new), len(found.changed), found.unchanged, len(found.gone), len(looked.parsed.problems)
    return Seen(*counts, uploads.report(looked))
