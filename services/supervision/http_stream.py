"""The live pages: what changed in the caller's caseload, swapped into the open page as server-sent events.

A lost connection goes on from its Last-Event-ID. Each stream ends after a while, so that the browser's next one shows
its cookie again. Nothing of another caseload is read, so nothing of it can be sent.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid4

from asyncpg import Connection
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import ServerSentEvent
from pydantic import BaseModel

from services.supervision import http_alerts, http_days_off, http_feed, http_today, reading, reading_feed
from services.supervision.http_console import Caller, Console
from services.supervision.http_feed import Reader
from services.supervision.listening import Feed
from services.supervision.screens import alerts, days_off, today
from services.supervision.screens.days_off import Card
from services.supervision.screens.facts import Alert, Staff
from services.supervision.screens.today import Today
from services.supervision.streaming import BEAT_SECONDS, EventStream, beat
from services.supervision.told import Change, Cursor, Sees

TODAY_SECONDS = 1.0  # Today also changes by what is no alert: sessions, trainings, talks
OPEN_SECONDS = 5.0  # and the list of open alerts by days that are called off
SLACK = 0.1  # a clock may wake us a little early
SEEN = "seen"
BETWEEN_SENTENCES = 10.0  # for people who listen to the page


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to show. `place`: where the page goes on from."""

    caller: Caller
    place: Cursor
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
class Page:
    """One page that is open."""

    console: Console
    feed: Feed
    request: Request
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows, to say later what has changed."""

    days_off: tuple[Card, ...] = ()
    day: Today | None = None


@dataclass(frozen=True, slots=True)
class Redrawn:
    body: str
    open_alerts: int
    sentence: str
    shown: Shown


@dataclass(slots=True)
class Voice:
    """What is said to people who listen to a page: the newest sentence, and not within ten seconds of the one before."""

    spoke_at: float = float("-inf")
    held: str = ""

    def says(self, now: float, sentence: str = "") -> str:
        """What is to be said now; one that comes too soon is held back until its time."""
        self.held = sentence or self.held
        if not self.due(now):
            return ""
        said, self.held, self.spoke_at = self.held, "", now
        return said

    def due(self, now: float) -> bool:
        return bool(self.held) and now - self.spoke_at >= BETWEEN_SENTENCES


def routes(console: Console, feed: Feed) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    program = Annotated[Caller, Depends(console.program)]
    last_ids = Annotated[str, Header(alias="Last-Event-ID")]

    @router.get("/alerts/stream")
    async def page_stream(
        request: Request, caller: program, wanted: Annotated[Wanted, Query()], last_event_id: last_ids = ""
    ) -> Response:
        """What the open page swaps in."""
        page = Page(console, feed, request, wanted)
        return EventStream(_page_events(page, caller, await _start(console, last_event_id or wanted.after)))

    return router


async def _start(console: Console, asked: str) -> Cursor:
    """From where the caller was; else from now on."""
    async with console.reading() as conn:
        here = await reading_feed.here(conn)
    return min(reading_feed.parse(asked) or here, here)


async def looks(page: Page, caller: Caller, place: Cursor, voice: Voice) -> AsyncGenerator[Look | Cursor, None]:
    """Whenever something has changed; else a place, as a sign of life, or since there is something to say by now."""
    loop = asyncio.get_running_loop()
    callers, seen = [caller], page.wanted.print
    beat_at = looked_at = loop.time()

    async def still() -> Sees | None:
        again = await page.console.still(page.request)
        callers[:] = [again] if again else []
        return reading_feed.sees(again.staff) if again else None

    every = _every(page.wanted)
    reader = Reader(reading_feed.sees(caller.staff), still)
    async with aclosing(http_feed.follow(page.feed, reader, place, every or BEAT_SECONDS)) as following:
        async for told, now in following:
            changes = _shown(page.wanted, told)
            at = loop.time()
            due = every and at - looked_at > every - SLACK  # all news of the network comes here, and not each is worth a look
            looked_at = at if changes or due else looked_at
            look = await _look(page, callers[0], now, changes) if changes or due else None
            if look and (changes or look.print != seen):
                seen, beat_at = look.print, loop.time()
                yield look
            elif loop.time() - beat_at >= BEAT_SECONDS or voice.due(loop.time()):
                beat_at = loop.time()
                yield now


def _every(wanted: Wanted) -> float:
    """How often it is looked whether the page would be drawn otherwise though no alert has changed; 0: never."""
    if wanted.page == "today":
        return TODAY_SECONDS
    return OPEN_SECONDS if (wanted.page, wanted.state) == ("alerts", "open") else 0


def _shown(wanted: Wanted, changes: Sequence[Change]) -> Sequence[Change]:
    """That somebody has seen an alert stands in the list of open ones, and nowhere else."""
    if (wanted.page, wanted.state) == ("alerts", "open"):
        return changes
    return [change for change in changes if change.kind != SEEN]


async def _look(page: Page, caller: Caller, place: Cursor, changes: Sequence[Change]) -> Look:
    wanted = page.wanted
    async with page.console.reading() as conn:
        now = await reading.now(conn)
        found = await reading.load_alerts(conn, caller.staff, {c.alert_id for c in changes}) if changes else {}
        seen = await _print(conn, caller.staff, wanted, now)
    return Look(replace(caller, now=now), place, changes, found, seen)


async def _print(conn: Connection, staff: Staff, wanted: Wanted, now: datetime) -> str:
    if wanted.page == "today":
        return await http_today.day_print(conn, staff, now)
    return http_days_off.print_of(await http_days_off.cards(conn, staff, now)) if _every(wanted) else wanted.print


async def _page_events(page: Page, caller: Caller, place: Cursor) -> AsyncGenerator[ServerSentEvent, None]:
    """Two events a change: the status line, which always lands, and the list, which waits while somebody is in it."""
    loop, console = asyncio.get_running_loop(), page.console
    voice, open_alerts, shown = Voice(), 0, await _baseline(console, caller, page.wanted)
    yield beat(place)
    async with aclosing(looks(page, caller, place, voice)) as found:
        async for look in found:
            if isinstance(look, Cursor):
                if sentence := voice.says(loop.time()):
                    yield ServerSentEvent(raw_data=_part(console, "live-status", sentence=sentence, open_alerts=open_alerts))
                yield beat(look)
                continue
            if look.changes and all(change.kind == SEEN for change in look.changes):
                yield ServerSentEvent(raw_data=_seen(console, look), id=str(look.place))
                continue
            new = await _redrawn(console, look, page.wanted, shown)
            shown, open_alerts = new.shown, new.open_alerts
            sentence = voice.says(loop.time(), new.sentence)
            yield ServerSentEvent(raw_data=_part(console, "live-status", sentence=sentence, open_alerts=open_alerts))
            yield ServerSentEvent(raw_data=new.body, id=str(look.place))


async def _baseline(console: Console, caller: Caller, wanted: Wanted) -> Shown:
    """As it is when the stream begins."""
    async with console.reading() as conn:
        if wanted.page == "today":
            drawn = await http_today.draw(conn, caller.staff, caller.now)
            return Shown(drawn.days_off, drawn.page)
        return Shown(await http_days_off.cards(conn, caller.staff, caller.now)) if _every(wanted) else Shown()


async def _redrawn(console: Console, look: Look, wanted: Wanted, before: Shown) -> Redrawn:
    caller, sentence = look.caller, _sentence(look)
    async with console.reading() as conn:
        if wanted.page == "today":
            drawn = await http_today.draw(conn, caller.staff, caller.now)
            body = _part(console, "live-today", drawn=drawn, zone=caller.staff.zone, csrf=caller.csrf, new_id=uuid4)
            said = sentence or days_off.live(before.days_off, drawn.days_off) or today.live(before.day, drawn.page)
            return Redrawn(body, drawn.open_alerts, said, Shown(drawn.days_off, drawn.page))
        page, open_alerts, _ = await http_alerts.draw(conn, caller.staff, wanted.state, caller)
    body = _part(console, "live-alerts", page=page, problem=None, csrf=caller.csrf, new_id=uuid4)
    return Redrawn(body, open_alerts, sentence or days_off.live(before.days_off, page.days_off), Shown(page.days_off))


def _seen(console: Console, look: Look) -> str:
    """Only those lines: the list stays as it is under whoever reads it."""
    staff, now = look.caller.staff, look.caller.now
    rows = [alerts.row(one, staff, now) for one in look.alerts.values() if one.state == "open"]
    return _part(console, "live-seen", rows=rows)


def _sentence(look: Look) -> str:
    said = [alerts.live(change.kind, look.alerts[change.alert_id]) for change in look.changes if change.alert_id in look.alerts]
    return said[-1] if said else ""


def _part(console: Console, template: str, **values: object) -> str:
    return console.env.get_template(f"{template}.jinja").render(**values)
