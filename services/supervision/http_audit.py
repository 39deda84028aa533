"""Who has read what about whom: for a site's leads."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, Response

from services.supervision import reading, store_audit
from services.supervision.http_console import FOR_LEADS, Caller, Console, ConsoleRoute
from services.supervision.screens import audit
from services.supervision.store_audit import NEWEST, Asked

MOST = 50


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]

    @router.get("/audit")
    async def page(
        caller: signed_in, by: str = "", mentor: str = "", what: str = "", before: Annotated[str, Query(max_length=20)] = ""
    ) -> Response:
        staff = caller.staff
        if not staff.leads:
            raise HTTPException(403, FOR_LEADS)
        asked = Asked(_id(by), _id(mentor), what if what in audit.WHAT else "", int(before) if before.isdecimal() else NEWEST)
        asked = asked if asked.before <= NEWEST else Asked(asked.by, asked.mentor, asked.what)
        async with console.reading() as conn:
            found = await store_audit.list_readings(conn, staff.site_id, asked, MOST + 1)
            operated = [] if asked.by or asked.what else await store_audit.list_operated(conn, staff.site_id, asked.mentor, MOST)
            people, mentors = await store_audit.list_names(conn, staff.site_id)
            counts = await reading.count_alerts(conn, staff)
        shown, commands = audit.page(found, asked, staff, caller.now, MOST), audit.commands(operated, staff, caller.now)
        return console.page(caller, "audit.jinja", "Site", counts.get("open", 0), asked=asked, people=people, mentors=mentors,
                            kinds=audit.WHAT, operated=commands, page=shown)  # fmt: skip

    return router


def _id(text: str) -> UUID | None:
    """What is no id chooses nothing: the page then shows everything, and says so in its form."""
    try:
        return UUID(text)
    except ValueError:
        return None
