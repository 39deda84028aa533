"""A response that is a stream of server-sent events: with a sign of life, and without waiting for a reader who does not read."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from fastapi.sse import ServerSentEvent, format_sse_event
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

LOG = logging.getLogger("jitt.feed")
BEAT_SECONDS = 15.0
SLOW_SECONDS = 20.0  # how long one piece may take to leave; what the reader misses it asks for when it comes again
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}

Events = AsyncGenerator[ServerSentEvent, None]


class EventStream(StreamingResponse):
    """Ends instead of keeping what a slow reader has not taken."""

    media_type = "text/event-stream"

    def __init__(self, events: Events) -> None:
        self.events = events
        super().__init__(_written(events), headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_time(message: Message) -> None:
            async with asyncio.timeout(SLOW_SECONDS):
                await send(message)

        try:
            await super().__call__(scope, receive, in_time)
        except TimeoutError:
            LOG.info("a listener reads too slowly, and is left")
        finally:
            await self.events.aclose()


def beat(place: object) -> ServerSentEvent:
    """A sign of life. It has no data, so nobody is told of it; but a browser that comes again names this place."""
    return ServerSentEvent(id=str(place), comment="")


async def _written(events: Events) -> AsyncIterator[bytes]:
    async for event in events:
        yield format_sse_event(data_str=event.raw_data, event=event.event, id=event.id, comment=event.comment)
