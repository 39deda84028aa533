"""The contact log: one tap on a brief or a mentor's page, taken back within ten minutes; the month's list, and its own form."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from asyncpg import Connection
from fastapi import APIRouter, Depends, Form, HTTPException, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime, BaseModel

from services.supervision import http_briefs, http_mentors, reading, reading_contacts
from services.supervision.http_briefs import Problem
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.messages import ContactMade, ContactUndone
from services.supervision.reading_contacts import Month
from services.supervision.screens import contacts
from services.supervision.screens.facts import Mentor
from shared.pages import times

CHOOSE = "Choose what to log: We talked, Not needed, or Snooze 1 hour"
HOLD = "A hold needs a talk. Tick what you went through, or snooze."
HOLD_FIRST = "A hold needs a talk: open the brief, and tick what you went through."
TICK_NEEDS_TALK = "The tick clears a hold, so it goes with “We talked”"
LONGEST_SNOOZE = 43_200  # minutes
MORNING = 8  # when a snooze to tomorrow ends, on the person's wall clock
FUTURE = "The contact cannot be in the future"
NO_TIME = "Choose the day and the time of the talk"
LONG_AGO = "Log talks of the last three months only"
WHO = "Choose whom it was with"
OLDEST = timedelta(days=92)
JUST_NOW = timedelta(minutes=5)  # a form that was not touched says when it was drawn
Outcome = Literal["talked", "not_needed", "snooze_60", "snooze_tomorrow", "snooze_after", ""]
UNDONE_LATE = {
    "too_late_to_undo": "More than ten minutes have passed, so this stays in the log. Log the contact again if it changed.",
    "already_undone": "This was taken back already.",
    "unknown_contact": "More than ten minutes have passed, so this stays in the log. Log the contact again if it changed.",
}


class Logged(BaseModel):
    """The form, as the page sends it."""

    mentor_id: UUID
    session_id: UUID | None = None
    training_id: UUID | None = None
    outcome: Outcome = ""
    clear: bool = False
    seen_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None  # of the session, for a snooze until then
    request_id: UUID
    back: Literal["", "alerts"] = ""
    csrf: str = ""


class Earlier(BaseModel):
    """The form of a talk that is logged by itself: on which day, and at what time, on the wall clock of whoever logs it."""

    mentor_id: UUID | Literal[""] = ""
    outcome: Literal["talked", "not_needed"] = "talked"
    how: Literal["call", "in_person", "message", ""] = ""
    day: str = ""
    at: str = ""
    request_id: UUID
    csrf: str = ""


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]
    posted = Annotated[Caller, Depends(console.poster)]

    @router.get("/contacts")
    async def page(caller: signed_in) -> Response:
        async with console.reading() as conn:
            caseload = await reading.list_mentors(conn, caller.staff)
            made = await reading.list_contacts_since(conn, caller.staff, _month(caller))
            talks = await reading.last_talks(conn, caseload)
            due = await reading_contacts.list_due(conn, caseload, caller.now)
            months = await _months(conn, caller)
            counts = await reading.count_alerts(conn, caller.staff)
        by_id = {mentor.id: mentor for mentor in caseload}
        pairs = [(one, by_id[one.mentor_id]) for one in made if one.mentor_id in by_id]
        log = contacts.log(pairs, caseload, talks, due, months=months, viewer=caller.staff, now=caller.now)
        return console.page(caller, "contacts.jinja", "Contacts", counts.get("open", 0), log=log)

    @router.get("/contacts/new")
    async def new(caller: signed_in, mentor_id: UUID | None = None) -> Response:
        return await _form(console, caller, {"mentor_id": str(mentor_id or "")})

    @router.post("/contacts/new")
    async def log_earlier(form: Annotated[Earlier, Form()], caller: posted) -> Response:
        sent = {name: str(value) for name, value in form.model_dump(exclude={"request_id", "csrf"}).items()}
        if not form.mentor_id:
            return await _form(console, caller, sent, Problem(WHO, "mentor_id"))
        mentor = await seen_mentor(console, caller, form.mentor_id)
        at = _instant(form, caller)
        if isinstance(at, Problem):
            return await _form(console, caller, sent, at)
        event = _earlier(form, mentor, caller, at)
        outcome = await console.running.submit(event, id=str(form.request_id), source=f"console/{caller.staff.id}")
        if outcome.reason == "a_hold_needs_a_talk":
            return await _form(console, caller, sent, Problem(HOLD_FIRST, "outcome"))
        return RedirectResponse(f"/mentors/{mentor.id}#log", 303)

    @router.post("/contacts")
    async def log(form: Annotated[Logged, Form()], caller: posted) -> Response:
        mentor = await seen_mentor(console, caller, form.mentor_id)
        problem = _problem(form)
        if problem is None:
            event = _made(form, mentor, caller)
            outcome = await console.running.submit(event, id=str(form.request_id), source=f"console/{caller.staff.id}")
            problem = Problem(HOLD, "clear") if outcome.reason == "a_hold_needs_a_talk" else None
        if problem is None:
            return RedirectResponse(_back(form), 303)
        return await _again(console, caller, form, problem)

    @router.post("/contacts/{contact_id}/undo")
    async def undo(contact_id: UUID, caller: posted, training_id: Annotated[UUID | None, Form()] = None) -> Response:
        async with console.reading() as conn:
            found = await reading.find_contact_mentor(conn, contact_id)
        if found is None:
            raise HTTPException(404)
        mentor = await seen_mentor(console, caller, found[0])
        event = ContactUndone(mentor_id=mentor.id, contact_id=contact_id, by=caller.staff.id)
        outcome = await console.running.submit(event, id=f"undo/{contact_id}", source=f"console/{caller.staff.id}")
        if outcome.kind == "refused" and outcome.reason in UNDONE_LATE:
            return await _told(console, caller, UNDONE_LATE[outcome.reason], _page_of(mentor.id, training_id))
        return RedirectResponse(f"{_page_of(mentor.id, training_id)}#log", 303)

    return router


async def seen_mentor(console: Console, caller: Caller, mentor_id: UUID) -> Mentor:
    """The mentor, when in this person's caseload; 403 or 404 otherwise."""
    async with console.reading() as conn:
        found = await reading.find_mentor(conn, caller.staff, mentor_id)
        if found is None:
            raise HTTPException(await reading.absent(conn, caller.staff, mentor_id))
    return found


def _problem(form: Logged) -> Problem | None:
    if not form.outcome:
        return Problem(CHOOSE, "log", form.clear)
    if form.clear and form.outcome == "not_needed":
        return Problem(TICK_NEEDS_TALK, "clear", form.clear)
    return None


def _made(form: Logged, mentor: Mentor, caller: Caller) -> ContactMade:
    outcome: Literal["talked", "not_needed", "snoozed"] = "snoozed"
    if form.outcome in ("talked", "not_needed"):
        outcome = form.outcome
    return ContactMade(
        mentor_id=mentor.id,
        site_id=mentor.site_id,
        session_id=form.session_id,
        outcome=outcome,
        clear=form.clear and outcome == "talked",
        seen_at=form.seen_at,
        snooze_minutes=_minutes(form, caller),
        by=caller.staff.id,
        request_id=form.request_id,
    )


def _earlier(form: Earlier, mentor: Mentor, caller: Caller, at: datetime) -> ContactMade:
    now = caller.now - at < JUST_NOW
    return ContactMade(
        mentor_id=mentor.id, site_id=mentor.site_id, outcome=form.outcome, talked_at=None if now else at, how=form.how or None,
        by=caller.staff.id, request_id=form.request_id,
    )  # fmt: skip


def _instant(form: Earlier, caller: Caller) -> datetime | Problem:
    try:
        at = datetime.fromisoformat(f"{form.day}T{form.at}").replace(tzinfo=times.known(caller.staff.zone))
    except ValueError:
        return Problem(NO_TIME, "day")
    if at > caller.now:
        return Problem(FUTURE, "day")
    return Problem(LONG_AGO, "day") if caller.now - at > OLDEST else at


async def _form(console: Console, caller: Caller, sent: Mapping[str, str], problem: Problem | None = None) -> Response:
    async with console.reading() as conn:
        caseload = await reading.list_mentors(conn, caller.staff)
        counts = await reading.count_alerts(conn, caller.staff)
    form = contacts.form(caseload, sent, caller.now, caller.staff.zone)
    return console.page(
        caller, "contact-new.jinja", "Contacts", counts.get("open", 0), status=422 if problem else 200, form=form,
        problem=problem, ways=contacts.HOW,
    )  # fmt: skip


async def _months(conn: Connection, caller: Caller) -> list[Month]:
    """The site's own figure, for whoever leads it."""
    staff = caller.staff
    return await reading_contacts.list_months(conn, staff.site_id, staff.zone, caller.now) if staff.leads else []


def _minutes(form: Logged, caller: Caller) -> int:
    if form.outcome == "snooze_after" and form.ends_at:
        return min(LONGEST_SNOOZE, max(5, int((form.ends_at - caller.now).total_seconds() // 60)))
    if form.outcome != "snooze_tomorrow":
        return 60
    here = caller.now.astimezone(times.known(caller.staff.zone))
    morning = here.replace(hour=MORNING, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return max(5, int((morning - caller.now).total_seconds() // 60))


async def _again(console: Console, caller: Caller, form: Logged, problem: Problem) -> Response:
    """The page the form came from, with what was chosen still there."""
    if form.training_id:
        found = await http_briefs.find(console, caller, form.training_id)
        return await http_briefs.draw(console, caller, found, problem)
    return await http_mentors.draw(console, caller, form.mentor_id, problem)


async def _told(console: Console, caller: Caller, sentence: str, back: str) -> Response:
    async with console.reading() as conn:
        counts = await reading.count_alerts(conn, caller.staff)
    return console.page(
        caller, "told.jinja", "Contacts", counts.get("open", 0), status=409, heading="This cannot be undone any more",
        sentences=[sentence], back=(back, "Back"),
    )  # fmt: skip


def _back(form: Logged) -> str:
    if form.back == "alerts":
        return "/alerts?state=acknowledged"
    return f"{_page_of(form.mentor_id, form.training_id)}#log"


def _page_of(mentor_id: UUID, training_id: UUID | None) -> str:
    return f"/briefs/{training_id}" if training_id else f"/mentors/{mentor_id}"


def _month(caller: Caller) -> datetime:
    here = caller.now.astimezone(times.known(caller.staff.zone))
    return here.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
