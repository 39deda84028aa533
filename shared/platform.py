"""Pages for people of no site, the same in every service: who is asking, a page in the frame, refusals in words.

They run the network, or write its trainings. Supervision signs them in and renews the cookie; every service reads it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request, Response
from jinja2 import Environment
from starlette.datastructures import URL

from shared import access, http
from shared.access import Scope
from shared.contracts.topics import TOPICS
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
    read_session,
)
from shared.settings import Settings

DEAD = "/platform/dead"
PUBLISHERS = "/platform/publishers"
CALENDARS = "/platform/calendars"
STATISTICS = "/authors/statistics"
NETWORK = "/platform/network"
POLICY = "/policy"
PATH = r"^/(platform/|authors/|policy$|policy\?)[!-~]*$"  # what a sign-in may come back to
CAME_BACK = "signed"  # in the address of whoever supervision has just sent back
NOT_SEEN = "You are signed in, but not for this address: all services need the same host name in their JITT_…_URL settings."
SIGNED_OUT = "You were signed out, so nothing was done. Sign in, go back to the page in this browser, and send it again."
FOR_PLATFORM = "It is for the people who run the network."
FOR_AUTHORS = "It is for the people who write trainings."
AS_AUTHOR = "It is for the people who run the network, and you are signed in to write trainings."
AS_FIGURES = "It is for other people of the network, and you are signed in to look at its figures."
WHO = {PLATFORM: "platform staff", AUTHOR: "an author", FIGURES: "network staff"}


@dataclass(frozen=True, slots=True)
class Platform:
    """`opens`: the roles that may see these pages."""

    running: Running
    env: Environment
    opens: frozenset[str] = frozenset({PLATFORM})

    def router(self) -> APIRouter:
        prefix = "/authors" if AUTHOR in self.opens else "/platform"
        return APIRouter(prefix=prefix, include_in_schema=False, route_class=http.saying(self._refused))

    async def caller(self, request: Request) -> Signed:
        """For pages: whoever is not signed in is sent to supervision, and comes back."""
        signed = self.signed_in(request)
        if not (roles := self.opens & signed.roles):
            raise HTTPException(403, {AUTHOR: AS_AUTHOR, FIGURES: AS_FIGURES}.get(role_of(signed)))
        access.enter(Scope(next(iter(roles))))
        return signed

    def signed_in(self, request: Request) -> Signed:
        cookie = cookie_name(SESSION_COOKIE, self.running.settings.supervision_url)
        signed = read_session(request.cookies.get(cookie, ""), datetime.now(UTC))
        if signed is None:
            raise self._signed_out(request)
        if CAME_BACK in request.query_params and request.method == "GET":  # else a reload after it ends would be taken for one
            raise HTTPException(303, headers={"Location": _address(request.url.remove_query_params(CAME_BACK))})
        return signed

    async def poster(self, request: Request) -> Signed:
        """For forms: also refuses what another site, or a page of somebody else, has sent."""
        caller = await self.caller(request)
        form = await request.form()
        if not http.same_origin(request) or not is_form_token(str(form.get("csrf", "")), caller.person_id):
            raise HTTPException(403)
        return caller

    def page(self, caller: Signed, template: str, here: str, /, status: int = 200, **values: object) -> Response:
        csrf = form_token(caller.person_id)
        who = WHO[role_of(caller)]
        return self._drawn(template, status, csrf=csrf, nav=self._nav(caller), here=here, signed_in_as=who, site_name="jitt",
                           **values)  # fmt: skip

    def _nav(self, caller: Signed) -> tuple[tuple[str, str], ...]:
        urls = self.running.settings
        statistics = ("Statistics", urls.content_url + STATISTICS)
        network = ("Network", urls.supervision_url + NETWORK)
        if PLATFORM not in caller.roles:
            return (statistics if AUTHOR in caller.roles else network,)
        publishers, calendars = ("Publishers", urls.trigger_url + PUBLISHERS), ("Calendars", urls.trigger_url + CALENDARS)
        return (network, ("Dead letters", DEAD), publishers, calendars, statistics)

    def _drawn(self, template: str, status: int, *, csrf: str = "", nav: tuple[tuple[str, str], ...] = (), here: str = "",
               signed_in_as: str = "", site_name: str = "jitt", **values: object) -> Response:  # fmt: skip
        supervision = self.running.settings.supervision_url
        frame = {"site_name": site_name, "nav": nav, "here": here, "open_alerts": 0, "signed_in_as": signed_in_as, "csrf": csrf,
                 "sign_out": f"{supervision}/sign-out", "signed_in": f"{supervision}/signed-in",
                 "safeguarding": f"{supervision}/safeguarding"}  # fmt: skip
        response = http.page(self.env, template, status, frame=frame, csrf=csrf, **values)
        policy = http.HEADERS["Content-Security-Policy"].replace("form-action 'self'", f"form-action 'self' {supervision}")
        response.headers.update(http.CONSOLE_HEADERS | {"Content-Security-Policy": policy})
        return response

    def _signed_out(self, request: Request) -> HTTPException:
        if request.method != "GET":
            return HTTPException(401, SIGNED_OUT)
        if CAME_BACK in request.query_params:
            return HTTPException(401, NOT_SEEN)
        asked = urlencode({"service": self.running.service.name, "path": _address(request.url)})
        return HTTPException(303, headers={"Location": f"{self.running.settings.supervision_url}/sign-in/again?{asked}"})

    def _refused(self, refused: HTTPException) -> Response | None:
        supervision, content = self.running.settings.supervision_url, self.running.settings.content_url
        whose = FOR_AUTHORS if AUTHOR in self.opens else FOR_PLATFORM
        today, statistics = (f"{supervision}/today", "Back to Today"), (f"{content}{STATISTICS}", "Back to statistics")
        network = (f"{supervision}{NETWORK}", "Back to the network’s figures")
        others = {AS_AUTHOR: (AS_AUTHOR, statistics), AS_FIGURES: (AS_FIGURES, network)}
        said, back = others.get(refused.detail, (whose, today))
        pages = {
            401: ("You are signed out here", refused.detail, (f"{supervision}/sign-in", "Sign in")),
            403: ("You do not have access to this page", said, back),
        }
        if refused.status_code not in pages:
            return None
        heading, sentence, back = pages[refused.status_code]
        return self._drawn("told.jinja", refused.status_code, heading=heading, sentences=[sentence], back=back)


def role_of(signed: Signed) -> str:
    """A person has one role; of those of no site, what these pages are for."""
    return next(iter(OF_NO_SITE & signed.roles), "")


def _address(url: URL) -> str:
    """Within this service."""
    return url.path + (f"?{url.query}" if url.query else "")


def urls(settings: Settings) -> dict[str, str]:
    """Every service's base URL, by its name."""
    return {name: getattr(settings, f"{name}_url") for name in dict.fromkeys(topic.owner for topic in TOPICS)}


def back(url: str, path: str) -> str:
    """Where a sign-in comes back to; the address says so, or two hosts would send people back and forth."""
    return str(URL(url + path).include_query_params(**{CAME_BACK: 1}))
