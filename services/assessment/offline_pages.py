"""What a phone needs to go through a training without a connection: every page that may come, made by the templates that make
it online, with slots where it depends on what is chosen. The phone picks and fills in (static/worker.js); it writes no words.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fastapi import Response

from services.assessment import calls, grading, http, questions, screens, words
from services.assessment.feedback import HEADINGS, Case, Feedback, Said, feedback
from services.assessment.offline_words import strip
from services.assessment.questions import CHOOSE, HOW_SURE, SHORTER, WRITE, Asked, Problem
from services.assessment.training import Said as Sent
from services.assessment.training import Try
from services.assessment.visits import DONE, Place, Visit
from shared.contracts.content import Item
from shared.pages.languages import Language
from shared.pages.site_words import fill

CHOSEN, OTHERS = Said("@chosen@"), Said("@others@")  # slots; one that carries a rationale is Said(slot, slot)
HEADING, MISSED, LOOK = "@heading@", "@missed@", "@look@"
SMALL = 300_000  # recordings that come along by themselves, where the phone says that it costs nothing
TOLD = {"number", "attempt", "chosen", "confidence", "correct", "shown", "open"}


def bundle(visit: Visit, version: str) -> dict[str, Any]:
    """For JSON. Addresses hold the training's id; the phone puts the link in its place where no cookie holds that."""
    visit, training = replace(visit, ref=str(visit.id)), visit.training
    return {
        "id": visit.ref,
        "version": version,
        "lang": visit.language.code,
        "now": visit.now.timestamp(),
        "starts": visit.starts_at.timestamp(),
        "quizBy": visit.quiz_by.timestamp(),
        "opened": training.opened_at is not None,
        "cards": len(visit.cards),
        "read": training.cards_read,
        "tries": [each.model_dump(mode="json", include=TOLD) for each in training.tries],
        "said": [[said.number, said.state] for said in training.said],
        "help": words.talk(visit.site, visit.language) if visit.site else "/talk",
        "pages": dict(_pages(visit)),
        "questions": [_question(visit, number) for number in range(1, visit.questions + 1)],
        "done": _done(visit),
        "recordings": [f"/media/{name}" for name in visit.recordings],
        "light": visit.recorded_bytes <= SMALL,
        "words": strip(visit.language),
    }


def _pages(visit: Visit) -> Iterator[tuple[str, str]]:
    """Those without a question. Cards can still be read after the session's start."""
    new, begun = (replace(visit, training=replace(visit.training, opened_at=at)) for at in (None, visit.now))
    closed = replace(begun, now=max(visit.starts_at, visit.now))
    yield "", _html(http.first_page(new))
    yield "closed", _html(screens.state(closed))
    for number, card in enumerate(visit.cards, 1):
        place = Place("cards", number)
        for say in ("", *(branch.id for branch in card.branches)):
            path = f"{place.path}?say={say}" if say else place.path
            yield path, _html(http.card_page(begun, place, card, say))
            yield f"closed/{path}", _html(http.card_page(closed, place, card, say))
    yield "answers", _html(_answers(begun))
    yield "talk", _html(calls.talk_of(visit))
    yield "call", _html(calls.waiting_page(visit.language, visit.site, visit.base, on_the_phone=True))
    for name in ("offline", "forget", "forgotten"):
        yield name, _html(screens.offline(visit, name))


def _answers(visit: Visit) -> Response:
    """The look back: every line that may be said of every question. The phone leaves those that fit."""
    items = [(n, item) for n in range(1, visit.questions + 1) if (item := visit.item(n))]
    asked = [{"number": n, "question": fill(item.question, visit.site, visit.language)} for n, item in items]
    lines = [
        each | {"kind": kind, "words": words, "said": f"{each['number']}={of}"}
        for each, (_, item) in zip(asked, items, strict=True)
        for of, kind, words in _outcomes(visit.language, item)
    ]
    return screens.show("answers.jinja", visit, answers=lines)


def _outcomes(language: Language, item: Item) -> Iterator[tuple[str, str, str]]:
    _ = language.gettext
    if item.kind == "open":
        yield from (("written", "ready", _("Sent")), ("rather_talk", "ready", _("To talk about")))
        yield "kept", "talk", _("Kept on this phone")
        return
    for case in Case:
        yield case, http.kind_of(case), _(HEADINGS[case])


def _question(visit: Visit, number: int) -> dict[str, Any]:
    item = visit.item(number)
    if item is None:
        raise ValueError("only a training that is all here goes to a phone")
    asked = _asked(visit, number, item)
    if item.kind == "open":
        return {"number": number, "kind": item.kind, "pages": dict(_open(asked))}
    right = grading.right_options(item)
    return {
        "number": number,
        "kind": item.kind,
        "safety": item.safety,
        "options": [option.id for option in item.options],
        "right": [option.id for option in right],
        "retry": grading.may_retry(item),
        "version": visit.version(number),
        "pages": dict(_asking(asked)) | dict(_telling(asked)),
        "said": {o.id: _part(asked, Said(o.text, "" if o in right or item.kind == "order" else o.why)) for o in item.options},
        "again": _part(asked),
    }


def _asked(visit: Visit, number: int, item: Item, *tries: Try) -> Asked:
    """As if all other questions were answered. The one link that depends on them is mended on the phone: it leads to the end."""
    others = tuple(_try(visit, other) for other in range(1, visit.questions + 1) if other != number)
    training = replace(visit.training, opened_at=visit.now, tries=(*others, *tries), said=(), completed_at=None)
    return Asked(replace(visit, training=training), number, item)


def _try(visit: Visit, number: int, **values: Any) -> Try:
    told: dict[str, Any] = {"number": number, "attempt": 1, "correct": True, "answered_at": visit.now} | values
    return Try(**told)


def _asking(asked: Asked) -> Iterator[tuple[str, str]]:
    choose, sure = Problem("answer", CHOOSE[asked.item.kind]), Problem("sure", HOW_SURE)
    for name, problems in {"ask": [], "ask answer": [choose], "ask sure": [sure], "ask answer sure": [choose, sure]}.items():
        yield name, _html(questions.question_page(asked, problems))


def _telling(asked: Asked) -> Iterator[tuple[str, str]]:
    """The feedback in each of its cases."""
    item, visit, number = asked.item, asked.visit, asked.number
    for name, sure in {"works": "sure", "works guess": "guess"}.items():
        first = _try(visit, number, confidence=sure)
        yield name, _html(questions.told_page(_asked(visit, number, item, first), feedback(item, [first])))
    slots = (CHOSEN,) * (len(item.options) if item.kind == "order" else 1)
    if grading.may_retry(item):
        yield from _not_quite(asked, slots)
    settled = _try(visit, number, correct=False)
    works = tuple(Said(option.text, option.why) for option in grading.right_options(item))
    most = 0 if item.kind == "order" else sum(not option.right for option in item.options)
    for case in (Case.RECOVERED, Case.SHOWN):
        for more in range(min(most, 2) + 1):  # other options: none, one, or several
            told = Feedback(case, item, settled, chosen=slots, works=works, others=(OTHERS,) * more)
            yield f"{case} {more}", _html(questions.told_page(_asked(visit, number, item, settled), told))


def _not_quite(asked: Asked, slots: tuple[Said, ...]) -> Iterator[tuple[str, str]]:
    item, choose = asked.item, Problem("answer", CHOOSE[asked.item.kind])
    kinds = {"": (Said(CHOSEN.text, CHOSEN.text),), " incomplete": slots} if item.kind == "multi" else {"": slots}
    for sure, certain in (("sure", " certain"), ("guess", "")):
        first = _try(asked.visit, asked.number, correct=False, open=True, confidence=sure)
        again = _asked(asked.visit, asked.number, item, first)
        for incomplete, chosen in kinds.items():
            told = Feedback(Case.NOT_QUITE, item, first, chosen=chosen, works=(), others=())
            yield f"not_quite{incomplete}{certain}", _html(questions.told_page(again, told, item.options))
            yield f"not_quite{incomplete}{certain} answer", _html(questions.told_page(again, told, item.options, [choose]))


def _open(asked: Asked) -> Iterator[tuple[str, str]]:
    write, shorter = Problem("answer", WRITE), Problem("answer", SHORTER)
    for name, problems in {"ask": [], "ask write": [write], "ask shorter": [shorter]}.items():
        yield name, _html(questions.open_page(asked, problems))
    for state in ("written", "rather_talk"):
        said = Sent.model_validate({"number": asked.number, "item_id": asked.item.id, "state": state,
                                    "answered_at": asked.visit.now})  # fmt: skip
        for template in ("sent", "kept"):  # kept: it is still on the phone
            page = screens.show(f"{template}.jinja", asked.visit, place=asked.place, item=asked.item, said=said, next=DONE,
                                report=None)  # fmt: skip
            yield f"{template} {state}", _html(page)


def _done(visit: Visit) -> dict[str, Any]:
    """The last page: which heading and sentence it has depends on how many were missed, and how many of them recovered."""
    most, pages = visit.questions + 1, {}
    numbers = [n for n in range(1, most) if (item := visit.item(n)) and item.kind != "open"]
    topics = [(item.topic, visit.foreign(n)) for n in numbers if (item := visit.item(n))]
    ended = replace(visit, training=replace(visit.training, completed_at=visit.now))
    kept: dict[str, Any] = http.kept(ended)
    label = visit.language.gettext("Look for:")
    kept["three"] = [replace(each, text=LOOK, locale=None) if each.label == label else each for each in kept["three"]]
    for late in (False, True):
        shown = replace(ended, now=max(ended.now, ended.quiz_by + timedelta(seconds=1))) if late else ended
        for missed, hold in ((False, False), (True, False), (True, True)):
            name = " ".join(word for word, told in (("missed", missed), ("hold", hold), ("late", late)) if told)
            pages[name] = _html(screens.show("done.jinja", shown, heading=HEADING, hold=hold, topics=topics if missed else [],
                                             missed=MISSED, **kept))  # fmt: skip
    return {
        "pages": pages,
        "topics": numbers,
        "looks": [
            [n, item.safety, fill(item.cue, visit.site, visit.language), visit.foreign(n)]
            for n in range(1, most)
            if (item := visit.item(n)) and item.cue
        ],
        "headings": [[words.ending(visit, n, hold=hold) for hold in (False, True)] for n in range(most)],
        "missed": [[words.missed(n, right, visit.language) for right in range(n + 1)] if n else [""] for n in range(most)],
    }


def _part(asked: Asked, *said: Said) -> str:
    """An option as the feedback shows it; with none, the note that a question was answered before."""
    env = screens.templates(asked.visit.language)
    return env.get_template("offline-part.jinja").render(visit=asked.visit, place=asked.place, said=said)


def _html(response: Response) -> str:
    return bytes(response.body).decode()
