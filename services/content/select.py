"""Which training a mentor gets for a session: a plain ranking, explained. Pure; the same request and facts choose the same.

The first need that has a suitable module wins. Items that come back stand before the module's own. Without a module, two
items that this mentor knows keep the memory fresh.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.contracts.content import AssignedItem, Candidate, ModuleRef, NothingSuitable, Reason, TrainingAssigned
from shared.contracts.trigger import ContentRequested, ItemRef, Need
from shared.contracts.vocabulary import vocabulary

FALLBACK = "en"
RETURNING = 2  # docs/evidence.md L8: one or two old items a training
RECALLED = 2
REST = timedelta(days=7)  # before a module comes again

Edition = tuple[str, int]  # module id and version


@dataclass(frozen=True, slots=True)
class ItemFact:
    id: str
    skill: str
    kind: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What choosing needs to know of one published version."""

    module_id: str
    locale: str
    version: int
    skill: str
    scope_level: int
    minutes: int
    variables: tuple[str, ...]
    items: tuple[ItemFact, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for one request."""

    request_id: UUID
    session_id: UUID
    at: datetime
    kind: Literal["module", "recall", "nothing"]
    skill: str | None = None
    module: ModuleRef | None = None
    items: tuple[ItemRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    offers: Mapping[str, tuple[Offer, ...]]  # skill -> the newest published version of each module and language
    editions: Mapping[Edition, tuple[Offer, ...]]  # -> published, one for each language


def selected(
    event: ContentRequested, now: datetime, choices: tuple[Choice, ...], facts: Facts
) -> TrainingAssigned | NothingSuitable:
    needs = () if event.recall_only else event.needs
    suitable = [(need, offer) for need in needs if (offer := _best(need, event, now, choices, facts))]
    back = _returning(event, suitable[0][1].locale if suitable else event.locale, facts)
    if suitable:
        return _module(event, suitable, back, now, choices)
    if needs and not back:
        return _nothing(event, _why_none(event, facts))
    recalled = back if needs else (*back, *_recalled(event, back, choices, facts))[:RECALLED]
    return _recall(event, recalled) if recalled else _nothing(event, "no_known_items")


def choice(event: ContentRequested, now: datetime, made: TrainingAssigned | NothingSuitable) -> Choice:
    if isinstance(made, NothingSuitable):
        return Choice(event.request_id, event.session_id, now, "nothing")
    skill = next((reason.skill for reason in made.reasons if reason.skill), None)
    items = tuple(ItemRef(module_id=i.module_id, version=i.version, item_id=i.item_id) for i in made.items)
    return Choice(event.request_id, event.session_id, now, made.kind, skill, made.module, items)


def editions_asked(event: ContentRequested, choices: Iterable[Choice]) -> Iterator[Edition]:
    """The versions whose items may come back: those asked for and, without a need, those the mentor knows."""
    yield from ((ref.module_id, ref.version) for ref in event.returning)
    if event.recall_only or not event.needs:
        yield from ((ref.module_id, ref.version) for choice in choices for ref in choice.items)


def _best(need: Need, event: ContentRequested, now: datetime, choices: tuple[Choice, ...], facts: Facts) -> Offer | None:
    """Of the skill's suitable modules the one shown least often; the mentor's language before the fallback."""
    shown = Counter(choice.module.module_id for choice in choices if choice.module)
    fitting = [offer for offer in _in_language(facts.offers.get(need.skill, ()), event.locale) if _fits(offer, event)]
    rested = [offer for offer in fitting if _rested(offer, event, now, choices)]
    return min(rested, key=lambda offer: (shown[offer.module_id], offer.module_id), default=None)


def _in_language(offers: Iterable[Offer], locale: str) -> list[Offer]:
    """One offer a module: in the mentor's language, else in the fallback."""
    found: dict[str, Offer] = {}
    for offer in offers:
        if offer.locale == locale or (offer.locale == FALLBACK and offer.module_id not in found):
            found[offer.module_id] = offer
    return list(found.values())


def _fits(offer: Offer, event: ContentRequested) -> bool:
    return (
        _in_scope(offer, event.activity)
        and offer.minutes <= event.training_minutes
        and set(offer.variables) <= set(event.site_variables)
    )


def _in_scope(offer: Offer, activity: str) -> bool:
    """Above scope 1 a module is only for an activity whose function asks for its skill."""
    found = vocabulary().activities.get(activity)
    if offer.scope_level == 1:
        return True
    return found is not None and offer.skill in (*found.weights, *vocabulary().functions[found.function].skills)


def _rested(offer: Offer, event: ContentRequested, now: datetime, choices: Iterable[Choice]) -> bool:
    """Not within seven days, unless a safety question of this skill was missed and is still open."""
    if offer.skill in event.open_safety_skills:
        return True
    return all(now - past.at >= REST for past in choices if past.module and past.module.module_id == offer.module_id)


def _returning(event: ContentRequested, locale: str, facts: Facts) -> tuple[AssignedItem, ...]:
    """In the order sent; only what is published and what this site's numbers can fill."""
    found = [_assigned(ref, returning=True) for ref in dict.fromkeys(event.returning) if _item(ref, event, locale, facts)]
    return tuple(found[:RETURNING])


def _item(ref: ItemRef, event: ContentRequested, locale: str, facts: Facts) -> ItemFact | None:
    for offer in _in_language(facts.editions.get((ref.module_id, ref.version), ()), locale):
        for item in offer.items:
            if item.id == ref.item_id and set(item.variables) <= set(event.site_variables):
                return item
    return None


def _recalled(
    event: ContentRequested, back: tuple[AssignedItem, ...], choices: Iterable[Choice], facts: Facts
) -> list[AssignedItem]:
    """Known items: lowest recall of their skill first, then shown least often, then longest ago.

    What was assigned and never answered left no memory of its skill, and is not known.
    """
    place = {skill: n for n, skill in enumerate(event.fading or _by_recall(event.needs))}
    taken = {(item.module_id, item.item_id) for item in back}
    shown: Counter[ItemRef] = Counter()
    last: dict[ItemRef, datetime] = {}
    for past in choices:
        shown.update(past.items)
        last |= dict.fromkeys(past.items, past.at)
    items = {ref: item for ref in shown if (item := _item(ref, event, event.locale, facts)) and item.kind != "open"}
    known = {ref: item for ref, item in items.items() if not event.fading or item.skill in place}
    newest = {(ref.module_id, ref.item_id): ref for ref in sorted(known, key=lambda ref: ref.version)}
    order = sorted(
        (ref for key, ref in newest.items() if key not in taken),
        key=lambda ref: (place.get(known[ref].skill, len(place)), shown[ref], last[ref], ref.module_id, ref.item_id),
    )
    return [_assigned(ref) for ref in order]


def _by_recall(needs: Iterable[Need]) -> list[str]:
    return [need.skill for need in sorted(needs, key=lambda need: need.predicted_recall or 0.0)]


def _module(
    event: ContentRequested,
    suitable: list[tuple[Need, Offer]],
    back: tuple[AssignedItem, ...],
    now: datetime,
    choices: Iterable[Choice],
) -> TrainingAssigned:
    need, offer = suitable[0]
    own = (ItemRef(module_id=offer.module_id, version=offer.version, item_id=item.id) for item in offer.items)
    taken = {(item.module_id, item.item_id) for item in back}
    items = (*back, *(_assigned(ref) for ref in own if (ref.module_id, ref.item_id) not in taken))
    candidates = tuple(
        Candidate(module_id=each.module_id, version=each.version, score=asked.need, probability=float(each is offer))
        for asked, each in suitable
    )
    return TrainingAssigned(
        training_id=event.request_id,
        session_id=event.session_id,
        mentor_id=event.mentor_id,
        site_id=event.site_id,
        starts_at=event.starts_at,
        time_zone=event.time_zone,
        locale=offer.locale,
        kind="module",
        module=ModuleRef(module_id=offer.module_id, version=offer.version),
        items=items,
        quiz_by=event.quiz_by,
        reasons=tuple(_reasons(event, need, bool(back), now, choices)),
        candidates=candidates,
    )


def _reasons(event: ContentRequested, need: Need, comes_back: bool, now: datetime, choices: Iterable[Choice]) -> Iterator[Reason]:
    """Only what is true for the reader: the plan asks for the skill, and why it is this skill's turn."""
    activity = vocabulary().activities.get(event.activity)
    yield Reason(code="activity", activity=event.activity if _calls_for(event, need.skill) else None, skill=need.skill)
    if comes_back:
        yield Reason(code="missed", skill=need.skill)
    if need.reason == "never_trained":
        yield Reason(code="never_trained", skill=need.skill)
    elif need.reason == "clearance_gap" and activity:
        yield Reason(code="clearance", skill=need.skill, function=activity.function)
    elif last := max((past.at for past in choices if past.skill == need.skill), default=None):
        yield Reason(code="days", skill=need.skill, days=max(0, (now - last).days))


def _calls_for(event: ContentRequested, skill: str) -> bool:
    activity = vocabulary().activities.get(event.activity)
    return activity is not None and activity.weight(skill, event.stage) > 0


def _recall(event: ContentRequested, items: tuple[AssignedItem, ...]) -> TrainingAssigned:
    came_back = any(item.returning for item in items)
    editions = dict.fromkeys((item.module_id, item.version) for item in items)
    return TrainingAssigned(
        training_id=event.request_id,
        session_id=event.session_id,
        mentor_id=event.mentor_id,
        site_id=event.site_id,
        starts_at=event.starts_at,
        time_zone=event.time_zone,
        locale=event.locale,
        kind="recall",
        items=items,
        quiz_by=event.quiz_by,
        reasons=(Reason(code="missed"),) if came_back else (),
        candidates=tuple(Candidate(module_id=m, version=v, score=0.0, probability=1.0) for m, v in editions),
    )


def _nothing(event: ContentRequested, reason: str) -> NothingSuitable:
    return NothingSuitable(
        request_id=event.request_id,
        session_id=event.session_id,
        mentor_id=event.mentor_id,
        site_id=event.site_id,
        needs=event.needs,
        reason=reason,
    )


def _why_none(event: ContentRequested, facts: Facts) -> str:
    """The site's missing data is named where that alone stands in the way: staff can mend it."""
    for need in event.needs:
        for offer in _in_language(facts.offers.get(need.skill, ()), event.locale):
            if offer.minutes <= event.training_minutes and not set(offer.variables) <= set(event.site_variables):
                return "site_variables_missing"
    return "no_module_for_needs"


def _assigned(ref: ItemRef, returning: bool = False) -> AssignedItem:
    return AssignedItem(module_id=ref.module_id, version=ref.version, item_id=ref.item_id, returning=returning)
