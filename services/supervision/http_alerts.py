"""Alerts: the three tabs, and what a person can do with one. Every action is a form; a repeat of it changes nothing."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from asyncpg import Connection
from fastapi import APIRouter, Depends, Form, HTTPException, Response
from fastapi.responses import RedirectResponse

from services.supervision import http_away, http_days_off, reading, reading_feed, store_budget
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.messages import AlertClosed, AlertLetGo, AlertPassedOn, AlertTaken
from services.supervision.screens import alerts
from services.supervision.screens.alerts import Alerts
from services.supervision.screens.days_off import Card
from services.supervision.screens.facts import Alert, Staff
from services.supervision.told import Cursor
from shared.contracts.event import Event
from shared.messaging.outcome import Outcome

LONGEST_NOTE, MOST = 500, 100
NOTE_NEEDED = "Write what was done"
NOTE_TOO_LONG = f"Make it shorter: {LONGEST_NOTE} characters at most"
NO_UNDO = "More than ten minutes have passed, or the alert has changed since. You can still resolve it with a note."
NOT_YET = "Acknowledge this alert first: a named person has to take it before it can be resolved"


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]
    posted = Annotated[Caller, Depends(console.poster)]
    request_ids = Annotated[str, Form(min_length=8, max_length=64)]
    several = Annotated[list[UUID], Form(max_length=MOST)]

    @router.get("/alerts")
    async def page(caller: signed_in, state: str = "open") -> Response:
        return await _page(console, caller, state if state in alerts.STATES else "open")

    @router.post("/alerts/acknowledge")
    async def acknowledge_several(caller: posted, request_id: request_ids, alert_id: several) -> Response:
        """All that are still open of those that the caller saw in one list. Whoever was faster with one keeps it."""
        events: list[Event] = [
            AlertTaken(mentor_id=one.mentor.id, alert_id=one.id, by=caller.staff.id)
            for one in await _found(console, caller, alert_id)
            if one.state == "open"
        ]
        await _submitted(console, caller, request_id, events)
        return RedirectResponse("/alerts?state=acknowledged", 303)

    @router.post("/alerts/let-go")
    async def let_go(caller: posted, request_id: request_ids, alert_id: several) -> Response:
        """Takes back what the caller has just acknowledged; one that has changed since then stays as it is."""
        events: list[Event] = [
            AlertLetGo(mentor_id=one.mentor.id, alert_id=one.id, by=caller.staff.id)
            for one in await _found(console, caller, alert_id)
        ]
        outcomes = await _submitted(console, caller, request_id, events)
        if not any(outcome.kind in ("applied", "duplicate") for outcome in outcomes):
            return await _no_undo(console, caller)
        return RedirectResponse("/alerts", 303)

    @router.post("/alerts/{alert_id}/acknowledge")
    async def acknowledge(alert_id: UUID, caller: posted, request_id: request_ids) -> Response:
        alert = await _seen(console, caller, alert_id)
        event = AlertTaken(mentor_id=alert.mentor.id, alert_id=alert_id, by=caller.staff.id)
        outcome = await console.running.submit(event, id=request_id, source=f"console/{caller.staff.id}")
        return await _answer(console, caller, alert_id, outcome, "acknowledged")

    @router.post("/alerts/{alert_id}/pass")
    async def pass_on(alert_id: UUID, caller: posted, request_id: request_ids) -> Response:
        alert = await _seen(console, caller, alert_id)
        event = AlertPassedOn(mentor_id=alert.mentor.id, alert_id=alert_id, by=caller.staff.id)
        outcome = await console.running.submit(event, id=request_id, source=f"console/{caller.staff.id}")
        return await _answer(console, caller, alert_id, outcome, "open")

    @router.post("/alerts/{alert_id}/resolve")
    async def resolve(alert_id: UUID, caller: posted, request_id: request_ids, note: Annotated[str, Form()] = "") -> Response:
        alert = await _seen(console, caller, alert_id)
        if problem := _note_problem(alert, note):
            return await _page(console, caller, alert.state, status=422, problem=(alert_id, problem, note))
        event = AlertClosed(mentor_id=alert.mentor.id, alert_id=alert_id, by=caller.staff.id, note=note.strip())
        outcome = await console.running.submit(event, id=request_id, source=f"console/{caller.staff.id}")
        return await _answer(console, caller, alert_id, outcome, "resolved")

    return router


async def draw(conn: Connection, staff: Staff, state: str, caller: Caller) -> tuple[Alerts, int, Cursor]:
    """The page's words, how many alerts are open, and where the stream goes on from."""
    cursor = await reading_feed.here(conn)
    counts = await reading.count_alerts(conn, staff)
    found = await reading.list_alerts(conn, staff, state)
    asked = None if staff.leads else await store_budget.count_asked(conn, staff.id)
    days_off = await _days_off(conn, staff, state, caller)
    page = replace(alerts.page(found, state, counts, staff, caller.now), days_off=days_off, note=alerts.note(asked),
                   standing_in=await http_away.standing_in(conn, caller))  # fmt: skip
    return page, counts.get("open", 0), cursor


async def _days_off(conn: Connection, staff: Staff, state: str, caller: Caller) -> tuple[Card, ...]:
    return await http_days_off.cards(conn, staff, caller.now) if state == "open" else ()


async def _page(
    console: Console, caller: Caller, state: str, status: int = 200, problem: tuple[UUID, str, str] | None = None
) -> Response:
    async with console.reading() as conn:
        page, open_alerts, cursor = await draw(conn, caller.staff, state, caller)
    return console.page(caller, "alerts.jinja", "Alerts", open_alerts, status=status, page=page, cursor=cursor, problem=problem,
                        now=caller.now, print=http_days_off.print_of(page.days_off))  # fmt: skip


async def _found(console: Console, caller: Caller, ids: list[UUID]) -> list[Alert]:
    """Those that the caller may see; 403 when none of them is."""
    async with console.reading() as conn:
        found = list((await reading.load_alerts(conn, caller.staff, ids)).values())
    if not found:
        raise HTTPException(403)
    return sorted(found, key=lambda alert: alert.id)


async def _submitted(console: Console, caller: Caller, request_id: str, events: list[Event]) -> list[Outcome]:
    named = [(f"{request_id}/{number}", event) for number, event in enumerate(events)]
    return await console.running.submit_many(named, source=f"console/{caller.staff.id}") if named else []


async def _no_undo(console: Console, caller: Caller) -> Response:
    async with console.reading() as conn:
        counts = await reading.count_alerts(conn, caller.staff)
    return console.page(
        caller, "told.jinja", "Alerts", counts.get("open", 0), status=409, heading="This cannot be undone any more",
        sentences=[NO_UNDO], back=("/alerts?state=acknowledged", "Back to alerts"),
    )  # fmt: skip


async def _seen(console: Console, caller: Caller, alert_id: UUID) -> Alert:
    """The alert, when it is in this person's caseload; 403 or 404 otherwise."""
    async with console.reading() as conn:
        found = await reading.load_alerts(conn, caller.staff, [alert_id])
        if alert_id in found:
            return found[alert_id]
        raise HTTPException(403 if await reading.exists(conn, alert_id) else 404)


def _note_problem(alert: Alert, note: str) -> str | None:
    if alert.state == "open" and alerts.must_be_taken(alert):
        return NOT_YET
    if not note.strip():
        return NOTE_NEEDED
    return NOTE_TOO_LONG if len(note.strip()) > LONGEST_NOTE else None


async def _answer(console: Console, caller: Caller, alert_id: UUID, outcome: Outcome, state: str) -> Response:
    if outcome.kind in ("applied", "duplicate"):
        return RedirectResponse(f"/alerts?state={state}#alert-{alert_id}", 303)
    return await _too_late(console, caller, alert_id)


async def _too_late(console: Console, caller: Caller, alert_id: UUID) -> Response:
    """Somebody else was faster, or it closed by itself: say who and when."""
    async with console.reading() as conn:
        alert = (await reading.load_alerts(conn, caller.staff, [alert_id]))[alert_id]
        counts = await reading.count_alerts(conn, caller.staff)
    heading, sentence = alerts.overtaken(alert, caller.staff, caller.now)
    return console.page(
        caller, "told.jinja", "Alerts", counts.get("open", 0), status=409, heading=heading, sentences=[sentence],
        back=(f"/alerts?state={alert.state}#alert-{alert_id}", "Back to alerts"),
    )  # fmt: skip
