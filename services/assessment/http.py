"""The mentor's pages: no login, no JavaScript needed. Reading has no effect; every answer is a form that is posted."""

from dataclasses import replace
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import RedirectResponse

from services.assessment import (
    calls,
    check_in_offline,
    check_in_pages,
    guests,
    http_languages,
    http_links,
    http_media,
    http_records,
    http_reports,
    keepsakes,
    offline,
    open_answers,
    questions,
    screens,
    store,
    store_editions,
    translations,
    words,
)
from services.assessment.feedback import HEADINGS, Case, case_of
from services.assessment.guests import COOKIE, PROBE, Closed
from services.assessment.messages import ReadinessPressed, Started
from services.assessment.pressing import pressed
from services.assessment.training import Said
from services.assessment.visits import Place, State, Visit
from shared.contracts.assessment import Readiness
from shared.contracts.content import Card
from shared.contracts.vocabulary import vocabulary
from shared.http import joined
from shared.pages.site_words import fill
from shared.running import Running
from shared.settings import settings

FOURTEEN_DAYS = 14 * 86_400
SEE_OTHER = 303
READINESS: tuple[Readiness, ...] = get_args(Readiness)


def routes(running: Running) -> APIRouter:
    """Those first that are asked for most; a worker's address before the links, whose place it has."""
    router = joined(
        questions.routes(running),
        card_routes(running),
        offline.routes(running),
        start_routes(running),
        http_reports.routes(running),
        end_routes(running),
        http_languages.routes(running),
        http_media.routes(running),
        http_links.routes(running),
        http_records.routes(running),
        check_in_offline.routes(running),
        check_in_pages.routes(running),
        calls.routes(running),
        open_answers.routes(running),
    )
    router.lifespan_context = calls.kept_up(running)
    return router


def start_routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/t")
    async def nothing(request: Request) -> Response:
        return screens.nothing(request)

    @router.get("/t/{ref}")
    async def start_page(request: Request, ref: str) -> Response:
        visit = await guests.welcome(running, request, ref)
        response = screens.closed(visit) if isinstance(visit, Closed) else first_page(await renewed(running, visit))
        response.set_cookie(PROBE, "1", path="/t", samesite="lax", httponly=True, secure=_secure(request))
        return response

    @router.post("/t/{ref}/start")
    async def start(request: Request, ref: str, jitt_cookies: Annotated[str, Cookie()] = "") -> Response:
        visit = await guests.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return screens.closed(visit)
        if visit.state is not State.OPEN:
            return to(visit)
        shown = (await renewed(running, visit)).training.reading.cards_version
        event = Started(training_id=visit.id, cards_version=shown)
        return await pressed(running, visit, event) or begun(visit, request, cookies=bool(jitt_cookies))

    return router


async def renewed(running: Running, visit: Visit) -> Visit:
    """With the newest cards, as long as it was not begun; afterwards it is only told that there are newer ones."""
    shown = visit.training.current.module
    if visit.module is None or shown is None or visit.state is not State.OPEN:
        return visit
    newest = await store_editions.find_newest(running.pool, shown.module_id, visit.module.locale)
    if newest is None or newest <= shown.version:
        return visit
    if visit.training.opened_at:
        return replace(visit, updated=True)
    known = await store.find_modules(running.pool, [f"{shown.module_id}/{visit.module.locale}@{newest}"])
    return translations.with_cards(visit, newest, known)


def first_page(visit: Visit) -> Response:
    if visit.state is not State.OPEN:
        return screens.state(visit)
    activity = vocabulary().activities.get(visit.session.activity) if visit.session else None
    return screens.show(
        "start.jinja",
        visit,
        minutes=words.minutes(visit),
        length=words.length(visit),
        why=words.why(visit),
        place=visit.place() if visit.training.opened_at else None,
        plan=visit.language.gettext(activity.phrase) if activity else None,
    )


def begun(visit: Visit, request: Request, *, cookies: bool) -> Response:
    """To the next step, under the training's id when cookies come back; else the link stays in the path."""
    ref = str(visit.id) if cookies else visit.ref
    response = RedirectResponse(f"/t/{ref}/{visit.place().path}", SEE_OTHER)
    if cookies and "." in visit.ref:
        response.set_cookie(
            COOKIE,
            visit.ref,
            path=f"/t/{visit.id}",
            max_age=FOURTEEN_DAYS,
            httponly=True,
            samesite="lax",
            secure=_secure(request),
        )
    return response


def card_routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/t/{ref}/cards/{number}")
    async def card(request: Request, ref: str, number: int, say: str = "", picture: bool = False) -> Response:
        visit = await guests.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return screens.closed(visit)
        if not readable(visit, number):
            return to(visit)
        return card_page(
            visit, Place("cards", number), visit.cards[number - 1], say, saves_data=saves_data(request) and not picture
        )

    @router.post("/t/{ref}/cards/{number}")
    async def read(request: Request, ref: str, number: int) -> Response:
        visit = await guests.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return screens.closed(visit)
        if visit.state is not State.OPEN:
            return to(visit)
        if readable(visit, number):
            await store.put_bookmark(running.pool, visit.id, number)
        return to(visit, visit.after_card(number))

    return router


def readable(visit: Visit, number: int) -> bool:
    """Cards stay readable as long as the link; before Start there is nothing to read yet."""
    begun = visit.training.opened_at is not None or visit.state is State.STARTED
    return begun and visit.state is not State.PREPARING and 1 <= number <= len(visit.cards)


def saves_data(request: Request) -> bool:
    """The phone asks for less: a picture then waits until somebody wants it."""
    return request.headers.get("save-data", "").strip().lower() == "on"


def card_page(visit: Visit, place: Place, card: Card, say: str, *, saves_data: bool = False) -> Response:
    back = visit.base if place.number == 1 else f"{visit.base}/cards/{place.number - 1}"
    branch = next((branch for branch in card.branches if branch.id == say), None)
    reading_only = visit.state is not State.OPEN
    return screens.show(
        "card.jinja",
        visit,
        place=place,
        card=card,
        branch=branch,
        back=back,
        reading_only=reading_only,
        saves_data=saves_data,
    )


def end_routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/t/{ref}/done")
    async def done(request: Request, ref: str) -> Response:
        visit = await guests.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return screens.closed(visit)
        return done_page(visit) if visit.training.completed_at else to(visit)

    @router.post("/t/{ref}/ready")
    async def ready(request: Request, ref: str) -> Response:
        visit, form = await guests.welcome(running, request, ref), await request.form()
        if isinstance(visit, Closed):
            return screens.closed(visit)
        said = next((each for each in READINESS if each == form.get("ready")), None)
        stood = await pressed(running, visit, ReadinessPressed(training_id=visit.id, ready=said)) if said else None
        return stood or RedirectResponse(f"{visit.base}/done#ready", SEE_OTHER)

    @router.get("/t/{ref}/paper")
    async def paper(request: Request, ref: str) -> Response:
        visit = await guests.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return screens.closed(visit)
        return paper_page(visit) if visit.training.completed_at else to(visit)

    @router.get("/t/{ref}/answers")
    async def answers(request: Request, ref: str) -> Response:
        visit = await guests.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return screens.closed(visit)
        return answers_page(visit)

    return router


def answers_page(visit: Visit) -> Response:
    return screens.show("answers.jinja", visit, answers=list(looked_back(visit)))


def done_page(visit: Visit) -> Response:
    first = [t for t in visit.training.tries if t.attempt == 1 and not t.correct]
    items = {t.number: item for t in first if (item := visit.item(t.number))}
    hold = not visit.closed and any(item.safety for item in items.values())
    topics = [(item.topic, visit.foreign(number)) for number, item in items.items()]
    recovered = sum(visit.training.tries_at(number)[-1].correct for number in items)
    heading = words.ending(visit, missed=len(topics), hold=hold)
    told = words.missed(len(topics), recovered, visit.language)
    return screens.show("done.jinja", visit, heading=heading, hold=hold, topics=topics, missed=told, **kept(visit))


def paper_page(visit: Visit) -> Response:
    """All that is worth keeping on one page, to print or to save: no answers, and nobody's name."""
    return screens.show("paper.jinja", visit, **kept(visit))


def kept(visit: Visit) -> dict[str, Any]:
    three = keepsakes.keepsakes(visit)
    return {"three": three, "keep": keepsakes.heading(visit, len(three))}


def looked_back(visit: Visit) -> list[dict[str, object]]:
    """Every question that has an answer, in one line each."""
    return [line for n in range(1, visit.questions + 1) if (line := _line(visit, n))]


def _line(visit: Visit, number: int) -> dict[str, object] | None:
    item, tries, said = visit.item(number), visit.training.tries_at(number), visit.training.said_at(number)
    if item is None or not (tries or said):
        return None
    kind, status = _status(visit, number, said)
    question = fill(item.question, visit.site, visit.language)
    return {"number": number, "question": question, "kind": kind, "words": status}


def _status(visit: Visit, number: int, said: Said | None) -> tuple[str, str]:
    _ = visit.language.gettext
    if said:
        return "ready", _("Sent") if said.state == "written" else _("To talk about")
    case = case_of(visit.training.tries_at(number), bool(visit.closed))
    return kind_of(case), _(HEADINGS[case])


def kind_of(case: Case) -> str:
    return "ready" if case in (Case.WORKS, Case.RECOVERED) else "talk"


def to(visit: Visit, place: Place | None = None) -> Response:
    """See other: a reload repeats the page, never the post."""
    return RedirectResponse(f"{visit.base}/{place.path}" if place else visit.base, SEE_OTHER)


def _secure(request: Request) -> bool:
    return settings().mode == "production" or request.url.scheme == "https"
