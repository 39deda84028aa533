"""What every console page does: who is asking, may they, and a page in the frame. Signed out goes to sign-in.

A signed cookie says who it is for 15 minutes, for every service; a stored session renews it, so that signing out ends it.
"""

import hmac
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from asyncpg import Connection
from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from jinja2 import Environment
from pydantic import SecretStr

from services.supervision import reading, store_console
from services.supervision.screens.facts import Staff
from shared import http
from shared.pages import environment
from shared.running import Running
from shared.security import Signed, mint_session, read_session

SIGNED = "jitt_session"  # read by every service
STORED = "jitt_console"  # ours alone; renews the other
SIGNED_LIFE = timedelta(minutes=15)
NAV = (("Today", "/today"), ("Alerts", "/alerts"), ("Mentors", "/mentors"), ("Contacts", "/contacts"))
REFUSED = {
    403: ("You do not have access to this page", "It belongs to another caseload."),
    404: ("Page not found", "If you typed the address, check that it is whole."),
}
Handle = Callable[[Request], Coroutine[Any, Any, Response]]
PAGE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}  # with no referrer a post says Origin: null


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
        return await self._caller(request) or _sign_in(request)

    async def poster(self, request: Request) -> Caller:
        """For forms: also refuses what another site, or a page of somebody else, has sent."""
        caller = await self.caller(request)
        form = await request.form()
        if not _same_origin(request) or not _same_token(str(form.get("csrf", "")), caller.staff.id, self._keys()):
            raise HTTPException(403)
        return caller

    async def program(self, request: Request) -> Caller:
        """For systems: 401 instead of a page."""
        caller = await self._caller(request)
        if caller is None:
            raise HTTPException(401, "Sign in first: this address needs the console's session cookie.")
        return caller

    async def still(self, request: Request) -> Caller | None:
        """For streams, which outlive a look: None once this person may not read on."""
        return await self._caller(request)

    def page(
        self, caller: Caller, template: str, here: str, open_alerts: int, /, status: int = 200, **values: object
    ) -> Response:
        staff = caller.staff
        frame = {"site_name": staff.site_name, "nav": NAV, "here": here, "open_alerts": open_alerts,
                 "signed_in_as": f"{staff.name}, {staff.role_words}", "csrf": caller.csrf}  # fmt: skip
        response = http.page(self.env, template, status, frame=frame, csrf=caller.csrf, new_id=uuid4, zone=staff.zone, **values)
        response.headers.update(PAGE_HEADERS)
        self.sign(response, staff, caller.now)
        return response

    def bare(self, template: str, status: int = 200, **values: object) -> Response:
        """A page for somebody who is not signed in."""
        return _bare(self.env, template, status, **values)

    def sign(self, response: Response, staff: Staff, now: datetime) -> None:
        """Renews the short cookie; the next 15 minutes count from here."""
        signed = Signed(staff.id, frozenset({staff.role}), frozenset({staff.site_id}))
        self.set_cookie(response, SIGNED, mint_session(signed, now + SIGNED_LIFE), SIGNED_LIFE)

    def set_cookie(self, response: Response, name: str, value: str, life: timedelta) -> None:
        response.set_cookie(name, value, max_age=int(life.total_seconds()), httponly=True, samesite="lax", path="/",
                            secure=self.running.settings.supervision_url.startswith("https:"))  # fmt: skip

    async def _caller(self, request: Request) -> Caller | None:
        async with self.running.connection() as conn:
            now = await reading.now(conn)
            person_id = await _person(conn, request, now)
            staff = await reading.find_staff(conn, person_id) if person_id else None
        return Caller(staff, now, _token(staff.id, self._keys()[0])) if staff else None

    def _keys(self) -> list[SecretStr]:
        return list(self.running.settings.session_keys)


class ConsoleRoute(APIRoute):
    """A refusal is said in the console's own frame, with a way back."""

    def get_route_handler(self) -> Handle:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except HTTPException as refused:
                if refused.status_code not in REFUSED:
                    raise
                return _refused(refused.status_code)

        return answered


def console(running: Running) -> Console:
    return Console(running, _environment())


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment("services.supervision")


def _refused(status: int) -> Response:
    heading, sentence = REFUSED[status]
    return _bare(_environment(), "told.jinja", status, heading=heading, sentences=[sentence], back=("/today", "Back to Today"))


def _bare(env: Environment, template: str, status: int, **values: object) -> Response:
    frame = {"site_name": "jitt", "nav": (), "here": "", "open_alerts": 0, "signed_in_as": "", "csrf": ""}
    response = http.page(env, template, status, frame=frame, **values)
    response.headers.update(PAGE_HEADERS)
    return response


async def _person(conn: Connection, request: Request, now: datetime) -> UUID | None:
    signed = read_session(request.cookies.get(SIGNED, ""), now)
    if signed:
        return signed.person_id
    stored = request.cookies.get(STORED)
    found = await store_console.find_session(conn, stored) if stored else None
    return found.person_id if found else None


def _sign_in(request: Request) -> Caller:
    """A form that was sent comes to words of its own: what was typed is still in the browser's page."""
    where = "/sign-in" if request.method == "GET" else "/sign-in?sent=1"
    raise HTTPException(303, headers={"Location": where})


def _same_origin(request: Request) -> bool:
    """A browser names where a form came from; what names nothing still needs the token."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def _same_token(token: str, person_id: UUID, keys: list[SecretStr]) -> bool:
    return any(hmac.compare_digest(token.encode(), _token(person_id, key).encode()) for key in keys)


def _token(person_id: UUID, key: SecretStr) -> str:
    return hmac.new(key.get_secret_value().encode(), b"jitt.form " + person_id.bytes, sha256).hexdigest()[:40]
