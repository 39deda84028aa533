"""Who is away, and who stands in: a list, and a form to enter it. A supervisor enters their own days, a lead anybody's."""

from datetime import date
from typing import Annotated
from uuid import UUID

from asyncpg import Connection
from fastapi import APIRouter, Depends, Form, HTTPException, Response
from fastapi.responses import RedirectResponse

from services.supervision import away as entering
from services.supervision import reading, store_absences
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.screens import away
from services.supervision.screens.away import Entered

DATE_NEEDED = "Choose a day, such as 2026-12-21"
SOMEBODY_NEEDED = "Choose who stands in"
Text = Annotated[str, Form(max_length=64)]


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]
    posted = Annotated[Caller, Depends(console.poster)]
    request_ids = Annotated[str, Form(min_length=8, max_length=64)]

    @router.get("/away")
    async def page(caller: signed_in) -> Response:
        return await _page(console, caller, Entered(person=str(caller.staff.id)))

    @router.post("/away")
    async def enter(
        caller: posted, request_id: request_ids, *, delegate: Text = "", first: Text = "", last: Text = "", person: Text = ""
    ) -> Response:
        typed = Entered(person if caller.staff.leads and person else str(caller.staff.id), delegate, first, last)
        try:
            await entering.enter(console.running, _asked(caller, typed), id=request_id, source=f"console/{caller.staff.id}")
        except entering.Wrong as wrong:
            return await _page(console, caller, typed, (wrong.words, wrong.field))
        return RedirectResponse("/away", 303)

    @router.post("/away/{absence_id}/end")
    async def end(absence_id: UUID, caller: posted, request_id: request_ids) -> Response:
        async with console.reading() as conn:
            known = {one["absence_id"]: one for one in await store_absences.list_absences(conn, caller.staff.site_id)}
        if absence_id in known and not (caller.staff.leads or known[absence_id]["person_id"] == caller.staff.id):
            raise HTTPException(403)
        if absence_id in known:
            by = caller.staff.id
            await entering.end(console.running, absence_id, by, id=request_id, source=f"console/{by}")
        return RedirectResponse("/away", 303)

    return router


async def standing_in(conn: Connection, caller: Caller) -> str:
    """Whom this person stands in for now, in a sentence; empty where that is nobody."""
    staff = caller.staff
    found = await store_absences.list_absences(conn, staff.site_id, staff.id) if staff.stands_in else []
    return away.standing_in(found, staff, caller.now)


def _asked(caller: Caller, typed: Entered) -> entering.Asked:
    """Raises Wrong for what cannot be read."""
    person, delegate = _who(typed.person, "person"), _who(typed.delegate, "delegate")
    days = _day(typed.first, "first"), _day(typed.last, "last")
    return entering.Asked(caller.staff.site_id, person, delegate, *days, by=caller.staff.id)


def _who(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise entering.Wrong(SOMEBODY_NEEDED, field) from None


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise entering.Wrong(DATE_NEEDED, field) from None


async def _page(console: Console, caller: Caller, typed: Entered, problem: tuple[str, str] | None = None) -> Response:
    async with console.reading() as conn:
        staff = await store_absences.list_staff(conn, caller.staff.site_id)
        of = None if caller.staff.leads else caller.staff.id
        found = await store_absences.list_absences(conn, caller.staff.site_id, of)
        counts = await reading.count_alerts(conn, caller.staff)
    drawn = away.page(found, staff, caller.staff, caller.now)
    return console.page(caller, "away.jinja", "Alerts", counts.get("open", 0), status=422 if problem else 200, page=drawn,
                        typed=typed, problem=problem)  # fmt: skip
