"""What a worker does besides: the time zones' rules once, when it starts; then mentors' calendars on the web, for ever."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

from services.trigger import store_feeds, zone_files
from services.trigger.messages import RulesRead
from shared.running import Running

LOG = logging.getLogger(__name__)
AGAIN_SECONDS = 10
IDLE_SECONDS = 1.0
LEASE = timedelta(minutes=5)


async def run(running: Running, room: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await note_rules(running)
            break
        except Exception as error:
            LOG.warning("the rules of time zones cannot be noted now", extra={"error": f"{type(error).__name__}: {error}"})
        await asyncio.sleep(AGAIN_SECONDS)
    await look_at_feeds(running, room)


async def note_rules(running: Running) -> None:
    """Sessions in zones whose rules have changed since are planned anew, by a sweep."""
    rules = await asyncio.to_thread(zone_files.read_rules)
    await running.submit(RulesRead(rules=rules), id=str(uuid4()), source="start")


async def look_at_feeds(running: Running, room: Callable[[], Awaitable[object]]) -> None:
    """For ever, in every worker: one feed that is due at a time, of which each is some worker's."""
    while True:
        try:
            await room()
            feed = await store_feeds.claim(running.pool, LEASE)
            if feed is not None:
                await _look(running, feed)
                continue
        except Exception as error:
            LOG.warning("feeds cannot be looked at now", extra={"error": f"{type(error).__name__}: {error}"})
        await asyncio.sleep(IDLE_SECONDS)


async def _look(running: Running, feed: store_feeds.Feed) -> None:
    from services.trigger import feeds  # what reads calendars takes as long to load as the rest of a worker

    await feeds.look(running, feed)
