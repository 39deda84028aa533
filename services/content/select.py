"""Which training a mentor gets for a session: a plain ranking, explained. Pure; the same request and facts choose the same.

The first need that has a suitable module wins. A module that a mentor was shown three times comes no more as a whole, only its
questions do. Without a need, two questions that this mentor knows keep the memory fresh.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from services.content.choices import FALLBACK, WHOLE, Asked, Facts, Offer, Past, gathered, lately
from services.content.questions import assigned, of_worn, others, recalled, returning
from shared.contracts.content import (
    AssignedItem,
    Candidate,
    ModuleRef,
    NothingSuitable,
    Reason,
    ReasonCode,
    TrainingAssigned,
    WhyNot,
)
from shared.contracts.trigger import ContentRequested, Need
from shared.contracts.vocabulary import vocabulary
from shared.values import value_object

RECALLED = 2


@value_object(frozen=True, slots=True)
class Considered:
    """A module for one of the needs; `why_not` is None where it could be chosen whole."""

    need: Need
    offer: Offer
    why_not: WhyNot | None


def selected(event: ContentRequested, now: datetime, past: Past, facts: Facts) -> TrainingAssigned | NothingSuitable:
    asked = gathered(event, now, past, facts)
    needs = () if event.recall_only else event.needs
    ranking = [one for need in needs for one in _considered(need, asked)]
    for need in needs:
        own = [one for one in ranking if one.need is need]
        if own and own[0].why_not is None:
            return _module(own[0], ranking, asked)
        if items := of_worn(_worn(own), asked):
            return _items_only(need, items, ranking, asked)
    return _without_a_module(needs, ranking, asked)


def _considered(need: Need, asked: Asked) -> list[Considered]:
    """The skill's modules: suitable ones first, of these the one shown least often."""
    offers = (_to_read(offers, asked.event.locale) for offers in asked.facts.offers.get(need.skill, ()))
    found = [Considered(need, offer, _why_not(offer, asked)) for offer in offers]
    return sorted(found, key=lambda one: (one.why_not is not None, asked.shown[one.offer.module_id], one.offer.module_id))


def _to_read(offers: Mapping[str, Offer], locale: str) -> Offer:
    """Of one module, by language: in the mentor's, else in the fallback, else as it is."""
    return offers.get(locale) or offers.get(FALLBACK) or offers[min(offers)]


def _why_not(offer: Offer, asked: Asked) -> WhyNot | None:
    """What lasts comes before what passes: a site that lacks a number is told so, whatever its mentors were shown."""
    if code := _unsuitable(offer, asked):
        return code
    if lately(asked.last.get(offer.module_id), offer.skill, asked):
        return "resting"
    return "worn" if asked.shown[offer.module_id] >= WHOLE else None


def _unsuitable(offer: Offer, asked: Asked) -> WhyNot | None:
    if offer.locale not in (asked.event.locale, FALLBACK):
        return "locale"
    if not _in_scope(offer, asked.event.activity):
        return "scope"
    if offer.minutes > asked.event.training_minutes:
        return "minutes"
    return None if asked.filled.issuperset(offer.variables) else "variables"


def _in_scope(offer: Offer, activity: str) -> bool:
    """Above scope 1 a module is only for an activity whose function asks for its skill."""
    if offer.scope_level == 1:
        return True
    found = vocabulary().activities.get(activity)
    return found is not None and (offer.skill in found.weights or offer.skill in vocabulary().functions[found.function].skills)


def _worn(own: Sequence[Considered]) -> list[Offer]:
    """Not while another module of the skill rests: then the skill was trained just now."""
    return [] if any(one.why_not == "resting" for one in own) else [one.offer for one in own if one.why_not == "worn"]


def _module(best: Considered, ranking: Sequence[Considered], asked: Asked) -> TrainingAssigned:
    offer = best.offer
    back = returning(asked, offer.locale)
    own = (assigned(offer.module_id, offer.version, offer.locale, item.id) for item in offer.items)
    return _training(
        asked.event,
        (*back, *others(own, back)),
        locale=offer.locale,
        module=ModuleRef(module_id=offer.module_id, version=offer.version),
        skill=best.need.skill,
        reasons=tuple(_reasons(best.need, bool(back), asked)),
        candidates=_candidates(ranking, best),
    )


def _items_only(need: Need, items: Iterable[AssignedItem], ranking: Sequence[Considered], asked: Asked) -> TrainingAssigned:
    """What was missed, and as much of the worn modules as a recall asks."""
    back = returning(asked, asked.event.locale)
    asking = (*back, *others(items, back)[:RECALLED])
    reasons = tuple(_reasons(need, bool(back), asked))
    return _training(asked.event, asking, reasons=reasons, candidates=_candidates(ranking))


def _without_a_module(needs: Sequence[Need], ranking: Sequence[Considered], asked: Asked) -> TrainingAssigned | NothingSuitable:
    back = returning(asked, asked.event.locale)
    items = back if needs else (*back, *recalled(back, asked, RECALLED - len(back)))
    if items:
        reasons = (_reason("missed"),) if back else ()
        return _training(asked.event, items, reasons=reasons, candidates=_candidates(ranking))
    return _nothing(asked.event, _why_none(ranking) if needs else "no_known_items", ranking)


def _training(
    event: ContentRequested,
    items: tuple[AssignedItem, ...],
    *,
    reasons: tuple[Reason, ...],
    candidates: tuple[Candidate, ...],
    locale: str | None = None,
    module: ModuleRef | None = None,
    skill: str | None = None,
) -> TrainingAssigned:
    """A recall has no module; it is in the one language of its questions, or in the mentor's."""
    languages = {item.locale for item in items}
    return TrainingAssigned(
        training_id=event.request_id,
        session_id=event.session_id,
        mentor_id=event.mentor_id,
        site_id=event.site_id,
        starts_at=event.starts_at,
        time_zone=event.time_zone,
        locale=locale or (languages.pop() if len(languages) == 1 else None) or event.locale,
        kind="module" if module else "recall",
        module=module,
        skill=skill,
        items=items,
        quiz_by=event.quiz_by,
        reasons=reasons,
        candidates=candidates,
    )


def _candidates(ranking: Iterable[Considered], best: Considered | None = None) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            module_id=one.offer.module_id,
            version=one.offer.version,
            score=one.need.need,
            probability=float(one is best),
            locale=one.offer.locale,
            why_not=one.why_not,
        )
        for one in ranking
    )


def _reasons(need: Need, comes_back: bool, asked: Asked) -> Iterator[Reason]:
    """Only what is true for the reader: the plan asks for the skill, and why it is this skill's turn."""
    event = asked.event
    activity = vocabulary().activities.get(event.activity)
    yield _reason("activity", need.skill, activity=event.activity if _calls_for(event, need.skill) else None)
    if comes_back:
        yield _reason("missed", need.skill)
    if need.reason == "never_trained":
        yield _reason("never_trained", need.skill)
    elif need.reason == "clearance_gap" and activity:
        yield _reason("clearance", need.skill, function=activity.function)
    elif last := asked.past.last(need.skill):
        yield _reason("days", need.skill, days=max(0, (asked.now - last).days))


@lru_cache(maxsize=2_000)
def _reason(
    code: ReasonCode,
    skill: str | None = None,
    *,
    activity: str | None = None,
    function: str | None = None,
    days: int | None = None,
) -> Reason:
    """Frozen, and said to many mentors."""
    return Reason(code=code, activity=activity, skill=skill, function=function, days=days)


def _calls_for(event: ContentRequested, skill: str) -> bool:
    activity = vocabulary().activities.get(event.activity)
    return activity is not None and activity.weight(skill, event.stage) > 0


def _nothing(event: ContentRequested, reason: str, ranking: Iterable[Considered]) -> NothingSuitable:
    return NothingSuitable(
        request_id=event.request_id,
        session_id=event.session_id,
        mentor_id=event.mentor_id,
        site_id=event.site_id,
        needs=event.needs,
        reason=reason,
        candidates=_candidates(ranking),
    )


def _why_none(ranking: Iterable[Considered]) -> str:
    """The site's missing data is named where that alone stands in the way: staff can mend it."""
    lacking = any(one.why_not == "variables" for one in ranking)
    return "site_variables_missing" if lacking else "no_module_for_needs"
