"""Takes a file of sessions into a running trigger: read once to check it all, and again to tell what is new.

Nothing of the file is kept in between but a number for each reference, so that a large file needs little memory.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, pairwise
from uuid import UUID

from services.trigger import calendar_import, imports, sheet_columns, store_copies, store_imports
from services.trigger.calendar_import import TAKEN
from services.trigger.calendar_parts import Problem, Progress
from services.trigger.imports import Change, Said
from services.trigger.sheet_columns import Columns
from services.trigger.sheet_parts import Planned, Problems, Sheet, Unreadable, Wrong, problem
from services.trigger.sheet_rows import EARLY, EARLY_START, Asked, Reader
from services.trigger.store_imports import Source
from shared.contracts import ids
from shared.contracts.site import SessionScheduled
from shared.running import Running

CHUNK = 500
AT_ONCE = 3  # chunks, so that this process works while Postgres does
PAGE = 5_000
SHELVES = 256
MOST_VANISHING = 0.2  # of the sessions to come, before somebody is asked
STRANGER = Wrong("nobody of this reference is known yet", "Their sessions wait until `jitt import people` brings them in.")
TWICE = "another row above has this reference"


class References:
    """Which references a file has, and on which lines, in 12 bytes each.

    Kept as 64-bit hashes: that two of a million are taken for one has a chance of one in thirty million.
    """

    def __init__(self) -> None:
        self._hashes = [array("Q") for _ in range(SHELVES)]
        self._lines = [array("I") for _ in range(SHELVES)]

    def add(self, ref: str, line: int) -> None:
        key = hash(ref) & 0xFFFF_FFFF_FFFF_FFFF
        self._hashes[key % SHELVES].append(key)
        self._lines[key % SHELVES].append(line)

    def sorted(self) -> Iterator[tuple[int, int]]:
        """Before anything is looked up. Answers (line, first line) of each reference that comes again."""
        for shelf, (hashes, lines) in enumerate(zip(self._hashes, self._lines, strict=True)):
            both = sorted(zip(hashes, lines, strict=True))
            self._hashes[shelf], self._lines[shelf] = array("Q", (key for key, _ in both)), array("I")
            first = 0
            for (key, line), (next_key, next_line) in pairwise(both):
                first = first or line
                if key == next_key:
                    yield next_line, first
                else:
                    first = 0

    def __contains__(self, ref: str) -> bool:
        key = hash(ref) & 0xFFFF_FFFF_FFFF_FFFF
        shelf = self._hashes[key % SHELVES]
        place = bisect_left(shelf, key)
        return place < len(shelf) and shelf[place] == key


@dataclass(slots=True)
class Checked:
    """What a first reading found. `twice`: lines whose reference another row above has."""

    problems: Problems = field(default_factory=Problems)
    references: References = field(default_factory=References)
    twice: frozenset[int] = frozenset()
    mentors: dict[str, int] = field(default_factory=dict)  # and the line where each comes first
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One file for one site, and how to understand it."""

    source: Source
    sheet: Sheet
    columns: Columns
    asked: Asked


@dataclass(frozen=True, slots=True)
class Earlier:
    """Sessions to come that this source planned before: how many, and how many of them the file does not have."""

    coming: int
    missing: int

    @property
    def too_many(self) -> bool:
        return self.missing > MOST_VANISHING * self.coming


@dataclass(slots=True)
class Told:
    """`counts`: by kind of change, and unchanged. `refused`: by reason."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def check(job: Job, progress: Progress) -> Checked:
    """Reads the whole file."""
    checked = Checked()
    for found in _readings(job, progress):
        checked.rows += 1
        if isinstance(found, Planned):
            _note(found, checked)
        else:
            _add(found, checked.problems)
    again = dict(checked.references.sorted())
    checked.twice = frozenset(again)
    for line, first in sorted(again.items()):
        how = f"Give each session its own, or take one of the two rows out (the other is on line {first})."
        _add([problem(line, job.columns.theirs.get("ref", "row"), Wrong(TWICE, how))], checked.problems)
    return checked


async def find_strangers(running: Running, job: Job, checked: Checked) -> None:
    """Mentors of whom nobody has told yet: said, because a reference may be mistyped."""
    place = job.columns.theirs["mentor"]
    mentors = iter(checked.mentors.items())
    while some := list(islice(mentors, PAGE)):
        known = {ref: ids.mentor(job.source.site_id, ref) for ref, _ in some}
        async with running.connection() as conn:
            found = await store_copies.load_mentors(conn, list(known.values()))
        for ref, line in some:
            if known[ref] not in found:
                checked.problems.add(problem(line, place, STRANGER, ref, "warning"))


async def earlier(running: Running, job: Job, checked: Checked) -> Earlier:
    coming = missing = 0
    async for ref, _, _ in _to_come(running, job.source):
        coming += 1
        missing += ref not in checked.references
    return Earlier(coming, missing)


async def tell(running: Running, job: Job, checked: Checked, progress: Progress, *, only_count: bool = False) -> Told:
    """Each chunk is told before it is written down: a crash in between tells it again under the same ids."""
    told = Told()
    rows = (found for found in _readings(job, progress) if isinstance(found, Planned) and found.line not in checked.twice)
    free = asyncio.Semaphore(AT_ONCE)
    try:
        async with asyncio.TaskGroup() as group:
            while chunk := list(islice(rows, CHUNK)):
                await free.acquire()
                task = group.create_task(_compare(running, job, chunk, told, only_count=only_count))
                task.add_done_callback(lambda _: free.release())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None  # the others follow from it, or say the same
    return told


async def cancel_missing(running: Running, job: Job, checked: Checked, told: Told, *, only_count: bool = False) -> None:
    """What this source planned for the time to come, and the file does not have."""
    gone: list[tuple[Change, UUID]] = []
    async for ref, mentor_id, last in _to_come(running, job.source):
        if ref not in checked.references and (change := imports.cancelled(job.source.site_id, ref, last, last.starts_at)):
            gone.append((change, mentor_id))
        if len(gone) == CHUNK:
            await _say(running, job, gone, told, only_count=only_count)
            gone.clear()
    await _say(running, job, gone, told, only_count=only_count)


def _readings(job: Job, progress: Progress) -> Iterator[Planned | list[Problem]]:
    return Reader(job.columns, job.asked, job.columns.picker()).read(job.sheet.rows(progress))


def _note(row: Planned, checked: Checked) -> None:
    checked.references.add(row.ref, row.line)
    checked.mentors.setdefault(row.mentor_ref, row.line)
    if row.starts_at.hour < EARLY and not row.cancelled:
        checked.problems.add(problem(row.line, "", EARLY_START, f"{row.starts_at:%Y-%m-%d %H:%M}", "warning"))


def _add(found: Iterable[Problem], problems: Problems) -> None:
    problems.wrong_rows += 1
    for one in found:
        problems.add(one)


async def _compare(running: Running, job: Job, rows: Sequence[Planned], told: Told, *, only_count: bool) -> None:
    async with running.connection() as conn:
        said = await store_imports.load_said(conn, job.source, [row.ref for row in rows])
    site_id = job.source.site_id
    changes = [(change, ids.mentor(site_id, row.mentor_ref))
               for row in rows if (change := _change(row, site_id, said.get(row.ref)))]  # fmt: skip
    told.counts["unchanged"] += len(rows) - len(changes)
    await _say(running, job, changes, told, only_count=only_count)


def _change(row: Planned, site_id: str, last: Said | None) -> Change | None:
    if row.cancelled:
        return imports.cancelled(site_id, row.ref, last, row.starts_at)
    event = SessionScheduled(
        session_ref=row.ref,
        site_id=site_id,
        mentor_ref=row.mentor_ref,
        starts_at=row.starts_at,
        time_zone=row.time_zone,
        minutes=row.minutes,
        activity=row.activity,
        mode=row.mode,
    )
    return imports.scheduled(event, last)


async def _say(running: Running, job: Job, changes: Sequence[tuple[Change, UUID]], told: Told, *, only_count: bool) -> None:
    told.counts.update(change.kind for change, _ in changes)
    if only_count or not changes:
        return
    source = job.source
    events = [(change.event_id, change.event) for change, _ in changes]
    outcomes = await running.submit_many(events, source=source.name, principal=f"file:{source.site_id}")
    rows = [calendar_import.to_keep(change, outcome, mentor_id)
            for (change, mentor_id), outcome in zip(changes, outcomes, strict=True)]  # fmt: skip
    async with running.connection() as conn:
        await store_imports.save_said(conn, source, rows)
    told.refused.update(outcome.reason or outcome.kind for outcome in outcomes if outcome.kind not in TAKEN)


async def _to_come(running: Running, source: Source) -> AsyncIterator[tuple[str, UUID, Said]]:
    async with running.connection() as conn:
        now: datetime = await store_imports.get_now(conn)
    ref = ""
    while True:
        async with running.connection() as conn:
            page = await store_imports.list_after(conn, source, ref, PAGE)
        for ref, mentor_id, said in page:
            if said.live and said.starts_at > now:
                yield ref, mentor_id, said
        if len(page) < PAGE:
            return


def job(sheet: Sheet, source: Source, asked: Asked) -> Job:
    """Raises Unreadable where the headers do not say enough."""
    columns = sheet_columns.found(sheet, asked.words)
    missing = list(sheet_columns.missing(columns, minutes=bool(asked.minutes), activity=bool(asked.activity),
                                         makes_refs=asked.makes_refs))  # fmt: skip
    if missing:
        raise Unreadable("\n".join([*missing, sheet_columns.PRINT]))
    return Job(source, sheet, columns, asked)
