"""The feed of alerts for systems: page by page, or as a stream of what comes. Ids and codes, of the sites that a token names.

A reader gives back the last id it has, and goes on from there: every change once, in order, however long it was away.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response
from fastapi.sse import ServerSentEvent
from pydantic import BaseModel, Field

from services.supervision import reading_feed, streaming, tokens
from services.supervision.http_console import STORED, Console
from services.supervision.listening import Feed
from services.supervision.streaming import DOCUMENTED, EventStream, beat
from services.supervision.told import AlertNews, Change, Cursor, Sees, news
from shared.security import SESSION_COOKIE, cookie_name

LIFE_SECONDS = 600.0
ASK_AGAIN_SECONDS = 15.0  # how long somebody who lost a token, a session or a caseload may still read
NO_PLACE = "“{}” is no place in this feed. Give back an id, or `next`, as you were given it; leave it out to begin anew."
AHEAD = "“{}” lies after the newest change: this database was restored to an earlier time. Leave it out, and begin anew."
WAS = "The id of the last change that you have, or `next` of the last page. Without it: from the oldest that is kept."


class Entry(AlertNews):
    id: str = Field(description="this change's place in the feed: `after` of the next page, or Last-Event-ID of a stream")


class Page(BaseModel):
    """Changes in order. `next` moves on also where there are none for you: ask with it next time."""

    changes: list[Entry]
    next: str
    more: bool = Field(description="ask again at once: there are more")


@dataclass(frozen=True, slots=True)
class Reader:
    """`still`: what it may see as of now; None once it may not read on."""

    sees: Sees
    still: Callable[[], Awaitable[Sees | None]]


def routes(console: Console, feed: Feed) -> APIRouter:
    router = APIRouter()
    system, url = tokens.needs(console.running, "alerts:read"), console.running.settings.supervision_url

    async def reader(request: Request, bearer: tokens.Bearer) -> Reader:
        """A system by its token, or somebody's browser by its session."""
        if bearer is None and any(cookie_name(one, url) in request.cookies for one in (SESSION_COOKIE, STORED)):
            return await _browser(console, request)
        found = await system(request, bearer)

        async def still() -> Sees | None:
            again = await tokens.still(console.running, found, "alerts:read")
            return Sees(tuple(sorted(again.sites))) if again else None

        return Reader(Sees(tuple(sorted(found.sites))), still)

    asking = Annotated[Reader, Depends(reader)]

    @router.get("/v1/alerts")
    async def page(caller: asking, after: Annotated[str, Query(description=WAS, max_length=64)] = "") -> Page:
        """Changes of the alerts you may see, up to 200."""
        start = await _place(console, after, Cursor(0, 0))
        async with console.running.connection() as conn:
            found, place, more = await reading_feed.list_page(conn, caller.sees, start)
        return Page(changes=[_entry(change) for change in found], next=str(place), more=more)

    @router.get("/v1/alerts/stream", response_class=Response, responses=DOCUMENTED)
    async def listen(
        caller: asking,
        after: Annotated[str, Query(description=WAS.replace("the oldest that is kept", "now on"), max_length=64)] = "",
        last_event_id: Annotated[str, Header(alias="Last-Event-ID")] = "",
    ) -> Response:
        """The same as server-sent events, as they come; each one's id is its place. It ends after ten minutes: come again."""
        start = await _place(console, last_event_id or after, None)
        return EventStream(_events(feed, caller, start))

    return router


async def _browser(console: Console, request: Request) -> Reader:
    caller = await console.program(request)

    async def still() -> Sees | None:
        again = await console.still(request)
        return reading_feed.sees(again.staff) if again else None

    return Reader(reading_feed.sees(caller.staff), still)


async def _place(console: Console, asked: str, beginning: Cursor | None) -> Cursor:
    async with console.running.connection() as conn:
        here = await reading_feed.here(conn)
    if not asked:
        return beginning or here
    found = reading_feed.parse(asked)
    if found is None:
        raise HTTPException(422, NO_PLACE.format(asked[:64]))
    if found.xact > here.xact:
        raise HTTPException(422, AHEAD.format(asked))
    return found


async def _events(feed: Feed, reader: Reader, place: Cursor) -> AsyncGenerator[ServerSentEvent, None]:
    yield beat(place)
    async with aclosing(follow(feed, reader, place)) as following:
        async for found, now in following:
            for change in found:
                yield ServerSentEvent(event=change.kind, id=str(change.cursor), raw_data=change.text)
            if not found:
                yield beat(now)


async def follow(
    feed: Feed, reader: Reader, place: Cursor, seconds: float = streaming.BEAT_SECONDS
) -> AsyncGenerator[tuple[list[Change], Cursor], None]:
    """What comes, and at least so often nothing, until the stream has lived long enough or its reader may not read on."""
    loop = asyncio.get_running_loop()
    ends_at, asked_at, sees = loop.time() + LIFE_SECONDS, loop.time(), reader.sees
    async with feed.listening():
        while loop.time() < ends_at:
            if loop.time() - asked_at > ASK_AGAIN_SECONDS:
                asked_at, still = loop.time(), await reader.still()
                if still is None:
                    return
                sees = still
            found, place = await feed.after(place, sees, min(seconds, ASK_AGAIN_SECONDS))
            yield list(found), place


def _entry(change: Change) -> Entry:
    return Entry(id=str(change.cursor), **news(change).model_dump())
