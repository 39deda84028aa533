"""The mentor's pages in the preview: assessment's own, given a rehearsal instead of a database. Any page can be gone to."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from deploy.preview.rehearsal import Rehearsal
from services.assessment import http, questions, screens
from services.assessment.messages import Started
from services.assessment.questions import Asked
from services.assessment.visits import Place, State, Visit
from shared.http import page
from shared.pages import environment

SEE_OTHER = 303
PLACE = re.compile(r"start|done|(cards|questions)/([1-9]\d?)")
PAGES = environment("deploy.preview")
EMERGENCIES = "The page for emergencies is the same in every training, with the site’s own numbers."
ELSEWHERE = "A mentor would go on to a page, or send something, that has nothing of the module in it."
BROKEN = "The file cannot be read as it stands. What to mend is listed beside this page; it comes back when you save."
router = APIRouter(include_in_schema=False)


class Unreadable(Exception):
    """Nothing of the file could be read yet."""


async def _found(request: Request, ref: str) -> Rehearsal:
    found: Rehearsal | None = request.app.state.desk.rehearsal(ref)
    if found is None:
        raise Unreadable
    return found


Found = Annotated[Rehearsal, Depends(_found)]


def is_place(at: str) -> bool:
    return PLACE.fullmatch(at) is not None


@router.get("/t/{ref}")
async def start_page(found: Found) -> Response:
    return http.first_page(found.visit())


@router.post("/t/{ref}/start")
async def start(found: Found) -> Response:
    found.take(Started(training_id=found.training.id))
    return _to(found.visit(), found.visit().place())


@router.get("/t/{ref}/at/{at:path}")
async def go(found: Found, at: str, chosen: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Any page at once; `chosen` answers the question first, so that its feedback is shown."""
    place = PLACE.fullmatch(at)
    _go(found, place, [each for each in chosen.split(",") if each])
    base = found.visit().base
    return RedirectResponse(f"{base}/{at}" if place and at != "start" else base, SEE_OTHER)


def _go(found: Rehearsal, place: re.Match[str] | None, chosen: Sequence[str]) -> None:
    if place is None or place[0] == "start":
        found.again()
    elif place[0] == "done":
        found.finish()
    elif place[1] == "cards":
        found.begin()
    elif chosen:
        found.answer(int(place[2]), chosen)
    else:
        found.ask(int(place[2]))


@router.get("/t/{ref}/cards/{number}")
async def card(found: Found, number: int, say: str = "") -> Response:
    visit = found.visit()
    if not http.readable(visit, number):
        return _to(visit)
    return http.card_page(visit, Place("cards", number), visit.cards[number - 1], say)


@router.post("/t/{ref}/cards/{number}")
async def read(found: Found, number: int) -> Response:
    found.read(number)
    return _to(found.visit(), found.visit().after_card(number))


@router.get("/t/{ref}/questions/{number}")
async def question(found: Found, number: int, again: bool = False) -> Response:
    asked = _asked(found, number)
    return questions.shown(asked, again=again) if isinstance(asked, Asked) else asked


@router.post("/t/{ref}/questions/{number}")
async def answer(request: Request, found: Found, number: int) -> Response:
    asked, form = _asked(found, number), await request.form()
    if not isinstance(asked, Asked):
        return asked
    return await (questions.write if asked.item.kind == "open" else questions.first_try)(found, asked, form)


@router.post("/t/{ref}/questions/{number}/retry")
async def retry(request: Request, found: Found, number: int) -> Response:
    asked, form = _asked(found, number), await request.form()
    return await questions.second_try(found, asked, form) if isinstance(asked, Asked) else asked


@router.get("/t/{ref}/questions/{number}/retry")
async def reloaded(ref: str, number: int) -> Response:
    """The address of the page that says what is missing in a second try."""
    return RedirectResponse(f"/t/{ref}/questions/{number}", SEE_OTHER)


@router.get("/t/{ref}/done")
async def done(found: Found) -> Response:
    visit = found.visit()
    return http.done_page(visit) if visit.training.completed_at else _to(visit)


@router.get("/t/{ref}/answers")
async def answers(found: Found) -> Response:
    visit = found.visit()
    return screens.show("answers.jinja", visit, answers=list(http.looked_back(visit)))


@router.get("/t/{ref}/paper")
async def paper(found: Found) -> Response:
    visit = found.visit()
    return http.paper_page(visit) if visit.training.completed_at else _to(visit)


@router.get("/talk/{rest:path}")
async def talk(rest: str, t: str = "") -> Response:
    return _elsewhere(EMERGENCIES, t)


@router.api_route("/t/{ref}/{rest:path}", methods=["GET", "POST"])
async def anything_else(ref: str, rest: str) -> Response:
    return _elsewhere(ELSEWHERE, ref)


async def unreadable(request: Request, error: Exception) -> Response:
    return _note("Nothing to show yet", BROKEN)


def _asked(found: Rehearsal, number: int) -> Asked | Response:
    visit = found.visit()
    item = visit.item(number)
    return Asked(visit, number, item) if item and visit.training.opened_at else _to(visit)


def _to(visit: Visit, place: Place | None = None) -> Response:
    """To this page, or to where the training stands."""
    begun = visit.state is State.OPEN and visit.training.opened_at is not None
    place = place or (visit.place() if begun else None)
    return RedirectResponse(f"{visit.base}/{place.path}" if place else visit.base, SEE_OTHER)


def _elsewhere(words: str, ref: str) -> Response:
    return _note("This is not part of the preview", words, back=f"/t/{ref}" if ref else None)


def _note(heading: str, words: str, **values: Any) -> Response:
    return page(PAGES, "note.jinja", heading=heading, sentences=[words], **{"back": None} | values)
