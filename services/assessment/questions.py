"""The pages of one question: asking it, taking the answer with its feedback, the one retry, and the open question."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import get_args
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.assessment import grading, guests, pressing, screens
from services.assessment.feedback import Case, Feedback, feedback
from services.assessment.guests import Closed
from services.assessment.messages import Answered, AnswerShown, OpenAnswered, TalkPreferred
from services.assessment.sealing import seal
from services.assessment.training import Try
from services.assessment.visits import Place, State, Visit
from shared.contracts.assessment import Confidence
from shared.contracts.content import Item, Option
from shared.contracts.event import Event
from shared.pages.languages import N_
from shared.running import Running, Submits

SEE_OTHER = 303
LONGEST = 500
LONGEST_CODE = 35  # of a language
VERSION = re.compile(r"[1-9][0-9]{0,8}")
SHOWN_AT = re.compile(r"[0-9]{1,10}")  # seconds since 1970
CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)
HOW_SURE = N_("Tap how sure you are")
CHOOSE = {
    "single": N_("Choose one of the answers first"),
    "multi": N_("Choose at least one"),
    "order": N_("Give each line a different place"),
}
WRITE = N_("Write a sentence, or choose to talk about it")
SHORTER = N_("Make it shorter: %(longest)s characters at most")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is missing, in English, and the id of the field that it is about."""

    field: str
    words: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One question on one visit."""

    visit: Visit
    number: int
    item: Item

    @property
    def place(self) -> Place:
        return Place("questions", self.number)

    @property
    def path(self) -> str:
        return f"{self.visit.base}/{self.place.path}"

    @property
    def tries(self) -> tuple[Try, ...]:
        return self.visit.training.tries_at(self.number)

    @property
    def answered(self) -> bool:
        return bool(self.tries or self.visit.training.said_at(self.number))

    @property
    def tried(self) -> tuple[str, ...]:
        return self.tries[0].chosen if self.tries else ()


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/t/{ref}/questions/{number}")
    async def question(request: Request, ref: str, number: int, again: bool = False) -> Response:
        asked = await ask(running, request, ref, number)
        return shown(asked, again=again) if isinstance(asked, Asked) else asked

    @router.post("/t/{ref}/questions/{number}")
    async def answer(request: Request, ref: str, number: int) -> Response:
        asked, form = await ask(running, request, ref, number), await request.form()
        if not isinstance(asked, Asked):
            return asked
        return await (write if asked.item.kind == "open" else first_try)(running, asked, form)

    @router.post("/t/{ref}/questions/{number}/retry")
    async def retry(request: Request, ref: str, number: int) -> Response:
        asked, form = await ask(running, request, ref, number), await request.form()
        return await second_try(running, asked, form) if isinstance(asked, Asked) else asked

    return router


async def ask(running: Running, request: Request, ref: str, number: int) -> Asked | Response:
    """The question, or the page to see instead: nothing is asked before Start or when nothing can be answered."""
    visit = await guests.welcome(running, request, ref, number)
    if isinstance(visit, Closed):
        return screens.closed(visit)
    item = visit.item(number)
    asked = Asked(visit, number, item) if item else None
    if asked is None or not (asked.answered or (visit.state is State.OPEN and visit.training.opened_at)):
        return RedirectResponse(visit.base, SEE_OTHER)
    return asked


def begun(form: FormData) -> bool:
    """Whether anything was chosen or written."""
    return any(value and (name in ("option", "text") or name.startswith("place-")) for name, value in form.multi_items())


def unsent(asked: Asked, form: FormData) -> Response:
    """The page with what was chosen or written on it and not sent, as when something is missing, but nothing is."""
    if asked.item.kind == "open" and not asked.answered:
        return open_page(asked, text=str(form.get("text", "")))
    chosen = read_choice(asked.item, form)
    if asked.tries and asked.tries[-1].open:
        return feedback_page(asked, chosen=chosen)
    return shown(asked) if asked.answered else question_page(asked, chosen=chosen, shown_at=_shown_at(form))


def shown(asked: Asked, *, again: bool = False) -> Response:
    said = asked.visit.training.said_at(asked.number)
    if said:
        following = asked.visit.next_question()
        return screens.show("sent.jinja", asked.visit, place=asked.place, item=asked.item, said=said, next=following,
                            report=asked.visit.report)  # fmt: skip
    if asked.tries:
        return feedback_page(asked, again=again)
    return open_page(asked) if asked.item.kind == "open" else question_page(asked)


def question_page(
    asked: Asked, problems: Sequence[Problem] = (), chosen: object = (), shown_at: datetime | None = None
) -> Response:
    """`shown_at`: when it was first shown, if this is not the first time."""
    visit, item = asked.visit, asked.item
    return screens.show(
        "question.jinja",
        visit,
        422 if problems else 200,
        place=asked.place,
        item=item,
        options=grading.shuffled(visit.id, item, item.options),
        chosen=chosen or {},
        problems=in_words(asked, problems),
        request_id=uuid4(),
        returning=visit.returning(asked.number),
        shown=int((shown_at or visit.now).timestamp()),
        back=back(asked),
    )


def feedback_page(asked: Asked, problems: Sequence[Problem] = (), chosen: object = (), *, again: bool = False) -> Response:
    told = feedback(asked.item, asked.tries, closed=asked.visit.closed is not None)
    options = grading.offered_options(asked.item, asked.tried) if told.case is Case.NOT_QUITE else ()
    return told_page(asked, told, options, problems, chosen, again=again)


def told_page(
    asked: Asked,
    told: Feedback,
    options: Sequence[Option] = (),
    problems: Sequence[Problem] = (),
    chosen: object = (),
    *,
    again: bool = False,
) -> Response:
    """`options`: what may be tried now."""
    visit = asked.visit
    return screens.show(
        "feedback.jinja",
        visit,
        422 if problems else 200,
        place=asked.place,
        told=told,
        heading=visit.language.gettext(told.heading),
        options=grading.shuffled(visit.id, asked.item, options),
        chosen=chosen or {},
        problems=in_words(asked, problems),
        request_id=uuid4(),
        again=again,
        next=visit.next_question(),
        report=asked.visit.report,
    )


def open_page(asked: Asked, problems: Sequence[Problem] = (), text: str = "") -> Response:
    status = 422 if problems else 200
    return screens.show(
        "open.jinja",
        asked.visit,
        status,
        place=asked.place,
        item=asked.item,
        text=text,
        longest=LONGEST,
        problems=in_words(asked, problems),
        request_id=uuid4(),
        back=back(asked),
    )


def in_words(asked: Asked, problems: Sequence[Problem]) -> list[Problem]:
    """In the language of the page."""
    return [replace(p, words=asked.visit.language.gettext(p.words, longest=LONGEST)) for p in problems]


def back(asked: Asked) -> str | None:
    """To the feedback before, else to the last card."""
    if asked.number > 1:
        return f"{asked.visit.base}/questions/{asked.number - 1}"
    return f"{asked.visit.base}/cards/{len(asked.visit.cards)}" if asked.visit.cards else asked.visit.base


async def first_try(running: Submits, asked: Asked, form: FormData) -> Response:
    if asked.tries:
        return RedirectResponse(f"{asked.path}?again=1", SEE_OTHER)
    chosen, confidence = read_choice(asked.item, form), _confidence(form)
    problems = choice_problems(asked.item, chosen)
    if confidence is None:
        problems.append(Problem("sure", HOW_SURE))
    if problems:
        return question_page(asked, problems, chosen=chosen, shown_at=_shown_at(form))
    event = Answered(
        training_id=asked.visit.id,
        number=asked.number,
        attempt=1,
        chosen=in_order(asked.item, chosen),
        confidence=confidence,
        request_id=request_of(form),
        shown_at=_shown_at(form),
        shown_in=shown_in(form),
        version=version_of(form),
    )
    return await submitted(running, asked, event)


async def second_try(running: Submits, asked: Asked, form: FormData) -> Response:
    if form.get("show"):
        shown = AnswerShown(
            training_id=asked.visit.id,
            number=asked.number,
            request_id=request_of(form),
            shown_in=shown_in(form),
            version=version_of(form),
        )
        return await submitted(running, asked, shown)
    if asked.item.kind == "open" or not asked.tries:  # nothing to try again: the question itself is shown
        return RedirectResponse(asked.path, SEE_OTHER)
    chosen = read_choice(asked.item, form)
    problems = choice_problems(asked.item, chosen, asked.tried)
    if problems and asked.tries[-1].open:
        return feedback_page(asked, problems, chosen=chosen)
    event = Answered(
        training_id=asked.visit.id,
        number=asked.number,
        attempt=2,
        chosen=in_order(asked.item, chosen) or asked.tried,
        request_id=request_of(form),
        shown_in=shown_in(form),
        version=version_of(form),
    )
    return await submitted(running, asked, event)


async def write(running: Submits, asked: Asked, form: FormData) -> Response:
    """The text is sealed here, before it becomes part of any message."""
    id_, number, request_id = asked.visit.id, asked.number, request_of(form)
    if form.get("talk"):
        return await submitted(running, asked, TalkPreferred(training_id=id_, number=number, request_id=request_id))
    text = str(form.get("text", "")).replace("\x00", "").replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST:
        return open_page(asked, [Problem("answer", SHORTER if text else WRITE)], text=text)
    sealed = seal(text, id_, number)
    event = OpenAnswered(training_id=id_, number=number, request_id=request_id, key_id=sealed.key_id, sealed=sealed.sealed)
    return await submitted(running, asked, event)


async def submitted(running: Submits, asked: Asked, event: Event) -> Response:
    """The same form sent twice is one message; a second answer to the same question meets the first one's feedback."""
    id_ = sha256(event.model_dump_json().encode()).hexdigest()
    outcome = await running.submit(event, id=id_, source=f"training/{asked.visit.id}")
    if outcome.kind in ("applied", "duplicate"):
        return RedirectResponse(asked.path, SEE_OTHER)
    if stood := pressing.answer(asked.visit, outcome):
        return stood
    if outcome.reason == "already_answered":
        return RedirectResponse(f"{asked.path}?again=1", SEE_OTHER)
    return RedirectResponse(asked.visit.base, SEE_OTHER)


def read_choice(item: Item, form: FormData) -> Mapping[str, str]:
    """Option ids as keys; for an ordering question their places as values."""
    if item.kind == "order":
        return {o.id: str(form.get(f"place-{o.id}", "")) for o in item.options}
    return {str(id_): "" for id_ in form.getlist("option")}


def in_order(item: Item, chosen: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(chosen, key=lambda id_: chosen[id_])) if item.kind == "order" else tuple(chosen)


def choice_problems(item: Item, chosen: Mapping[str, str], tried: Sequence[str] = ()) -> list[Problem]:
    places = sorted(chosen.values())
    placed = item.kind != "order" or places == [str(n) for n in range(1, len(item.options) + 1)]
    if placed and grading.acceptable(item, in_order(item, chosen), tried):
        return []
    return [Problem("answer", CHOOSE[item.kind])]


def _confidence(form: FormData) -> Confidence | None:
    return next((code for code in CONFIDENCES if code == form.get("confidence")), None)


def shown_in(form: FormData) -> str | None:
    """The translation that the page was in; empty: as assigned."""
    return str(form["in"])[:LONGEST_CODE] if "in" in form else None


def version_of(form: FormData) -> int | None:
    """Of the question that the page showed: an answer is graded by that one first."""
    said = str(form.get("version", ""))
    return int(said) if VERSION.fullmatch(said) else None


def _shown_at(form: FormData) -> datetime | None:
    """As the page said; what is no time of ours is none."""
    said = str(form.get("shown", ""))
    return datetime.fromtimestamp(int(said), UTC) if SHOWN_AT.fullmatch(said) else None


def request_of(form: FormData) -> UUID:
    try:
        return UUID(str(form.get("request", "")))
    except ValueError:
        return uuid4()
