"""The check-in's pages: a form that takes 30 seconds, and what was sent. No login, no JavaScript, no box to write in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeVar, get_args
from urllib.parse import urlencode
from uuid import UUID, uuid4

import structlog
from fastapi import APIRouter, Cookie, Request, Response
from fastapi import Form as FromForm
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.assessment import calls, calls_kept, check_in_calendar, check_in_visits, guests, screens
from services.assessment.check_in import CheckInSent, check_in_id
from services.assessment.check_in_visits import COOKIE, CheckInVisit, State
from services.assessment.guests import PROBE, Closed
from shared.contracts.assessment import Done, Feeling, WantsToTalk
from shared.http import joined, mentors_page
from shared.pages import safeguarding, times
from shared.pages.languages import N_
from shared.running import Running
from shared.settings import settings

T = TypeVar("T")
log = structlog.get_logger()
SEE_OTHER = 303
FOURTEEN_DAYS = 14 * 86_400
DONE: tuple[tuple[Done, str], ...] = (("did", N_("Did")), ("partly", N_("Partly")), ("no", N_("Did not")))
HAPPENED = (("yes", N_("Yes")), ("no", N_("No, we did not meet")))
FEELINGS: tuple[tuple[Feeling, str], ...] = (
    ("not_really", N_("Not really")),
    ("somewhat", N_("Somewhat")),
    ("very", N_("Very")),
)
STANDS = (
    N_("This is not through yet."),
    (
        N_("What you sent is kept. It counts when a fault on our side is mended."),
        N_("Nobody sees it until then. If it cannot wait, call your site."),
    ),
)
TALK: tuple[tuple[WantsToTalk, str], ...] = (("no", N_("No")), ("week", N_("Yes, this week")), ("today", N_("Yes, today")))


@dataclass(frozen=True, slots=True)
class Form:
    """What is chosen in it, by the field's name; what no button has is as if nothing was chosen."""

    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def happened(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.chosen.get("happened", ""))

    def step(self, code: str) -> Done | None:
        return _one_of(get_args(Done), self.chosen.get(f"step-{code}"))

    @property
    def confidence(self) -> Feeling | None:
        return _one_of(get_args(Feeling), self.chosen.get("confidence"))

    @property
    def talk(self) -> WantsToTalk | None:
        return _one_of(get_args(WantsToTalk), self.chosen.get("talk"))


def _one_of(known: tuple[T, ...], said: object) -> T | None:
    return next((one for one in known if one == said), None)


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/c/{ref}")
    async def shown(request: Request, ref: str, change: bool = False) -> Response:
        visit = await check_in_visits.welcome(running, request, ref)
        response = screens.closed(visit) if isinstance(visit, Closed) else first_page(visit, change=change)
        response.set_cookie(PROBE, "1", path="/c", samesite="lax", httponly=True, secure=_secure(request))
        return response

    @router.get("/t/{ref}/check-in.ics")
    async def reminder(request: Request, ref: str) -> Response:
        """From the last page of a training, for the session that it is for."""
        visit = await guests.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return screens.closed(visit)
        if visit.session is None or visit.closed == "session_canceled":
            return RedirectResponse(visit.base, SEE_OTHER)
        file = check_in_calendar.reminder(visit.session, visit.now, visit.language)
        named = {"Content-Disposition": 'attachment; filename="check-in.ics"'}
        return Response(file, media_type="text/calendar", headers=named)

    @router.post("/c/{ref}")
    async def send(request: Request, ref: str, jitt_cookies: Annotated[str, Cookie()] = "") -> Response:
        visit, posted = await check_in_visits.welcome(running, request, ref), await request.form()
        if isinstance(visit, Closed):
            return screens.closed(visit)
        if visit.state is not State.OPEN:
            return RedirectResponse(visit.address, SEE_OTHER)
        form = form_of(posted)
        if problems := list(missing(visit, form)):
            return form_page(visit, form, problems)
        # An id of its own each time: the same form may come again with another word, and the same word again changes nothing.
        outcome = await running.submit(sent(visit, form, visit.now), id=f"check-in/{uuid4()}", source=source(visit))
        return stands(visit) if outcome.kind == "parked" else thanks(visit, request, cookies=bool(jitt_cookies))

    @router.post("/c/{ref}/language")
    async def in_another_language(request: Request, ref: str) -> Response:
        """The form as it stands, in the language whose button was pressed. Nothing is sent, and nothing is stored."""
        visit, posted = await check_in_visits.welcome(running, request, ref), await request.form()
        if isinstance(visit, Closed):
            return screens.closed(visit)
        said = visit.read_in(str(posted.get("language", "")))
        return form_page(said, form_of(posted)) if visit.state is State.OPEN else RedirectResponse(said.address, SEE_OTHER)

    return joined(router, call_routes(running))


def form_of(posted: FormData) -> Form:
    return Form({name: value for name, value in posted.items() if isinstance(value, str)})


def call_routes(running: Running) -> APIRouter:
    """As from a training."""
    router = APIRouter()

    @router.post("/c/{ref}/call")
    async def call(
        request: Request,
        ref: str,
        *,
        kind: Annotated[calls.Kind, FromForm()],
        site: Annotated[str, FromForm()] = "",
        lang: Annotated[str, FromForm()] = "",
        request_id: Annotated[UUID | None, FromForm(alias="request")] = None,
    ) -> Response:
        id_ = request_id or uuid4()
        if not await ask_for_call(running, request, ref, kind, id_):
            return calls.talk_page(running, calls.asked_in(request, lang), site, f"/c/{ref}", failed=True)
        query = urlencode({"kind": kind, "site": site, "lang": lang})
        return RedirectResponse(f"/c/{ref}/call/{id_}?{query}", SEE_OTHER)

    @router.get("/c/{ref}/call/{request_id}")
    async def whether_delivered(request: Request, ref: str, request_id: UUID, kind: calls.Kind, site: str = "") -> Response:
        found = safeguarding.find(running.settings, site) if site else None
        if calls_kept.waits(running.settings, request_id, kind):
            return calls.waiting_page(calls.asked_in(request), found, f"/c/{ref}")
        try:
            visit = await check_in_visits.welcome(running, request, ref)
            if isinstance(visit, Closed):
                return screens.closed(visit)
            key = check_in_id(visit.session.session_id, visit.link.mentor_id)
            at = await calls.delivered(
                running, source(visit), request_id, kind, visit.link.mentor_id, concern=f"check_in/{key}"
            )
        except calls.OUT_OF_REACH:
            return calls.waiting_page(calls.asked_in(request), found, f"/c/{ref}")
        if at is None:
            return calls.waiting_page(visit.language, visit.site, visit.base)
        by = times.clock(at + calls.ANSWERED_WITHIN, visit.zone, visit.language)
        return show("called.jinja", visit, site=visit.site, base=visit.base, kind=kind, by=by)

    return router


async def ask_for_call(running: Running, request: Request, ref: str, kind: calls.Kind, id_: UUID) -> bool:
    """Whether the call is on its way, or kept here until the database takes it."""
    try:
        visit = await check_in_visits.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return False
        outcome = await calls.submit_after(running, visit.session.session_id, visit.link.mentor_id, kind, id_)
        return calls.taken(outcome)
    except calls.OUT_OF_REACH as error:
        log.error("call_not_taken", kind=kind, error=type(error).__name__)
    link = guests.signed(request, ref, "check_in", COOKIE)
    return link is not None and await calls.keep(running, "check_in", link, kind, id_)


def source(visit: CheckInVisit) -> str:
    return f"session/{visit.session.session_id}"


def first_page(visit: CheckInVisit, *, change: bool) -> Response:
    if visit.state is State.OPEN and (change or visit.before is None):
        return form_page(visit, as_sent(visit))
    if visit.state in (State.OPEN, State.SENT):
        return sent_page(visit)
    return state_page(visit)


def as_sent(visit: CheckInVisit) -> Form:
    """The form as it was sent before."""
    if visit.before is None:
        return Form()
    said = visit.before.said
    chosen = {f"step-{one.step}": str(one.done) for one in said.steps}
    return Form(chosen | {"happened": "yes" if said.happened else "no", "confidence": said.confidence or "",
                          "talk": said.wants_to_talk})  # fmt: skip


def missing(visit: CheckInVisit, form: Form) -> Iterator[dict[str, str]]:
    """What was not chosen, in the order of the page."""
    _ = visit.language.gettext
    if form.happened is None:
        yield {"field": "happened", "words": _("Choose whether the session happened")}
    for step in visit.steps if form.happened is not False else ():
        if form.step(step.code) is None:
            yield {"field": f"step-{step.code}", "words": _("Choose for: %(step)s", step=_(step.words))}
    if form.talk is None:
        yield {"field": "talk", "words": _("Choose whether you want to talk")}


def sent(visit: CheckInVisit, form: Form, said_at: datetime | None = None) -> CheckInSent:
    assert form.happened is not None and form.talk is not None, "a form with something missing comes back"
    steps = {step.code: done for step in visit.steps if (done := form.step(step.code))}
    return CheckInSent(
        session_id=visit.session.session_id,
        mentor_id=visit.link.mentor_id,
        happened=form.happened,
        steps=steps if form.happened else {},
        confidence=form.confidence,
        wants_to_talk=form.talk,
        said_at=said_at,
    )


def thanks(visit: CheckInVisit, request: Request, *, cookies: bool) -> Response:
    """Under the session's id when cookies come back; else the link stays in the path. A reload repeats the page, not the post."""
    session_id = visit.session.session_id
    response = RedirectResponse(f"/c/{session_id}{visit.asks}" if cookies else visit.address, SEE_OTHER)
    if cookies and "." in visit.ref:
        response.set_cookie(
            COOKIE,
            visit.ref,
            path=f"/c/{session_id}",
            max_age=FOURTEEN_DAYS,
            httponly=True,
            samesite="lax",
            secure=_secure(request),
        )
    return response


def form_page(visit: CheckInVisit, form: Form, problems: list[dict[str, str]] | None = None) -> Response:
    return show(
        "check-in.jinja",
        visit,
        422 if problems else 200,
        form=form,
        problems=problems or [],
        done=DONE,
        happened=HAPPENED,
        feelings=FEELINGS,
        talk_choices=TALK,
        tongues={"action": f"{visit.base}/language", "form": "mine", "others": visit.tongues},
    )


def sent_page(visit: CheckInVisit) -> Response:
    assert visit.before is not None, "only what was sent is shown"
    said, _ = visit.before.said, visit.language.gettext
    words = {step.code: step.words for step in visit.steps}
    steps = [(_(words[one.step]), _(dict(DONE)[one.done])) for one in said.steps if one.step in words]
    feeling = _(dict(FEELINGS)[said.confidence]) if said.confidence else ""
    talk = _(dict(TALK)[said.wants_to_talk])
    return show("check-in-sent.jinja", visit, said=said, steps=steps, feeling=feeling, talk_said=talk)


def kept_page(visit: CheckInVisit) -> Response:
    """While it is on the phone: all that can be chosen, each line by its field and value. The phone leaves what was."""
    return show("check-in-kept.jinja", visit, happened=HAPPENED, done=DONE, feelings=FEELINGS, talk_choices=TALK)


def state_page(visit: CheckInVisit, state: State | None = None) -> Response:
    """`state`: that it will have later, for what a phone keeps."""
    state = state or visit.state
    heading, sentence = _state_words(visit, state)
    phone = visit.site.phone if visit.site and state is State.CLOSED else None
    return show("check-in-state.jinja", visit, heading=heading, sentence=sentence, phone=phone)


def stands(visit: CheckInVisit) -> Response:
    """What was sent waits behind a record that failed."""
    heading, *sentences = screens.in_words(STANDS, visit.language)
    phone = visit.site.phone if visit.site else None
    return show("check-in-state.jinja", visit, 503, heading=heading, sentence=" ".join(sentences), phone=phone)


def _state_words(visit: CheckInVisit, state: State) -> tuple[str, str]:
    _ = visit.language.gettext
    if state is State.CANCELED and visit.session.mentor_id != visit.link.mentor_id:
        return _("No check-in needed."), _("This session is with another mentor now.")
    if state is State.CANCELED:
        taken_place = (
            _("Today’s session did not take place.")
            if visit.today
            else _("The session on %(day)s did not take place.", day=visit.day)
        )
        return _("No check-in needed."), taken_place
    if state is State.EARLY:
        when = times.day_clock(visit.ends_at, visit.zone, visit.language)
        return _("Your session is not over yet."), _("Open this page again after %(when)s.", when=when)
    return _("This check-in is closed."), _("It was open for three days after your session. Do you want to talk? Call your site.")


def show(template: str, visit: CheckInVisit, status: int = 200, **values: object) -> Response:
    site_name = visit.site.name if visit.site else visit.language.gettext("Your session")
    links = [(code, name, f"{visit.base}?lang={code}") for code, name in visit.tongues]
    frame = {"site_name": site_name, "talk": visit.talk, "tongue_links": links}
    return mentors_page(screens.templates(visit.language), template, status, visit=visit, **frame, **values)


def _secure(request: Request) -> bool:
    return settings().mode == "production" or request.url.scheme == "https"
