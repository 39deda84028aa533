"""The modules on disk: read again when their files change, each with what the rules for authors say about it.

A file that cannot be read keeps the module that it held before, so that its author does not lose the page.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from services.content import rules
from services.content.findings import Finding
from services.content.lint import between, check
from services.content.module import Draft
from shared.contracts.content import Module

Mark = tuple[str, int, int]  # of a file: path, time of the last change in ns, size
Stamp = tuple[Mark, ...]
UNSAFE = re.compile(r"[^A-Za-z0-9_.~-]+")


class NothingToShow(Exception):
    """The folder holds no module."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was read last. `module` is the last one that could be read; `stale`: the file holds another by now."""

    name: str  # in addresses
    file: Path
    draft: Draft
    findings: tuple[Finding, ...]
    module: Module | None
    read_at: datetime

    @property
    def stale(self) -> bool:
        return self.module is not None and self.draft.module is None

    @property
    def title(self) -> str:
        return self.module.title if self.module else self.file.name

    @property
    def minutes(self) -> float:
        return rules.minutes(self.module) if self.module else 0


class Shelf:
    """A folder of modules, or one file with its other languages. Raises NothingToShow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: dict[Path, tuple[Stamp, Seen]] = {}
        if not self.all():
            raise NothingToShow(f"There is no module (*.md) in {path}.")

    def all(self) -> list[Seen]:
        """In the order of their files, as they are on disk now."""
        found = _of_one_module([self._read(file) for file in _files(self.path)], self.path)
        between_files = list(between([seen.draft for seen in found]))
        return [_with(seen, [each for each in between_files if each.file == seen.draft.file]) for seen in found]

    def find(self, name: str) -> Seen | None:
        """By itself: without what only shows beside the other files."""
        return next((self._read(file) for file in _files(self.path) if _name(file, self.path) == name), None)

    def stamp(self) -> Stamp:
        """Differs when a file was saved, came or went."""
        files = _files(self.path)
        folders = [folder for file in files for folder in (file.parent, file.parent.parent)]
        return (*(_mark(file) for file in files), *_pictures(folders))

    def _read(self, file: Path) -> Seen:
        stamp = _stamp(file)
        known = self._seen.get(file)
        if known and known[0] == stamp:
            return known[1]
        seen = _looked_at(file, _name(file, self.path), known[1].module if known else None)
        self._seen[file] = (stamp, seen)
        return seen


def _of_one_module(found: list[Seen], path: Path) -> list[Seen]:
    """Beside one file, only its other languages: a copy of it somewhere else is none."""
    if path.is_dir() or not found:
        return found
    first, *others = found
    return [first, *(each for each in others if _translates(each.draft.module, first.module))]


def _translates(other: Module | None, module: Module | None) -> bool:
    if other is None or module is None:
        return False
    return other.module_id == module.module_id and other.locale != module.locale


def _files(path: Path) -> list[Path]:
    """A file's other languages are under the same name in the folders beside its own."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*.md") if file.is_file())
    beside = path.absolute().parent.parent.glob(f"*/{path.name}")
    return [path, *sorted(file for file in beside if file.is_file() and not file.samefile(path))] if path.is_file() else []


def _stamp(file: Path) -> Stamp:
    """Of the file, and of the pictures and recordings that it may show."""
    return (_mark(file), *_pictures((file.parent, file.parent.parent)))


def _pictures(folders: Iterable[Path]) -> Iterator[Mark]:
    for folder in sorted(set(folders)):
        yield from (_mark(picture) for picture in sorted((*folder.glob("pictures/*.svg"), *folder.glob("media/*"))))


def _mark(file: Path) -> Mark:
    """A file that goes while we look has no time: its next look finds it gone."""
    try:
        found = file.stat()
    except OSError:
        return str(file), 0, 0
    return str(file), found.st_mtime_ns, found.st_size


def _looked_at(file: Path, name: str, before: Module | None) -> Seen:
    now = datetime.now(UTC)
    checked = check(file, now.date())
    (draft,) = checked.drafts
    return Seen(name, file, draft, checked.findings, draft.module or before, now)


def _with(seen: Seen, more: list[Finding]) -> Seen:
    findings = tuple(sorted([*seen.findings, *more], key=lambda each: (each.line, each.column, each.rule)))
    return replace(seen, findings=findings)


def _name(file: Path, path: Path) -> str:
    root = path if path.is_dir() else path.absolute().parent.parent
    parts = file.absolute().relative_to(root.absolute()).with_suffix("").parts
    return UNSAFE.sub("-", "~".join(parts))
