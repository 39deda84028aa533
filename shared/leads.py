"""Console pages for the leads of a site that another service than supervision has: in the same frame, with the same menu."""

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request, Response

from shared import access, http
from shared.access import Scope
from shared.platform import POLICY, Platform
from shared.security import LEAD, Signed, form_token
from shared.settings import Settings

Menu = tuple[tuple[str, str], ...]
STAFF = (
    ("Today", "/today"), ("Alerts", "/alerts"), ("Mentors", "/mentors"), ("Contacts", "/contacts"),
    ("Clearances", "/clearances"), ("Site", "/site"),
)  # fmt: skip
FOR_LEADS = "It is for the leads of your site."


def menu(settings: Settings, *, leads: bool, here: str = "") -> Menu:
    """`here`: the base URL of the service that is asked, whose own addresses are short."""
    of = {name: "" if base == here else base for name, base in
          (("supervision", settings.supervision_url), ("trigger", settings.trigger_url))}  # fmt: skip
    staff = tuple((name, of["supervision"] + path) for name, path in STAFF)
    return (*staff, ("Policy", of["trigger"] + POLICY), ("Imports", of["supervision"] + "/imports")) if leads else staff


def site_of(caller: Signed) -> str:
    return next(iter(caller.sites))


@dataclass(frozen=True, slots=True)
class Leads(Platform):
    """What it shows is of the caller's one site."""

    opens: frozenset[str] = frozenset({LEAD})

    def router(self) -> APIRouter:
        return APIRouter(include_in_schema=False, route_class=http.saying(self._refused))

    async def caller(self, request: Request) -> Signed:
        signed = self.signed_in(request)
        if LEAD not in signed.roles or len(signed.sites) != 1:
            raise HTTPException(403)
        access.enter(Scope(LEAD, signed.sites))
        return signed

    def page(self, caller: Signed, template: str, here: str, /, status: int = 200, **values: object) -> Response:
        nav = menu(self.running.settings, leads=True, here=self.running.settings.trigger_url)
        return self._drawn(template, status, csrf=form_token(caller.person_id), nav=nav, here=here, signed_in_as="a site lead",
                           site_name=site_of(caller), **values)  # fmt: skip

    def _refused(self, refused: HTTPException) -> Response | None:
        supervision = self.running.settings.supervision_url
        pages = {
            401: ("You are signed out here", refused.detail, (f"{supervision}/sign-in", "Sign in")),
            403: ("You do not have access to this page", FOR_LEADS, (f"{supervision}/today", "Back to Today")),
        }
        if refused.status_code not in pages:
            return None
        heading, sentence, back = pages[refused.status_code]
        return self._drawn("told.jinja", refused.status_code, heading=heading, sentences=[sentence], back=back)
