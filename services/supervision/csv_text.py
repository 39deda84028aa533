"""CSV as sites really write it: which encoding, which separator, and each record with the line that it begins on."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import IO

FALLBACK = "cp1252"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
PIECE = 1 << 20
SHOWN = 60  # characters of a cell that a problem quotes
NOT_UTF_8 = "{} is not UTF-8; it was read as Windows-1252. Look at names with accents, or save it as “CSV UTF-8”."
UNREADABLE = "\n-"  # in place of what is no CSV: no cell of a list has a line break


def encoding(opened: Callable[[], IO[bytes]]) -> str:
    """By reading all of it once, a piece at a time."""
    with opened() as file:
        piece = file.read(PIECE)
        if piece[:2] in UTF_16:
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        try:
            while piece:
                decoder.decode(piece)
                piece = file.read(PIECE)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return FALLBACK
    return "utf-8-sig"


def records(opened: Callable[[], IO[bytes]], known: str) -> Iterator[tuple[int, list[str]]]:
    """Reads as it goes, so that a large file needs no room. Empty lines are no records."""
    with opened() as file, io.TextIOWrapper(file, known, errors="replace", newline="") as text:
        first = text.readline()
        yield from _records(_after(first, text), max(",;\t", key=first.count))


def _after(first: str, text: Iterable[str]) -> Iterator[str]:
    yield first
    yield from text


def _records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = [UNREADABLE]
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip(" \t") for cell in cells]
        line = reader.line_num + 1


def quoted(cell: str) -> str:
    """Short, and nothing in it that cannot be seen."""
    shown = cell if len(cell) <= SHOWN else cell[: SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
