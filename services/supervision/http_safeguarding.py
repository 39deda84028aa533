"""The hotline and the steps, for staff. It needs no sign-in, and it answers with the national numbers when all else fails."""

import logging
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from services.supervision import reading
from services.supervision.http_console import Console, ConsoleRoute
from services.supervision.screens import said
from services.supervision.screens.facts import Site

LOG = logging.getLogger("jitt.console")


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

    @router.get("/safeguarding")
    @router.get("/talk")
    async def page(request: Request) -> Response:
        return _drawn(console, await _known(lambda: _of_caller(console, request)))

    @router.get("/talk/{site_id}")
    async def of_site(site_id: str) -> Response:
        """A site's own numbers are no secret."""
        return _drawn(console, await _known(lambda: _of(console, site_id)))

    return router


def _drawn(console: Console, site: Site | None) -> Response:
    return console.bare("safeguarding.jinja", site=site, tel=said.tel)


async def _known(ask: Callable[[], Awaitable[Site | None]]) -> Site | None:
    """None when the database is away: this page must open all the same."""
    try:
        return await ask()
    except Exception as error:
        LOG.warning("safeguarding page without the site's own numbers", extra={"error": type(error).__name__})
        return None


async def _of_caller(console: Console, request: Request) -> Site | None:
    """None for whoever is not signed in."""
    caller = await console.still(request)
    return await _of(console, caller.staff.site_id) if caller else None


async def _of(console: Console, site_id: str) -> Site | None:
    async with console.running.connection() as conn:
        return await reading.find_site(conn, site_id)
