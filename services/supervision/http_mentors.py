"""The caseload, and one mentor: next session, clearances, trainings, contacts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Response

from services.supervision import reading, reading_contacts, reading_ledger, store_audit, store_links, store_notices
from services.supervision.http_briefs import Problem
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.screens import brief, ledger, memory, mentors, reached
from services.supervision.screens.contacts import due_words


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]

    @router.get("/mentors")
    async def caseload(caller: signed_in) -> Response:
        async with console.reading() as conn:
            found = await reading.list_mentors(conn, caller.staff)
            coming, talks = await reading.coming(conn, found), await reading.last_talks(conn, found)
            held = await reading.held(conn, found)
            waiting = await store_links.load_waiting(conn, [one.id for one in found])
            counts = await reading.count_alerts(conn, caller.staff)
        entries = [
            mentors.entry(
                one,
                coming.get(one.id),
                talks.get(one.id),
                held=one.id in held,
                asked=one.id in waiting,
                viewer=caller.staff,
                now=caller.now,
            )
            for one in found
        ]
        return console.page(caller, "mentors.jinja", "Mentors", counts.get("open", 0), entries=entries)

    @router.get("/mentors/{mentor_id}")
    async def mentor(mentor_id: UUID, caller: signed_in) -> Response:
        page = await draw(console, caller, mentor_id)
        async with console.running.connection() as conn:  # only what was there to be read
            await store_audit.note_mentor(conn, mentor_id, caller.staff.site_id, caller.staff.id)
        return page

    return router


async def draw(console: Console, caller: Caller, mentor_id: UUID, problem: Problem | None = None) -> Response:
    async with console.reading() as conn:
        mentor = await reading.find_mentor(conn, caller.staff, mentor_id)
        if mentor is None:
            raise HTTPException(await reading.absent(conn, caller.staff, mentor_id))
        meetings = await reading.list_meetings_of(conn, caller.staff, mentor_id)
        contacts = await reading.list_contacts_with(conn, mentor_id)
        cases = await reading_ledger.list_cases(conn, [mentor])
        counted = await reading_ledger.list_counted(conn, list(cases.values()))
        due = (await reading_contacts.list_due(conn, [mentor], caller.now)).get(mentor_id)
        took = await reading.count_sessions(conn, mentor)
        skills = await reading.list_skills(conn, mentor_id)
        waiting = await store_links.load_waiting(conn, [mentor_id])
        told = await store_notices.list_of_person(conn, mentor_id)
        reach = (await store_notices.list_reach(conn, [mentor_id])).get(mentor_id)
        counts = await reading.count_alerts(conn, caller.staff)
    zone, asked_at = caller.staff.zone, waiting.get(mentor_id)
    page = mentors.page(mentor, meetings, contacts, viewer=caller.staff, now=caller.now)
    standings = ledger.standings(cases[mentor_id], counted, caller.now)
    coming = mentors.next_meeting(meetings, caller.now)
    return console.page(
        caller, "mentor.jinja", "Mentors", counts.get("open", 0), status=422 if problem else 200, page=page, mentor=mentor,
        memory=memory.page(skills, coming, caller.now, zone),
        cleared=mentors.cleared(standings.values(), mentor_id, caller.now, zone),
        match=mentors.match(mentor, took, caller.now, zone), due=due_words(due, caller.now, zone) if due else None,
        clear=next((brief.clear(one, page.first_name) for one in meetings if one.holds), None),
        asked=mentors.asked(page, asked_at, caller.now, zone),
        reached=reached.page(page.first_name, reach, told, caller.now, zone),
        new_link=reached.new_link(asked_at, told, caller.now, zone) if asked_at else "",
        logged=brief.just_logged(contacts, caller.staff, caller.now), problem=problem, now=caller.now,
    )  # fmt: skip
