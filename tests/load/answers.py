"""Mentors who answer at a steady rate: what each sends, in which order, and the sending.

Nothing is sent later because the system is slow: every answer has its planned instant, from which everything counts.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from uuid import UUID, uuid4

import httpx2

from services.assessment import grading, modules
from services.assessment.modules import Modules
from shared.contracts.content import Item, TrainingAssigned

FIRST_TRY, RETRY, OPEN = 1, 2, 0
WORDS = "I would say what stays with us, and what I have to tell."
Form = Mapping[str, str | Sequence[str]]
Key = tuple[UUID, str, int]  # training, item, attempt


@dataclass(frozen=True, slots=True)
class Answer:
    """One form, filled in. `attempt`: 0 for an open question, of which others hear only when the training is done."""

    training_id: UUID
    item_id: str
    attempt: int
    path: str
    form: Form
    pages: tuple[str, ...]  # that a browser opens next: the answer's own, and the next question's
    last: bool = False

    @property
    def key(self) -> Key:
        return self.training_id, self.item_id, self.attempt


@dataclass(slots=True)
class Sent:
    """What became of an answer, and when, in seconds since 1970; 0 as long as it has not happened."""

    answer: Answer
    planned: float = 0.0
    answered: float = 0.0  # the mentor's browser has heard that it was taken
    refused: str = ""  # or why it was not
    taken: float = 0.0  # its transaction began: the event's own time
    published: float = 0.0  # the event's time on Kafka
    shown: float = 0.0  # a reader of supervision's tables finds it, as the brief does
    ready: float = 0.0  # with the last of a training: brief_ready is on Kafka


def answers_of(assigned: TrainingAssigned, known: Modules, base: str, *, misses: bool) -> list[Answer]:
    """All that a mentor sends of a training, its open question last. With `misses` the first is wrong, and tried again."""
    asked = [(n, item) for n in range(1, len(assigned.items) + 1) if (item := modules.item_of(assigned, n, known))]
    asked.sort(key=lambda one: one[1].kind == "open")
    found: list[Answer] = []
    for number, item in asked:
        page, wrong = f"{base}/questions/{number}", misses and not found and _can_miss(item)
        found += [Answer(assigned.training_id, item.id, attempt, path, form, (page,))
                  for attempt, path, form in forms(item, page, wrong=wrong)]  # fmt: skip
    return [*(_going_on(one, following) for one, following in pairwise(found)), replace(found[-1], last=True)]


def _going_on(one: Answer, following: Answer) -> Answer:
    """A retry is on the page that says what was wrong; any other question has a page of its own."""
    return one if following.attempt == RETRY else replace(one, pages=(*one.pages, following.path))


def forms(item: Item, page: str, *, wrong: bool) -> Iterator[tuple[int, str, Form]]:
    """(attempt, path, form) of each try at one question."""
    if item.kind == "open":
        yield OPEN, page, {"request": str(uuid4()), "text": WORDS}
        return
    right = [option.id for option in grading.right_options(item)]
    first = [next(option.id for option in item.options if not option.right)] if wrong else right
    yield FIRST_TRY, page, {"request": str(uuid4()), "confidence": "sure", **_choice(item, first)}
    if wrong:
        yield RETRY, f"{page}/retry", {"request": str(uuid4()), **_choice(item, right)}


def _choice(item: Item, chosen: Sequence[str]) -> Form:
    if item.kind == "order":
        return {f"place-{id_}": str(place) for place, id_ in enumerate(chosen, 1)}
    return {"option": chosen}


def _can_miss(item: Item) -> bool:
    return item.kind == "single" and grading.may_retry(item)


def interleaved(walks: Iterable[Sequence[Answer]], apart: int) -> list[Answer]:
    """In the order of sending: before a mentor's next answer, `apart` others have begun, as if it had to be read first."""
    placed = [(n + step * apart, step, answer) for n, walk in enumerate(walks) for step, answer in enumerate(walk)]
    return [answer for *_, answer in sorted(placed, key=lambda one: one[:2])]


async def send(client: httpx2.AsyncClient, sent: Sequence[Sent], rate: float, begin: float, *, pages: bool) -> None:
    """Each at its instant, however slow others are; only a mentor who still waits for the page before answers late, and it
    counts from its instant all the same. With `pages` browsers also open what follows. Returns when all are answered."""
    visits: dict[UUID, asyncio.Task[bool]] = {}  # a training's latest
    for n, one in enumerate(sent):
        at = begin + n / rate
        while (wait := at - time.time()) > 0:
            await asyncio.sleep(wait)
        one.planned = at
        before = visits.get(one.answer.training_id)
        visits[one.answer.training_id] = asyncio.create_task(_visit(client, one, before, pages=pages))
    await asyncio.gather(*visits.values())


async def _visit(client: httpx2.AsyncClient, one: Sent, before: asyncio.Task[bool] | None, *, pages: bool) -> bool:
    """False when the mentor cannot go on from here."""
    if before and not await before:
        one.refused = "not sent, as the answer before it was refused"
        return False
    try:
        await _post(client, one)
        for page in one.answer.pages if pages else ():
            (await client.get(page)).raise_for_status()
    except httpx2.HTTPError as error:
        one.refused = f"{type(error).__name__}: {error}"
    return not one.refused


async def _post(client: httpx2.AsyncClient, one: Sent) -> None:
    """Who is sent to the question's own page has been heard; any other address says why not."""
    response = await client.post(one.answer.path, data=dict(one.answer.form))
    where = response.headers.get("location", "no other page")
    if where == one.answer.pages[0]:
        one.answered = time.time()
    else:
        one.refused = f"answered {response.status_code}, to {where}"
