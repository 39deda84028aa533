"""A training in another language: which versions of its modules ask the very same questions there. Pure.

Versions count for each language, so it is not the number that tells, but the key: the same options, right and wrong.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.assessment import modules
from services.assessment.modules import Modules
from services.assessment.training import Training, Translation
from services.assessment.visits import Visit
from shared.contracts.content import AssignedItem, Item, ModulePublished, ModuleRef


def translation(training: Training, language: str, editions: Sequence[ModulePublished], known: Modules) -> Translation:
    """`editions`: what is published of the training's modules in that language. What is not there stays as it is."""
    here = training.read_in(None).current
    newest = sorted(editions, key=lambda each: -each.version)
    numbers = range(1, len(here.items) + 1)
    own = _own(training, newest, {n: modules.item_of(here, n, known) for n in numbers})
    items = tuple(_item(training, n, own, newest, known) for n in numbers)
    ref = ModuleRef(module_id=own.module_id, version=own.version) if own else None
    return Translation(
        language=language,
        locale=own.locale if own else language,
        original=modules.locale_of(here, known),
        module=ref,
        items=items,
    )


def _own(training: Training, newest: Iterable[ModulePublished], asked: dict[int, Item | None]) -> ModulePublished | None:
    """The newest edition of the training's own module that asks all of its own questions."""
    module = training.assigned.module
    if module is None:
        return None
    refs = enumerate(training.assigned.items, 1)
    own = [item for n, ref in refs if ref.module_id == module.module_id and not ref.returning and (item := asked[n])]
    found = (each for each in newest if each.module_id == module.module_id)
    return next((each for each in found if all(_same(item, each) for item in own)), None)


def _item(
    training: Training, number: int, own: ModulePublished | None, newest: Iterable[ModulePublished], known: Modules
) -> AssignedItem | None:
    here = training.read_in(None).current
    ref, item = here.items[number - 1], modules.item_of(here, number, known)
    module = training.assigned.module
    if item is None:
        return None
    editions = [own] if module and ref.module_id == module.module_id else [e for e in newest if e.module_id == ref.module_id]
    found = next((each for each in editions if each and _same(item, each)), None)
    if found is None or found.locale == modules.item_locale(here, number, known):
        return None
    return ref.model_copy(update={"version": found.version, "locale": found.locale})


def _same(item: Item, edition: ModulePublished) -> bool:
    return any(says_the_same(item, each) for each in edition.module.items if each.id == item.id)


def says_the_same(one: Item, other: Item) -> bool:
    """Whether an answer to one is the same answer to the other."""
    return _key(one) == _key(other)


def _key(item: Item) -> tuple[object, ...]:
    options = frozenset((option.id, option.right, option.place, option.mistake) for option in item.options)
    return item.id, item.kind, item.skill, item.safety, options


def with_cards(visit: Visit, version: int, known: Modules) -> Visit:
    """Not yet begun, and this edition asks each of the training's own questions word for word: its cards are shown."""
    training, modules_known = visit.training, {**visit.modules, **known}
    here, module = training.current, training.assigned.module
    asked = [n for n, ref in enumerate(here.items, 1) if module and ref.module_id == module.module_id and not ref.returning]
    fits = any(all(visit.item(n) in edition.module.items for n in asked) for edition in known.values())
    if training.reading.translation or not fits:
        return visit
    reading = training.reading.model_copy(update={"cards_version": version})
    return replace(visit, training=replace(training, reading=reading), modules=modules_known)
