"""One site: its own data, and the trainings that wait for what is missing. Staff see it, whoever runs jitt enters it."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Response

from services.supervision import reading, reading_site
from services.supervision.http_console import Caller, Console, ConsoleRoute
from services.supervision.screens import site


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    signed_in = Annotated[Caller, Depends(console.caller)]

    @router.get("/site")
    async def page(caller: signed_in) -> Response:
        async with console.reading() as conn:
            found = await reading_site.find(conn, caller.staff.site_id)
            counts = await reading.count_alerts(conn, caller.staff)
        if found is None:
            raise HTTPException(404)
        return console.page(caller, "site.jinja", "Site", counts.get("open", 0), page=site.page(*found), complete=site.COMPLETE,
                            leads=caller.staff.leads)  # fmt: skip

    return router
