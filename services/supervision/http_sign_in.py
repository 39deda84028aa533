"""Sign-in by a link that an operator prints: for development and demonstrations only. It works once, for 15 minutes."""

from secrets import token_urlsafe
from typing import Annotated, cast
from uuid import UUID

from asyncpg import Connection, Pool
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from services.supervision import reading, store_console
from services.supervision.http_console import SIGNED, STORED, Console, ConsoleRoute
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
    return f"{settings().supervision_url}/sign-in/{token}"


def routes(console: Console) -> APIRouter:
    if console.running.settings.mode == "production":
        raise DevelopmentOnly(str(DevelopmentOnly.__doc__))
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

    @router.get("/sign-in")
    async def sign_in(sent: bool = False) -> Response:
        return console.bare("sign-in.jinja", token=None, problem=None, sent=sent)

    @router.get("/sign-in/{token}")
    async def opened(token: Token) -> Response:
        """Nothing happens yet: programs open links too."""
        return console.bare("sign-in.jinja", token=token, problem=None, sent=False)

    @router.post("/sign-in/{token}")
    async def signed_in(token: Token) -> Response:
        stored = token_urlsafe(32)
        async with console.running.connection() as conn:
            person_id = await store_console.use_link(conn, token, stored)
            staff = await reading.find_staff(conn, person_id) if person_id else None
            now = await reading.now(conn)
        if staff is None:
            return console.bare("sign-in.jinja", 410, token=None, problem="used", sent=False)
        response = RedirectResponse("/today", 303)
        console.set_cookie(response, STORED, stored, store_console.SESSION_LIFE)
        console.sign(response, staff, now)
        return response

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        """Needs no more than the cookie itself: to sign somebody out harms nobody."""
        async with console.running.connection() as conn:
            await store_console.end_session(conn, request.cookies.get(STORED, ""))
        response = RedirectResponse("/sign-in", 303)
        for name in (SIGNED, STORED):
            response.delete_cookie(name, path="/", httponly=True, samesite="lax")
        return response

    return router
