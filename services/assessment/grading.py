"""What an answer to an item is worth, what may be tried again, and the order in which options are shown. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from shared.contracts.content import Item, Option


@dataclass(frozen=True, slots=True)
class Grade:
    correct: bool
    mistakes: tuple[str, ...]


def grade(item: Item, chosen: Sequence[str]) -> Grade:
    off = _off(item, chosen)
    return Grade(correct=not off, mistakes=tuple(dict.fromkeys(o.mistake for o in off if o.mistake)))


def acceptable(item: Item, chosen: Sequence[str], tried: Sequence[str] = ()) -> bool:
    """Whether the page could have sent this: known options, as many as the kind asks for, and none already tried."""
    offered = {option.id for option in offered_options(item, tried)}
    if len(set(chosen)) != len(chosen) or not set(chosen) <= offered:
        return False
    match item.kind:
        case "single":
            return len(chosen) == 1
        case "multi":
            return len(chosen) >= 1
        case "order":
            return len(chosen) == len(offered)
        case "open":
            return False


def offered_options(item: Item, tried: Sequence[str] = ()) -> tuple[Option, ...]:
    """Before a retry of a single choice the tried option is gone; the other kinds offer everything again."""
    gone = set(tried) if item.kind == "single" else set()
    return tuple(option for option in item.options if option.id not in gone)


def may_retry(item: Item) -> bool:
    """With two options a second try would give the answer away."""
    return len(item.options) > 2


def right_options(item: Item) -> tuple[Option, ...]:
    if item.kind == "order":
        return in_order(item)
    return tuple(option for option in item.options if option.right)


def in_order(item: Item) -> tuple[Option, ...]:
    return tuple(sorted(item.options, key=lambda option: option.place or 0))


def mistakes_offered(item: Item) -> tuple[str, ...]:
    return tuple(dict.fromkeys(option.mistake for option in item.options if option.mistake))


def shuffled(training_id: UUID, item: Item, options: Sequence[Option]) -> list[Option]:
    """The same order for one training whenever the page is opened, another for the next training."""
    return sorted(options, key=lambda o: sha256(f"{training_id}/{item.id}/{o.id}".encode()).digest())


def _off(item: Item, chosen: Sequence[str]) -> list[Option]:
    """The options that make this answer not right: wrongly chosen, left out, or out of place."""
    if item.kind == "order":
        return [o for o, said in zip(in_order(item), chosen, strict=True) if o.id != said]
    picked = set(chosen)
    return [option for option in item.options if option.right != (option.id in picked)]
