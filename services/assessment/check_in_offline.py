"""A check-in without a connection: what the phone keeps of it, and what it sends later, once (as a training: offline.py)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from services.assessment import calls, check_in, check_in_pages, check_in_visits, guests, offline, offline_kept, screens
from services.assessment.check_in_visits import COOKIE, CheckInVisit, State
from services.assessment.guests import Closed
from services.assessment.offline_kept import MOST, NO_CALL, Taken
from services.assessment.offline_words import strip
from services.assessment.questions import request_of
from shared.pages.languages import N_, Language
from shared.running import Running
from shared.shrunk import Shrunk

NOTHING = "There is nothing to take along: the check-in was sent, or cannot be sent now."
SENT = N_("Your check-in is sent.")
AGAIN = {
    "said_later": N_("You had sent another check-in for this session afterwards. That one counts."),
    "sent_already": N_(
        "You had sent a check-in for this session on another day. That one counts. Do you want to talk? Call your site."
    ),
}
REFUSED = {
    "session_canceled": N_("Your check-in could not be sent, because the session was called off. It is deleted from this phone."),
    "too_late": N_("Your check-in could not be sent, because it was too late. It is deleted from this phone. Call your site."),
    "revoked": N_("Your check-in could not be sent, because the link is no longer in use. It is deleted from this phone."),
    "not_the_planned_steps": N_("The plan of this session has changed. Please open the check-in and fill it in once more."),
}
NOT_SENT = N_("Your check-in could not be sent. It is deleted from this phone. Please fill it in once more.")
WAITS = ("not_here_yet", "session_not_over")


class Form(offline_kept.Form):
    path: Literal["", "call"]


class Forms(BaseModel):
    forms: Annotated[list[Form], Field(max_length=MOST)]


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/c/worker.js")
    def worker(request: Request) -> Response:
        return offline.worker(request, "c")

    @router.get("/c/{ref}/offline")
    async def kept(request: Request, ref: str) -> Response:
        """What the phone keeps; 410 once it was sent, or when it cannot be."""
        visit = await check_in_visits.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return offline.refused(visit.reason)
        if visit.state is not State.OPEN or visit.before:
            reason = "done" if visit.before else str(visit.state)
            return JSONResponse({"error": NOTHING, "id": str(visit.session.session_id), "reason": reason}, 410)
        return Shrunk(json.dumps(bundle(visit)).encode(), media_type="application/json")

    @router.post("/c/{ref}/kept")
    async def take(request: Request, ref: str, kept: Forms) -> Response:
        taken = await taken_in_order(running, request, ref, kept.forms)
        if taken and taken[0].reason in ("broken", "too_many"):
            return offline.refused(taken[0].reason)
        found = await check_in_visits.welcome(running, request, ref)
        done = not isinstance(found, Closed) and found.before is not None
        said = told(kept.forms, taken, found.language)
        stays = any(each.result in ("refused", "again") for each in taken)
        return JSONResponse({"results": [each.result for each in taken], "said": said, "done": done, "stays": stays})

    @router.post("/c/{ref}/forget")
    async def forget(request: Request, ref: str) -> Response:
        """Removes the cookie. What the phone keeps its worker has removed before this is asked."""
        visit = await check_in_visits.welcome(running, request, ref)
        response = screens.closed(visit) if isinstance(visit, Closed) else page(visit, "forgotten")
        if link := guests.signed(request, ref, "check_in", COOKIE):
            response.delete_cookie(COOKIE, path=f"/c/{link.id}")
        return response

    return router


def page(visit: CheckInVisit, name: str) -> Response:
    """About what the phone keeps. What says that it was removed must not bring it back."""
    return check_in_pages.show("offline.jinja", replace(visit, keeps=visit.keeps and name != "forgotten"), name=name)


def bundle(visit: CheckInVisit) -> dict[str, Any]:
    """For JSON, as a training's: addresses hold the session's id."""
    visit = check_in_visits.at_its_id(visit)
    ends_at = check_in.ends_at(visit.session)
    return {
        "id": str(visit.session.session_id),
        "version": offline.version(),
        "lang": visit.language.code,
        "now": visit.now.timestamp(),
        "starts": visit.session.starts_at.timestamp(),
        "until": (ends_at + check_in.OPEN_FOR).timestamp(),
        "help": visit.talk.partition("?")[0] + f"?lang={visit.language.code}",
        "pages": dict(_pages(visit)),
        "steps": [f"step-{step.code}" for step in visit.steps],
        "words": strip(visit.language) | {"waiting": ["", visit.language.gettext("Your check-in is waiting to be sent.")]},
    }


def _pages(visit: CheckInVisit) -> Iterator[tuple[str, str]]:
    empty, every = check_in_pages.Form(), list(check_in_pages.missing(visit, check_in_pages.Form()))
    made = {
        "form": check_in_pages.form_page(visit, empty),
        "problems": check_in_pages.form_page(visit, empty, every),
        "kept": check_in_pages.kept_page(visit),
        "closed": check_in_pages.state_page(visit, State.CLOSED),
        "talk": calls.talk_after(visit.language, visit.site, visit.session.site_id, visit.base),
        "call": calls.waiting_page(visit.language, visit.site, visit.base, on_the_phone=True),
    } | {name: page(visit, name) for name in ("offline", "forget", "forgotten")}
    yield from ((name, bytes(response.body).decode()) for name, response in made.items())


async def taken_in_order(running: Running, request: Request, ref: str, forms: Sequence[Form]) -> list[Taken]:
    """Stops at the first that has to wait. Raises what the database raises."""
    taken: list[Taken] = []
    for form in forms:
        visit = await check_in_visits.welcome(running, request, ref)
        taken.append(_without(visit) if isinstance(visit, Closed) else await take_one(running, visit, form))
        if taken[-1].result == "wait":
            break
    return taken


def _without(found: Closed) -> Taken:
    over = found.reason in ("revoked", "check_in_expired")
    return Taken("refused", "revoked" if found.reason == "revoked" else "too_late") if over else Taken("wait", found.reason)


async def take_one(running: Running, visit: CheckInVisit, form: Form) -> Taken:
    if form.path == "call":
        kind: calls.Kind = "now" if form.data.get("kind") == "now" else "can_wait"
        asked = await calls.submit_after(running, visit.session.session_id, visit.link.mentor_id, kind, request_of(form.data))
        return Taken("sent") if calls.taken(asked) else Taken("refused", "no_call")
    if visit.state is State.EARLY:  # the session was moved; a phone tries too often for the inbox to hold each try
        return Taken("wait", "session_not_over")
    filled = check_in_pages.form_of(form.data)
    if any(check_in_pages.missing(visit, filled)):
        return Taken("refused", "not_the_planned_steps" if filled.happened and filled.talk else "not_understood")
    event = check_in_pages.sent(visit, filled, visit.now - form.waited)
    outcome = await offline_kept.submit(running, form, event, check_in_pages.source(visit))
    if outcome.kind in ("applied", "duplicate"):  # one that is set aside stays on the phone, which says that nobody has seen it
        return Taken("sent")
    reason = outcome.reason or ""
    if reason in AGAIN:
        return Taken("again", reason)
    return Taken("wait" if outcome.kind != "refused" or reason in WAITS else "refused", reason)


def told(forms: Sequence[Form], taken: Sequence[Taken], language: Language) -> str:
    """One sentence for the line under the header; empty when nothing that a person waits for was among them."""
    pairs = list(zip(forms, taken, strict=False))
    if any(form.path == "call" and each.result == "refused" for form, each in pairs):
        return language.gettext(NO_CALL)
    said = [each for form, each in pairs if form.path == ""]
    if not said or said[-1].result == "wait":
        return ""
    if said[-1].result == "refused":
        return language.gettext(REFUSED.get(said[-1].reason, NOT_SENT))
    return language.gettext(AGAIN.get(said[-1].reason, SENT))
