"""The questions a mentor is asked besides a whole module: what was missed, what is known, what a worn module has left. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from services.content.choices import FALLBACK, Asked, Choice, Edition, ItemFact, ItemKey, Offer, lately
from shared.contracts.content import AssignedItem
from shared.contracts.trigger import ContentRequested, ItemRef, Need

RETURNING = 2  # docs/evidence.md L8: one or two old items a training


def items_asked(event: ContentRequested, choices: Iterable[Choice]) -> Iterator[ItemKey]:
    """Whose editions are looked at: what may come back and, without a need, what the mentor knows."""
    yield from map(_key, event.returning)
    if event.recall_only or not event.needs:
        yield from (_key(ref) for choice in choices for ref in choice.items)


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
    place = {skill: n for n, skill in enumerate(event.fading or _by_recall(event.needs))}
    taken = {_key(item) for item in back}
    shown, last = _items_shown(asked.choices)
    skills = {key: asked.facts.items[key][0].item.skill for key in shown if key in asked.facts.items and key not in taken}
    known = [key for key, skill in skills.items() if not event.fading or skill in place]
    known.sort(key=lambda key: (place.get(skills[key], len(place)), shown[key], last[key], key))
    found = (edition for key in known if (edition := _edition(key, event.locale, asked)))
    return [_asked_as(edition) for edition in islice(found, most)]


def _by_recall(needs: Iterable[Need]) -> list[str]:
    return [need.skill for need in sorted(needs, key=lambda need: need.predicted_recall or 0.0)]


def of_worn(worn: Sequence[Offer], asked: Asked) -> list[AssignedItem]:
    """Questions of a skill's worn modules: shown least often first, then longest ago. None while they rest too."""
    recalls = [past.at for past in asked.choices if past.kind == "recall" and worn and past.skill == worn[0].skill]
    if not worn or lately(max(recalls, default=None), worn[0].skill, asked):
        return []
    shown, last = _items_shown(asked.choices)
    never = datetime.min.replace(tzinfo=UTC)
    here = [(offer, place, item) for offer in worn for place, item in enumerate(offer.items) if item.kind != "open"]
    here.sort(key=lambda one: (shown[_of(one)], last.get(_of(one), never), one[0].module_id, one[1]))
    return [assigned(offer.module_id, offer.version, offer.locale, item.id) for offer, _, item in here]


def _of(one: tuple[Offer, int, ItemFact]) -> ItemKey:
    return one[0].module_id, one[2].id


def _items_shown(choices: Iterable[Choice]) -> tuple[Counter[ItemKey], dict[ItemKey, datetime]]:
    shown: Counter[ItemKey] = Counter()
    last: dict[ItemKey, datetime] = {}
    for past in choices:
        keys = [_key(ref) for ref in past.items]
        shown.update(keys)
        last |= dict.fromkeys(keys, past.at)
    return shown, last


def others(items: Iterable[AssignedItem], back: Iterable[AssignedItem]) -> list[AssignedItem]:
    taken = {_key(item) for item in back}
    return [item for item in items if _key(item) not in taken]


def _key(ref: ItemRef | AssignedItem) -> ItemKey:
    return ref.module_id, ref.item_id


def _asked_as(edition: Edition, returning: bool = False) -> AssignedItem:
    return assigned(edition.module_id, edition.version, edition.locale, edition.item.id, returning)


def assigned(module_id: str, version: int, locale: str, item_id: str, returning: bool = False) -> AssignedItem:
    return AssignedItem(module_id=module_id, version=version, item_id=item_id, returning=returning, locale=locale)
