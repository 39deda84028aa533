"""Workbooks of every kind that is read, and files that change or cannot be read."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from services.trigger.sheet_parts import Changed, Planned, Unreadable
from tests.trigger import books
from tests.trigger.sheets import CHICAGO, CLOCK, DATE, HEADERS, LENGTH, Value, checked, job, planned, said, workbook

ROW = "b-1,dana,2026-12-10,16:00,45,check_in"
FOUR = datetime(2026, 12, 10, 16, tzinfo=CHICAGO)
DANA = Planned(2, "b-1", "dana", FOUR, "America/Chicago", 45, "check_in", "in_person", False)


def test_a_workbook_gives_dates_times_and_numbers_as_its_cells_show_them(tmp_path: Path) -> None:
    first: list[Value] = [4711.0, "dana", (46366, DATE), (0.6666666666, CLOCK), (0.03125, LENGTH), "Check-in"]
    rows = [["Sessions"], [], HEADERS.split(","), first, [""], ["b-2", "dana", 46366.0, 0.75, 45, "check_in"]]
    found = job(workbook(tmp_path / "fall.xlsx", Empty=[], Fall=rows))
    assert found.sheet.said == "a spreadsheet, worksheet “Fall”"
    assert [row[:6] for row in planned(found)] == [
        (4, "4711", "dana", FOUR, "America/Chicago", 45),
        (6, "b-2", "dana", FOUR + timedelta(hours=2), "America/Chicago", 45),
    ]


def test_a_worksheet_is_chosen_by_name_and_one_that_is_not_there_is_said(tmp_path: Path) -> None:
    rows = [HEADERS.split(","), ROW.split(",")]
    file = workbook(tmp_path / "fall.xlsx", Notes=[["see the other"]], Fall=rows)
    assert planned(job(file, worksheet="Fall")) == [DANA]
    with pytest.raises(Unreadable, match=r"There is no worksheet “Spring”\. There are: “Notes”, “Fall”"):
        job(file, worksheet="Spring")


def test_a_reference_that_a_spreadsheet_took_for_a_date_is_an_error(tmp_path: Path) -> None:
    rows = [HEADERS.split(","), [(46366, DATE), *ROW.split(",")[1:]]]
    (words,) = said(checked(job(workbook(tmp_path / "fall.xlsx", Fall=rows))))
    assert words.startswith("Line 2, ref: a spreadsheet has made a date of this")


@pytest.mark.parametrize("made", [books.xls, books.ods])
def test_a_workbook_of_older_excel_or_of_libreoffice_is_read_as_any_other(made: books.Maker, tmp_path: Path) -> None:
    rows: list[list[books.Cell]] = [
        [*HEADERS.split(",")],
        ["b-1", "dana", date(2026, 12, 10), time(16), 45, "check_in"],
        ["b-2", "zoë", "12/13/2026", "4:30 pm", "45 min", "Check-in"],
        [4711, "dana", date(2026, 12, 11), time(1), 5000, "check_in"],
    ]
    found = job(made(tmp_path / "fall", rows))
    sunday = FOUR + timedelta(days=3, minutes=30)
    assert planned(found) == [DANA, DANA._replace(line=3, ref="b-2", mentor_ref="zoë", starts_at=sunday)]
    assert [words.split(":")[0] for words in said(checked(found))] == ["Line 4, minutes"]


@pytest.mark.parametrize("made", [books.xls, books.ods])
def test_a_workbook_that_was_cut_off_is_refused_in_words(made: books.Maker, tmp_path: Path) -> None:
    file = made(tmp_path / "fall", [[*HEADERS.split(",")], [*ROW.split(",")]])
    file.write_bytes(file.read_bytes()[:600])
    with pytest.raises(Unreadable, match="is damaged, or no spreadsheet"):
        job(file)


def test_an_ods_behind_a_password_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="is protected by a password"):
        job(books.ods(tmp_path / "fall.ods", [["ref"]], locked=True))


SAVED = "\r\n".join((HEADERS, ROW, ROW.replace("b-1", "b-2"), ""))


@pytest.mark.parametrize("now", [SAVED + "b-3,dana,2026-12-12,16:00,45,check_in", SAVED.replace("16:00", "17:00")])
def test_a_file_that_is_saved_between_two_readings_stops_the_second_before_its_first_row(now: str, tmp_path: Path) -> None:
    file = tmp_path / "fall.csv"
    file.write_text(SAVED)
    found = job(file)
    assert checked(found).rows == 2
    file.write_text(now)
    with pytest.raises(Changed, match=r"fall\.csv was changed while it was read, so this stopped"):
        next(found.sheet.rows(lambda done, of: None))


def test_a_file_that_is_replaced_while_it_is_read_is_noticed_at_its_end(tmp_path: Path) -> None:
    file, other = tmp_path / "fall.csv", tmp_path / "other.csv"
    file.write_text(SAVED)
    rows = job(file).sheet.rows(lambda done, of: None)
    assert next(rows).line == 1
    other.write_text(SAVED)
    other.rename(file)
    with pytest.raises(Changed):
        list(rows)


def test_a_workbook_is_read_once_so_that_what_is_saved_later_is_another_file(tmp_path: Path) -> None:
    file = workbook(tmp_path / "fall.xlsx", Fall=[HEADERS.split(","), ROW.split(",")])
    found = job(file)
    file.unlink()
    assert planned(found) == planned(found) == [DANA]
