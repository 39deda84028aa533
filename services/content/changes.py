"""What changed between two versions of a module, in words for authors, and whether a correction could say it. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import count
from typing import Any

from services.content.module import HEADS, LETTERS
from shared.contracts.content import Branch, Card, Item, Module, Option

FRONT = ("skill", "title", "minutes", "scope_level", "refer_when", "keep_in_mind", "hook")
REVIEW = ("reviewed_by", "reviewed_on", "review_due")
ITEM = {"topic": "topic", "stem": "scene", "question": "question", "cue": "“Look for”", "prompt": "“Ask”"}
ALIKE = 0.8  # of two texts, as difflib counts it: more is the same text with a slip mended
WORD = re.compile(r"\w+(?:[’']\w+)?")
TURNS = frozenset(  # words that turn a sentence round
    ("not", "no", "never", "nobody", "nothing", "without", "cannot", "nunca", "jamás", "nadie", "nada", "sin", "ni")
)


@dataclass(frozen=True, slots=True)
class Change:
    """`part` is where, such as q2 or card 3; `before` and `after` are the words, where words changed."""

    part: str
    what: str
    before: str = ""
    after: str = ""

    @property
    def words(self) -> str:
        return f"{self.part}: {self.what}"


def changes(old: Module, new: Module) -> tuple[Change, ...]:
    """In the order of the file; empty when nothing changed."""
    new = keeping_ids(old, new)
    return (*_front(old, new), *_cards(old.cards, new.cards), *_items(old.items, new.items), *_prompts(old, new))


def correctable(old: Module, new: Module) -> bool:
    """Whether answers to the old questions are answers to the new ones: the same questions and options, in the same sense.

    What is right, why, the mistakes, topics, cues and prompts may differ; of other words only slips.
    """
    new = keeping_ids(old, new)
    aside = {"items", "site_variables", *REVIEW}
    if any(getattr(old, name) != getattr(new, name) for name in Module.model_fields if name not in aside):
        return False
    if old.items == new.items or len(old.items) != len(new.items):
        return False
    return all(same_question(*pair) for pair in zip(old.items, new.items, strict=True))


def keeping_ids(old: Module, new: Module) -> Module:
    """The new module, its options under the ids that the same words have in the old one.

    A file has no ids for options, only their places; moving one must not turn yesterday's answers into other ones.
    """
    before = {item.id: item for item in old.items}
    items = tuple(_keeping(before[item.id], item) if item.id in before else item for item in new.items)
    return new.model_copy(update={"items": items})


def _keeping(old: Item, new: Item) -> Item:
    by_text = {option.text: option.id for option in old.options}
    kept = [by_text.pop(option.text, None) for option in new.options]
    own = set(by_text.values()) | set(kept)
    free = iter([*by_text.values(), *(letter for letter in LETTERS if letter not in own)])
    options = [option.model_copy(update={"id": id_ or next(free)}) for id_, option in zip(kept, new.options, strict=True)]
    return new.model_copy(update={"options": tuple(options)})


def same_question(old: Item, new: Item) -> bool:
    same = all(getattr(old, name) == getattr(new, name) for name in ("id", "kind", "skill", "safety"))
    texts = {option.id: option.text for option in new.options}
    if not same or texts.keys() != {option.id for option in old.options}:
        return False
    pairs = [(old.stem, new.stem), (old.question, new.question), *((each.text, texts[each.id]) for each in old.options)]
    return all(_alike(*pair) for pair in pairs)


def _alike(old: str, new: str) -> bool:
    """One “not” more, or another number, is a short change of the words and another sense."""
    return old == new or (_sense(old) == _sense(new) and SequenceMatcher(None, old, new, autojunk=False).ratio() >= ALIKE)


def _sense(text: str) -> tuple[int, list[str]]:
    words = WORD.findall(text.lower())
    denied = sum(word in TURNS or word.endswith(("n’t", "n't")) for word in words)
    return denied, [word for word in words if any(letter.isdigit() for letter in word)]


def _front(old: Module, new: Module) -> Iterator[Change]:
    for name in (*FRONT, *REVIEW):
        yield from _differs("hook" if name == "hook" else "front matter", name, old, new, name)


def _differs(part: str, what: str, old: Any, new: Any, name: str) -> Iterator[Change]:
    before, after = _said(getattr(old, name)), _said(getattr(new, name))
    if before != after:
        done = "is new" if not before else "is gone" if not after else "changed"
        yield Change(part, done if what == part else f"{what} {done}", before, after)


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(_said(each) for each in value)
    return "" if value is None else str(value)


def _cards(old: Sequence[Card], new: Sequence[Card]) -> Iterator[Change]:
    pairs = _paired(old, new)
    for place, before in enumerate(old):
        if place not in pairs.values():
            yield Change(f"card {place + 1}", f"is gone: {_named(before)}")
    for place, card in enumerate(new):
        if place in pairs:
            yield from _card(f"card {place + 1}", old[pairs[place]], card)
        else:
            yield Change(f"card {place + 1}", f"is new: {_named(card)}")
    if (order := [pairs[place] for place in sorted(pairs)]) != sorted(order):
        yield Change("cards", "stand in another order")


def _paired(old: Sequence[Card], new: Sequence[Card]) -> dict[int, int]:
    """Place in the new one -> place in the old one: cards with the same title, then the rest of a kind in their order."""
    pairs: dict[int, int] = {}
    alike: tuple[Callable[[Card, Card], bool], ...] = (lambda a, b: a.title == b.title, lambda a, b: a.kind == b.kind)
    for same in alike:
        for place, card in enumerate(new):
            left = [n for n, before in enumerate(old) if n not in pairs.values() and same(before, card)]
            if place not in pairs and left:
                pairs[place] = left[0]
    return pairs


def _card(part: str, old: Card, new: Card) -> Iterator[Change]:
    if old.kind != new.kind:
        yield Change(part, f"is “{HEADS[new.kind]}” now (was: “{HEADS[old.kind]}”)")
    yield from _differs(part, "title", old, new, "title")
    yield from _differs(part, "text", old, new, "text")
    if old.scene != new.scene:
        yield Change(part, "scene changed", _scene(old), _scene(new))
    yield from _branches(part, old.branches, new.branches)
    known = set(type(new).model_fields) - {"kind", "title", "text", "scene", "branches"}
    yield from (Change(part, f"{name} changed") for name in sorted(known) if getattr(old, name) != getattr(new, name))


def _scene(card: Card) -> str:
    return " / ".join(f"{line.who.capitalize()}: {line.text}" for line in card.scene)


def _branches(part: str, old: Sequence[Branch], new: Sequence[Branch]) -> Iterator[Change]:
    for number, (before, after) in enumerate(zip(old, new, strict=False), 1):
        for name, words in (("say", "words"), ("reaction", "reaction"), ("then", "“Then”")):
            yield from _differs(part, f"line {number}'s {words}", before, after, name)
    for number in range(len(old) + 1, len(new) + 1):
        yield Change(part, f"line {number} is new", "", new[number - 1].say)
    for number in range(len(new) + 1, len(old) + 1):
        yield Change(part, f"line {number} is gone", old[number - 1].say)


def _named(card: Card) -> str:
    return f"“{card.title}”"


def _items(old: Sequence[Item], new: Sequence[Item]) -> Iterator[Change]:
    before, after = {item.id: item for item in old}, {item.id: item for item in new}
    yield from (Change(item.id, f"is gone: “{item.topic}”") for item in old if item.id not in after)
    for item in new:
        if item.id in before:
            yield from _item(before[item.id], item)
        else:
            yield Change(item.id, f"is new: “{item.topic}”")
    if [id_ for id_ in before if id_ in after] != [id_ for id_ in after if id_ in before]:
        yield Change("questions", "stand in another order")


def _item(old: Item, new: Item) -> Iterator[Change]:
    if old.kind != new.kind:
        yield Change(new.id, f"its kind is {new.kind} now (was: {old.kind})")
    if old.safety != new.safety:
        yield Change(new.id, "is a safety question now" if new.safety else "is no safety question any more")
    yield from _differs(new.id, "skill", old, new, "skill")
    for name, words in ITEM.items():
        yield from _differs(new.id, words, old, new, name)
    yield from _options(old, new)


def _options(old: Item, new: Item) -> Iterator[Change]:
    before = dict(zip((option.id for option in old.options), count(1)))
    after = dict(zip((option.id for option in new.options), count(1)))
    known = {option.id: option for option in old.options}
    yield from _key(old, new, before, after)
    for option in old.options:
        if option.id not in after:
            yield Change(new.id, f"option {before[option.id]} is gone", option.text)
    for option in new.options:
        if option.id in known:
            yield from _option(new.id, f"option {after[option.id]}", known[option.id], option)
        else:
            yield Change(new.id, f"option {after[option.id]} is new", "", option.text)
    shared = [id_ for id_ in after if id_ in before]
    if new.kind != "order" and shared != sorted(shared, key=lambda id_: before[id_]):
        yield Change(new.id, "the options stand in another order")


def _option(part: str, name: str, old: Option, new: Option) -> Iterator[Change]:
    yield from _differs(part, f"words of {name}", old, new, "text")
    yield from _differs(part, f"why of {name}", old, new, "why")
    if old.mistake != new.mistake:
        yield Change(part, f"mistake of {name} is {new.mistake or 'none'} now (was: {old.mistake or 'none'})")


def _key(old: Item, new: Item, before: dict[str, int], after: dict[str, int]) -> Iterator[Change]:
    """What is right now; options that came or went are said by themselves, unless what is right went with them."""
    if old.kind == new.kind == "order":
        if [option.id for option in _ordered(old)] != [option.id for option in _ordered(new)]:
            yield Change(new.id, "the right order changed", _in_a_row(_ordered(old)), _in_a_row(_ordered(new)))
        return
    was_right = [option.id for option in old.options if option.right]
    is_right = [option.id for option in new.options if option.right]
    if set(was_right) != set(is_right) and is_right:
        verb = "is" if len(is_right) == 1 else "are"
        yield Change(new.id, f"{_numbered(is_right, after)} {verb} right now (was: {_numbered(was_right, before | after)})")


def _ordered(item: Item) -> list[Option]:
    return sorted(item.options, key=lambda option: option.place or 0)


def _in_a_row(options: Sequence[Option]) -> str:
    return " / ".join(option.text for option in options)


def _numbered(ids: Sequence[str], numbers: dict[str, int]) -> str:
    if not ids:
        return "none"
    said = ", ".join(str(number) for number in sorted(numbers[id_] for id_ in ids))
    return f"option {said}" if len(ids) == 1 else f"options {said}"


def _prompts(old: Module, new: Module) -> Iterator[Change]:
    for number, (before, after) in enumerate(zip(old.prompts, new.prompts, strict=False), 1):
        if before != after:
            yield Change("prompts", f"prompt {number} changed", before, after)
    if len(old.prompts) != len(new.prompts):
        yield Change("prompts", f"there are {len(new.prompts)} now (were: {len(old.prompts)})")
