"""The brief, and logging that the two talked. Opening one is written down, and the page says who else did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from services.supervision import http_assessment, http_seen, readiness, reading, store_audit, store_check_ins, store_readiness
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.screens import brief
from services.supervision.screens.facts import Contact, Meeting, Training
from services.supervision.screens.last_session import Last


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wrong with the form, and what to keep of it."""

    words: str
    field: str  # the id of what to mend
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    meeting: Meeting
    training: Training
    contacts: list[Contact]
    opened: list[tuple[str, datetime]]
    open_alerts: int
    ready: str | None
    last: Last | None


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]

    @router.get("/briefs/{training_id}")
    async def page(training_id: UUID, caller: signed_in, request: Request) -> Response:
        found = await find(console, caller, training_id)
        await _note(console, caller, found)
        await http_seen.note_about(console, caller, request, found.meeting)
        return await draw(console, caller, found)

    return router


async def find(console: Console, caller: Caller, training_id: UUID) -> Found:
    async with console.reading() as conn:
        meeting = await reading.find_brief(conn, caller.staff, training_id)
        if meeting is None or meeting.training is None:
            raise HTTPException(await reading.absent(conn, caller.staff, training_id))
        return Found(
            meeting=meeting,
            training=meeting.training,
            contacts=await reading.list_contacts_about(conn, meeting),
            opened=await reading.list_opened_by_others(conn, training_id, caller.staff.id),
            open_alerts=(await reading.count_alerts(conn, caller.staff)).get("open", 0),
            ready=await store_readiness.find_ready(conn, training_id),
            last=await store_check_ins.find_last(conn, meeting.mentor.id, caller.staff.site_id, meeting.starts_at),
        )


async def draw(console: Console, caller: Caller, found: Found, problem: Problem | None = None) -> Response:
    answer = await http_assessment.open_answer(console.running.settings, found.training, caller.staff.id, caller.now)
    page = brief.page(
        found.meeting, found.training, answer, found.contacts, found.opened, viewer=caller.staff, now=caller.now,
        last=found.last,
    )  # fmt: skip
    return console.page(
        caller, "brief.jinja", "Today", found.open_alerts, status=422 if problem else 200, page=page,
        meeting=found.meeting, training=found.training, problem=problem, now=caller.now,
        feels=readiness.words(found.ready, page.first_name),
    )  # fmt: skip


async def _note(console: Console, caller: Caller, found: Found) -> None:
    mentor = found.meeting.mentor
    async with console.running.connection() as conn:
        written = any(state == "written" for _, state in found.training.open_answers)
        await store_audit.note_brief(conn, found.training.id, mentor.id, mentor.site_id, caller.staff.id, words=written)
