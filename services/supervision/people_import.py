"""Bringing a people's file in: compared with what the last import said, then submitted in transactions of 500."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from services.supervision import people_file, store
from services.supervision.people_file import Compared, Parsed, Progress, Row, Whose
from shared.running import Running

CHUNK = 500


class UnknownSite(Exception):
    """People belong to a site that is known. Add it first."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file for one site, and what is to be done with it."""

    site_id: str
    data: bytes
    dry_run: bool = False
    partial: bool = False
    reading: Progress = lambda done, of: None
    writing: Progress = lambda done, of: None


@dataclass(frozen=True, slots=True)
class Imported:
    """`done`: the good rows were entered. Not so in a dry run, or where a row is broken and nobody asked for the rest."""

    parsed: Parsed
    compared: Compared
    done: bool


async def bring_in(running: Running, job: Job) -> Imported:
    """Raises UnknownSite."""
    async with running.connection() as conn:
        site = await store.find_site(conn, job.site_id)
        known = await store.list_known(conn, job.site_id)
    if site is None:
        raise UnknownSite(str(UnknownSite.__doc__))
    staff = frozenset(id for id, person in known.items() if person.role != "mentor" and person.status == "active")
    whose = Whose(job.site_id, site.time_zone, site.locales[0], staff)
    parsed = people_file.read(job.data, whose, job.reading)
    found = people_file.compared(parsed.rows, {id: person.row_hash for id, person in known.items()})
    wanted = not job.dry_run and (job.partial or not parsed.problems)
    if wanted:
        await _enter(running, (*found.new, *found.changed), job.writing)
    return Imported(parsed, found, wanted)


async def _enter(running: Running, rows: Sequence[Row], progress: Progress) -> None:
    """Ids are this run's own: a row that goes back to what it once was has to count again."""
    run = uuid4()
    for begin in range(0, len(rows), CHUNK):
        chunk = rows[begin : begin + CHUNK]
        await running.submit_many([(f"{run}/{row.line}", row.person) for row in chunk], source="people_file")
        progress(begin + len(chunk), len(rows))
