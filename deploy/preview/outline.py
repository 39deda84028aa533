"""A module as a list of its pages, each with what the rules say about the part of the file that it shows. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deploy.preview.drafts import Seen
from services.content.findings import Finding
from shared.contracts.content import CardKind, Item, Module

CARDS: dict[CardKind, str] = {"text": "Card", "example": "Example", "branch": "Branch"}
MARKS = {True: " (right)", False: ""}
TOP, NOWHERE = "", "nowhere in the file"


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to answer a question: the page then shows its feedback. `chosen` are option ids, with commas between."""

    words: str
    text: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Screen:
    """`at` is the page's place in addresses; empty for what no mentor sees, whose `texts` are told instead."""

    at: str
    words: str
    answers: tuple[Answer, ...] = ()
    texts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def screens(seen: Seen) -> list[Screen]:
    """In the order in which a mentor meets them; a finding stands with the part of the file in which its line is."""
    pages = list(_pages(seen.module)) if seen.module else [(TOP, Screen("", "The file"))]
    places = {**seen.draft.places, TOP: 1}
    starts = sorted((places[path], number) for number, (path, _) in enumerate(pages) if path in places)
    owned: dict[int, list[Finding]] = {}
    for finding in seen.findings:
        owner = [number for line, number in starts if line <= finding.line][-1]
        owned.setdefault(owner, []).append(finding)
    return [_with(screen, owned.get(number, [])) for number, (_, screen) in enumerate(pages)]


def _with(screen: Screen, findings: list[Finding]) -> Screen:
    return replace(screen, findings=tuple(findings))


def _pages(module: Module) -> Iterator[tuple[str, Screen]]:
    yield TOP, Screen("start", "Start")
    for number, card in enumerate(module.cards, 1):
        yield f"cards.{number - 1}", Screen(f"cards/{number}", f"{CARDS[card.kind]} {number}: {card.title}")
    for number, item in enumerate(module.items, 1):
        safety = ", safety" if item.safety else ""
        words = f"Question {number} ({item.id}{safety}): {item.topic}"
        yield f"items.{item.id}", Screen(f"questions/{number}", words, tuple(_answers(item)))
    yield "prompts", Screen("", "For the supervisor", texts=tuple(_prompts(module)))
    yield NOWHERE, Screen("done", "Done")


def _prompts(module: Module) -> Iterator[str]:
    """What the supervisor may ask: always, and if a question was missed."""
    yield from (f"“{prompt}”" for prompt in module.prompts)
    yield from (f"“{item.prompt}” (if {item.id} is missed)" for item in module.items if item.prompt)


def _answers(item: Item) -> Iterator[Answer]:
    match item.kind:
        case "single":
            for number, option in enumerate(item.options, 1):
                yield Answer(f"option {number}{MARKS[option.right]}", option.text, option.id)
        case "multi":
            yield Answer("all right ones", "", ",".join(option.id for option in item.options if option.right))
            yield Answer("all others", "", ",".join(option.id for option in item.options if not option.right))
        case "order":
            ordered = [option.id for option in sorted(item.options, key=lambda option: option.place or 0)]
            yield Answer("in order", "", ",".join(ordered))
            yield Answer("the other way round", "", ",".join(reversed(ordered)))
        case "open":
            return
