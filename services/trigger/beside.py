"""What a worker does besides: the time zones' rules once, when it starts; then mentors' calendars on the web, for ever."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import uuid4

from services.trigger import feeds, zone_files
from services.trigger.messages import RulesRead
from shared.running import Running

LOG = logging.getLogger(__name__)
AGAIN_SECONDS = 10


async def run(running: Running, room: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await note_rules(running)
            break
        except Exception as error:
            LOG.warning("the rules of time zones cannot be noted now", extra={"error": f"{type(error).__name__}: {error}"})
        await asyncio.sleep(AGAIN_SECONDS)
    await feeds.run(running, room)


async def note_rules(running: Running) -> None:
    """Sessions in zones whose rules have changed since are planned anew, by a sweep."""
    rules = await asyncio.to_thread(zone_files.read_rules)
    await running.submit(RulesRead(rules=rules), id=str(uuid4()), source="start")
