"""Builders of the tests of spreadsheets: rows read from text, and a workbook as small as Excel would open."""

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZipFile
from zoneinfo import ZoneInfo

from services.trigger import sheet_columns, sheet_import
from services.trigger.sheet_columns import Words
from services.trigger.sheet_import import Checked, Job
from services.trigger.sheet_parts import Planned
from services.trigger.sheet_rows import Asked, Reader
from services.trigger.store_imports import Source

CHICAGO = ZoneInfo("America/Chicago")
HEADERS = "ref,mentor,date,time,minutes,activity"
DATE, CLOCK, LENGTH = 1, 2, 3  # styles of a cell, in STYLES
TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>
{}</Types>"""
SHEET_TYPE = """<Override PartName="/xl/worksheets/sheet{}.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>"""
RELATIONS = """<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}
</Relationships>"""
RELATION = """<Relationship Id="r{0}" Target="{1}"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{2}"/>"""
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
BOOK = f"""<?xml version="1.0"?><workbook {MAIN}
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{{}}</sheets></workbook>"""
STYLES = f"""<?xml version="1.0"?><styleSheet {MAIN}>
<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>
<cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs>
<cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="20"/><xf numFmtId="46"/></cellXfs></styleSheet>"""
Value = str | float | tuple[float, int]  # a number with a style


def job(path: Path, *, words: Words | None = None, worksheet: str = "", encoding: str = "", **asked: Any) -> Job:
    sheet = sheet_columns.opened(path, encoding, worksheet)
    return sheet_import.job(sheet, Source("eastfield", "sheet"), Asked(CHICAGO, words=words or Words(), **asked))


def planned(found: Job) -> list[Planned]:
    rows = Reader(found.columns, found.asked, found.columns.picker()).read(found.sheet.rows(lambda done, of: None))
    return [row for row in rows if isinstance(row, Planned)]


def checked(found: Job) -> Checked:
    return sheet_import.check(found, lambda done, of: None)


def said(found: Checked) -> list[str]:
    several = [*found.problems.of("error"), *found.problems.of("warning")]
    return [problem.said() for alike in several for problem in alike.first]


def workbook(path: Path, **worksheets: list[list[Value]]) -> Path:
    numbers = range(1, len(worksheets) + 1)
    relations = [RELATION.format(n, f"worksheets/sheet{n}.xml", "worksheet") for n in numbers]
    relations.append(RELATION.format(99, "styles.xml", "styles"))
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(worksheets, 1))
    with ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", TYPES.format("".join(SHEET_TYPE.format(n) for n in numbers)))
        book.writestr("_rels/.rels", RELATIONS.format(RELATION.format(1, "xl/workbook.xml", "officeDocument")))
        book.writestr("xl/_rels/workbook.xml.rels", RELATIONS.format("".join(relations)))
        book.writestr("xl/workbook.xml", BOOK.format(names))
        book.writestr("xl/styles.xml", STYLES)
        for n, rows in enumerate(worksheets.values(), 1):
            book.writestr(f"xl/worksheets/sheet{n}.xml", _worksheet(rows))
    return path


def _worksheet(rows: list[list[Value]]) -> str:
    cells = "".join(f'<row r="{n}">{"".join(_cell(value, n, place) for place, value in enumerate(row))}</row>'
                    for n, row in enumerate(rows, 1))  # fmt: skip
    return f'<?xml version="1.0"?><worksheet {MAIN}><sheetData>{cells}</sheetData></worksheet>'


def _cell(value: Value, row: int, place: int) -> str:
    where = f"{chr(ord('A') + place)}{row}"
    if value == "":
        return ""
    if isinstance(value, str):
        return f'<c r="{where}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    number, style = value if isinstance(value, tuple) else (value, 0)
    return f'<c r="{where}" s="{style}"><v>{number}</v></c>'
