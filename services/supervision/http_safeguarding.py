"""The hotline and the steps, for staff. It needs no sign-in, and it answers with the national numbers when all else fails."""

import logging

from fastapi import APIRouter, Request, Response

from services.supervision import reading
from services.supervision.http_console import Console
from services.supervision.screens import said
from services.supervision.screens.facts import Site

LOG = logging.getLogger("jitt.console")


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/safeguarding")
    async def page(request: Request) -> Response:
        return console.bare("safeguarding.jinja", site=await _site(console, request), tel=said.tel)

    return router


async def _site(console: Console, request: Request) -> Site | None:
    """None for whoever is not signed in, and when the database is away: this page must open all the same."""
    try:
        caller = await console.still(request)
        if caller is None:
            return None
        async with console.running.connection() as conn:
            return await reading.find_site(conn, caller.staff.site_id)
    except Exception as error:
        LOG.warning("safeguarding page without the site's own numbers", extra={"error": type(error).__name__})
        return None
