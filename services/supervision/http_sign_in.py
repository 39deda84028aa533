"""Sign-in by a link that an operator prints: for development and demonstrations only. It works once, for 15 minutes."""

from secrets import token_urlsafe
from typing import Annotated, cast
from uuid import UUID, uuid4

from asyncpg import Connection, Pool
from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse

from services.supervision import places, reading, store_console
from services.supervision.http_console import Console, ConsoleRoute, known
from shared import http
from shared.security import PLATFORM
from shared.settings import Settings, settings

Token = Annotated[str, Path(min_length=20, max_length=100)]


class DevelopmentOnly(Exception):
    """Sign-in by a printed link is for development only. In production, people sign in with accounts of their own."""


class NobodyThere(Exception):
    """There is no supervisor or site lead with this reference at this site. Import people first."""


def only_in_development(chosen: Settings) -> None:
    if chosen.mode != "development":
        raise DevelopmentOnly(str(DevelopmentOnly.__doc__))


async def mint_sign_in(pool: Pool, person_id: UUID) -> str:
    """The address that signs this supervisor or site lead in. Raises NobodyThere."""
    only_in_development(settings())
    token = token_urlsafe(24)
    async with pool.acquire(timeout=5) as conn:
        if not await store_console.keep_link(cast(Connection, conn), token, person_id):
            raise NobodyThere(str(NobodyThere.__doc__))
    return _address(token)


async def mint_platform_sign_in(pool: Pool, role: str = PLATFORM) -> str:
    """The address that signs somebody in who runs the network, or writes trainings.

    Such a link is a person of its own, and in no list.
    """
    only_in_development(settings())
    token = token_urlsafe(24)
    async with pool.acquire(timeout=5) as conn:
        await store_console.keep_platform_link(cast(Connection, conn), token, uuid4(), role)
    return _address(token)


def routes(console: Console) -> APIRouter:
    """Raises DevelopmentOnly, so that nothing can be started with them elsewhere."""
    only_in_development(console.running.settings)
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

    @router.get("/sign-in/{token}")
    async def opened(token: Token) -> Response:
        """Nothing happens yet: programs open links too."""
        return console.bare("sign-in-link.jinja", token=token)

    @router.post("/sign-in/{token}")
    async def signed_in(request: Request, token: Token) -> Response:
        if not http.same_origin(request):
            raise HTTPException(403)
        browser = console.browser(request)
        async with console.running.connection() as conn:
            signed, _ = await known(conn, await store_console.use_link(conn, token, browser))
            now = await reading.now(conn)
        if signed is None:
            return console.bare("sign-in-link.jinja", 410, token=None)
        response = RedirectResponse(places.home_of(console.running.settings, signed), 303)
        console.remember(response, browser.token)
        console.sign(response, signed, now)
        return response

    return router


def _address(token: str) -> str:
    return f"{settings().supervision_url}/sign-in/{token}"
