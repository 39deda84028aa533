"""The task-shifting ledger's pages: the caseload's table, one function of one mentor, signing off, revoking, taking back."""

from dataclasses import dataclass
from typing import Annotated, Literal, cast
from uuid import UUID

from asyncpg import Connection
from fastapi import APIRouter, Depends, Form, HTTPException, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from services.supervision import ledger, reading, reading_ledger
from services.supervision.domain import MentorCase
from services.supervision.http_briefs import Problem
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.ledger import Standing
from services.supervision.messages import ClearanceRevoked, ClearanceSignedOff, ClearanceUndone
from services.supervision.screens import clearance, said
from services.supervision.screens import ledger as table
from services.supervision.screens.facts import Entry, Mentor
from shared.contracts.vocabulary import Function, vocabulary

Reason = Literal["not_as_agreed", "asked_by_mentor", "not_needed", "site_decided", "by_mistake"]
CHOOSE_HOW = "Choose how you saw it"
TICK_ALL = "Tick each line that was there. If one was missing, go over it together first, and sign off another day."
CHOOSE_REASON = "Choose why"
LATE = "More than ten minutes have passed, or something changed since. Revoke it, or sign it off again, if that is what you want."


@dataclass(frozen=True, slots=True)
class Found:
    mentor: Mentor
    case: MentorCase
    standing: Standing
    entries: list[Entry]
    open_alerts: int


class SignOffForm(BaseModel):
    """As the page sends it. `line`: the numbers of the checklist's lines that are ticked."""

    how: Literal["observed", "talked_through", ""] = ""
    line: frozenset[int] = frozenset()
    request_id: UUID
    csrf: str = ""


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]
    posted = Annotated[Caller, Depends(console.poster)]
    form_id = Annotated[UUID, Form()]

    @router.get("/clearances")
    async def caseload(caller: signed_in, page: int = 1) -> Response:
        async with console.reading() as conn:
            mentors = await reading.list_mentors(conn, caller.staff)
            cases = await reading_ledger.list_cases(conn, mentors)
            counted = await reading_ledger.list_counted(conn, list(cases.values()))
            counts = await reading.count_alerts(conn, caller.staff)
        shown = table.page(mentors, cases, counted, now=caller.now, zone=caller.staff.zone, number=page)
        return console.page(caller, "clearances.jinja", "Clearances", counts.get("open", 0), page=shown)

    @router.get("/clearances/{mentor_id}/{function}")
    async def one(mentor_id: UUID, function: str, caller: signed_in) -> Response:
        found = await _find(console, caller, mentor_id, function)
        page = clearance.page(
            found.mentor, found.case, found.standing, found.entries, viewer=caller.staff, now=caller.now
        )  # fmt: skip
        return console.page(caller, "clearance.jinja", "Clearances", found.open_alerts, page=page, mentor=found.mentor)

    @router.get("/clearances/{mentor_id}/{function}/sign-off")
    async def to_sign(mentor_id: UUID, function: str, caller: signed_in) -> Response:
        found = await _find(console, caller, mentor_id, function)
        return _form(console, caller, found) if found.standing.needs_sign_off else _not_now(console, caller, found)

    @router.post("/clearances/{mentor_id}/{function}/sign-off")
    async def sign(mentor_id: UUID, function: str, caller: posted, form: Annotated[SignOffForm, Form()]) -> Response:
        found = await _find(console, caller, mentor_id, function)
        problem = _problem(form, vocabulary().functions[function])
        if problem and found.standing.needs_sign_off:
            return _form(console, caller, found, form, problem)
        if problem or not form.how:
            return _not_now(console, caller, found)
        event = ClearanceSignedOff(
            mentor_id=mentor_id, function=function, how=form.how, lines=len(form.line), by=caller.staff.id,
            request_id=form.request_id,
        )  # fmt: skip
        return await _done(console, caller, event, form.request_id)

    @router.get("/clearances/{mentor_id}/{function}/revoke")
    async def to_revoke(mentor_id: UUID, function: str, caller: signed_in) -> Response:
        found = await _find(console, caller, mentor_id, function)
        return _revocation(console, caller, found)

    @router.post("/clearances/{mentor_id}/{function}/revoke")
    async def revoke(
        mentor_id: UUID, function: str, caller: posted, request_id: form_id, reason: Annotated[str, Form()] = ""
    ) -> Response:
        found = await _find(console, caller, mentor_id, function)
        if reason not in clearance.REASONS:
            return _revocation(console, caller, found, Problem(CHOOSE_REASON, "reason"))
        event = ClearanceRevoked(
            mentor_id=mentor_id, function=function, reason=cast(Reason, reason), by=caller.staff.id, request_id=request_id
        )  # fmt: skip
        return await _done(console, caller, event, request_id)

    @router.post("/clearances/{mentor_id}/{function}/undo")
    async def undo(mentor_id: UUID, function: str, caller: posted, mark_id: form_id) -> Response:
        found = await _find(console, caller, mentor_id, function)
        event = ClearanceUndone(mentor_id=mentor_id, mark_id=mark_id, by=caller.staff.id)
        outcome = await console.running.submit(event, id=f"undo/{mark_id}", source=f"console/{caller.staff.id}")
        if outcome.kind == "refused" and outcome.reason != "already_undone":
            return _told(console, caller, found, "This cannot be undone any more", LATE)
        return RedirectResponse(f"{table.href(mentor_id, function)}#done", 303)

    return router


async def _find(console: Console, caller: Caller, mentor_id: UUID, function: str) -> Found:
    """403 or 404 for a mentor of another caseload, and 404 for a function that there is not, or that is switched off."""
    async with console.reading() as conn:
        mentor = await reading.find_mentor(conn, caller.staff, mentor_id)
        if mentor is None:
            raise HTTPException(await reading.absent(conn, caller.staff, mentor_id))
        return await _found(conn, caller, mentor, function)


async def _found(conn: Connection, caller: Caller, mentor: Mentor, function: str) -> Found:
    cases = await reading_ledger.list_cases(conn, [mentor])
    known = vocabulary().functions.get(function)
    if known is None or not ledger.offered(cases[mentor.id], known):
        raise HTTPException(404)
    counted = await reading_ledger.list_counted(conn, [cases[mentor.id]])
    standing = table.standings(cases[mentor.id], counted, caller.now)[function]
    entries = await reading_ledger.list_entries(conn, mentor.id, function)
    open_alerts = (await reading.count_alerts(conn, caller.staff)).get("open", 0)
    return Found(mentor, cases[mentor.id], standing, entries, open_alerts)


def _problem(form: SignOffForm, function: Function) -> Problem | None:
    if form.how not in function.ways:
        return Problem(CHOOSE_HOW, "how")
    return None if form.line == set(range(1, len(function.checklist) + 1)) else Problem(TICK_ALL, "line")


async def _done(console: Console, caller: Caller, event: ClearanceSignedOff | ClearanceRevoked, request_id: UUID) -> Response:
    """The same form sent twice shows what the first did."""
    outcome = await console.running.submit(event, id=str(request_id), source=f"console/{caller.staff.id}")
    if outcome.kind == "refused":
        return _not_now(console, caller, await _find(console, caller, event.mentor_id, event.function))
    return RedirectResponse(f"{table.href(event.mentor_id, event.function)}#done", 303)


def _form(
    console: Console, caller: Caller, found: Found, sent: SignOffForm | None = None, problem: Problem | None = None
) -> Response:
    """As it was sent, where something is to be mended."""
    form = clearance.sign_off(found.mentor, found.case, found.standing, viewer=caller.staff, now=caller.now)
    return console.page(
        caller, "sign-off.jinja", "Clearances", found.open_alerts, status=422 if problem else 200, form=form,
        problem=problem, how=sent.how if sent else "", ticked=sent.line if sent else (),
    )  # fmt: skip


def _revocation(console: Console, caller: Caller, found: Found, problem: Problem | None = None) -> Response:
    if found.standing.state not in ("cleared", "on_hold", "ended"):
        return _not_now(console, caller, found)
    return console.page(
        caller, "revoke.jinja", "Clearances", found.open_alerts, status=422 if problem else 200, problem=problem,
        name=found.mentor.name, function=said.quoted(said.function(found.standing.function)), reasons=clearance.REASONS,
        href=table.href(found.mentor.id, found.standing.function),
    )  # fmt: skip


def _not_now(console: Console, caller: Caller, found: Found) -> Response:
    """Somebody was here first, or something is still missing: as it is now, in words."""
    function = vocabulary().functions[found.standing.function]
    last = next((one for one in found.entries if one.why in ("signed_off", "renewed", "revoked")), None)
    if not found.standing.lacks and last and last.by:
        who = "you" if last.by == caller.staff.id else last.by_name or "somebody"
        done = {"signed_off": "signed off", "renewed": "renewed", "revoked": "revoked"}[last.why]
        when = said.when(last.at, caller.now, caller.staff.zone)
        return _told(console, caller, found, f"Already {done} by {who}", f"That was {when}. Nothing to do.")
    if found.standing.state == "revoked":
        return _told(console, caller, found, "Not cleared at the moment", "There is nothing to revoke.")
    sentences = table.lacking(found.standing)
    if not sentences:
        sentences = ["There is nothing to sign off: it is cleared, and can be renewed in its last month."]
        if not function.sign_off:
            sentences = ["It needs no sign-off. It comes with the trainings."]
    return _told(console, caller, found, "Not ready for a sign-off" if found.standing.lacks else "Nothing to do", *sentences)


def _told(console: Console, caller: Caller, found: Found, heading: str, *sentences: str) -> Response:
    back = (table.href(found.mentor.id, found.standing.function), "Back")
    return console.page(
        caller, "told.jinja", "Clearances", found.open_alerts, status=409, heading=heading, sentences=list(sentences), back=back
    )  # fmt: skip
