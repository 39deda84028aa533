"""Builders: a module that keeps every rule, what selection is asked, and what it may look at."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

from services.content.choices import Choice, Edition, Facts, ItemFact, ItemKey, Offer, Past
from shared.contracts.content import Branch, Card, Item, Line, Module, ModuleRef, Option
from shared.contracts.trigger import ContentRequested, ItemRef, Need

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
START = NOW + timedelta(days=1)
MENTOR = UUID(int=7)


def an_item(number: int = 1, **changes: object) -> Item:
    item = Item(
        id=f"q{number}",
        kind="single",
        skill="reflective_listening",
        topic=f"A bad day, number {number}",
        stem="Dre, 14, says, “School was bad.”",
        question="What do you say?",
        cue="the feeling under the words",
        options=(
            Option(
                id="a", text="“Why was it bad today?”", mistake="asks_instead", why="A why question makes him defend it first."
            ),
            Option(id="b", text="“A long, hard day.”", right=True, why="It says back what he may have felt today."),
            Option(id="c", text="“You should sleep more.”", mistake="fixes_first", why="He has not asked you for a fix."),
        ),
    )
    return item.model_copy(update=changes)


def an_open_item(number: int = 4) -> Item:
    return Item(
        id=f"q{number}",
        kind="open",
        skill="reflective_listening",
        topic="Your own words",
        stem="He waits.",
        question="What do you say?",
    )


def a_module(**changes: object) -> Module:
    branches = (
        Branch(id="a", say="“Do your homework.”", reaction="He nods.", then="Nothing changes."),
        Branch(id="b", say="“A long day.”", reaction="He talks.", then="You know more."),
    )
    module = Module(
        module_id="reflective_listening_9",
        locale="en",
        skill="reflective_listening",
        title="Say back what you heard",
        hook="Dre, 14, looks tired.",
        keep_in_mind="Say back once what you heard.",
        minutes=4,
        scope_level=1,
        refer_when="He sees no hope.",
        cards=(
            Card(title="A guess", text="Say it as a statement.\n\n- short\n- calm"),
            Card(
                kind="example", title="A good try", scene=(Line(who="student", text="I’m done."), Line(who="you", text="Done."))
            ),
            Card(kind="branch", title="“Whatever”", text="He sits down.", branches=branches),
        ),
        items=(an_item(1), an_item(2), an_item(3), an_open_item()),
        prompts=("Reflect twice.", "What was hard?"),
    )
    return module.model_copy(update=changes)


def a_need(skill: str = "reflective_listening", need: float = 0.5, **changes: object) -> Need:
    return Need.model_validate({"skill": skill, "need": need, "reason": "fading", "predicted_recall": 0.6} | changes)


def a_request(number: int = 1, **changes: object) -> ContentRequested:
    request = ContentRequested(
        request_id=UUID(int=number),
        session_id=UUID(int=1000 + number),
        mentor_id=MENTOR,
        site_id="east",
        starts_at=START,
        time_zone="America/Chicago",
        quiz_by=START - timedelta(hours=3),
        stage="building",
        activity="check_in",
        needs=(a_need(),),
    )
    return request.model_copy(update=changes)


def an_offer(module_id: str = "reflective_listening_1", **changes: object) -> Offer:
    skill = module_id.rpartition("_")[0]
    items = tuple(ItemFact(f"q{n}", skill, "open" if n == 4 else "single") for n in (1, 2, 3, 4))
    values = {"locale": "en", "version": 1, "skill": skill, "scope_level": 1, "minutes": 4, "variables": (), "items": items}
    return Offer(module_id=module_id, **(values | changes))


def facts(*offers: Offer) -> Facts:
    """What the store would find: the newest of each module and language, and of each question in each language."""
    newest = {(offer.module_id, offer.locale): offer for offer in sorted(offers, key=lambda offer: offer.version)}
    by_skill: dict[str, dict[str, dict[str, Offer]]] = {}
    for offer in newest.values():
        by_skill.setdefault(offer.skill, {}).setdefault(offer.module_id, {})[offer.locale] = offer
    items: dict[ItemKey, dict[str, Edition]] = {}
    for offer in sorted(offers, key=lambda offer: offer.version):
        for item in offer.items:
            edition = Edition(offer.module_id, offer.locale, offer.version, item)
            items.setdefault((offer.module_id, item.id), {})[offer.locale] = edition
    offers = {skill: list(modules.values()) for skill, modules in by_skill.items()}
    return Facts(offers, {key: tuple(by_language.values()) for key, by_language in items.items()})


def ref(item_id: str = "q1", module_id: str = "reflective_listening_1", version: int = 1) -> ItemRef:
    return ItemRef(module_id=module_id, version=version, item_id=item_id)


def a_choice(number: int, days_ago: float, *items: ItemRef, module_id: str | None = None) -> Choice:
    module = ModuleRef(module_id=module_id, version=1) if module_id else None
    skill = module_id.rpartition("_")[0] if module_id else None
    at = NOW - timedelta(days=days_ago)
    return Choice(UUID(int=number), UUID(int=number), at, "module" if module else "recall", skill, module, items)


def a_past(choices: Iterable[Choice]) -> Past:
    return reduce(Past.plus, choices, Past())
