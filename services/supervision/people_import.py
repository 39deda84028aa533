"""Bringing a list of people in: compared with what the last import said, then submitted in transactions of 500."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from asyncpg import Connection

from services.supervision import (
    oneroster,
    oneroster_erased,
    oneroster_mapping,
    oneroster_rows,
    oneroster_set,
    people_file,
    reading,
    store,
    store_rosters,
)
from services.supervision.messages import PersonLeft, RosterRowTold
from services.supervision.oneroster import Place
from services.supervision.oneroster_mapping import Mapping as Roles
from services.supervision.oneroster_reading import Reader
from services.supervision.oneroster_rows import KEPT, Kept, Tables
from services.supervision.oneroster_set import Files
from services.supervision.people import Known
from services.supervision.people_file import Compared, Parsed, Problem, Progress, Whose
from shared.contracts.event import Event
from shared.messaging import store_erasing
from shared.running import Running

CHUNK = 500
Kind = Literal["people", "oneroster"]
Written = Callable[[int, int], Awaitable[None]]
NOWHERE = Whose("", "UTC", "en")
NO_BULK = "This set tells only changes, and this site has had no complete set yet."
NO_USERS = "There is no users.csv in this set, and this site has had none before."


class UnknownSite(Exception):
    """People belong to a site that is known. Add it first."""


def untold(done: int, of: int) -> None:
    """Nobody waits to hear how far it is."""


@dataclass(frozen=True, slots=True)
class Job:
    """One list for one site, and what is to be done with it."""

    site_id: str
    source: bytes | Path
    kind: Kind = "people"
    mapping: Roles = field(default_factory=oneroster_mapping.read)
    dry_run: bool = False
    partial: bool = False
    force: bool = False
    most_bytes: int = oneroster_set.MOST_BYTES
    reading: Progress = untold
    writing: Progress = untold


@dataclass(frozen=True, slots=True)
class Before:
    """What the site had when a list came: nothing at all where no site is named."""

    now: datetime
    whose: Whose = NOWHERE
    known: Mapping[UUID, Known] = field(default_factory=dict)
    rows: Mapping[str, Mapping[UUID, Kept]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a list says, compared with what was there. `rows`: (file, row, what it says now, if anything) of a set, where that
    is news; `counts`: rows read, by file of it."""

    site_id: str
    parsed: Parsed
    compared: Compared
    rows: tuple[tuple[str, UUID, Kept | None], ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def told(self) -> Iterator[RosterRowTold]:
        """Made as they are wanted: there may be hundreds of thousands."""
        for file, key, row in self.rows:
            document = KEPT[file].dump_json(row).decode() if row else None
            yield RosterRowTold(row_id=key, site_id=self.site_id, file=file, document=document)

    @property
    def events(self) -> Iterator[tuple[str, Event]]:
        """Each with a name of its own: first who is here, then who is not, so that nobody's mentors are moved twice."""
        yield from ((str(row.person.person_id), row.person) for row in (*self.compared.new, *self.compared.changed))
        yield from ((str(person.person_id), _left(person, self.site_id)) for person in self.compared.gone)
        yield from ((str(row.row_id), row) for row in self.told)

    @property
    def count(self) -> int:
        """Of the events."""
        return sum(map(len, (self.compared.new, self.compared.changed, self.compared.gone, self.rows)))


@dataclass(frozen=True, slots=True)
class Imported:
    """`done`: the good rows were entered. Not so in a dry run, where a row is broken and nobody asked for the rest, or where too
    many people would leave and nobody said that this is right."""

    looked: Looked
    done: bool

    @property
    def parsed(self) -> Parsed:
        return self.looked.parsed

    @property
    def compared(self) -> Compared:
        return self.looked.compared


async def bring_in(running: Running, job: Job) -> Imported:
    """Raises UnknownSite."""
    looked = await look(running, job)
    wanted = not job.dry_run and (job.partial or not looked.parsed.problems) and (job.force or not looked.compared.too_many_gone)
    if wanted:
        await enter(running, looked, str(uuid4()), job.writing)
    return Imported(looked, wanted)


async def look(running: Running, job: Job) -> Looked:
    """Raises UnknownSite. Writes nothing."""
    async with running.connection() as conn:
        was = await before(conn, job)
    return await asyncio.to_thread(looked_at, job, was)


async def before(conn: Connection, job: Job) -> Before:
    """Raises UnknownSite."""
    site = await store.find_site(conn, job.site_id)
    if site is None:
        raise UnknownSite(str(UnknownSite.__doc__))
    known = await store.list_known(conn, job.site_id)
    rows = await store_rosters.list_rows(conn, job.site_id) if job.kind == "oneroster" else {}
    erased = frozenset(await store_erasing.list_erased(conn))
    now = await reading.now(conn)
    staff = frozenset(id for id, person in known.items() if person.role != "mentor" and person.status == "active")
    whose = Whose(job.site_id, site.time_zone, site.locales[0], staff, erased)
    return Before(now, whose, known, rows)


def looked_at(job: Job, before: Before) -> Looked:
    if job.kind == "people":
        data = job.source.read_bytes() if isinstance(job.source, Path) else job.source
        parsed = people_file.read(data, before.whose, job.reading)
        return _compared(job, parsed, people_file.compared(parsed.rows, before.known))
    try:
        with oneroster_set.opened(job.source, job.most_bytes) as files:
            return _set(files, job, before)
    except oneroster_set.Unreadable as unreadable:
        return _refused(job.site_id, unreadable.problem)


async def enter(running: Running, looked: Looked, run: str, progress: Progress, written: Written | None = None) -> None:
    """`run` is in every id: what a run has entered counts once, however often it is begun again."""
    events, done = looked.events, 0
    while chunk := [(f"{run}/{name}", event) for name, event in islice(events, CHUNK)]:
        await running.submit_many(chunk, source="people_file")
        done += len(chunk)
        progress(done, looked.count)
        if written:
            await written(done, looked.count)


def _set(files: Files, job: Job, before: Before) -> Looked:
    mapping, site_id = job.mapping, before.whose.site_id
    manifest, faults = oneroster_set.manifest(files, needed=mapping.manifest == "required", version=mapping.version)
    if manifest is None:
        return _refused(site_id, *faults)
    tables = Reader(site_id, mapping, job.reading).read(files, manifest)
    oneroster_rows.unlinked(tables, before.rows, before.whose)
    if not before.rows and (fault := _first(tables, named=bool(site_id))):
        tables.problems.insert(0, fault)
    rows = oneroster_erased.forgotten(oneroster_rows.current(tables, before.rows), tables, before.whose.erased, mapping.roles)
    today = before.now.astimezone(ZoneInfo(before.whose.time_zone)).date()
    found = oneroster.people(rows, tables, Place(before.whose, before.known, mapping, today))
    told = tuple(oneroster_rows.told_anew(rows, before.rows))
    counts = {file: table.count + len(table.broken) for file, table in tables.of.items()}
    problems = tuple(sorted(tables.problems, key=lambda p: (p.file != oneroster_set.MANIFEST, p.file, p.line)))
    parsed = Parsed(found.rows, problems, (*tables.notes, *found.notes, *people_file.left_out(tables.erased)))
    return _compared(job, parsed, people_file.compared(found.rows, before.known, found.here), told, counts)


def _compared(
    job: Job,
    parsed: Parsed,
    compared: Compared,
    rows: tuple[tuple[str, UUID, Kept | None], ...] = (),
    counts: Mapping[str, int] | None = None,
) -> Looked:
    """With what is to be said of the comparison."""
    parsed = replace(parsed, notes=(*parsed.notes, *people_file.given_back(compared)))
    return Looked(job.site_id, parsed, compared, rows, counts or {})


def _first(tables: Tables, *, named: bool) -> Problem | None:
    """A site's first set has to be complete."""
    users = tables.of.get("users")
    if users and users.mode == "delta" and named:
        return Problem(1, "value", NO_BULK, "Send a complete set (bulk) first, then the changes (delta).", oneroster_set.MANIFEST)
    if users is None:
        return Problem(1, "propertyName", NO_USERS, "Export the set with its users.", oneroster_set.MANIFEST)
    return None


def _refused(site_id: str, *problems: Problem) -> Looked:
    return Looked(site_id, Parsed((), problems, ()), Compared((), (), 0))


def _left(person: Known, site_id: str) -> PersonLeft:
    return PersonLeft.model_validate({"site_id": site_id, "person_id": person.person_id, "role": person.role})
