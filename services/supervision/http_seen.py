"""Who has seen an alert: told by the page once the alert was on a screen, and by opening the brief that it leads to.

Asking for a page has no effect by itself: what programs fetch ahead, nobody has seen (docs/decisions/0042).
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response

from services.supervision import reading
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.messages import AlertLookedAt
from services.supervision.screens.facts import Alert, Meeting

LOG = logging.getLogger("jitt.seen")
MOST = 100  # as many as a list shows
WAIT_SECONDS = 1.0


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    posted = Annotated[Caller, Depends(console.poster)]

    @router.post("/alerts/seen")
    async def seen(caller: posted, alert_id: Annotated[list[UUID], Form(max_length=MOST)]) -> Response:
        """What the caller may not see is left out, without a word."""
        async with console.reading() as conn:
            found = await reading.load_alerts(conn, caller.staff, alert_id)
        await note(console, caller, found.values())
        return Response(status_code=204)

    return router


async def note_about(console: Console, caller: Caller, request: Request, meeting: Meeting) -> None:
    """The open alerts about these sessions: a person who opens their brief reads what the alerts are about. Who prepares a
    session waits for none of this: where the case is somebody else's at the moment, or set aside, the brief opens without it."""
    if not opened_by_a_person(request):
        return
    async with console.reading() as conn:
        ids = await reading.list_open_alerts_about(conn, meeting.mentor.id, [meeting.id, *meeting.together])
        found = await reading.load_alerts(conn, caller.staff, ids) if ids else {}
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            await note(console, caller, found.values())
    except Exception as error:
        LOG.warning("who has seen an alert cannot be kept now", extra={"error": f"{type(error).__name__}: {error}"})


async def note(console: Console, caller: Caller, alerts: Iterable[Alert]) -> None:
    """Once for each person and alert, until it is raised again; all of them or none."""
    me = caller.staff.id
    new = [a for a in alerts if a.state == "open" and all(one.by != me for one in a.seen)]
    events = [(f"seen/{a.id}/{a.raised_at.isoformat()}", AlertLookedAt(mentor_id=a.mentor.id, alert_id=a.id, by=me)) for a in new]
    if events:
        await console.running.submit_many(events, source=f"console/{me}")


def opened_by_a_person(request: Request) -> bool:
    """A browser says what it asks for a page for: to show it now, and not in case somebody may want it."""
    fetched_ahead = request.headers.get("sec-purpose") or request.headers.get("purpose")
    return request.headers.get("sec-fetch-mode") == "navigate" and not fetched_ahead
