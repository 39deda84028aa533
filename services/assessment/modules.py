"""Finding what an assignment points at among the modules that have arrived: its cards, its items, in its language. Pure."""

from collections.abc import Mapping
from functools import lru_cache

from shared.contracts.content import Item, Module, ModulePublished, ModuleWithdrawn, TrainingAssigned

Modules = Mapping[str, ModulePublished | ModuleWithdrawn]  # by catalogue key; withdrawn ones stay as long as answers
FALLBACK = "en"


@lru_cache(maxsize=1_000)  # a page asks dozens of times
def keys_of(module_id: str, version: int, locale: str) -> tuple[str, ...]:
    """The mentor's language first."""
    return tuple(f"{module_id}/{each}@{version}" for each in dict.fromkeys((locale, FALLBACK)))


def module_keys(assigned: TrainingAssigned, number: int) -> tuple[str, ...]:
    """Where the item of this question can be; empty when there is no such question."""
    if not 1 <= number <= len(assigned.items):
        return ()
    ref = assigned.items[number - 1]
    if ref.locale:
        return (f"{ref.module_id}/{ref.locale}@{ref.version}",)
    return keys_of(ref.module_id, ref.version, assigned.locale)


def editions(assigned: TrainingAssigned, modules: Modules) -> tuple[str, ...]:
    """By question: the key of the module that is asked, or of the likeliest while none of them has arrived."""
    keys = [module_keys(assigned, number) for number in range(1, len(assigned.items) + 1)]
    return tuple(next((key for key in each if key in modules), each[0]) for each in keys)


def all_keys(assigned: TrainingAssigned) -> list[str]:
    numbers = range(1, len(assigned.items) + 1)
    own = keys_of(assigned.module.module_id, assigned.module.version, assigned.locale) if assigned.module else ()
    return list(dict.fromkeys([*own, *(key for number in numbers for key in module_keys(assigned, number))]))


def item_of(assigned: TrainingAssigned, number: int, modules: Modules) -> Item | None:
    for key in module_keys(assigned, number):
        if found := modules.get(key):
            wanted = assigned.items[number - 1].item_id
            return next((item for item in found.module.items if item.id == wanted), None)
    return None


def item_locale(assigned: TrainingAssigned, number: int, modules: Modules) -> str | None:
    """The language in which this question is asked."""
    return next((modules[key].locale for key in module_keys(assigned, number) if key in modules), None)


def module_of(assigned: TrainingAssigned, modules: Modules) -> Module | None:
    """The module whose cards are shown; a recall has none."""
    if assigned.module is None:
        return None
    keys = keys_of(assigned.module.module_id, assigned.module.version, assigned.locale)
    return next((modules[key].module for key in keys if key in modules), None)


def locale_of(assigned: TrainingAssigned, modules: Modules) -> str:
    """The language in which the cards are here, or all questions of a recall; else the one that was meant."""
    if own := assigned.module:
        keys = keys_of(own.module_id, own.version, assigned.locale)
        return next((modules[key].locale for key in keys if key in modules), assigned.locale)
    said = {item_locale(assigned, number, modules) for number in range(1, len(assigned.items) + 1)} - {None}
    return (said.pop() if len(said) == 1 else None) or assigned.locale


def all_here(assigned: TrainingAssigned, modules: Modules) -> bool:
    numbers = range(1, len(assigned.items) + 1)
    cards_here = assigned.module is None or module_of(assigned, modules) is not None
    return cards_here and all(item_of(assigned, number, modules) for number in numbers)
