"""The arithmetic of the loop's figures, and the client that sends the answers: what would make a figure better than it is."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import httpx2
import pytest
from starlette.datastructures import FormData, UploadFile

from services.assessment import grading, questions
from shared.contracts.content import Item, Option
from tests.bench.loop import WARM_UP, Loop, figures, result, said
from tests.bench.loop_seen import Seen, missing
from tests.load.answers import OPEN, RETRY, Answer, Form, Sent, forms, interleaved, send

ADA, BEN = UUID(int=1), UUID(int=2)
RATE = 100
FAST = 2_000.0  # a second


def answer(training: UUID, item: str = "q1", attempt: int = 1, *, last: bool = False) -> Answer:
    page = f"/t/{training}/questions/{item}"
    return Answer(training, item, attempt, page, {"option": ["a"]}, (page,), last)


def sent(planned: float, *, taken: float = 0.1, published: float = 0.2, shown: float = 0.4, last: bool = False) -> Sent:
    """All in seconds after it was planned."""
    return Sent(answer(ADA, last=last), planned, planned + 0.15, taken=planned + taken, published=planned + published,
                shown=planned + shown, ready=planned + 0.5 if last else 0.0)  # fmt: skip


def run(answers: Sequence[Sent]) -> Loop:
    return result(answers, RATE, rest={"assessment": 0.02, "postgres": 0.01}, spent={"assessment": 0.8, "postgres": 0.4})


def many(**later: float) -> list[Sent]:
    """As many as the warm-up, and two seconds."""
    return [sent(n / RATE, last=n % 4 == 0, **later) for n in range((WARM_UP + 2) * RATE)]


def test_each_leg_begins_where_the_last_one_ended_and_the_whole_counts_from_the_planned_instant() -> None:
    legs = {name: tuple(round(value) for value in values) for name, values in run(many()).legs.items()}
    assert legs == {"http": (150, 150), "taken": (100, 100), "published": (100, 100), "shown": (200, 200), "ready": (500, 500),
                    "answer_to_brief": (400, 400)}  # fmt: skip


def test_one_slow_answer_in_fifty_is_in_the_p99_and_not_in_the_p50() -> None:
    answers = [replace(one, shown=one.planned + 3.0) if n % 50 == 0 else one for n, one in enumerate(many())]
    p50, p99 = run(answers).legs["answer_to_brief"]
    assert (round(p50), round(p99)) == (400, 3_000)


def test_the_warm_up_does_not_count() -> None:
    slow = [sent(n / RATE, shown=9.0, last=n % 4 == 0) for n in range(WARM_UP * RATE)]
    assert run([*slow, *many()[WARM_UP * RATE :]]).legs == run(many()).legs


def test_a_promise_that_one_answer_was_refused_under_is_not_kept() -> None:
    answers = many()
    assert run(answers).kept
    answers[-1] = Sent(answers[-1].answer, answers[-1].planned, refused="answered 503, to no other page")
    assert not run(answers).kept
    assert "1 were not taken: answered 503" in said(run(answers))


def test_a_slow_p99_breaks_the_promise() -> None:
    assert run(many(shown=0.9)).kept
    assert not run(many(shown=1.1)).kept


def test_what_is_shown_after_the_last_was_sent_is_the_backlog_and_a_second_of_it_is_too_much() -> None:
    answers = many()
    end = answers[-1].planned
    for one in answers[-RATE // 2 :]:
        one.shown = end + 0.01
    assert (run(answers).left, run(answers).kept) == (RATE // 2, True)
    for one in answers[-RATE:]:
        one.shown = max(one.shown, end + 0.01)
    assert (run(answers).left, run(answers).kept) == (RATE, False)


def test_the_rate_is_the_highest_step_that_kept_the_promise() -> None:
    kept, missed = run(many()), replace(run(many(shown=1.1)), rate=200)
    found = {one.name: list(one.values) for one in figures([kept], [kept, replace(kept, rate=150), missed])}
    assert found["loop.answers_per_s"] == [150.0]
    assert found["loop.cpu_ms_per_answer"] == [pytest.approx(1_200 / len(many()))]
    assert found["loop.cpu_ms_per_s_at_rest_postgres"] == [10.0]
    assert {name for name in found if name.endswith("_p99_ms")} == {
        "loop.answer_to_brief_p99_ms", "loop.leg_http_p99_ms", "loop.leg_taken_p99_ms", "loop.leg_published_p99_ms",
        "loop.leg_shown_p99_ms", "loop.leg_ready_p99_ms"}  # fmt: skip


def test_an_answer_whose_brief_or_event_is_missing_is_named() -> None:
    whole, dark, silent, unready = (sent(1.0, last=True) for _ in range(4))
    dark.shown = silent.published = unready.ready = 0.0
    refused = Sent(answer(BEN), 1.0, refused="answered 503, to no other page")
    name = f"question q1, try 1, of training {ADA}"
    assert missing([whole, dark, silent, unready, refused]) == [f"{name}: not in the brief", f"{name}: no event",
                                                                f"{name}: no brief_ready"]  # fmt: skip


def test_the_last_answer_is_shown_only_when_its_brief_is_ready() -> None:
    first, last = Sent(answer(ADA)), Sent(answer(ADA, "q2", last=True))
    seen = Seen([first, last])
    seen.tables([(ADA, False, "q1", 1), (ADA, False, "q2", 1)], 1.0)
    assert (first.shown, last.shown) == (1.0, 0.0)
    seen.tables([(ADA, True, "q1", 1), (ADA, True, "q2", 1)], 2.0)
    assert (first.shown, last.shown) == (1.0, 2.0)


def test_an_open_question_is_heard_of_when_its_training_is_completed() -> None:
    last = Sent(answer(ADA, "q4", OPEN, last=True))
    seen = Seen([last])
    seen.event("assessment.training_completed.v1", {"training_id": str(ADA)}, 1.0, 2.0)
    seen.tables([(ADA, True, None, None)], 3.0)
    seen.event("supervision.brief_ready.v1", {"training_id": str(ADA)}, 3.0, 4.0)
    assert (last.taken, last.published, last.shown, last.ready) == (1.0, 2.0, 3.0, 4.0)


async def test_a_slow_answer_holds_up_no_other_mentor_and_her_next_one_counts_from_its_planned_instant() -> None:
    """Ada's first is answered only after Ben's, which was planned later: a client that waited would never get there."""
    ben_was_heard = asyncio.Event()

    async def page(request: httpx2.Request) -> httpx2.Response:
        if str(BEN) in request.url.path:
            ben_was_heard.set()
        await ben_was_heard.wait()
        return httpx2.Response(303, headers={"location": request.url.path})

    ada, again, ben = (Sent(one) for one in (answer(ADA), answer(ADA, "q2"), answer(BEN)))
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(page), base_url="http://assessment") as client:
        await asyncio.wait_for(send(client, [ada, again, ben], FAST, 1.0, pages=False), 20)
    assert (ada.planned, again.planned, ben.planned) == (1.0, 1.0 + 1 / FAST, 1.0 + 2 / FAST)
    assert ada.answered <= again.answered
    assert ben.answered


async def test_who_is_sent_anywhere_but_to_the_questions_page_was_not_heard_and_goes_no_further() -> None:
    def page(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(303, headers={"location": f"{request.url.path}?again=1"})

    one, after = Sent(answer(ADA)), Sent(answer(ADA, "q2"))
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(page), base_url="http://assessment") as client:
        await send(client, [one, after], FAST, 1.0, pages=False)
    assert (one.answered, one.refused) == (0.0, f"answered 303, to {one.answer.path}?again=1")
    assert (after.answered, after.refused) == (0.0, "not sent, as the answer before it was refused")


def test_a_mentor_answers_in_order_with_others_between() -> None:
    ada, ben = ([answer(who, f"q{n}") for n in (1, 2)] for who in (ADA, BEN))
    assert [one.key for one in interleaved([ada, ben], 1)] == [(ADA, "q1", 1), (BEN, "q1", 1), (ADA, "q2", 1), (BEN, "q2", 1)]


def options(right: str) -> tuple[Option, ...]:
    """A, b and c, of which those named are right; b comes first, then a."""
    places = {"a": 2, "b": 1, "c": 3}
    return tuple(Option(id=id_, text=id_, why="why", right=id_ in right, place=place) for id_, place in places.items())


@pytest.mark.parametrize("kind", ["multi", "order"])
def test_the_form_of_every_kind_of_question_reads_as_right(kind: str) -> None:
    item = Item.model_validate({"id": "q1", "kind": kind, "skill": "s", "topic": "t", "question": "?", "options": options("ac")})
    [(_, _, form)] = forms(item, "/q", wrong=False)
    assert grading.grade(item, chosen(item, form)).correct


def test_a_miss_is_wrong_first_and_right_when_it_is_tried_again() -> None:
    item = Item(id="q1", kind="single", skill="s", topic="t", question="?", options=options("a"))
    first, again = forms(item, "/q", wrong=True)
    assert (again[0], again[1]) == (RETRY, "/q/retry")
    assert [grading.grade(item, chosen(item, form)).correct for _, _, form in (first, again)] == [False, True]


def chosen(item: Item, form: Form) -> tuple[str, ...]:
    """As the page reads it."""
    values = {name: [value] if isinstance(value, str) else value for name, value in form.items()}
    fields: list[tuple[str, str | UploadFile]] = [(name, each) for name, several in values.items() for each in several]
    read = questions.read_choice(item, FormData(fields))
    assert not questions.choice_problems(item, read)
    return questions.in_order(item, read)
