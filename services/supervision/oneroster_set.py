"""A OneRoster set on a disk: a folder or a zip of CSV files, and what its manifest says of each. Bounded in size."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal, get_args

from services.supervision import csv_text
from services.supervision.people_file import Problem

Mode = Literal["bulk", "delta", "absent"]
READ = ("orgs", "academicSessions", "courses", "classes", "users", "roles", "enrollments")
BY_LOWER = {name.lower(): name for name in READ}
MIB = 1024 * 1024
MOST_BYTES = 1024 * MIB  # of a whole set, unpacked
MOST_FILES = 200
MOST_SHRUNK = 200  # times: more is no list of people
VERSIONS = ("1.1", "1.2")
MANIFEST = "manifest.csv"
NO_MANIFEST = "There is no manifest.csv, so nobody knows what these files are: nothing was read."
ADD_MANIFEST = 'Export the set again as OneRoster 1.1 or 1.2 CSV, or say what it is by a mapping with [set] manifest = "none".'
EXPORT = "Export the set again, and send it as it is."


class Unreadable(Exception):
    """Why nothing of a set can be read, and what to do."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what} {mend}")
        self.problem = Problem(1, "", what, mend)


@dataclass(frozen=True, slots=True)
class Files:
    """`opened`: by name without .csv, those that are read; `others` are not opened at all."""

    opened: Mapping[str, Callable[[], IO[bytes]]]
    manifest: Callable[[], IO[bytes]] | None
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    version: str
    modes: Mapping[str, Mode]


@contextmanager
def opened(source: Path | bytes, most_bytes: int = MOST_BYTES) -> Iterator[Files]:
    """Raises Unreadable. The files can be read as long as the context lasts."""
    if isinstance(source, Path) and source.is_dir():
        yield _folder(source, most_bytes)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
            yield _zipped(archive, most_bytes)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError):
        what = "This is no zip file, or it broke off."
        raise Unreadable(what, "Send the zip as your system exports it, or its folder.") from None


def _folder(folder: Path, most_bytes: int) -> Files:
    found = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    if sum(path.stat().st_size for path in found.values()) > most_bytes:
        raise _too_large(most_bytes)
    return _files({name: _opener(path) for name, path in found.items()})


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _zipped(archive: zipfile.ZipFile, most_bytes: int) -> Files:
    inside = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if len(inside) > MOST_FILES:
        raise Unreadable(f"There are {len(inside):,} files in the zip.", "Send the files of one OneRoster set only.")
    if any(info.flag_bits & 1 for info in inside):
        raise Unreadable("The zip has a password.", "Send it without one.")
    size, packed = sum(info.file_size for info in inside), sum(info.compress_size for info in inside)
    if size > most_bytes or size > 10 * MIB + MOST_SHRUNK * packed:
        raise _too_large(most_bytes)
    if len({PurePosixPath(info.filename).parent for info in inside}) > 1:
        raise Unreadable("The zip has several folders.", "Put the files of one set into one folder, and zip that.")
    return _files({PurePosixPath(info.filename).name: _unpacker(archive, info) for info in inside})


def _unpacker(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(info)


def _too_large(most_bytes: int) -> Unreadable:
    what = f"Unpacked, this is more than {most_bytes // MIB:,} MB, or much more than a list of people would be."
    return Unreadable(what, "Send the OneRoster files of one site only.")


def _files(found: Mapping[str, Callable[[], IO[bytes]]]) -> Files:
    """A name in other letters is the same file; of two such the first counts."""
    opened: dict[str, Callable[[], IO[bytes]]] = {}
    others: list[str] = []
    manifest = None
    for name, opener in found.items():
        known = BY_LOWER.get(name.lower().removesuffix(".csv")) if name.lower().endswith(".csv") else None
        if known:
            opened.setdefault(known, opener)
        elif name.lower() == MANIFEST:
            manifest = opener
        elif not name.startswith("."):
            others.append(name)
    return Files(opened, manifest, tuple(others))


def manifest(files: Files, *, needed: bool, version: str) -> tuple[Manifest | None, tuple[Problem, ...]]:
    """What each file is. Without a manifest, where none is needed, every file that is there is complete."""
    if files.manifest is None:
        if needed:
            return None, (Problem(1, "", NO_MANIFEST, ADD_MANIFEST, MANIFEST),)
        return Manifest(version, dict.fromkeys(files.opened, "bulk")), ()
    said, problems = _said(files.manifest)
    told, wrong = _version(*said.get("oneroster.version", (1, "")))
    problems += wrong
    modes: dict[str, Mode] = {}
    for name in READ:
        line, value = said.get(f"file.{name.lower()}", (1, "absent"))
        if fault := _fault(name, value, name in files.opened):
            problems.append(Problem(line, "value", *fault, MANIFEST))
        elif known := next((mode for mode in get_args(Mode) if mode == value), None):
            modes[name] = known
    return (None if problems else Manifest(told, modes)), tuple(problems)


def _version(line: int, found: str) -> tuple[str, list[Problem]]:
    told = next((one for one in VERSIONS if found == one or found.startswith(f"{one}.")), None)
    if told:
        return told, []
    what = f"“oneroster.version” is “{csv_text.quoted(found)}”." if found else "“oneroster.version” is not there."
    return "", [Problem(line, "value", what, "Export the set as OneRoster 1.1 or 1.2 CSV.", MANIFEST)]


def _fault(name: str, value: str, here: bool) -> tuple[str, str] | None:
    """What is wrong with what a manifest says of a file, and how to mend it."""
    if value not in get_args(Mode):
        return f"“{csv_text.quoted(value)}” says nothing of {name}.csv.", "Use bulk, delta or absent."
    if value != "absent" and not here:
        return f"{name}.csv is said to be here ({value}), and is not.", EXPORT
    if value == "absent" and here:
        return f"{name}.csv is said to be absent, and is here.", "Say bulk or delta for it, or leave it out."
    return None


def _said(opener: Callable[[], IO[bytes]]) -> tuple[dict[str, tuple[int, str]], list[Problem]]:
    """property -> (line, value), in small letters."""
    said: dict[str, tuple[int, str]] = {}
    rows = csv_text.records(opener, csv_text.encoding(opener))
    _, header = next(rows, (1, []))
    if [name.lower() for name in header[:2]] != ["propertyname", "value"]:
        what, mend = "The first line does not name propertyName and value.", EXPORT
        return said, [Problem(1, "", what, mend, MANIFEST)]
    for line, cells in rows:
        said[cells[0].lower()] = (line, cells[1].lower() if len(cells) > 1 else "")
    return said, []
