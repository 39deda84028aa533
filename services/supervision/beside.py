"""What a worker does beside its messages and clocks, for ever: it sends to those outside who are to be told, and counts."""

import asyncio
from collections.abc import Awaitable, Callable

from services.supervision import contacts_gauge, importing, sending, webhook_sending
from shared.running import Running


async def run(running: Running, room: Callable[[], Awaitable[object]]) -> None:
    sends = sending.run(running, room), importing.run(running, room), webhook_sending.run(running, room)
    await asyncio.gather(*sends, contacts_gauge.run(running))
