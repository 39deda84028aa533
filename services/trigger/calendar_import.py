"""Takes a calendar file into a running trigger: reads it, compares it with what it said last, tells the difference."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Thread
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from services.trigger import calendar_mapping, calendars, imports, store_imports
from services.trigger.calendar_mapping import NO_MAPPING, CalendarMapping, Meanings
from services.trigger.calendar_parts import Problem, Progress, Reading, Window
from services.trigger.imports import REFUSED, Asked, Change, Meaning, Plan, Roster
from services.trigger.store_imports import Row, Source
from shared.contracts import ids
from shared.messaging.outcome import Outcome
from shared.running import Running

T = TypeVar("T")
SOURCE = "ics"
CHUNK = 500
HORIZON = timedelta(days=60)
BEGUN = timedelta(days=1)  # so long ago a session may have begun, and still be called off before anybody asks how it went
TAKEN = ("applied", "duplicate", "parked")


class UnknownSite(Exception):
    """Nothing is known of this site yet."""


@dataclass(frozen=True, slots=True)
class Days:
    """Midnights on the site's clock; without a first, the window opens now, and it is 60 days long."""

    first: datetime | None = None
    last: datetime | None = None

    def window(self, now: datetime, site: ZoneInfo) -> Window:
        start = self.first.replace(tzinfo=site) if self.first else now
        return Window(start, self.last.replace(tzinfo=site) if self.last else start + HORIZON)

    def looked_at(self, window: Window) -> Window:
        return window if self.first else replace(window, start=window.start - BEGUN)


@dataclass(frozen=True, slots=True)
class Known:
    """How a calendar is to be understood: by the mapping and the roster of one moment."""

    mapping: CalendarMapping = NO_MAPPING
    roster: Roster = field(default_factory=Roster)

    @property
    def digest(self) -> bytes:
        """Another one as soon as an entry may mean something else."""
        return calendar_mapping.digest(self.mapping, self.roster)


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True)
class Compared:
    """`meanings`: of each instance that is read, in their order."""

    site: ZoneInfo
    now: datetime
    reading: Reading
    plan: Plan
    meanings: tuple[Meaning, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.reading.problems, *self.plan.problems)


async def known(running: Running, site_id: str, mapping: CalendarMapping) -> Known:
    """The roster is read only where the mapping looks at it."""
    if not mapping.mentor:
        return Known(mapping)
    async with running.connection() as conn:
        return Known(mapping, await store_imports.load_roster(conn, site_id))


async def compare(
    running: Running,
    data: bytes,
    asked: Asked,
    days: Days,
    progress: Progress = lambda done, of: None,
    *,
    known: Known = NOTHING_KNOWN,
) -> Compared:
    """Changes nothing. Raises UnknownSite."""
    async with running.connection() as conn:
        zone = await store_imports.find_time_zone(conn, asked.site_id)
        now = await store_imports.get_now(conn)
    if zone is None:
        raise UnknownSite(asked.site_id)
    site = ZoneInfo(zone)
    window = days.window(now, site)
    reading, meanings = await in_a_thread(_read, data, (site, days.looked_at(window)), asked, known, progress)
    async with running.connection() as conn:
        said = await store_imports.list_said(conn, _source(asked), _mentors(asked, meanings))
    meanings = imports.settled(reading, meanings, said, asked)
    plan = imports.plan(reading, asked, said, window, meanings)
    coming = [(i, meaning) for i, meaning in zip(reading.instances, meanings, strict=True) if not imports.has_begun(i, window)]
    return Compared(site, now, replace(reading, instances=tuple(i for i, _ in coming)), plan, tuple(m for _, m in coming))


def _read(
    data: bytes, when: tuple[ZoneInfo, Window], asked: Asked, known: Known, progress: Progress
) -> tuple[Reading, list[Meaning]]:
    """What a calendar says, and what each of its sessions means. Takes seconds, for a large one."""
    reading = calendars.read(data, *when, progress, wanted=known.mapping.wanted)
    meanings = Meanings(known.mapping, known.roster, asked)
    return reading, [meanings.of(i) for i in reading.instances]


async def in_a_thread(work: Callable[..., T], *values: Any) -> T:
    """As asyncio.to_thread; but a process that ends meanwhile does not wait for it."""
    came: Future[T] = Future()

    def run() -> None:
        came.set_running_or_notify_cancel()
        try:
            came.set_result(work(*values))
        except BaseException as error:
            came.set_exception(error)

    Thread(target=run, name="reading", daemon=True).start()
    return await asyncio.wrap_future(came)


async def tell(running: Running, asked: Asked, plan: Plan, progress: Progress = lambda done, of: None) -> Counter[str]:
    """Answers what trigger refused, by reason.

    Each chunk is told before it is written down: a crash in between tells it again under the same ids, which changes nothing.
    """
    refused = Counter[str]()
    for begin in range(0, len(plan.changes), CHUNK):
        chunk = plan.changes[begin : begin + CHUNK]
        events = [(change.event_id, change.event) for change in chunk]
        outcomes = await running.submit_many(events, source=SOURCE, principal=f"file:{asked.site_id}")
        async with running.connection() as conn:
            await store_imports.save_said(conn, _source(asked), _rows(asked, chunk, outcomes))
        refused.update(outcome.reason or outcome.kind for outcome in outcomes if outcome.kind not in TAKEN)
        progress(begin + len(chunk), len(plan.changes))
    if plan.taken:
        async with running.connection() as conn:
            await store_imports.take_over(conn, _source(asked), plan.taken)
    return refused


def _rows(asked: Asked, chunk: Sequence[Change], outcomes: Sequence[Outcome]) -> list[Row]:
    return [to_keep(change, outcome, _whose(change, asked)) for change, outcome in zip(chunk, outcomes, strict=True)]


def _whose(change: Change, asked: Asked) -> UUID:
    mentor_id = change.said.mentor_id or asked.mentor_id
    assert mentor_id, "what is told of is a mentor's"
    return mentor_id


def to_keep(change: Change, outcome: Outcome, mentor_id: UUID) -> Row:
    """What is written down of a change that was told. What was refused is said again next time."""
    event = change.event
    said = change.said if outcome.kind in TAKEN else replace(change.said, content=REFUSED)
    return Row(event.session_ref, ids.session(event.site_id, event.session_ref), mentor_id, said)


def _source(asked: Asked) -> Source:
    return Source(asked.site_id, SOURCE, asked.calendar)


def _mentors(asked: Asked, meanings: Sequence[Meaning]) -> list[UUID]:
    return sorted({id for id in (asked.mentor_id, *(meaning.mentor_id for meaning in meanings)) if id})
