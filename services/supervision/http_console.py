"""What every console page does: who is asking, may they, and a page in the frame. Signed out goes to sign-in.

A signed cookie says who it is for 15 minutes, for every service; a stored session renews it, so that signing out ends it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import uuid4

from asyncpg import Connection
from fastapi import HTTPException, Request, Response
from jinja2 import Environment

from services.supervision import reading, store_console
from services.supervision.screens.facts import Staff
from shared import http, platform
from shared.pages import environment
from shared.running import Running
from shared.security import AUTHOR, OF_NO_SITE, SESSION_COOKIE, Signed, form_token, is_form_token, mint_session, read_session
from shared.settings import settings

STORED = "jitt_console"  # ours alone; renews the one that every service reads
SIGNED_LIFE = timedelta(minutes=15)
NAV = (("Today", "/today"), ("Alerts", "/alerts"), ("Mentors", "/mentors"), ("Contacts", "/contacts"), ("Site", "/site"))
REFUSED = {
    403: ("You do not have access to this page", "It belongs to another caseload."),
    404: ("Page not found", "If you typed the address, check that it is whole."),
}
OF_A_SITE = "It is about the people of one site, and you are signed in to run the platform."
OF_PEOPLE = "It is about the people of one site, and you are signed in to write trainings."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, now, as of the database."""

    staff: Staff
    now: datetime
    csrf: str


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
        signed, caller = await self.asking(request)
        if signed and OF_NO_SITE & signed.roles:
            raise HTTPException(403, OF_PEOPLE if AUTHOR in signed.roles else OF_A_SITE)
        return caller or _sign_in(request)

    async def poster(self, request: Request) -> Caller:
        """For forms: also refuses what another site, or a page of somebody else, has sent."""
        caller = await self.caller(request)
        form = await request.form()
        if not http.same_origin(request) or not is_form_token(str(form.get("csrf", "")), caller.staff.id):
            raise HTTPException(403)
        return caller

    async def program(self, request: Request) -> Caller:
        """For systems: 401 instead of a page."""
        caller = await self.still(request)
        if caller is None:
            raise HTTPException(401, "Sign in first: this address needs the console's session cookie.")
        return caller

    async def still(self, request: Request) -> Caller | None:
        """For streams, which outlive a look: None once this person may not read on."""
        return (await self.asking(request))[1]

    async def asking(self, request: Request) -> tuple[Signed | None, Caller | None]:
        """Who signed in, and the member of staff that this is, if any."""
        async with self.running.connection() as conn:
            now = await reading.now(conn)
            signed, staff = await known(conn, await _signed(conn, request, now))
        return signed, Caller(staff, now, form_token(staff.id)) if staff else None

    def page(
        self, caller: Caller, template: str, here: str, open_alerts: int, /, status: int = 200, **values: object
    ) -> Response:
        staff = caller.staff
        frame = {"site_name": staff.site_name, "nav": NAV, "here": here, "open_alerts": open_alerts,
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

    def set_cookie(self, response: Response, name: str, value: str, life: timedelta) -> None:
        response.set_cookie(name, value, max_age=int(life.total_seconds()), httponly=True, samesite="lax", path="/",
                            secure=self.running.settings.supervision_url.startswith("https:"))  # fmt: skip


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
    if refused.detail == OF_PEOPLE:
        sentence, back = OF_PEOPLE, (f"{settings().content_url}{platform.STATISTICS}", "Back to statistics")
    return _bare(_environment(), "told.jinja", refused.status_code, heading=heading, sentences=[sentence], back=back)


ConsoleRoute = http.saying(_refused)


def _bare(env: Environment, template: str, status: int, **values: object) -> Response:
    frame = {"site_name": "jitt", "nav": (), "here": "", "open_alerts": 0, "signed_in_as": "", "csrf": ""}
    response = http.page(env, template, status, frame=frame, **values)
    response.headers.update(http.CONSOLE_HEADERS)
    return response


async def _signed(conn: Connection, request: Request, now: datetime) -> Signed | None:
    """By the short cookie, else by the stored session that renews it."""
    signed = read_session(request.cookies.get(SESSION_COOKIE, ""), now)
    stored = request.cookies.get(STORED)
    return signed or (await store_console.find_session(conn, stored) if stored else None)


def _sign_in(request: Request) -> Caller:
    """A form that was sent comes to words of its own: what was typed is still in the browser's page."""
    where = "/sign-in" if request.method == "GET" else "/sign-in?sent=1"
    raise HTTPException(303, headers={"Location": where})
