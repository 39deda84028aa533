"""What a worker does beside its messages and clocks, for ever: it sends to those outside who are to be told."""

import asyncio
from collections.abc import Awaitable, Callable

from services.supervision import importing, sending, webhook_sending
from shared.running import Running


async def run(running: Running, room: Callable[[], Awaitable[object]]) -> None:
    await asyncio.gather(sending.run(running, room), importing.run(running, room), webhook_sending.run(running, room))
