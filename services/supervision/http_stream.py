"""The live pages: what changed in the caller's caseload, as server-sent events from the table of changes.

A lost connection goes on from its Last-Event-ID. Each stream ends after a while, so that the browser's next one shows
its cookie again. Nothing of another caseload is read, so nothing of it can be sent.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from services.supervision import http_alerts, http_today, reading, reading_feed
from services.supervision.http_console import Caller, Console
from services.supervision.reading_feed import Change, Cursor
from services.supervision.screens import alerts, today
from services.supervision.screens.facts import Alert
from services.supervision.screens.today import Today

LOOK_SECONDS = 1.0
LIFE_SECONDS = 600.0
ASK_AGAIN_SECONDS = 15.0  # how long somebody who was signed out, or lost the caseload, may still read
BETWEEN_SENTENCES = 10.0  # for people who listen to the page


class AlertNews(BaseModel):
    """One change, for systems: ids and codes only."""

    alert_id: UUID
    change: str
    rule: str
    severity: str
    state: str
    mentor_id: UUID
    session_id: UUID | None
    at: str


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the tables found."""

    caller: Caller
    changes: Sequence[Change]
    alerts: Mapping[UUID, Alert]
    print: str


class Wanted(BaseModel):
    """Which page is open, so what is drawn again; `after` and `print` say what it shows already."""

    page: Literal["today", "alerts", "none"] = "none"
    state: Literal["open", "acknowledged", "resolved"] = "open"
    after: str = ""
    print: str = ""


@dataclass(frozen=True, slots=True)
class Redrawn:
    body: str
    open_alerts: int
    sentence: str
    day: Today | None = None


def routes(console: Console) -> APIRouter:
    router = APIRouter()
    program = Annotated[Caller, Depends(console.program)]
    last_ids = Annotated[str, Header(alias="Last-Event-ID")]

    @router.get("/alerts/stream", response_class=EventSourceResponse, include_in_schema=False)
    async def page_stream(
        request: Request, caller: program, wanted: Annotated[Wanted, Query()], last_event_id: last_ids = ""
    ) -> AsyncIterator[ServerSentEvent]:
        """What the open page swaps in."""
        start = await _start(console, last_event_id or wanted.after)
        async for event in _page_events(console, request, caller, start, wanted):
            yield event

    @router.get("/v1/alerts/stream", response_class=EventSourceResponse)
    async def stream(
        request: Request, caller: program, after: str = "", last_event_id: last_ids = ""
    ) -> AsyncIterator[ServerSentEvent]:
        """Changes of the alerts you may see, as JSON. Send Last-Event-ID to go on where you were."""
        start = await _start(console, last_event_id or after)
        async for look in looks(console, request, caller, start, Wanted()):
            for change in look.changes:
                if alert := look.alerts.get(change.alert_id):
                    yield ServerSentEvent(event=change.kind, id=str(change.cursor), data=_news(change, alert))

    return router


async def _start(console: Console, asked: str) -> Cursor:
    """From where the caller was; else from now on."""
    if found := reading_feed.parse(asked):
        return found
    async with console.reading() as conn:
        return await reading_feed.here(conn)


async def looks(console: Console, request: Request, caller: Caller, cursor: Cursor, wanted: Wanted) -> AsyncIterator[Look]:
    """Yields whenever something has changed, until the stream has lived long enough or the caller may not read on."""
    loop = asyncio.get_running_loop()
    ends_at, asked_at, seen = loop.time() + LIFE_SECONDS, loop.time(), wanted.print
    while loop.time() < ends_at:
        if loop.time() - asked_at > ASK_AGAIN_SECONDS:
            asked_at, still = loop.time(), await console.still(request)
            if still is None:
                return
            caller = still
        look = await _look(console, caller, cursor, wanted)
        if look.changes or look.print != seen:
            yield look
        cursor, seen = look.changes[-1].cursor if look.changes else cursor, look.print
        await asyncio.sleep(LOOK_SECONDS)


async def _look(console: Console, caller: Caller, cursor: Cursor, wanted: Wanted) -> Look:
    async with console.reading() as conn:
        now = await reading.now(conn)
        changes = await reading_feed.list_changes(conn, caller.staff, cursor)
        found = await reading.load_alerts(conn, caller.staff, {c.alert_id for c in changes}) if changes else {}
        seen = await http_today.day_print(conn, caller.staff, now) if wanted.page == "today" else wanted.print
    return Look(replace(caller, now=now), changes, found, seen)


async def _page_events(
    console: Console, request: Request, caller: Caller, cursor: Cursor, wanted: Wanted
) -> AsyncIterator[ServerSentEvent]:
    """Two events a change: the status line, which always lands, and the list, which waits while somebody is in it."""
    loop = asyncio.get_running_loop()
    spoke_at, day = float("-inf"), await _baseline(console, caller, wanted)
    async for look in looks(console, request, caller, cursor, wanted):
        new = await _redrawn(console, look, wanted, day)
        day, quiet = new.day, not new.sentence or loop.time() - spoke_at < BETWEEN_SENTENCES
        spoke_at = spoke_at if quiet else loop.time()
        sentence = "" if quiet else new.sentence
        yield ServerSentEvent(raw_data=_part(console, "live-status", sentence=sentence, open_alerts=new.open_alerts))
        cursor = look.changes[-1].cursor if look.changes else cursor
        yield ServerSentEvent(raw_data=new.body, id=str(cursor))


async def _baseline(console: Console, caller: Caller, wanted: Wanted) -> Today | None:
    """Today as it is when the stream begins, to say later what has changed."""
    if wanted.page != "today":
        return None
    async with console.reading() as conn:
        return (await http_today.draw(conn, caller.staff, caller.now)).page


async def _redrawn(console: Console, look: Look, wanted: Wanted, before: Today | None) -> Redrawn:
    caller, sentence = look.caller, _sentence(look)
    async with console.reading() as conn:
        if wanted.page == "today":
            drawn = await http_today.draw(conn, caller.staff, caller.now)
            body = _part(console, "live-today", drawn=drawn, zone=caller.staff.zone, csrf=caller.csrf, new_id=uuid4)
            return Redrawn(body, drawn.open_alerts, sentence or today.live(before, drawn.page), drawn.page)
        page, open_alerts, _ = await http_alerts.draw(conn, caller.staff, wanted.state, caller)
    return Redrawn(_part(console, "live-alerts", page=page, problem=None, csrf=caller.csrf, new_id=uuid4), open_alerts, sentence)


def _sentence(look: Look) -> str:
    said = [alerts.live(change.kind, look.alerts[change.alert_id]) for change in look.changes if change.alert_id in look.alerts]
    return said[-1] if said else ""


def _part(console: Console, template: str, **values: object) -> str:
    return console.env.get_template(f"{template}.jinja").render(**values)


def _news(change: Change, alert: Alert) -> AlertNews:
    return AlertNews(
        alert_id=alert.id, change=change.kind, rule=alert.rule, severity=alert.severity, state=alert.state,
        mentor_id=alert.mentor.id, session_id=alert.session_id, at=change.at.isoformat(),
    )  # fmt: skip
