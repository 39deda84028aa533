"""Days that were called off: what Today and Alerts say of them, and that somebody has noted one."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID
from zlib import crc32

from asyncpg import Connection
from fastapi import APIRouter, Depends, Form, HTTPException, Response
from fastapi.responses import RedirectResponse

from services.supervision import reading, store_days_off
from services.supervision.days_off import DayOff
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.messages import DayNoted
from services.supervision.screens import days_off
from services.supervision.screens.days_off import Card
from services.supervision.screens.facts import Staff

STAYS = timedelta(days=2)  # after its end


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    posted = Annotated[Caller, Depends(console.poster)]
    request_ids = Annotated[str, Form(min_length=8, max_length=64)]

    @router.post("/days-off/{cancellation_id}/noted")
    async def noted(
        cancellation_id: UUID, caller: posted, request_id: request_ids, back: Annotated[str, Form()] = "today"
    ) -> Response:
        async with console.reading() as conn:
            if cancellation_id not in {day.cancellation_id for day in await _days(conn, caller.staff, caller.now)}:
                raise HTTPException(404)
        staff = caller.staff
        event = DayNoted(cancellation_id=cancellation_id, by=staff.id, caseload=staff.caseload, stands_in=staff.stands_in)
        await console.running.submit(event, id=request_id, source=f"console/{caller.staff.id}")
        return RedirectResponse("/alerts" if back == "alerts" else "/today", 303)

    return router


async def cards(conn: Connection, staff: Staff, now: datetime) -> tuple[Card, ...]:
    days = await _days(conn, staff, now)
    ids = {day.off[session].mentor_id for day in days for session in days_off.concerned(day, staff)}
    mentors = {mentor.id: mentor for mentor in await reading.list_mentors(conn, staff, list(ids))} if ids else {}
    return days_off.cards(days, mentors, staff, now)


def print_of(found: tuple[Card, ...]) -> str:
    """Differs when they would be drawn otherwise."""
    return f"{crc32(repr(found).encode()):x}"


async def _days(conn: Connection, staff: Staff, now: datetime) -> list[DayOff]:
    return await store_days_off.list_days(conn, staff.site_id, (now - STAYS).date())
