"""Every text of a module with its path, such as `items.q1.options.a.why`: where a finding about it stands in the file. Pure."""

from collections.abc import Iterator

from shared.contracts.content import Card, Item, Module


def parts(module: Module) -> Iterator[tuple[str, str]]:
    """In the order of the file. A path that a file gives no place is that of what holds it."""
    yield from ((name, getattr(module, name)) for name in ("title", "refer_when", "keep_in_mind", "hook"))
    for number, card in enumerate(module.cards):
        yield from _of_card(f"cards.{number}", card)
    for item in module.items:
        yield from _of_item(f"items.{item.id}", item)
    yield from ((f"prompts.{number}", text) for number, text in enumerate(module.prompts))


def _of_card(path: str, card: Card) -> Iterator[tuple[str, str]]:
    alt = card.picture.alt if card.picture else ""
    yield from ((path, card.title), (f"{path}.picture", alt), (f"{path}.text", card.text))
    if card.media:
        yield f"{path}.media", card.media.title
    yield from ((path, line.text) for line in card.scene)
    for branch in card.branches:
        own = f"{path}.branches.{branch.id}"
        yield from ((own, branch.say), (f"{own}.reaction", branch.reaction), (f"{own}.then", branch.then))


def _of_item(path: str, item: Item) -> Iterator[tuple[str, str]]:
    yield from ((path, item.topic), (f"{path}.stem", item.stem), (f"{path}.question", item.question), (f"{path}.cue", item.cue))
    for option in item.options:
        yield from ((f"{path}.options.{option.id}", option.text), (f"{path}.options.{option.id}.why", option.why))
    yield f"{path}.prompt", item.prompt or ""
