"""The words of a module: which there are, which site data they need, how they are printed, and their hash."""

import json
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

from shared.contracts.content import Card, Item, Module

VARIABLE = re.compile(r"\{(\w+)\}")
OPENING = re.compile(r"""(^|[\s(\[—–“‘*¿¡])(["'])""")


def content_hash(module: Module) -> str:
    """sha256 in hex of canonical JSON; fields left at their defaults do not count, so that new ones change no hash."""
    values = module.model_dump(mode="json", exclude_defaults=True)
    return sha256(json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def variables(words: Iterable[str]) -> tuple[str, ...]:
    """Names of the site's data that these words need, sorted."""
    return tuple(sorted({name for text in words for name in VARIABLE.findall(text)}))


def item_words(item: Item) -> Iterator[str]:
    yield from (item.topic, item.stem, item.question, item.cue, item.prompt or "")
    for option in item.options:
        yield from (option.text, option.why)


def card_words(card: Card) -> Iterator[str]:
    yield from (card.title, card.picture.alt if card.picture else "", card.media.title if card.media else "", card.text)
    yield from (line.text for line in card.scene)
    for branch in card.branches:
        yield from (branch.say, branch.reaction, branch.then)


def module_words(module: Module) -> Iterator[str]:
    yield from (module.title, module.hook, module.keep_in_mind, module.refer_when, *module.prompts)
    for card in module.cards:
        yield from card_words(card)
    for item in module.items:
        yield from item_words(item)


def typographic(text: str) -> str:
    """Plain quotes and apostrophes as printed ones; what is printed already stays."""
    previous = None
    while text != previous:
        previous, text = text, OPENING.sub(lambda m: m[1] + ("“" if m[2] == '"' else "‘"), text)
    return text.replace('"', "”").replace("'", "’").strip()


def unquoted(text: str) -> str:
    return text[1:-1] if text.startswith("“") and text.endswith("”") else text
