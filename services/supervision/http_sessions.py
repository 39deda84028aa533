"""Signing in and out, and where one is signed in.

Whoever is signed out is so at once here, and within 15 minutes where another service reads the signed cookie.
"""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from asyncpg import Connection
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.supervision import places, reading, store_accounts, store_sessions
from services.supervision.http_console import STORED, Console, ConsoleRoute, Visitor
from services.supervision.http_oidc import signed_as
from services.supervision.screens import sign_in as said
from services.supervision.store_accounts import Known
from services.supervision.store_sessions import As, Session
from shared import http, platform
from shared.security import SESSION_COOKIE, form_token, is_form_token

Text = Annotated[str, Query(max_length=4_000)]
Posted = Annotated[str, Form(max_length=4_000)]
PersonId = Annotated[UUID, Form(alias="person")]


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    for add in (_in, _choice, _out, _where):
        add(router, console)
    return router


def _in(router: APIRouter, console: Console) -> None:
    settings = console.running.settings

    @router.get("/sign-in")
    async def sign_in(request: Request, at: Text = "", to: Text = "", sent: bool = False, out: Text = "") -> Response:
        session, _ = await console.asking(request)
        if session and not sent:
            return RedirectResponse(places.landing(settings, session.signed, at, to), 303)
        at, to = places.wanted(at, to)
        asked = f"?{urlencode({'at': at, 'to': to})}" if to else ""
        left = next((one for one in settings.sign_in if one.id == out), None)
        return console.bare("sign-in.jinja", issuers=settings.sign_in, asked=asked, sent=sent, out=out,
                            left=left, printed=settings.mode == "development")  # fmt: skip

    @router.get("/sign-in/again")
    async def again(request: Request, service: Text, path: Annotated[str, Query(pattern=platform.PATH)]) -> Response:
        """Another service sends people here whose cookie is gone: back to where they were, with a new one."""
        url = platform.urls(settings).get(service)
        session, _ = await console.asking(request)
        if url is None:
            raise HTTPException(404)
        if session is None:
            return RedirectResponse(f"/sign-in?{urlencode({'at': service, 'to': path})}", 303)
        response = RedirectResponse(platform.back(url, path), 303)
        console.sign(response, session.signed, datetime.now(UTC))
        return response


def _choice(router: APIRouter, console: Console) -> None:
    """For somebody who works at several sites."""
    visitors = Annotated[Visitor, Depends(console.visitor)]
    posted = Annotated[Visitor, Depends(console.visitor_posting)]

    @router.get("/sign-in/site")
    async def which(visitor: visitors, at: Text = "", to: Text = "") -> Response:
        async with console.running.connection() as conn:
            people = await _same_account(conn, console, visitor[0])
        at, to = places.wanted(at, to)
        return console.bare("sign-in-site.jinja", people=people, here=visitor[0].signed.person_id, at=at, to=to,
                            token=form_token(visitor[0].signed.person_id), roles=said.ROLES)  # fmt: skip

    @router.post("/sign-in/site")
    async def chosen(request: Request, visitor: posted, person: PersonId, at: Posted = "", to: Posted = "") -> Response:
        browser = console.browser(request)
        async with console.running.connection() as conn, conn.transaction():
            found = [one for one in await _same_account(conn, console, visitor[0]) if one.person_id == person]
            if not found:
                raise HTTPException(403)
            await store_sessions.become(conn, As(person, found[0].site_id, found[0].role), browser)
        signed = signed_as(found[0])
        response = RedirectResponse(places.landing(console.running.settings, signed, at, to), 303)
        console.remember(response, browser.token)
        console.sign(response, signed, datetime.now(UTC))
        return response


def _out(router: APIRouter, console: Console) -> None:
    visitors = Annotated[Visitor, Depends(console.visitor)]

    @router.get("/sign-out")
    async def ask(visitor: visitors) -> Response:
        return console.bare("sign-out.jinja", token=form_token(visitor[0].signed.person_id))

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        """A form of an older page asks once more; a session that has ended needs no token to be forgotten. Pages of our other
        services do not say where they are to anybody else: their origin is "null", and the token alone tells."""
        named = request.headers.get("origin") != "null"
        if named and not http.same_origin(request, *platform.urls(console.running.settings).values()):
            raise HTTPException(403)
        session, _ = await console.asking(request)
        if session and not is_form_token(str((await request.form()).get("csrf", "")), session.signed.person_id):
            return RedirectResponse("/sign-out", 303)
        async with console.running.connection() as conn:
            await store_sessions.end_session(conn, console.token(request))
        return _gone(console, session)


def _where(router: APIRouter, console: Console) -> None:
    visitors = Annotated[Visitor, Depends(console.visitor)]
    posted = Annotated[Visitor, Depends(console.visitor_posting)]
    settings = console.running.settings

    @router.get("/signed-in")
    async def where(visitor: visitors, ended: bool = False) -> Response:
        session, caller = visitor
        async with console.running.connection() as conn:
            found = await store_sessions.list_sessions(conn, session.signed.person_id, console.idle)
            several = len(await _same_account(conn, console, session)) > 1
            counts = await reading.count_alerts(conn, caller.staff) if caller else {}
        names = {one.id: one.name for one in settings.sign_in}
        limits = {"idle": said.length(settings.signed_in_idle_minutes), "most": said.length(settings.signed_in_hours * 60)}
        return _page(console, visitor, "signed-in.jinja", counts.get("open", 0), found=found, own=session.session_id,
                     names=names, ended=ended, several=several, now=session.now, **limits)  # fmt: skip

    @router.post("/signed-in/end")
    async def end(visitor: posted, session_id: Annotated[UUID | None, Form()] = None) -> Response:
        """One, or without an id all of them, this one too."""
        session, _ = visitor
        async with console.running.connection() as conn:
            if session_id:
                await store_sessions.end_one(conn, session.signed.person_id, session_id)
            else:
                await store_sessions.end_all(conn, [session.signed.person_id])
        own = session_id in (None, session.session_id)
        return _gone(console, session) if own else RedirectResponse("/signed-in?ended=1", 303)


async def _same_account(conn: Connection, console: Console, session: Session) -> list[Known]:
    """Whom the same account is as well, where its issuer speaks."""
    account = await store_accounts.find_account(conn, session.signed.person_id)
    issuer = next((one for one in console.running.settings.sign_in if account and one.issuer == account[0]), None)
    found = await store_accounts.list_of_account(conn, *account) if account and issuer else []
    return [one for one in found if issuer and issuer.speaks_for(one.site_id)]


def _page(console: Console, visitor: Visitor, template: str, open_alerts: int, /, **values: object) -> Response:
    """In the frame of a site, or in that of people of none."""
    session, caller = visitor
    if caller:
        return console.page(caller, template, "", open_alerts, status=200, in_zone="", **values)
    of_no_site = platform.Platform(console.running, console.env)
    response = of_no_site.page(session.signed, template, "", status=200, zone="UTC", in_zone=" UTC", **values)
    console.sign(response, session.signed, session.now)
    return response


def _gone(console: Console, session: Session | None) -> Response:
    response = RedirectResponse(f"/sign-in?{urlencode({'out': (session.issuer if session else '') or '-'})}", 303)
    console.drop_cookies(response, SESSION_COOKIE, STORED)
    return response
