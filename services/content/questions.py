"""The questions a mentor is asked besides a whole module: what was missed, what is known, what a worn module has left. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice

from services.content.choices import FALLBACK, WHOLE, Asked, Edition, ItemFact, ItemKey, Offer, Past, Showing, lately
from shared.contracts.content import AssignedItem
from shared.contracts.trigger import ContentRequested, ItemRef, Need

RETURNING = 2  # docs/evidence.md L8: one or two old items a training


def looks_back(event: ContentRequested, past: Past) -> bool:
    """Whether questions of the mentor's past may be asked: without a need, or where a module for one is worn. A module that is
    not worn yet becomes so within a batch only where it need not rest, for a safety question that is open."""
    if event.recall_only or not event.needs or event.open_safety_skills:
        return True
    worn = {module for module, times in Counter(past.modules).items() if module and times >= WHOLE}
    if not worn:
        return False
    skills = {need.skill for need in event.needs}
    return any(module in worn and skill in skills for module, skill in zip(past.modules, past.skills, strict=True))


def returning(asked: Asked, locale: str) -> tuple[AssignedItem, ...]:
    """In the order sent; only what is published and what this site's numbers can fill."""
    keys = dict.fromkeys(map(_key, asked.event.returning))
    found = [_asked_as(edition, returning=True) for key in keys if (edition := _edition(key, locale, asked))]
    return tuple(found[:RETURNING])


def _edition(key: ItemKey, locale: str, asked: Asked) -> Edition | None:
    """A question that was missed in one version and language is the same question in every other: it is asked as the newest
    published version has it (a corrected one, then), in the training's language, else the mentor's own, else in English."""
    editions = asked.facts.items.get(key, ())
    languages = (locale, asked.event.locale, FALLBACK)
    found = next((each for language in languages for each in editions if each.locale == language), None)
    if found is None or found.item.kind == "open" or not asked.filled.issuperset(found.item.variables):
        return None
    return found


def recalled(back: tuple[AssignedItem, ...], asked: Asked, most: int) -> list[AssignedItem]:
    """So many known items: lowest recall of their skill first, then shown least often, then longest ago.

    What was assigned and never answered left no memory of its skill, and is not known.
    """
    event = asked.event
    taken = {_key(item) for item in back}
    shown, last = _items_shown(asked.past.showings)
    by_skill: dict[str, list[ItemKey]] = {}
    for key in shown:
        if (editions := asked.facts.items.get(key)) and key not in taken:
            by_skill.setdefault(editions[0].item.skill, []).append(key)
    first = event.fading or _by_recall(event.needs)
    groups = [by_skill.pop(skill, []) for skill in dict.fromkeys(first)]
    if not event.fading:
        groups.append([key for keys in by_skill.values() for key in keys])
    known = (key for keys in groups for key in sorted(keys, key=lambda key: (shown[key], last[key], key)))
    found = (edition for key in known if (edition := _edition(key, event.locale, asked)))
    return [_asked_as(edition) for edition in islice(found, most)]


def _by_recall(needs: Iterable[Need]) -> list[str]:
    return [need.skill for need in sorted(needs, key=lambda need: need.predicted_recall or 0.0)]


def of_worn(worn: Sequence[Offer], asked: Asked) -> list[AssignedItem]:
    """Questions of a skill's worn modules: shown least often first, then longest ago. None while they rest too."""
    if not worn:
        return []
    recalls = [past.at for past in asked.past.showings if past.recall_of == worn[0].skill]
    if lately(max(recalls, default=None), worn[0].skill, asked):
        return []
    shown, last = _items_shown(asked.past.showings)
    never = datetime.min.replace(tzinfo=UTC)
    here = [(offer, place, item) for offer in worn for place, item in enumerate(offer.items) if item.kind != "open"]
    here.sort(key=lambda one: (shown[_of(one)], last.get(_of(one), never), one[0].module_id, one[1]))
    return [assigned(offer.module_id, offer.version, offer.locale, item.id) for offer, _, item in here]


def _of(one: tuple[Offer, int, ItemFact]) -> ItemKey:
    return one[0].module_id, one[2].id


def _items_shown(showings: Sequence[Showing]) -> tuple[Counter[ItemKey], dict[ItemKey, datetime]]:
    shown = Counter(key for past in showings for key in past.items)
    return shown, {key: past.at for past in showings for key in past.items}


def others(items: Iterable[AssignedItem], back: Iterable[AssignedItem]) -> list[AssignedItem]:
    taken = {_key(item) for item in back}
    return [item for item in items if _key(item) not in taken] if taken else list(items)


def _key(ref: ItemRef | AssignedItem) -> ItemKey:
    return ref.module_id, ref.item_id


def _asked_as(edition: Edition, returning: bool = False) -> AssignedItem:
    return assigned(edition.module_id, edition.version, edition.locale, edition.item.id, returning)


@lru_cache(maxsize=10_000)
def assigned(module_id: str, version: int, locale: str, item_id: str, returning: bool = False) -> AssignedItem:
    """Frozen, and the same for every mentor who is asked it."""
    return AssignedItem(module_id=module_id, version=version, item_id=item_id, returning=returning, locale=locale)
