"""Sign-in with an account of a district, or of the network: there, and back with a session.

Roles and sites come from our tables; the issuer only says who somebody is, and for the sites that it speaks for.
"""

import logging
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Annotated
from urllib.parse import urlencode

from asyncpg import Connection
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from services.supervision import places, store_accounts, store_sessions
from services.supervision.http_console import Console, ConsoleRoute
from services.supervision.oidc import Account, Begun, Provider, Refused, Unreachable, Unsound
from services.supervision.screens import sign_in as said
from services.supervision.store_accounts import Known
from services.supervision.store_sessions import As
from shared.security import Signed, mint_begun, read_begun
from shared.settings import CannotStart, Issuer, Settings

BEGUN = "jitt_signing_in"
BEGUN_LIFE = timedelta(minutes=10)
NO_SIGN_IN = (
    "Nobody could sign in to the console: set JITT_SIGN_IN to the accounts that people sign in with "
    "(docs/guides/platform.md, Sign-in), or start this service with --role worker."
)
NO_HTTPS = "The console's cookies need https: set JITT_SUPERVISION_URL to the address that browsers use, https://…"
PLAIN_ISSUER = "JITT_SIGN_IN: the issuer {} has to begin with https://."
LOG = logging.getLogger("jitt.sign_in")
Id = Annotated[str, Path(max_length=40)]
Text = Annotated[str, Query(max_length=4_000)]


class Came(BaseModel):
    """What a provider sends the browser back with; `iss` is its own name, where it says it."""

    code: str = Field("", max_length=4_000)
    state: str = Field("", max_length=4_000)
    error: str = Field("", max_length=4_000)
    iss: str = Field("", max_length=4_000)


def check(settings: Settings) -> None:
    """Raises CannotStart where nobody could sign in, or not safely."""
    if settings.mode != "production":
        return
    if not settings.sign_in:
        raise CannotStart(NO_SIGN_IN)
    if not settings.supervision_url.startswith("https://"):
        raise CannotStart(NO_HTTPS)
    if plain := [one.id for one in settings.sign_in if not one.issuer.startswith("https://")]:
        raise CannotStart(PLAIN_ISSUER.format(plain[0]))


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
    providers = {one.id: Provider(one, _callback(console, one)) for one in console.running.settings.sign_in}

    def known(issuer: str) -> Provider:
        if issuer not in providers:
            raise HTTPException(404)
        return providers[issuer]

    @router.get("/sign-in/with/{issuer}")
    async def begin(issuer: Id, at: Text = "", to: Text = "", other: bool = False) -> Response:
        provider = known(issuer)
        begun = Begun(issuer, token_urlsafe(24), token_urlsafe(24), token_urlsafe(48), *places.wanted(at, to))
        try:
            response = RedirectResponse(await provider.address(begun, other=other), 303)
        except (Unreachable, Unsound) as error:
            return _told(console, provider.issuer, _problem(error, provider.issuer), begun)
        console.set_cookie(response, BEGUN, mint_begun(begun.values(), datetime.now(UTC) + BEGUN_LIFE), BEGUN_LIFE)
        return response

    @router.get("/sign-in/from/{issuer}")
    async def back(request: Request, issuer: Id, came: Annotated[Came, Query()]) -> Response:
        provider = known(issuer)
        begun = _begun(console, request, issuer, came.state)
        if begun is None or (came.iss and came.iss != provider.issuer.issuer):
            return _told(console, provider.issuer, said.STALE, begun)
        try:
            if came.error or not came.code:
                raise Refused.saying(came.error)
            account = await provider.account(came.code, begun, datetime.now(UTC))
        except (Refused, Unreachable, Unsound) as problem:
            return _told(console, provider.issuer, _problem(problem, provider.issuer), begun)
        return await _signed_in(console, request, provider.issuer, account, begun)

    @router.get("/sign-in/leave/{issuer}")
    async def leave(issuer: Id) -> Response:
        """To the provider's own page for signing out: who is signed in there, others on this computer could be, too."""
        provider = known(issuer)
        where = await provider.ending()
        if not where:
            return _told(console, provider.issuer, said.NO_END, None)
        asked = urlencode({"client_id": provider.issuer.client_id})
        return RedirectResponse(f"{where}{'&' if '?' in where else '?'}{asked}", 303)

    return router


async def _signed_in(console: Console, request: Request, issuer: Issuer, account: Account, begun: Begun) -> Response:
    browser = console.browser(request)
    async with console.running.connection() as conn, conn.transaction():
        people = await whom(conn, issuer, account)
        if people:
            first = As(people[0].person_id, people[0].site_id, people[0].role)
            await store_sessions.start_session(conn, first, issuer.id, browser)
    if not people:
        LOG.warning("an account that nobody here has", extra={"issuer": issuer.id, "confirmed": account.email is not None})
        return _told(console, issuer, said.unknown(account.email), begun)
    signed = signed_as(people[0])
    where = places.landing(console.running.settings, signed, begun.at, begun.to)
    if len(people) > 1:
        where = f"/sign-in/site?{urlencode({'at': begun.at, 'to': begun.to})}"
    LOG.info("signed in", extra={"issuer": issuer.id, "person": str(people[0].person_id)})
    response = RedirectResponse(where, 303)
    console.drop_cookies(response, BEGUN)
    console.remember(response, browser.token)
    console.sign(response, signed, datetime.now(UTC))
    return response


async def whom(conn: Connection, issuer: Issuer, account: Account) -> list[Known]:
    """Whom this account is: those it was before, and whoever has its confirmed address. Only where the issuer speaks."""
    if account.email:
        people = [found for found in await store_accounts.list_of_email(conn, account.email) if issuer.speaks_for(found[1])]
        await store_accounts.bind(conn, account.issuer, account.subject, people)
    found = await store_accounts.list_of_account(conn, account.issuer, account.subject)
    return [one for one in found if issuer.speaks_for(one.site_id)]


def signed_as(known: Known) -> Signed:
    return Signed(known.person_id, frozenset({known.role}), frozenset({known.site_id} if known.site_id else ()))


def _begun(console: Console, request: Request, issuer: str, state: str) -> Begun | None:
    """What this browser began, if it is this; nobody else can bring a sign-in to its end here."""
    values = read_begun(request.cookies.get(console.called(BEGUN), ""), datetime.now(UTC))
    begun = Begun(*values) if values else None
    fits = begun is not None and begun.issuer == issuer and compare_digest(begun.state.encode(), state.encode())
    return begun if fits else None


def _problem(error: Exception, issuer: Issuer) -> said.Problem:
    if isinstance(error, Refused):
        return said.refused(str(error))
    LOG.warning("a sign-in failed", extra={"issuer": issuer.id, "error": f"{type(error).__name__}: {error}"})
    return said.DOWN if isinstance(error, Unreachable) else said.UNSOUND


def _told(console: Console, issuer: Issuer, problem: said.Problem, begun: Begun | None) -> Response:
    asked = {"at": begun.at, "to": begun.to} if begun and begun.to else {}
    response = console.bare("sign-in-problem.jinja", problem.status, heading=problem.heading.format(name=issuer.name),
                            sentences=[sentence.format(name=issuer.name) for sentence in problem.sentences],
                            again=_link(issuer, asked), other=_link(issuer, asked | {"other": "1"}) if problem.other else "",
                            again_first=problem.again, name=issuer.name)  # fmt: skip
    if begun:  # else it may be another tab's, which goes on
        console.drop_cookies(response, BEGUN)
    return response


def _link(issuer: Issuer, asked: dict[str, str]) -> str:
    return f"/sign-in/with/{issuer.id}" + (f"?{urlencode(asked)}" if asked else "")


def _callback(console: Console, issuer: Issuer) -> str:
    return f"{console.running.settings.supervision_url}/sign-in/from/{issuer.id}"
