"""Today, and what its live stream redraws."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from asyncpg import Connection
from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse

from services.supervision import http_away, http_days_off, reading, reading_feed, reading_notices, reading_site
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.screens import reached, said, site, today
from services.supervision.screens.days_off import Card
from services.supervision.screens.facts import Staff
from services.supervision.screens.reached import Unreached
from services.supervision.screens.today import Today
from services.supervision.told import Cursor
from shared.pages import times

REDRAWN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Drawn:
    page: Today
    days_off: tuple[Card, ...]
    next: str | None  # the next session, for a day without any
    caseload: int
    open_alerts: int
    cursor: Cursor
    print: str


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]

    @router.get("/")
    async def home() -> Response:
        return RedirectResponse("/today", 303)

    @router.get("/today")
    async def page(caller: signed_in) -> Response:
        async with console.reading() as conn:
            found = await draw(conn, caller.staff, caller.now)
            waiting = await _waiting(conn, caller.staff)
            standing_in = await http_away.standing_in(conn, caller)
            unreached = await reading_notices.list_unreached(conn, caller.staff)
            staff = await _unreached_staff(console, conn, caller.staff)
        return console.page(caller, "today.jinja", "Today", found.open_alerts, drawn=found, now=caller.now, waiting=waiting,
                            standing_in=standing_in, unreached=unreached, to_reach=reached.heading(unreached),
                            staff=reached.staff(staff, caller.staff.id))  # fmt: skip

    return router


async def draw(conn: Connection, staff: Staff, now: datetime) -> Drawn:
    first, last = day(now, staff.zone)
    cursor = await reading_feed.here(conn)
    meetings = await reading.list_meetings(conn, staff, first, last)
    counts = await reading.count_alerts(conn, staff)
    return Drawn(
        page=today.page(meetings, now, staff.zone, whose=staff.leads),
        days_off=await http_days_off.cards(conn, staff, now),
        next=None if meetings else await _next(conn, staff, now),
        caseload=len(meetings) or len(await reading.list_mentors(conn, staff)),
        open_alerts=counts.get("open", 0),
        cursor=cursor,
        print=await day_print(conn, staff, now),
    )


async def day_print(conn: Connection, staff: Staff, now: datetime) -> str:
    """Differs when Today would be drawn otherwise: by what happened, and every five minutes by the clock."""
    off = http_days_off.print_of(await http_days_off.cards(conn, staff, now))
    return f"{await reading_feed.day_print(conn, staff, *day(now, staff.zone))}.{off}.{int(now.timestamp()) // REDRAWN_SECONDS}"


def day(now: datetime, zone: str) -> tuple[datetime, datetime]:
    """From midnight to midnight on the person's wall clock."""
    first = now.astimezone(times.known(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return first, first + timedelta(days=1)


async def _waiting(conn: Connection, staff: Staff) -> str:
    """Trainings that wait for the site's own data, said to whoever sees to such things here."""
    found = await reading_site.find(conn, staff.site_id) if staff.leads or not staff.leads_of_site else None
    return site.heading(found[1]) if found else ""


async def _unreached_staff(console: Console, conn: Connection, staff: Staff) -> list[Unreached]:
    if not staff.leads:
        return []
    return await reading_notices.list_unreached_staff(conn, staff.site_id, texts=bool(console.running.settings.text_url))


async def _next(conn: Connection, staff: Staff, now: datetime) -> str | None:
    found = await reading.find_next_meeting(conn, staff, now)
    return f"Next: {said.when(found.starts_at, now, staff.zone)}, {found.mentor.name}." if found else None
