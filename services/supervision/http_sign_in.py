"""Sign-in by a link that an operator prints: for development and demonstrations only. It works once, for 15 minutes."""

from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Annotated, cast
from uuid import UUID, uuid4

from asyncpg import Connection, Pool
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.supervision import reading, store_console
from services.supervision.http_console import STORED, Console, ConsoleRoute, known
from shared import platform
from shared.security import AUTHOR, PLATFORM, SESSION_COOKIE, Signed
from shared.settings import settings

Token = Annotated[str, Path(min_length=20, max_length=100)]


class DevelopmentOnly(Exception):
    """Sign-in by a printed link is for development only. In production, connect the network's own sign-in first."""


class NobodyThere(Exception):
    """There is no supervisor or site lead with this reference at this site. Import people first."""


async def mint_sign_in(pool: Pool, person_id: UUID) -> str:
    """The address that signs this supervisor or site lead in. Raises NobodyThere."""
    token = token_urlsafe(24)
    async with pool.acquire(timeout=5) as conn:
        if not await store_console.keep_link(cast(Connection, conn), token, person_id):
            raise NobodyThere(str(NobodyThere.__doc__))
    return _address(token)


async def mint_platform_sign_in(pool: Pool, role: str = PLATFORM) -> str:
    """The address that signs somebody in who runs the network, or writes trainings.

    There is no list of them: each link is a person of its own.
    """
    token = token_urlsafe(24)
    async with pool.acquire(timeout=5) as conn:
        await store_console.keep_platform_link(cast(Connection, conn), token, uuid4(), role)
    return _address(token)


def routes(console: Console) -> APIRouter:
    if console.running.settings.mode == "production":
        raise DevelopmentOnly(str(DevelopmentOnly.__doc__))
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

    @router.get("/sign-in")
    async def sign_in(sent: bool = False) -> Response:
        return console.bare("sign-in.jinja", token=None, problem=None, sent=sent)

    @router.get("/sign-in/again")
    async def again(request: Request, service: str, path: Annotated[str, Query(pattern=platform.PATH)]) -> Response:
        """Another service sends people here whose cookie is gone: back to where they were, with a new one."""
        url = platform.urls(console.running.settings).get(service)
        signed, _ = await console.asking(request)
        if url is None:
            raise HTTPException(404)
        if signed is None:
            return RedirectResponse("/sign-in", 303)
        response = RedirectResponse(platform.back(url, path), 303)
        console.sign(response, signed, datetime.now(UTC))
        return response

    @router.get("/sign-in/{token}")
    async def opened(token: Token) -> Response:
        """Nothing happens yet: programs open links too."""
        return console.bare("sign-in.jinja", token=token, problem=None, sent=False)

    @router.post("/sign-in/{token}")
    async def signed_in(token: Token) -> Response:
        stored = token_urlsafe(32)
        async with console.running.connection() as conn:
            signed, staff = await known(conn, await store_console.use_link(conn, token, stored))
            now = await reading.now(conn)
        if signed is None:
            return console.bare("sign-in.jinja", 410, token=None, problem="used", sent=False)
        response = RedirectResponse("/today" if staff else _of_no_site(signed), 303)
        console.set_cookie(response, STORED, stored, store_console.SESSION_LIFE)
        console.sign(response, signed, now)
        return response

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        """Needs no more than the cookie itself: to sign somebody out harms nobody."""
        async with console.running.connection() as conn:
            await store_console.end_session(conn, request.cookies.get(STORED, ""))
        response = RedirectResponse("/sign-in", 303)
        for name in (SESSION_COOKIE, STORED):
            response.delete_cookie(name, path="/", httponly=True, samesite="lax")
        return response

    return router


def _of_no_site(signed: Signed) -> str:
    return f"{settings().content_url}{platform.STATISTICS}" if AUTHOR in signed.roles else platform.DEAD


def _address(token: str) -> str:
    return f"{settings().supervision_url}/sign-in/{token}"
