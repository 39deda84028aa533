"""Rows of a text file, however a spreadsheet wrote it. A quotation mark that is never closed costs its own line only."""

import codecs
import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from charset_normalizer import from_bytes

from services.trigger.calendar_parts import Progress
from services.trigger.sheet_parts import Changed, Row, Sheet, Unreadable

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LIKELY = ["cp1252", "cp1250", "cp1251", "mac_roman", "shift_jis", "gb18030", "big5", "euc_kr"]
NAMES = {"utf-8-sig": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "mac_roman": "Mac Roman"}
BLOCK = 1 << 20
SAMPLE_LINES, SAMPLE_CHARACTERS = 50, 1 << 16
LONGEST_ROW = 100  # lines: notes in a cell are shorter; an open quotation mark would swallow the file
CHANGED = "{} was changed while it was read, so this stopped. Run it again: what is imported already stays, and is not doubled."
UNCLOSED = "a quotation mark on this line is never closed, or stands in the middle of a cell"
HINT = re.compile(r"sep=(.)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """How a text file is written. `skip`: lines before the first that is one of its rows."""

    encoding: str
    delimiter: str
    quote: str
    skip: int = 0


class State(NamedTuple):
    """Of a file when it was opened: saved again, it has another."""

    inode: int
    size: int
    changed_ns: int


class _Unclosed(Exception):
    """A row goes on for longer than any row does."""


def opened(path: Path, encoding: str = "") -> Sheet:
    """Raises Unreadable; and its rows, Changed."""
    state = _state(path)
    form = form_of(path, encoding or encoding_of(path))
    name = NAMES.get(form.encoding, form.encoding.upper().replace("_", "-").replace("CP125", "Windows-125"))
    return Sheet(f"{name}, separated by {DELIMITERS.get(form.delimiter, form.delimiter)}", partial(rows, path, form, state))


def encoding_of(path: Path) -> str:
    """By its mark; else UTF-8 where the whole file is that; else a guess by the lines that are not."""
    with path.open("rb") as file:
        begin = file.read(4096)
    if not begin:
        raise Unreadable(f"{path.name} is empty. Export it again.")
    for mark, name in MARKS:
        if begin.startswith(mark):
            return name
    if (zeros := begin.count(0)) > len(begin) // 4:
        return "utf-16-le" if begin[1::2].count(0) > zeros // 2 else "utf-16-be"
    return "utf-8" if _is_utf_8(path) else _guess(path)


def form_of(path: Path, encoding: str) -> Form:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = list(islice(file, SAMPLE_LINES))
    lines = [line[:SAMPLE_CHARACTERS] for line in lines]
    if lines and (hint := HINT.fullmatch(lines[0])):  # Excel writes it
        return Form(encoding, hint[1], _quote(lines, hint[1]), skip=1)
    delimiter = max(DELIMITERS, key=lambda one: _fits(lines, one))
    return Form(encoding, delimiter, _quote(lines, delimiter))


def rows(path: Path, form: Form, state: State, progress: Progress) -> Iterator[Row]:
    _fail_unless(state, path)
    with path.open("rb") as raw, TextIOWrapper(raw, form.encoding, errors="replace", newline="") as text:
        lines = _Lines(islice(text, form.skip, None))
        for done, row in enumerate(_rows(lines, form)):
            if done % 1000 == 0:
                progress(raw.tell(), state.size)
            yield row
    _fail_unless(state, path)
    progress(state.size, state.size)


def _state(path: Path) -> State:
    found = path.stat()
    return State(found.st_ino, found.st_size, found.st_mtime_ns)


def _fail_unless(state: State, path: Path) -> None:
    if _state(path) != state:
        raise Changed(CHANGED.format(path.name))


class _Lines:
    """The lines of a file; those of the row at hand can be read again, all but its first."""

    def __init__(self, source: Iterator[str]) -> None:
        self.source, self.again = source, deque[str]()
        self.row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.row) == LONGEST_ROW:
            raise _Unclosed
        line = self.again.popleft() if self.again else next(self.source)
        self.row.append(line)
        return line

    def done(self) -> int:
        """How many lines the row at hand had."""
        taken = len(self.row)
        self.row.clear()
        return taken

    def back(self) -> None:
        self.again.extendleft(reversed(self.row[1:]))
        self.row.clear()


def _rows(lines: _Lines, form: Form) -> Iterator[Row]:
    reader, line = _reader(lines, form), 1 + form.skip
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Unclosed):
            yield Row(line, (), UNCLOSED)
            lines.back()
            reader, line = _reader(lines, form), line + 1
        else:
            yield Row(line, list(map(str.strip, cells)))
            line += lines.done()


def _reader(lines: Iterator[str], form: Form) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=form.delimiter, quotechar=form.quote, skipinitialspace=True, strict=True)


def _fits(lines: Sequence[str], delimiter: str) -> int:
    """How many cells it makes in rows of the most common length."""
    try:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
    except csv.Error:
        return 0
    return max((count * (width - 1) for width, count in widths.items()), default=0)


def _quote(lines: Sequence[str], delimiter: str) -> str:
    text = "".join(lines)
    edge = re.escape(delimiter)
    return max('"', "'", key=lambda mark: len(re.findall(f"(?:^|{edge}){mark}|{mark}(?:{edge}|$)", text, re.MULTILINE)))


def _is_utf_8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guess(path: Path) -> str:
    with path.open("rb") as file:
        odd = b"".join(islice((line[:SAMPLE_CHARACTERS] for line in file if not line.isascii()), SAMPLE_LINES))
    found = list(from_bytes(odd, cp_isolation=LIKELY))
    likely = {name for one in found if one.chaos <= found[0].chaos for name in one.could_be_from_charset}
    return "cp1252" if not found or "cp1252" in likely else found[0].encoding
