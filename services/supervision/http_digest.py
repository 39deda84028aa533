"""Monday's list: what waits for it, and what became of the last one. A lead also sees which rules often are not needed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.supervision import digests, reading, store_budget, store_digests
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.screens import digest


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]

    @router.get("/digest")
    async def page(caller: signed_in) -> Response:
        staff = caller.staff
        async with console.reading() as conn:
            waiting = (await store_digests.load_waiting(conn, [staff.id])).get(staff.id, ())
            last = await store_digests.find_last(conn, staff.id)
            found = await reading.load_alerts(conn, staff, [*waiting, *(last[1] if last else ())])
            asks = await store_budget.list_asks(conn, staff.site_id) if staff.leads else []
            counts = await reading.count_alerts(conn, staff)
        drawn = digest.page(waiting, last, found, staff, caller.now)
        due = digests.next_monday(caller.now, staff.zone)
        return console.page(caller, "digest.jinja", "Alerts", counts.get("open", 0), page=drawn,
                            due=digest.when(due, caller.now, staff.zone), hints=digest.hints(asks))  # fmt: skip

    return router
