"""`jitt content check`: every rule on every module of a folder, each finding with its place and how to mend it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.content import media, pictures, rules
from services.content.findings import Finding, Level
from services.content.module import Draft, read
from services.content.rules import Broken
from shared.contracts.content import Item, Module
from shared.contracts.vocabulary import Vocabulary, vocabulary

LIBRARY = Path(__file__).parent / "library"
LARGEST = 200 * 1024
PRINTED = str.maketrans("“”‘’", "\"\"''")


@dataclass(frozen=True, slots=True)
class Checked:
    drafts: tuple[Draft, ...]
    findings: tuple[Finding, ...]


class NothingToCheck(Exception):
    """The folder holds no module."""


def check(folder: Path, today: date, words: Vocabulary | None = None) -> Checked:
    """Every *.md below the folder, or the one file. Raises NothingToCheck."""
    files = [folder] if folder.is_file() else sorted(file for file in folder.rglob("*.md") if file.is_file())
    if not files:
        raise NothingToCheck(f"There is no module (*.md) in {folder}.")
    drafts = tuple(read(_text(file), _named(file), pictures.near(file), media.near(file)) for file in files)
    found = [finding for draft in drafts for finding in of_draft(draft, today, words or vocabulary())]
    return Checked(drafts, tuple(sorted([*found, *between(drafts)])))


def of_draft(draft: Draft, today: date, words: Vocabulary) -> Iterator[Finding]:
    yield from draft.findings
    if "\ufffd" in "".join(draft.lines):
        yield _finding(draft, "encoding", "error", Broken("", "The file is not UTF-8.", "Save it as UTF-8.", "\ufffd"))
    module = draft.module
    if module is None:
        return
    if (size := _size(draft.lines, module)) > LARGEST:
        what = f"The file has {size // 1024} KiB, and the bus carries at most {LARGEST // 1024}."
        yield _finding(draft, "size", "error", Broken("", what, "Cut it: a module is read in five minutes."))
    for name, level, rule in (*rules.RULES, *pictures.RULES, *media.RULES):
        for broken in rule(module, words):
            yield _finding(draft, name, level, broken)
    for broken in rules.overdue(module, today):
        yield _finding(draft, "review-overdue", "warning", broken)
    for broken in rules.due_soon(module, today):
        yield _finding(draft, "review-due", "warning", broken)
    if module.module_id != Path(draft.file).stem:
        mend = f"Rename the file to {module.module_id}.md, or correct the id."
        yield _finding(draft, "file-name", "error", Broken("module_id", f"The file holds the module {module.module_id}.", mend))


def _size(lines: Sequence[str], module: Module) -> int:
    """In bytes, with the pictures that the module carries."""
    return sum(len(line.encode()) + 1 for line in lines) + sum(len(card.picture.svg) for card in module.cards if card.picture)


def between(drafts: Sequence[Draft]) -> Iterator[Finding]:
    """What only shows beside other files: a module twice, and a translation with other questions."""
    first: dict[tuple[str, str], Draft] = {}
    questions: dict[str, tuple[str, list[tuple[object, ...]]]] = {}
    for draft in drafts:
        module = draft.module
        if module is None:
            continue
        seen = first.setdefault((module.module_id, module.locale), draft)
        if seen is not draft:
            what = f"{module.module_id} in {module.locale} is already in {seen.file}."
            yield _finding(draft, "twice", "error", Broken("module_id", what, "Remove one, or give it another id."))
        own = [_question(item) for item in module.items]
        file, others = questions.setdefault(module.module_id, (draft.file, own))
        if own != others:
            different = next((mine[0] for mine, other in zip(own, others, strict=False) if mine != other), "")
            what = f"The questions differ from those of the same module in {file}."
            mend = "Keep ids, kinds, order, right options and mistakes the same in every language."
            yield _finding(draft, "translation", "error", Broken(f"items.{different}".rstrip("."), what, mend))


def _question(item: Item) -> tuple[object, ...]:
    """What a translation keeps: answers are compared across languages."""
    options = tuple((option.id, option.right, option.mistake) for option in item.options)
    return item.id, item.kind, item.skill, item.safety, options


def _finding(draft: Draft, rule: str, level: Level, broken: Broken) -> Finding:
    line, column = _place(draft, broken)
    return Finding(draft.file, line, column, level, rule, broken.what, broken.mend)


def _place(draft: Draft, broken: Broken) -> tuple[int, int]:
    """The line of the part, or of the word in it; columns count from 1."""
    line = draft.line(broken.path)
    word = broken.word.translate(PRINTED)
    for number in range(line, min(line + 40, len(draft.lines)) + 1) if word else ():
        column = draft.lines[number - 1].translate(PRINTED).find(word)
        if column >= 0:
            return number, column + 1
    text = draft.lines[line - 1] if line <= len(draft.lines) else ""
    return line, len(text) - len(text.lstrip()) + 1


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8", errors="replace")


def _named(file: Path) -> str:
    """As a person would type it from here."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)
