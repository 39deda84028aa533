"""Rows of a workbook: .xlsx as Excel and Google write it, .xls of older Excel, .ods of LibreOffice. Read whole when opened."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from services.trigger.calendar_parts import Progress
from services.trigger.sheet_parts import Row, Sheet, Unreadable

BEGINNINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # a zip; the older kind, and the newer one behind a password


def is_book(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in BEGINNINGS


def opened(path: Path, worksheet: str = "") -> Sheet:
    """The worksheet of that name, or the first that is not empty. Raises Unreadable."""
    try:
        sheet = _chosen(CalamineWorkbook.from_path(path), worksheet)
    except PasswordError:
        raise Unreadable(f"{path.name} is protected by a password. Save a copy without one.") from None
    except CalamineError as error:
        raise Unreadable(f"{path.name} is damaged, or no spreadsheet ({error}). Save it again as .xlsx or .csv.") from None
    return Sheet(f"a spreadsheet, worksheet “{sheet.name}”", partial(_rows, sheet))


def _chosen(book: CalamineWorkbook, name: str) -> CalamineSheet:
    shown = [one.name for one in book.sheets_metadata
             if one.visible is SheetVisibleEnum.Visible and one.typ is SheetTypeEnum.WorkSheet]  # fmt: skip
    listed = ", ".join(f"“{one}”" for one in shown)
    if name and name not in book.sheet_names:
        raise Unreadable(f"There is no worksheet “{name}”. There are: {listed}.")
    for one in [name] if name else shown:
        sheet = book.get_sheet_by_name(one)
        if sheet.height:
            return sheet
    raise Unreadable(f"There is nothing in {f'the worksheet “{name}”' if name else 'this workbook'}. Export it again.")


def _rows(sheet: CalamineSheet, progress: Progress) -> Iterator[Row]:
    first = (sheet.start or (0, 0))[0] + 1
    for done, cells in enumerate(sheet.iter_rows()):
        if done % 1000 == 0:
            progress(done, sheet.height)
        yield Row(first + done, [cell.strip() if isinstance(cell, str) else cell for cell in cells])
    progress(sheet.height, sheet.height)
