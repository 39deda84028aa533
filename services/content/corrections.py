"""A correction: which questions of which older versions were wrong, and what is right now. Pure.

It reaches every older version that asked the same question: a wrong key is often found some versions later. Also one that had
it right, where an earlier correction has told otherwise.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from services.content.changes import same_question
from shared.contracts.content import Item, ItemCorrected, Module

Numbered = tuple[int, Module]  # a version
Key = tuple[int, str]  # a version's question


def corrections(
    older: Sequence[Numbered], new: Numbered, reason: str, now: datetime, earlier: Collection[int] = ()
) -> Iterator[ItemCorrected]:
    """`older` in their order; the last one says what the correction changes. `earlier`: which of them were corrections."""
    number, module = new
    standing = _standing(older, earlier)
    for (version, _), item in _corrected(older, module, standing):
        yield ItemCorrected(
            version=version,
            corrected_version=number,
            key_changed=_key_changed(standing[version, item.id], item),
            reason=reason,
            corrected_at=now,
            **_now(module, item),
        )


def _standing(older: Sequence[Numbered], earlier: Collection[int]) -> dict[Key, Item]:
    """What the answers to each question of each version are judged by: its own item, or that of the newest correction of it."""
    standing: dict[Key, Item] = {}
    for place, (number, module) in enumerate(older):
        if number in earlier:
            standing |= dict(_corrected(older[:place], module, standing))
        standing |= {(number, item.id): item for item in module.items}
    return standing


def _corrected(older: Sequence[Numbered], module: Module, standing: dict[Key, Item]) -> list[tuple[Key, Item]]:
    """The questions of older versions that this module corrects, each with what is right now."""
    last = {item.id: item for item in older[-1][1].items}
    changed = [item for item in module.items if item.id in last and _marked(last[item.id]) != _marked(item)]
    return [
        ((version, item.id), item)
        for item in changed
        for version, before in older
        for was in before.items
        if was.id == item.id and same_question(was, item) and _marked(standing[version, item.id]) != _marked(item)
    ]


def right(item: Item) -> tuple[str, ...]:
    """Option ids; of an ordering question all of them, in order."""
    if item.kind == "order":
        return tuple(option.id for option in sorted(item.options, key=lambda option: option.place or 0))
    return tuple(option.id for option in item.options if option.right)


def _marked(item: Item) -> set[tuple[object, ...]]:
    """Whatever an answer is judged and explained by."""
    return {(option.id, option.right, option.place, option.mistake, option.why) for option in item.options}


def _key_changed(was: Item, item: Item) -> bool:
    return right(was) != right(item) if item.kind == "order" else set(right(was)) != set(right(item))


def _now(module: Module, item: Item) -> dict[str, Any]:
    """The question as it is right."""
    return {
        "module_id": module.module_id,
        "locale": module.locale,
        "item_id": item.id,
        "skill": item.skill,
        "kind": item.kind,
        "safety_critical": item.safety,
        "right": right(item),
        "mistakes": {option.id: option.mistake for option in item.options if option.mistake},
    }
