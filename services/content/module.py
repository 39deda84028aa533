"""A module as authors write it (Markdown with front matter) and as the bus carries it, both ways.

Reading keeps the place of every part, so that whoever finds fault with one can say where it stands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from services.content.blocks import Block, FrontMatterBroken, Line, Value, split
from services.content.findings import Finding
from services.content.media import Blob, Files, NoMedia, media, nowhere
from services.content.pictures import REFERENCE, NoPicture, Pictures, picture, shipped
from services.content.words import module_words, typographic, unquoted, variables
from shared.contracts.content import Branch, Card, CardKind, Item, ItemKind, Media, Module, Option, Picture
from shared.contracts.content import Line as Spoken

REQUIRED = ("id", "skill", "title", "minutes", "locale", "scope_level", "refer_when", "keep_in_mind")
OPTIONAL = ("reviewed_by", "reviewed_on", "review_due")
CARDS: dict[str, CardKind] = {"card": "text", "example": "example", "branch": "branch"}
HEADS: dict[CardKind, str] = {kind: word.capitalize() for word, kind in CARDS.items()}
SPEAKERS = {"student": "student", "you": "you"}
LETTERS = "abcdefghijklmnopqrstuvwxyz"

CARD = re.compile(r"(?P<word>card|example|branch):\s*(?P<title>.+)", re.IGNORECASE)
QUESTION = re.compile(r"question\s+(?P<id>\w+)\s*(?:\((?P<marks>[^)]*)\))?\s*:\s*(?P<topic>.+)", re.IGNORECASE)
SAYING = re.compile(r"you say:\s*(?P<say>.+)", re.IGNORECASE)
LABEL = re.compile(r"(?P<name>look for|ask|reaction|then|why):\s*(?P<text>.+)", re.IGNORECASE | re.DOTALL)
ASKED = re.compile(r"\*\*(?P<text>.+)\*\*", re.DOTALL)
CHOICE = re.compile(r"(?:\[(?P<right>[xX ])\]\s*)?(?P<text>.+?)(?:\s*`(?P<mistake>\w+)`)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Draft:
    """What was read from a file: no module where `findings` say what is missing."""

    file: str
    lines: tuple[str, ...]
    module: Module | None
    places: Mapping[str, int] = field(default_factory=dict)  # "items.q1.cue" -> line
    findings: tuple[Finding, ...] = ()
    blobs: tuple[Blob, ...] = ()  # the audio and video of its cards

    def line(self, path: str) -> int:
        """Of the part itself, else of what holds it."""
        while path not in self.places and "." in path:
            path = path.rpartition(".")[0]
        return self.places.get(path, 1)


def read(text: str, file: str, pictures: Pictures = shipped, recordings: Files = nowhere) -> Draft:
    """Never raises: what cannot be read is in the draft's findings."""
    reading = _Reading(file, pictures, recordings)
    try:
        front, blocks = split(text)
    except FrontMatterBroken as error:
        reading.fault(error.line, str(error), "See the guide for authors, or copy the top of a shipped module.")
        return Draft(file, tuple(text.splitlines()), None, {}, tuple(reading.findings))
    values = _values(reading, front) | _body(reading, blocks, str(front.get("skill", ("", 0))[0]))
    module = None if reading.findings else _module(reading, values)
    return Draft(file, tuple(text.splitlines()), module, reading.places, tuple(reading.findings), tuple(reading.blobs))


class _Reading:
    """What has been found so far, and where."""

    def __init__(self, file: str, pictures: Pictures, recordings: Files) -> None:
        self.file = file
        self.pictures = pictures
        self.recordings = recordings
        self.blobs: list[Blob] = []
        self.places: dict[str, int] = {}
        self.findings: list[Finding] = []

    def fault(self, line: int, what: str, mend: str) -> None:
        self.findings.append(Finding(self.file, line, 1, "error", "format", what, mend))

    def put(self, path: str, line: int) -> None:
        self.places[path] = line


def _values(reading: _Reading, front: Mapping[str, tuple[Value, int]]) -> dict[str, Any]:
    for key in REQUIRED:
        if key not in front or not front[key][0]:
            reading.fault(front.get(key, ("", 1))[1], f"The front matter has no {key}.", f'Add a line "{key}: …".')
    for key, (_, line) in front.items():
        reading.put("module_id" if key == "id" else key, line)
        if key not in REQUIRED + OPTIONAL:
            reading.fault(line, f"The front matter has no place for {key!r}.", f"Use {', '.join(REQUIRED + OPTIONAL)}.")
    values = {key: value for key, (value, _) in front.items() if key in REQUIRED + OPTIONAL}
    words = {key: typographic(str(values.get(key, ""))) for key in ("title", "refer_when", "keep_in_mind")}
    numbers = {key: _number(reading, front, key) for key in ("minutes", "scope_level")}
    return {**values, **words, **numbers, "module_id": values.pop("id", "")}


def _number(reading: _Reading, front: Mapping[str, tuple[Value, int]], key: str) -> int:
    value, line = front.get(key, ("0", 1))
    if not str(value).isdecimal():
        reading.fault(line, f"{key} is not a number.", f'Write it in digits: "{key}: 4".')
        return 0
    return int(str(value))


def _body(reading: _Reading, blocks: Sequence[Block], skill: str) -> dict[str, Any]:
    hook: list[Block] = []
    found: dict[str, list[Any]] = {"cards": [], "items": [], "prompts": []}
    for head, part in _sections(blocks):
        if head is None:
            hook = part
        elif match := CARD.fullmatch(head.text):
            found["cards"].append(_card(reading, f"cards.{len(found['cards'])}", match, head, part))
        elif match := QUESTION.fullmatch(head.text):
            found["items"].append(_item(reading, match, head, part, skill))
        elif head.text.lower() == "prompts":
            found["prompts"] += _prompts(reading, head, part)
        else:
            reading.fault(head.line, f"The heading “{head.text}” is of no known kind.", _HEADINGS)
    reading.put("hook", hook[0].line if hook else 1)
    if not hook:
        reading.fault(1, "There is no hook.", "Open with the scene: a sentence or two before the first heading.")
    return {"hook": _text(hook), **{name: tuple(parts) for name, parts in found.items()}}


_HEADINGS = "Use “## Card: …”, “## Example: …”, “## Branch: …”, “## Question q1 (safety): …” or “## Prompts”."


def _sections(blocks: Sequence[Block], level: int = 2) -> Iterator[tuple[Block | None, list[Block]]]:
    """What stands before the first heading of this level, then each heading with what follows it."""
    head: Block | None = None
    part: list[Block] = []
    for block in blocks:
        if block.kind == "heading" and block.level <= level:
            yield head, part
            head, part = block, []
        else:
            part.append(block)
    yield head, part


def _card(reading: _Reading, path: str, match: re.Match[str], head: Block, part: Sequence[Block]) -> Card:
    reading.put(path, head.line)
    (_, own), *rest = _sections(part, level=3)
    shown, own = _picture(reading, path, own)
    picture, recording = (shown, None) if isinstance(shown, Picture) else (None, shown)
    scene = [line for block in own if block.kind == "quote" for line in _scene(reading, block)]
    text = [block for block in own if block.kind != "quote"]
    for block in dropwhile(lambda block: block.kind != "quote", own):
        if block.kind != "quote":
            reading.fault(block.line, "Words after a scene would be shown before it.", "Put them before the scene.")
    if text:
        reading.put(f"{path}.text", text[0].line)
    branches = [_branch(reading, path, n, head, inner) for n, (head, inner) in enumerate(rest) if head]
    kind = CARDS[match["word"].lower()]
    if branches and kind != "branch":
        reading.fault(head.line, "Only a branch card has “### You say: …” under it.", "Call the card “## Branch: …”.")
    title = typographic(match["title"])
    return Card(
        kind=kind,
        title=title,
        picture=picture,
        media=recording,
        text=_text(text),
        scene=tuple(scene),
        branches=tuple(branches),
    )


def _picture(reading: _Reading, path: str, own: list[Block]) -> tuple[Picture | Media | None, list[Block]]:
    """If it, or audio or video, is the first thing on the card; and the rest of the card."""
    first, rest = own[:1], own[1:]
    match = REFERENCE.fullmatch(first[0].text) if first else None
    if match is None:
        return None, own
    reading.put(f"{path}.{'media' if match['path'].startswith('media/') else 'picture'}", first[0].line)
    try:
        if match["path"].startswith("media/"):
            recording, blobs = media(typographic(match["alt"]), match["path"], reading.recordings)
            reading.blobs += blobs
            return recording, rest
        found = picture(match, reading.pictures)
    except (NoPicture, NoMedia) as problem:
        reading.fault(first[0].line, str(problem), problem.mend)
        return None, rest
    return found.model_copy(update={"alt": typographic(found.alt)}), rest


def _scene(reading: _Reading, block: Block) -> Iterator[Spoken]:
    for line in _said_lines(block.lines):
        who, _, text = line.text.partition(":")
        if who.strip().lower() not in SPEAKERS or not text.strip():
            reading.fault(line.number, "A line of a scene does not say who speaks.", "Begin it with “Student:” or “You:”.")
        else:
            yield Spoken.model_validate({"who": SPEAKERS[who.strip().lower()], "text": typographic(text)})


def _said_lines(lines: Sequence[Line]) -> list[Line]:
    """A line that names nobody goes on with the line before it; an empty line ends it."""
    said: list[Line] = []
    ended = True
    for line in lines:
        speaks = line.text.partition(":")[0].strip().lower() in SPEAKERS
        if line.text and (ended or speaks):
            said.append(line)
        elif line.text:
            said[-1] = Line(f"{said[-1].text} {line.text}", said[-1].number)
        ended = not line.text
    return said


def _branch(reading: _Reading, path: str, number: int, head: Block, part: Sequence[Block]) -> Branch:
    letter = LETTERS[number % len(LETTERS)]
    path = f"{path}.branches.{letter}"
    reading.put(path, head.line)
    match = SAYING.fullmatch(head.text)
    if not match:
        reading.fault(head.line, "A branch does not say what the mentor says.", "Write “### You say: …”.")
    labels = _labels(reading, path, part)
    reaction, then = labels.get("reaction", ""), labels.get("then", "")
    return Branch(id=letter, say=typographic(match["say"] if match else ""), reaction=reaction, then=then)


def _labels(reading: _Reading, path: str, part: Sequence[Block]) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in part:
        for line in _labelled(block.lines):
            match = LABEL.fullmatch(line.text)
            if match:
                name = match["name"].lower()
                found[name] = typographic(match["text"])
                reading.put(f"{path}.{name}", line.number)
            else:
                reading.fault(line.number, "This line belongs to nothing.", "Begin it with “Reaction:” or “Then:”.")
    return found


def _labelled(lines: Sequence[Line]) -> list[Line]:
    joined: list[Line] = []
    for line in lines:
        text = line.text.strip()
        if joined and not LABEL.fullmatch(text):
            joined[-1] = Line(f"{joined[-1].text} {text}", joined[-1].number)
        else:
            joined.append(Line(text, line.number))
    return joined


def _item(reading: _Reading, match: re.Match[str], head: Block, part: Sequence[Block], skill: str) -> Item:
    path = f"items.{match['id']}"
    if path in reading.places:
        reading.fault(head.line, f"Two questions are called {match['id']}.", "Give each its own id: q1, q2, …")
    reading.put(path, head.line)
    reading.places.setdefault("items", head.line)
    kind, safety, of = _marks(reading, head, match["marks"] or "", skill)
    asked = ""
    labels: dict[str, str] = {}
    stem: list[Block] = []
    options: list[Option] = []
    for block in part:
        reading.places.setdefault(f"{path}.stem", block.line)
        if block.kind == "list":
            options += _options(reading, path, block, len(options))
        elif label := LABEL.fullmatch(block.text):
            labels[label["name"].lower()] = label["text"]
            reading.put(f"{path}.{_LABELS.get(label['name'].lower(), 'stem')}", block.line)
        elif strong := ASKED.fullmatch(block.text):
            asked = strong["text"]
            reading.put(f"{path}.question", block.line)
        else:
            stem.append(block)
    if not asked:
        reading.fault(head.line, f"Question {match['id']} asks nothing.", "Add a paragraph in bold: **What do you say?**")
    return Item(
        id=match["id"],
        kind=kind,
        skill=of,
        safety=safety,
        topic=typographic(match["topic"]),
        stem=_text(stem),
        question=typographic(asked),
        cue=typographic(labels.get("look for", "")),
        options=tuple(options),
        prompt=unquoted(typographic(labels["ask"])) if "ask" in labels else None,
    )


_LABELS = {"look for": "cue", "ask": "prompt"}


def _marks(reading: _Reading, head: Block, marks: str, skill: str) -> tuple[ItemKind, bool, str]:
    """In the brackets of a question's heading: its kind (single if none), "safety", and a skill other than the module's."""
    words = [word.strip() for word in marks.split(",") if word.strip()]
    kinds: list[ItemKind] = [kind for kind in get_args(ItemKind) if kind in words]
    skills = [word for word in words if word not in (*kinds, "safety")]
    if len(kinds) > 1 or len(skills) > 1:
        reading.fault(head.line, f"The brackets say too much: ({marks}).", "Name at most one kind, “safety” and one skill.")
    return (kinds or ["single"])[0], "safety" in words, (skills or [skill])[0]


def _options(reading: _Reading, path: str, block: Block, before: int) -> Iterator[Option]:
    for number, entry in enumerate(block.entries):
        letter = LETTERS[(before + number) % len(LETTERS)]
        line, *why = _labelled(entry)
        reading.put(f"{path}.options.{letter}", line.number)
        reason = LABEL.fullmatch(why[0].text) if why else None
        if why:
            reading.put(f"{path}.options.{letter}.why", why[0].number)
        match = CHOICE.fullmatch(line.text)
        if not match or (match["right"] is None) != block.ordered:
            reading.fault(line.number, "An option is not marked.", "Begin with “- [x]” (right), “- [ ]” or, to be ordered, “1.”.")
        else:
            yield Option(
                id=letter,
                text=typographic(match["text"]),
                right=block.ordered or match["right"] in ("x", "X"),
                mistake=match["mistake"],
                why=typographic(reason["text"]) if reason else "",
                place=number + 1 if block.ordered else None,
            )


def _prompts(reading: _Reading, head: Block, part: Sequence[Block]) -> Iterator[str]:
    reading.put("prompts", head.line)
    for number, entry in enumerate(entry for block in part for entry in block.entries):
        text = typographic(" ".join(line.text for line in entry))
        reading.put(f"prompts.{number}", entry[0].number)
        if not (text.startswith("“") and text.endswith("”")):
            reading.fault(entry[0].number, "A prompt is not in quotes.", "Write what the supervisor says aloud, in quotes.")
        yield unquoted(text)


def _text(blocks: Sequence[Block]) -> str:
    return typographic("\n\n".join(block.text for block in blocks))


def _module(reading: _Reading, values: dict[str, Any]) -> Module | None:
    try:
        module = Module.model_validate(values)
    except ValidationError as error:
        for fault in error.errors():
            path = ".".join(str(part) for part in fault["loc"])
            reading.fault(reading.places.get(path, 1), f"{path}: {fault['msg']}.", "Correct the value.")
        return None
    return module.model_copy(update={"site_variables": variables(module_words(module))})


def write(module: Module) -> str:
    """The file that reads back as this module."""
    parts = [_front_matter(module), module.hook]
    parts += [part for card in module.cards for part in _card_text(card)]
    parts += [part for item in module.items for part in _item_text(item, module.skill)]
    parts += ["## Prompts", "\n".join(f"- “{prompt}”" for prompt in module.prompts)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(module: Module) -> str:
    values = module.model_dump(mode="json", include=set(REQUIRED + OPTIONAL), exclude_none=True, exclude_defaults=True)
    text = yaml.safe_dump({"id": module.module_id, **values}, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{text}---"


def _card_text(card: Card) -> Iterator[str]:
    yield f"## {HEADS[card.kind]}: {card.title}"
    yield f"![{card.picture.alt}](pictures/{card.picture.name}.svg)" if card.picture else ""
    yield f"![{card.media.title}](media/{card.media.name})" if card.media else ""
    yield card.text
    yield "\n".join(f"> {line.who.capitalize()}: {line.text}" for line in card.scene)
    for branch in card.branches:
        yield f"### You say: {branch.say}"
        yield f"Reaction: {branch.reaction}\nThen: {branch.then}"


def _item_text(item: Item, skill: str) -> Iterator[str]:
    marks = [item.kind] * (item.kind != "single") + ["safety"] * item.safety + [item.skill] * (item.skill != skill)
    brackets = f" ({', '.join(marks)})" if marks else ""
    yield f"## Question {item.id}{brackets}: {item.topic}"
    yield item.stem
    yield f"**{item.question}**"
    yield f"Look for: {item.cue}" if item.cue else ""
    yield "\n".join(_option_text(option) for option in item.options)
    yield f"Ask: “{item.prompt}”" if item.prompt else ""


def _option_text(option: Option) -> str:
    mark = f"{option.place}. " if option.place else f"- [{'x' if option.right else ' '}] "
    mistake = f" `{option.mistake}`" if option.mistake else ""
    why = f"\n{' ' * len(mark[:3])}Why: {option.why}" if option.why else ""
    return f"{mark}{option.text}{mistake}{why}"
