"""Workbooks of older Excel (.xls) and of LibreOffice (.ods), as small as they can be: one worksheet of rows."""

from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from struct import pack
from xml.sax.saxutils import escape
from zipfile import ZipFile

Cell = str | int | date | time
SECTOR = 512
FREE, END, FAT, NOBODY = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
SHORTEST = 4096  # bytes: a shorter stream would be kept in another way
SHORT_DATE, SHORT_TIME = 14, 20  # number formats that Excel has built in
STYLES = {str: 0, int: 0, date: 1, time: 2}
EPOCH = date(1899, 12, 30)
NAMES = " ".join(f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
                 for short, name in (("office", "office"), ("table", "table"), ("text", "text")))  # fmt: skip

MANIFEST = """<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="content.xml">{}</manifest:file-entry></manifest:manifest>"""
Maker = Callable[[Path, list[list[Cell]]], Path]


def ods(path: Path, rows: list[list[Cell]], locked: bool = False) -> Path:
    table = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    with ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", MANIFEST.format("<manifest:encryption-data/>" if locked else ""))
        book.writestr("content.xml", f"<office:document-content {NAMES}><office:body><office:spreadsheet>"
                      f'<table:table table:name="Sheet1">{table}</table:table>'
                      "</office:spreadsheet></office:body></office:document-content>")  # fmt: skip
    return path


def _ods_cell(value: Cell) -> str:
    match value:
        case str():
            kind = 'office:value-type="string"'
        case int():
            kind = f'office:value-type="float" office:value="{value}"'
        case date():
            kind = f'office:value-type="date" office:date-value="{value}"'
        case time():
            kind = f'office:value-type="time" office:time-value="{value:PT%HH%MM%SS}"'
    return f"<table:table-cell {kind}><text:p>{escape(str(value))}</text:p></table:table-cell>"


def xls(path: Path, rows: list[list[Cell]]) -> Path:
    """BIFF8 in a compound file: a header, one sector of FAT, one of directory, and the stream "Workbook"."""
    stream = _workbook(rows).ljust(SHORTEST, b"\0")
    stream += b"\0" * (-len(stream) % SECTOR)
    sectors = len(stream) // SECTOR
    chain = [FAT, END, *range(3, sectors + 2), END]
    fat = pack(f"<{SECTOR // 4}I", *chain, *[FREE] * (SECTOR // 4 - len(chain)))
    directory = _entry("Root Entry", 5, 1, END, 0) + _entry("Workbook", 2, NOBODY, 2, len(stream)) + bytes(256)
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += pack("<9I", 0, 1, 1, 0, SHORTEST, END, 0, END, 0) + pack("<109I", 0, *[FREE] * 108)
    path.write_bytes(head + fat + directory + stream)
    return path


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    words = name.encode("utf-16-le") + b"\0\0"
    links = pack("<3I", NOBODY, NOBODY, child)
    return words.ljust(64, b"\0") + pack("<HBB", len(words), kind, 1) + links + bytes(36) + pack("<IQ", start, size)


def _workbook(rows: list[list[Cell]]) -> bytes:
    formats = b"".join(_record(0xE0, pack("<3H14x", 0, number, 0)) for number in (0, SHORT_DATE, SHORT_TIME))
    begin = _record(0x809, pack("<4H2I", 0x600, 5, 0, 0, 0, 0)) + formats
    name = b"Sheet1"
    at = len(begin) + 4 + 8 + len(name) + 4  # after the sheet's own record and the end of this part
    listed = _record(0x85, pack("<IHBB", at, 0, len(name), 0) + name) + _record(0x0A)
    cells = b"".join(_xls_cell(n, place, value) for n, row in enumerate(rows) for place, value in enumerate(row))
    return begin + listed + _record(0x809, pack("<4H2I", 0x600, 0x10, 0, 0, 0, 0)) + cells + _record(0x0A)


def _xls_cell(row: int, place: int, value: Cell) -> bytes:
    where = pack("<3H", row, place, STYLES[type(value)])
    if isinstance(value, str):
        return _record(0x204, where + pack("<HB", len(value), 1) + value.encode("utf-16-le"))
    return _record(0x203, where + pack("<d", _number(value)))


def _number(value: int | date | time) -> float:
    match value:
        case date():
            return (value - EPOCH).days
        case time():
            return (value.hour * 60 + value.minute) / 1440
    return value


def _record(kind: int, content: bytes = b"") -> bytes:
    return pack("<HH", kind, len(content)) + content
