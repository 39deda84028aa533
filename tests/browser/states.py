"""Every state of the mentor's training pages, in one place: what makes it, and where it is seen.

Whoever adds a state adds a line here; the checks of test_mentor_states.py then hold for it in every language.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from services.assessment import store
from services.assessment.messages import Answered, AnswerShown, OpenAnswered, Started, TalkPreferred
from services.assessment.sealing import seal
from shared.contracts.content import Item
from shared.contracts.event import Event
from shared.running import Running
from tests.assessment import building, spanish
from tests.assessment.building import assigned, enrolled, planned
from tests.assessment.correcting import correction
from tests.assessment.test_corrections import swept
from tests.assessment.test_memory import told
from tests.assessment.visiting import link_to, soon
from tests.driving import deliver

Step = Callable[[UUID], Event] | int  # what a page submits; or up to which card it was read
Q = {
    "en": (building.SINGLE, building.SAFETY, building.MULTI, building.ORDER, building.OPEN, building.PAIR),
    "es": (*spanish.ITEMS, spanish.PAIR),
}
CORRECTED = "corrected_1"  # a second module with the same words, whose first question was corrected
NO_LONGER, NOWHERE = UUID(int=0xDEAD), UUID(int=0x404)
LATER = {"days": 1}


def says(number: int, *chosen: str, sure: Any = "think_so") -> Step:
    return lambda id_: Answered(
        training_id=id_, number=number, attempt=1, chosen=chosen, confidence=sure, request_id=uuid4()
    )  # fmt: skip


def again(number: int, *chosen: str) -> Step:
    return lambda id_: Answered(training_id=id_, number=number, attempt=2, chosen=chosen, request_id=uuid4())


def asks(number: int) -> Step:
    return lambda id_: AnswerShown(training_id=id_, number=number, request_id=uuid4())


def writes(number: int) -> Step:
    def step(id_: UUID) -> Event:
        sealed = seal("It sounds like a lot.", id_, number)
        return OpenAnswered(training_id=id_, number=number, request_id=uuid4(), key_id=sealed.key_id, sealed=sealed.sealed)

    return step


def talks(number: int) -> Step:
    return lambda id_: TalkPreferred(training_id=id_, number=number, request_id=uuid4())


BEGUN: tuple[Step, ...] = (lambda id_: Started(training_id=id_),)
AT_QUESTIONS = (*BEGUN, 3)


@dataclass(frozen=True, slots=True)
class State:
    """`asked`: the questions of its training, by their places in Q. `done`: what the mentor did, in order; then `after`, what
    became of the session. `press` and `text`: what is done on the page before it is looked at."""

    name: str
    page: str = ""
    asked: Sequence[int] = (0, 1, 2, 3, 4)
    done: Sequence[Step] = ()
    when: dict[str, float] = field(default_factory=lambda: dict(LATER))
    after: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    press: str = ""
    text: str = ""


def question(name: str, place: int, *done: Step, **changes: Any) -> State:
    """A training of this question alone, at its page."""
    values: dict[str, Any] = {"page": "/questions/1", "asked": (place,), "done": (*AT_QUESTIONS, *done)}
    return State(name, **values | changes)


def end(name: str, *done: Step, asked: Sequence[int] = (0,), page: str = "/done", **changes: Any) -> State:
    return State(name, page, asked, (*AT_QUESTIONS, *done), **changes)


ALL_RIGHT = (says(1, "b"), says(2, "b"), says(3, "a", "c"), says(4, "a", "b", "c"), writes(5))
RECALL = {"kind": "recall", "module": None}
STATES = (
    State("start"),
    State("start-today", when={"hours": 5}),
    State("start-late", when={"hours": 1}),
    State("start-moved", after=soon(days=3)),
    State("start-late-and-moved", when={"hours": 2}, after=soon(hours=1)),
    State("start-recall", training=RECALL),
    State("start-at-a-card", done=BEGUN),
    State("start-at-a-question", done=(*AT_QUESTIONS, says(1, "b"))),
    State("preparing", training={"module": building.ModuleRef(module_id="on_its_way", version=1)}),
    State("canceled", after={"status": "cancelled"}),
    State("canceled-begun", done=BEGUN, after={"status": "cancelled"}),
    State("started", after=soon(minutes=-5)),
    State("started-begun", done=(*AT_QUESTIONS, says(1, "a")), after=soon(minutes=-5)),
    State("started-recall", training=RECALL, after=soon(minutes=-5)),
    State("started-card", "/cards/1", done=BEGUN, after=soon(minutes=-5)),
    State("started-last-card", "/cards/3", done=AT_QUESTIONS, after=soon(minutes=-5)),
    State("started-feedback", "/questions/1", done=(*AT_QUESTIONS, says(1, "a")), after=soon(minutes=-5)),
    end("finished", says(1, "b"), page=""),
    State("card-picture", "/cards/1", done=BEGUN),
    State("card-example", "/cards/2", done=(*BEGUN, 1)),
    State("card-branch", "/cards/3", done=(*BEGUN, 2)),
    State("card-branch-chosen", "/cards/3?say=b", done=(*BEGUN, 2)),
    question("question-single", 0),
    question("question-single-nothing", 0, press="Certain"),
    question("question-multi", 2),
    question("question-multi-nothing", 2, press="A guess"),
    question("question-order", 3),
    question("question-order-nothing", 3, press="Fairly sure"),
    question("question-returning", 0, training={"returning": True}),
    question("feedback-works", 0, says(1, "b")),
    question("feedback-works-guessed", 0, says(1, "b", sure="guess")),
    question("feedback-works-order", 3, says(1, "a", "b", "c")),
    question("feedback-not-quite", 0, says(1, "a")),
    question("feedback-not-quite-certain", 0, says(1, "a", sure="sure")),
    question("feedback-not-quite-incomplete", 2, says(1, "a")),
    question("feedback-not-quite-order", 3, says(1, "c", "b", "a")),
    question("feedback-not-quite-nothing", 0, says(1, "a"), press="Check my answer"),
    question("feedback-recovered", 0, says(1, "a"), again(1, "b")),
    question("feedback-shown", 0, says(1, "a"), asks(1)),
    question("feedback-shown-twice-missed", 0, says(1, "a"), again(1, "c")),
    question("feedback-shown-of-two", 5, says(1, "b")),
    question("feedback-shown-order", 3, says(1, "c", "b", "a"), asks(1)),
    question("feedback-safety-not-quite", 1, says(1, "a")),
    question("feedback-safety-recovered", 1, says(1, "a"), again(1, "b")),
    question("feedback-safety-shown", 1, says(1, "a"), asks(1)),
    question("feedback-again", 0, says(1, "a"), page="/questions/1?again=1"),
    question("feedback-reported", 0, says(1, "b"), press="It is unclear"),
    question("open", 4),
    question("open-nothing", 4, press="Send to my supervisor"),
    question("open-too-long", 4, press="Send to my supervisor", text="It sounds like a lot, every night. " * 20),
    question("open-sent", 4, writes(1)),
    question("open-rather-talk", 4, talks(1)),
    question("open-reported", 4, writes(1), press="It is not my situation"),
    end("done", *ALL_RIGHT, asked=(0, 1, 2, 3, 4)),
    end("done-ready", says(1, "b"), press="Somewhat"),
    end("paper", says(1, "a"), asks(1), page="/paper"),
    end("done-today", says(1, "b"), when={"hours": 5}),
    end("done-late", says(1, "b"), when={"hours": 1}),
    end("done-recall", says(1, "b"), training=RECALL),
    end("done-one-missed", says(1, "a"), asks(1)),
    end("done-missed-and-recovered", says(1, "a"), again(1, "b"), says(2, "a"), asks(2), asked=(0, 2)),
    end("done-hold", says(1, "a"), asks(1), asked=(1,)),
    end("answers", says(1, "a"), asks(1), *ALL_RIGHT[1:4], talks(5), asked=(0, 1, 2, 3, 4), page="/answers"),
    end("answers-none-yet", page="/answers"),
    *(
        end(f"corrected-{name}-{where}", says(1, chosen), asks(1), training={"of": CORRECTED}, page=page)
        for name, chosen in (("right-after-all", "a"), ("as-before", "c"))
        for where, page in (("finished", ""), ("done", "/done"), ("feedback", "/questions/1"))
    ),
    end("corrected-wrong-after-all", says(1, "b"), training={"of": CORRECTED}),
    State("corrected-not-answered", training={"of": CORRECTED}),
)


async def make(running: Running, locale: str) -> list[tuple[State, str]]:
    """Every state, and the address below which it is seen."""
    await deliver(running, *_known(locale))
    made = [(state, await _made(running, state, locale)) for state in STATES]
    await deliver(running, _corrected_module(locale), correction(module_id=CORRECTED, locale=locale, right=("a",)))
    await swept(running)
    return made


def closed(locale: str) -> dict[str, str]:
    """Addresses that open no training, by the name of what they say instead."""
    return {
        "broken": "/t/x.y",
        "expired": f"/t/{link_to(days=-1)}",
        "revoked": f"/t/{link_to(epoch=0)}",
        "not-here-yet": f"/t/{link_to(NOWHERE)}",
        "nothing": "/t",
        "not-found": "/nowhere",
        "talk-anywhere": f"/talk?lang={locale}",
        "talk": f"/talk/east?t={link_to(UUID(int=1000))}&lang={locale}",
    }


def _known(locale: str) -> list[Event]:
    words: Any = spanish if locale == "es" else building
    site = words.site() if locale == "es" else building.site()
    module = words.published(*Q[locale])
    missed = told(item="q1", module_id=module.module_id, skill="reflective_listening", correct=False)
    return [site, enrolled(locale=locale), module, _again(module, CORRECTED, 1, Q[locale]), missed]


def _again(module: Any, module_id: str, version: int, items: Sequence[Item]) -> Any:
    of = module.module.model_copy(update={"module_id": module_id, "items": tuple(items)})
    return module.model_copy(update={"module_id": module_id, "version": version, "module": of})


def _corrected_module(locale: str) -> Any:
    words: Any = spanish if locale == "es" else building
    first, *others = Q[locale]
    options = tuple(option.model_copy(update={"right": option.id == "a"}) for option in first.options)
    return _again(words.published(*Q[locale]), CORRECTED, 2, (first.model_copy(update={"options": options}), *others))


async def _made(running: Running, state: State, locale: str) -> str:
    number = STATES.index(state)
    id_, session = UUID(int=1000 + number), UUID(int=5000 + number)
    changes = dict(state.training)
    module_id, returning = changes.pop("of", "reflective_listening_1"), changes.pop("returning", False)
    values = {"module": building.ModuleRef(module_id=module_id, version=1), "locale": locale} | soon(**state.when) | changes
    one = assigned(*(Q[locale][place] for place in state.asked), training_id=id_, session_id=session, **values)
    items = tuple(item.model_copy(update={"module_id": module_id, "returning": returning}) for item in one.items)
    if changes.get("module"):  # its questions have not come, either
        items = tuple(item.model_copy(update={"module_id": changes["module"].module_id}) for item in items)
    await deliver(running, planned(session_id=session, **soon(**state.when)), one.model_copy(update={"items": items}))
    for step in state.done:
        if isinstance(step, int):
            await store.put_bookmark(running.pool, id_, step)
            continue
        outcome = await running.submit(step(id_), id=str(uuid4()), source="test")
        assert outcome.kind == "applied", f"{state.name}: {outcome}"
    if state.after:
        await deliver(running, planned(session_id=session, revision=2, **{**soon(**state.when), **state.after}))
    return f"/t/{link_to(id_)}{state.page}"
