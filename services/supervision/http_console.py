"""What every console page does: who is asking, may they, and a page in the frame. Signed out goes to sign-in.

A stored session says who it is, here and at once; what it signs tells every other service, for 15 minutes (docs/decisions/0035).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from secrets import token_urlsafe
from typing import NoReturn
from urllib.parse import urlencode
from uuid import uuid4

from asyncpg import Connection
from fastapi import HTTPException, Request, Response
from jinja2 import Environment

from services.supervision import places, reading, store_sessions
from services.supervision.screens.browsers import browser_of
from services.supervision.screens.facts import Staff
from services.supervision.store_sessions import Browser, Session
from shared import access, http, platform
from shared.access import NOBODY, Scope
from shared.leads import menu
from shared.pages import environment
from shared.running import Running
from shared.security import (
    AUTHOR,
    FIGURES,
    OF_NO_SITE,
    PLATFORM,
    SESSION_COOKIE,
    Signed,
    cookie_name,
    form_token,
    is_form_token,
    mint_session,
)
from shared.settings import settings

STORED = "jitt_console"  # ours alone; renews the one that every service reads
SIGNED_LIFE = timedelta(minutes=15)
REFUSED = {
    403: ("You do not have access to this page", "It belongs to another caseload."),
    404: ("Page not found", "If you typed the address, check that it is whole."),
    410: ("This record was erased on request", "Nothing of it is kept here."),
}
OF_A_SITE = "It is about the people of one site, and you are signed in to run the platform."
FOR_LEADS = "It is for the leads of your site."
OF_PEOPLE = "It is about the people of one site, and you are signed in to write trainings."
OF_SOMEBODY = "It is about the people of one site, and you are signed in to look at figures of all of them."
NOT_OF_A_SITE = {PLATFORM: OF_A_SITE, AUTHOR: OF_PEOPLE, FIGURES: OF_SOMEBODY}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, now, as of the database."""

    staff: Staff
    now: datetime
    csrf: str


Visitor = tuple[Session, Caller | None]


@dataclass(frozen=True, slots=True)
class Console:
    running: Running
    env: Environment

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """One snapshot for a whole page."""
        async with self.running.connection() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            yield conn

    async def caller(self, request: Request) -> Caller:
        """For pages: whoever is not signed in is sent to the sign-in page."""
        session, caller = await self.asking(request)
        if session and OF_NO_SITE & session.signed.roles:
            raise HTTPException(403, NOT_OF_A_SITE[platform.role_of(session.signed)])
        return caller or _sign_in(request)

    async def poster(self, request: Request) -> Caller:
        """For forms: also refuses what another site, or a page of somebody else, has sent."""
        caller = await self.caller(request)
        form = await request.form()
        if not http.same_origin(request) or not is_form_token(str(form.get("csrf", "")), caller.staff.id):
            raise HTTPException(403)
        return caller

    async def visitor(self, request: Request) -> Visitor:
        """For pages of anybody who is signed in, of a site or of none: about accounts and sessions, which the door opens, as one
        account may be several people at several sites."""
        session, caller = await self.asking(request)
        access.enter(replace(NOBODY, sites=session.signed.sites if session else frozenset()))
        return (session, caller) if session else _sign_in(request)

    async def visitor_posting(self, request: Request) -> Visitor:
        session, caller = await self.visitor(request)
        form = await request.form()
        if not http.same_origin(request) or not is_form_token(str(form.get("csrf", "")), session.signed.person_id):
            raise HTTPException(403)
        return session, caller

    async def program(self, request: Request) -> Caller:
        """For systems: 401 instead of a page."""
        caller = await self.still(request)
        if caller is None:
            raise HTTPException(401, "Sign in first: this address needs the console's session cookie.")
        return caller

    async def still(self, request: Request) -> Caller | None:
        """For streams, which outlive a look: None once this person may not read on."""
        return (await self.asking(request, acting=False))[1]

    async def asking(self, request: Request, *, acting: bool = True) -> tuple[Session | None, Caller | None]:
        """Who signed in, and the member of staff that this is, if any. Neither for somebody who has left."""
        session, staff = await self._stored(request, acting) if self.token(request) else (None, None)
        access.enter(scope_of(session.signed if session else None))
        return session, Caller(staff, session.now, form_token(staff.id)) if session and staff else None

    async def _stored(self, request: Request, acting: bool) -> tuple[Session | None, Staff | None]:
        async with self.running.connection() as conn:
            session = await store_sessions.find_session(conn, self.token(request), self.idle, acting=acting)
            signed, staff = await known(conn, session.signed if session else None)
        return (replace(session, signed=signed), staff) if session and signed else (None, None)

    @property
    def idle(self) -> timedelta:
        return timedelta(minutes=self.running.settings.signed_in_idle_minutes)

    @property
    def life(self) -> timedelta:
        return timedelta(hours=self.running.settings.signed_in_hours)

    def token(self, request: Request) -> str:
        """Of the stored session."""
        return request.cookies.get(self.called(STORED), "")

    def browser(self, request: Request) -> Browser:
        """For a session that begins here and now."""
        words = browser_of(request.headers.get("user-agent", ""))
        return Browser(token_urlsafe(32), self.token(request), words, self.life)

    def called(self, cookie: str) -> str:
        return cookie_name(cookie, self.running.settings.supervision_url)

    def page(
        self, caller: Caller, template: str, here: str, open_alerts: int, /, status: int = 200, **values: object
    ) -> Response:
        staff = caller.staff
        nav = menu(self.running.settings, leads=staff.leads, here=self.running.settings.supervision_url)
        frame = {"site_name": staff.site_name, "nav": nav, "here": here, "open_alerts": open_alerts,
                 "signed_in_as": f"{staff.name}, {staff.role_words}", "csrf": caller.csrf}  # fmt: skip
        response = http.page(self.env, template, status, frame=frame, csrf=caller.csrf, new_id=uuid4, zone=staff.zone, **values)
        response.headers.update(http.CONSOLE_HEADERS)
        self.sign(response, signed_of(staff), caller.now)
        return response

    def bare(self, template: str, status: int = 200, **values: object) -> Response:
        """A page for somebody who is not signed in."""
        return _bare(self.env, template, status, **values)

    def sign(self, response: Response, signed: Signed, now: datetime) -> None:
        """Renews the short cookie; the next 15 minutes count from here."""
        self.set_cookie(response, SESSION_COOKIE, mint_session(signed, now + SIGNED_LIFE), SIGNED_LIFE)

    def remember(self, response: Response, token: str) -> None:
        """Gives the browser the token of its stored session."""
        self.set_cookie(response, STORED, token, self.life)

    def set_cookie(self, response: Response, name: str, value: str, life: timedelta) -> None:
        response.set_cookie(self.called(name), value, max_age=int(life.total_seconds()), httponly=True, samesite="lax", path="/",
                            secure=self.secure)  # fmt: skip

    def drop_cookies(self, response: Response, *names: str) -> None:
        for name in names:
            response.delete_cookie(self.called(name), path="/", httponly=True, samesite="lax", secure=self.secure)

    @property
    def secure(self) -> bool:
        return self.running.settings.supervision_url.startswith("https:")


def console(running: Running) -> Console:
    return Console(running, _environment())


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment("services.supervision")


async def known(conn: Connection, signed: Signed | None) -> tuple[Signed | None, Staff | None]:
    """With the role of today; nothing for somebody who has left."""
    staff = await reading.find_staff(conn, signed.person_id) if signed else None
    if staff:
        return signed_of(staff), staff
    return signed if signed and OF_NO_SITE & signed.roles else None, None


def scope_of(signed: Signed | None) -> Scope:
    """A person has one role."""
    return Scope(next(iter(signed.roles), ""), signed.sites) if signed else NOBODY


def signed_of(staff: Staff) -> Signed:
    return Signed(staff.id, frozenset({staff.role}), frozenset({staff.site_id}))


def _refused(refused: HTTPException) -> Response | None:
    """In the console's own frame, with a way back."""
    if refused.status_code not in REFUSED:
        return None
    heading, sentence = REFUSED[refused.status_code]
    back = ("/today", "Back to Today")
    if refused.detail == OF_A_SITE:
        sentence, back = OF_A_SITE, (platform.DEAD, "Back to dead letters")
    if refused.detail == OF_SOMEBODY:
        sentence, back = OF_SOMEBODY, (platform.NETWORK, "Back to the network’s figures")
    if refused.detail == FOR_LEADS:
        sentence = FOR_LEADS
    if refused.detail == OF_PEOPLE:
        sentence, back = OF_PEOPLE, (f"{settings().content_url}{platform.STATISTICS}", "Back to statistics")
    return _bare(_environment(), "told.jinja", refused.status_code, heading=heading, sentences=[sentence], back=back)


ConsoleRoute = http.saying(_refused)


def _bare(env: Environment, template: str, status: int, **values: object) -> Response:
    frame = {"site_name": "jitt", "nav": (), "here": "", "open_alerts": 0, "signed_in_as": "", "csrf": ""}
    response = http.page(env, template, status, frame=frame, **values)
    response.headers.update(http.CONSOLE_HEADERS)
    return response


def _sign_in(request: Request) -> NoReturn:
    """A form that was sent comes to words of its own: what was typed is still in the browser's page."""
    raise HTTPException(303, headers={"Location": _where(request)})


def _where(request: Request) -> str:
    if request.method != "GET":
        return "/sign-in?sent=1"
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return "/sign-in" if path == places.HOME else f"/sign-in?{urlencode({'to': path})}"
