"""Everybody in this process who listens to the feed: one look at the table four times a second does for all of them.

What was found lately is kept for a minute. Who is further behind reads the table until they are there; nobody has a queue.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.supervision import reading_feed
from services.supervision.told import Change, Cursor, Sees
from shared import access
from shared.access import Scope
from shared.running import Running

LOG = logging.getLogger("jitt.feed")
LOOK_SECONDS = 0.25
AT_ONCE = 500  # rows of one look
KEPT_SECONDS = 60.0
MOST_KEPT = 5_000
CATCH_UP = 2  # who read the table at the same time; the rest of the pool is for everybody else


class Feed:
    """`recent` holds every change after `since`, up to `until`."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.recent: deque[tuple[float, Change]] = deque()
        self.since = self.until = Cursor(0, 0)
        self.listeners = 0
        self._looking: asyncio.Task[None] | None = None
        self._news: asyncio.Future[None] | None = None
        self._catching_up = asyncio.Semaphore(CATCH_UP)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """The first who comes starts the looking, the last who leaves ends it."""
        self.listeners += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_for_ever())
        try:
            yield
        finally:
            self.listeners -= 1
            if not self.listeners and self._looking:
                self._looking.cancel()
                self._looking = None

    async def after(self, place: Cursor, who: Sees, seconds: float) -> tuple[Sequence[Change], Cursor]:
        """What `who` may see of the changes after `place`, and the place to go on from. Waits so long for the first."""
        if not self._covers(place):
            return await self._from_the_table(place, who)
        found, until = self._kept(place, who), self.until
        if not found:
            await self._wait(seconds)
            if not self._covers(place):
                return [], place  # it was long ago: the table knows
            found, until = self._kept(place, who), self.until
        return found, max(place, until)

    def _covers(self, place: Cursor) -> bool:
        return self.until != Cursor(0, 0) and place >= self.since

    def _kept(self, place: Cursor, who: Sees) -> list[Change]:
        if place >= self.until:
            return []
        found: list[Change] = []
        for _, change in reversed(self.recent):
            if place >= change.cursor:
                break
            if change.seen_by(who):
                found.append(change)
        return found[::-1]

    async def _from_the_table(self, place: Cursor, who: Sees) -> tuple[Sequence[Change], Cursor]:
        """As far as this process has looked: from there on it is told of what comes."""
        async with self._catching_up, self.running.connection() as conn:
            found, place, _ = await reading_feed.list_page(conn, who, place)
        return found, place

    async def _wait(self, seconds: float) -> None:
        if self._news is None or self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._news], timeout=seconds)

    async def _look_for_ever(self) -> None:
        """Anew from now on, after nobody listened for a while."""
        access.enter(Scope("feed"))
        self.recent.clear()
        self.since = self.until = Cursor(0, 0)
        while True:
            try:
                if await self._look() == AT_ONCE:
                    continue
            except Exception as error:
                LOG.warning("the feed cannot be read now", extra={"error": f"{type(error).__name__}: {error}"})
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> int:
        async with self.running.connection() as conn:
            if self.until == Cursor(0, 0):
                self.since = self.until = await reading_feed.here(conn)
                self._tell()
                return 0
            found, self.until = await reading_feed.look(conn, self.until, AT_ONCE)
        now = asyncio.get_running_loop().time()
        self.recent.extend((now, change) for change in found)
        while self.recent and (now - self.recent[0][0] > KEPT_SECONDS or len(self.recent) > MOST_KEPT):
            self.since = self.recent.popleft()[1].cursor
        if found:
            self._tell()
        return len(found)

    def _tell(self) -> None:
        if self._news and not self._news.done():
            self._news.set_result(None)
