"""Takes a calendar file into a running trigger: reads it, compares it with what it said last, tells the difference."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Thread
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from services.trigger import calendars, imports, store_imports
from services.trigger.calendar_parts import Problem, Progress, Reading, Window
from services.trigger.imports import REFUSED, Asked, Change, Plan
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
class Compared:
    site: ZoneInfo
    reading: Reading
    plan: Plan

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.reading.problems, *self.plan.problems)


async def compare(
    running: Running, data: bytes, asked: Asked, days: Days, progress: Progress = lambda done, of: None
) -> Compared:
    """Changes nothing. Raises UnknownSite."""
    async with running.connection() as conn:
        zone = await store_imports.find_time_zone(conn, asked.site_id)
        now = await store_imports.get_now(conn)
        said = await store_imports.list_said(conn, Source(asked.site_id, SOURCE), _mentor_id(asked))
    if zone is None:
        raise UnknownSite(asked.site_id)
    site = ZoneInfo(zone)
    window = days.window(now, site)
    reading = await in_a_thread(calendars.read, data, site, days.looked_at(window), progress)  # seconds, for a large one
    coming = tuple(i for i in reading.instances if not imports.has_begun(i, window))
    return Compared(site, replace(reading, instances=coming), imports.plan(reading, asked, said, window))


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
            await store_imports.save_said(conn, Source(asked.site_id, SOURCE), _rows(asked, chunk, outcomes))
        refused.update(outcome.reason or outcome.kind for outcome in outcomes if outcome.kind not in TAKEN)
        progress(begin + len(chunk), len(plan.changes))
    return refused


def _rows(asked: Asked, chunk: Sequence[Change], outcomes: Sequence[Outcome]) -> list[Row]:
    mentor_id = _mentor_id(asked)
    return [to_keep(change, outcome, mentor_id) for change, outcome in zip(chunk, outcomes, strict=True)]


def to_keep(change: Change, outcome: Outcome, mentor_id: UUID) -> Row:
    """What is written down of a change that was told. What was refused is said again next time."""
    event = change.event
    said = change.said if outcome.kind in TAKEN else replace(change.said, content=REFUSED)
    return Row(event.session_ref, ids.session(event.site_id, event.session_ref), mentor_id, said)


def _mentor_id(asked: Asked) -> UUID:
    return ids.mentor(asked.site_id, asked.mentor_ref)
