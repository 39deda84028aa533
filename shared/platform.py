"""Pages for the people who run the network, the same in every service: who is asking, a page in the frame, refusals in words.

Supervision signs them in and renews the cookie; every service reads it. They belong to no site and see no page about people.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request, Response
from jinja2 import Environment
from starlette.datastructures import URL

from shared import http
from shared.running import Running
from shared.security import PLATFORM, SESSION_COOKIE, Signed, form_token, is_form_token, read_session
from shared.settings import Settings

DEAD = "/platform/dead"
PUBLISHERS = "/platform/publishers"
PATH = r"^/platform/[!-~]*$"  # what a sign-in may come back to
CAME_BACK = "signed"  # in the address of whoever supervision has just sent back
NOT_SEEN = "You are signed in, but not for this address: all services need the same host name in their JITT_…_URL settings."
SIGNED_OUT = "You were signed out, so nothing was done. Sign in, go back to the page in this browser, and send it again."
FOR_PLATFORM = "It is for the people who run the network."


@dataclass(frozen=True, slots=True)
class Platform:
    running: Running
    env: Environment

    def router(self) -> APIRouter:
        return APIRouter(prefix="/platform", include_in_schema=False, route_class=http.saying(self._refused))

    async def caller(self, request: Request) -> Signed:
        """For pages: whoever is not signed in is sent to supervision, and comes back."""
        signed = read_session(request.cookies.get(SESSION_COOKIE, ""), datetime.now(UTC))
        if signed is None:
            raise self._signed_out(request)
        if PLATFORM not in signed.roles:
            raise HTTPException(403)
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
        nav = (("Dead letters", DEAD), ("Publishers", self.running.settings.trigger_url + PUBLISHERS))
        return self._drawn(template, status, csrf=csrf, nav=nav, here=here, signed_in_as="platform staff", **values)

    def _drawn(self, template: str, status: int, *, csrf: str = "", nav: tuple[tuple[str, str], ...] = (), here: str = "",
               signed_in_as: str = "", **values: object) -> Response:  # fmt: skip
        supervision = self.running.settings.supervision_url
        frame = {"site_name": "jitt", "nav": nav, "here": here, "open_alerts": 0, "signed_in_as": signed_in_as, "csrf": csrf,
                 "sign_out": f"{supervision}/sign-out", "safeguarding": f"{supervision}/safeguarding"}  # fmt: skip
        response = http.page(self.env, template, status, frame=frame, csrf=csrf, **values)
        policy = http.HEADERS["Content-Security-Policy"].replace("form-action 'self'", f"form-action 'self' {supervision}")
        response.headers.update(http.CONSOLE_HEADERS | {"Content-Security-Policy": policy})
        return response

    def _signed_out(self, request: Request) -> HTTPException:
        if request.method != "GET":
            return HTTPException(401, SIGNED_OUT)
        if CAME_BACK in request.query_params:
            return HTTPException(401, NOT_SEEN)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        asked = urlencode({"service": self.running.service.name, "path": path})
        return HTTPException(303, headers={"Location": f"{self.running.settings.supervision_url}/sign-in/again?{asked}"})

    def _refused(self, refused: HTTPException) -> Response | None:
        supervision = self.running.settings.supervision_url
        pages = {
            401: ("You are signed out here", refused.detail, (f"{supervision}/sign-in", "Sign in")),
            403: ("You do not have access to this page", FOR_PLATFORM, (f"{supervision}/today", "Back to Today")),
        }
        if refused.status_code not in pages:
            return None
        heading, sentence, back = pages[refused.status_code]
        return self._drawn("told.jinja", refused.status_code, heading=heading, sentences=[sentence], back=back)


def urls(settings: Settings) -> dict[str, str]:
    """Every service's base URL, by its name."""
    return {name.removesuffix("_url"): getattr(settings, name) for name in Settings.model_fields if name.endswith("_url")}


def back(url: str, path: str) -> str:
    """Where a sign-in comes back to; the address says so, or two hosts would send people back and forth."""
    return str(URL(url + path).include_query_params(**{CAME_BACK: 1}))
