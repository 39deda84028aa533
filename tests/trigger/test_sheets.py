"""Rows as spreadsheets and people write them: what each means, and what is said of those that cannot be understood."""

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trigger import sheet_columns, sheet_dates, sheet_text
from services.trigger.sheet_columns import Words
from services.trigger.sheet_dates import TWO_WAYS, Order, When
from services.trigger.sheet_parts import Cell, Planned, Unreadable, Wrong
from services.trigger.sheet_rows import Reader
from tests.trigger.sheets import CHICAGO, HEADERS, checked, job, planned, said

ROW = "b-1,dana,2026-12-10,16:00,45,check_in"
FOUR = datetime(2026, 12, 10, 16, tzinfo=CHICAGO)
DANA = Planned(2, "b-1", "dana", FOUR, "America/Chicago", 45, "check_in", "in_person", False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sessions.csv"


def saved(file: Path, *lines: str, encoding: str = "utf-8") -> Path:
    file.write_bytes("\r\n".join((*lines, "")).encode(encoding))
    return file


def one(file: Path, row: str, headers: str = HEADERS, **asked: Any) -> Planned:
    (found,) = planned(job(saved(file, headers, row), **asked))
    return found


def wrong(file: Path, row: str, headers: str = HEADERS, **asked: Any) -> list[str]:
    """What is said of this row, the second line. The row after it always goes through."""
    found = job(saved(file, headers, row, ROW.replace("b-1", "good")), **asked)
    assert [good.ref for good in planned(found)] == ["good"]
    return said(checked(found))


def test_a_plain_row_is_a_session_on_the_sites_clock(file: Path) -> None:
    assert one(file, ROW) == DANA


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_same_rows_are_read_however_they_were_saved(file: Path, separator: str, encoding: str) -> None:
    lines = [line.replace(",", separator) for line in (HEADERS + ",notes", ROW.replace("dana", "josé") + ',"näh, über"')]
    found = job(saved(file, *lines, encoding=encoding))
    assert planned(found) == [DANA._replace(mentor_ref="josé")]
    name = {"cp1252": "Windows-1252"}.get(encoding, encoding[:6].upper().rstrip("-"))
    assert found.sheet.said == f"{name}, separated by {sheet_text.DELIMITERS[separator]}"


@pytest.mark.parametrize(("ending", "rows"), [("\r", 2), ("\n", 2), ("\r\n", 2), ("\r\n\r\n", 2)])
def test_every_end_of_line_is_one(file: Path, ending: str, rows: int) -> None:
    file.write_bytes(ending.join((HEADERS, ROW, ROW.replace("b-1", "b-2"), "")).encode())
    assert len(planned(job(file))) == rows


def test_a_title_above_and_a_hint_of_excel_are_no_rows(file: Path) -> None:
    lines = ["sep=;", "Sessions of Eastfield;;;;;", ";;;;;", HEADERS.replace(",", ";"), ROW.replace(",", ";")]
    found = job(saved(file, *lines))
    assert (found.columns.line, planned(found)) == (4, [DANA._replace(line=5)])


def test_a_quotation_mark_that_is_never_closed_costs_its_own_line_only(file: Path) -> None:
    rows = [ROW.replace("b-1", f"b-{n}") for n in range(300)]
    rows[7] = rows[7].replace("dana", '"dana')
    found = job(saved(file, HEADERS, *rows))
    assert [row.ref for row in planned(found)] == [f"b-{n}" for n in range(300) if n != 7]
    assert [row.line for row in planned(found)][-1] == 301
    assert said(checked(found)) == [
        "Line 9: a quotation mark on this line is never closed, or stands in the middle of a cell. "
        "Close it; inside a cell write it twice."
    ]


def test_lines_are_counted_as_an_editor_counts_them_after_a_cell_of_several(file: Path) -> None:
    rows = (ROW.replace("check_in", 'check_in,"two\nlines"'), ROW.replace("b-1", "b-2") + ",")
    assert [row.line for row in planned(job(saved(file, HEADERS + ",notes", *rows)))] == [2, 4]


@pytest.mark.parametrize(
    "headers",
    [
        "Booking No,Volunteer ID,Session Date,Start Time,Duration (min),Type of session",
        "SESSION_ID,MentorRef,day,Begins,mins,Activity Code",
        "Reference,Tutor,Fecha,Hora,Length,Purpose",
    ],
)
def test_headers_are_known_by_the_names_that_people_give_them(file: Path, headers: str) -> None:
    assert one(file, ROW, headers) == DANA


def test_a_file_without_known_headers_says_how_to_explain_them(file: Path) -> None:
    with pytest.raises(Unreadable, match=r"No row of headers was found.*--print-columns"):
        job(saved(file, "a,b,c", "1,2,3"))


def test_every_column_that_is_missing_is_named_at_once(file: Path) -> None:
    with pytest.raises(Unreadable) as told:
        job(saved(file, "notes,date,mode", "x,2026-12-10,virtual"))
    for words in ("reference", "whose session", "how long", "what a session is for", "--no-ref", "--minutes 45"):
        assert words in str(told.value)


def test_two_headers_for_one_thing_are_not_guessed(file: Path) -> None:
    with pytest.raises(Unreadable, match="“Start” and “Begins” could both be the time"):
        job(saved(file, HEADERS.replace("time", "Start,Begins"), ROW))


def test_the_printed_columns_explain_a_file_once_they_are_filled_in(file: Path, tmp_path: Path) -> None:
    saved(file, "Nr.,Wer,date,time,minutes,Was", ROW.replace("check_in", "Nachhilfe"))
    printed = sheet_columns.written(sheet_columns.opened(file))
    filled = printed.replace('ref = ""', 'ref = "Nr."').replace('mentor = ""', 'mentor = "Wer"')
    filled = filled.replace('activity = ""', 'activity = "Was"') + 'nachhilfe = "homework_help"\n'
    (tmp_path / "columns.toml").write_text(filled)
    words = sheet_columns.words_of(tmp_path / "columns.toml")
    assert planned(job(file, words=words)) == [DANA._replace(activity="homework_help")]


def test_columns_can_be_explained_by_a_csv_file_too(file: Path, tmp_path: Path) -> None:
    saved(file, "Nr.,Wer,date,time,minutes,activity", ROW)
    (tmp_path / "columns.csv").write_text("header,column\nNr.,ref\nWer,mentor\n")
    assert planned(job(file, words=sheet_columns.words_of(tmp_path / "columns.csv"))) == [DANA]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[columns]\nmentro = "Wer"', "there is no column “mentro”. Did you mean mentor?"),
        ('[activities]\nTutoring = "homework"', "there is no activity “homework”. Did you mean homework_help?"),
        ("[columns", "cannot be read"),
        ("columns = 5", "should hold lines such as"),
    ],
)
def test_a_wrong_file_of_columns_is_explained(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "columns.toml").write_text(text)
    with pytest.raises(Unreadable, match=words.replace("?", r"\?")):
        sheet_columns.words_of(tmp_path / "columns.toml")


DAY = date(2026, 12, 10)


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("2026-12-10", When(DAY)),
        ("2026/12/10", When(DAY)),
        ("20261210", When(DAY)),
        ("12/13/2026", When(date(2026, 12, 13))),
        ("13.12.2026", When(date(2026, 12, 13))),
        ("05/05/2026", When(date(2026, 5, 5))),
        ("Dec 10, 2026", When(DAY)),
        ("Thursday, December 10th, 2026", When(DAY)),
        ("10-Dec-2026", When(DAY)),
        ("46366", When(DAY)),
        (46366.0, When(DAY)),
        (datetime.combine(DAY, time()), When(DAY)),
        ("46366.6666666667", When(DAY, time(16))),
        (0.6666666667, When(None, time(16))),
        (time(15, 59, 59, 999_000), When(None, time(16))),
        (timedelta(hours=16), When(None, time(16))),
        ("16:00", When(None, time(16))),
        ("4:00 pm", When(None, time(16))),
        ("4 P.M.", When(None, time(16))),
        ("12:15 am", When(None, time(0, 15))),
        ("1600", When(None, time(16))),
        ("2026-12-10T16:00:00", When(DAY, time(16))),
        ("12/13/2026 4:00 PM", When(date(2026, 12, 13), time(16))),
    ],
)
def test_a_date_or_a_time_is_read_as_it_is_written(cell: Cell, meant: When) -> None:
    assert sheet_dates.when(cell, "") == meant


@pytest.mark.parametrize("cell", ["16", "soon", "2026-02-30", "25:00", "13:00 pm", "4:00 PM CST", "31/31/2026", True, 7.5])
def test_what_is_no_date_and_no_time_is_never_one(cell: Cell) -> None:
    assert isinstance(sheet_dates.when(cell, ""), Wrong)


def test_a_date_that_can_be_read_in_two_ways_is_an_error_until_the_order_is_declared(file: Path) -> None:
    row = ROW.replace("2026-12-10", "03/04/2026")
    (words,) = wrong(file, row)
    assert words.startswith("Line 2, date: this date can be read in two ways")
    assert '("03/04/2026")' in words
    assert "--dates mdy" in words
    assert [one(file, row, order=order).starts_at.date() for order in ("mdy", "dmy")] == [date(2026, 3, 4), date(2026, 4, 3)]


@pytest.mark.parametrize(("order", "written"), [("mdy", "4/26/03"), ("dmy", "26/4/03"), ("ymd", "03-4-26")])
def test_a_year_of_two_digits_needs_an_order(order: Order, written: str) -> None:
    assert sheet_dates.when(written, "") == sheet_dates.SHORT_YEAR
    assert sheet_dates.when(written, order) == When(date(2003, 4, 26))


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_without_an_order_no_day_is_taken_for_another(day: date) -> None:
    for written in (f"{day:%m/%d/%Y}", f"{day:%d/%m/%Y}", f"{day:%d.%m.%Y}"):
        assert sheet_dates.when(written, "") in (When(day), TWO_WAYS)


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [("45", 45), (45.0, 45), ("45 min", 45), ("0:45", 45), ("1 h 30", 90), ("1.5 hours", 90), ("PT1H30M", 90), ("PT45M", 45),
     (time(0, 45), 45), (timedelta(minutes=45), 45), ("0.03125", 45)],
)  # fmt: skip
def test_a_length_is_read_as_it_is_written(cell: Cell, minutes: int) -> None:
    assert sheet_dates.length(cell) == minutes


@pytest.mark.parametrize("cell", ["0.75", 0.5, "long", "4", "481", "-45"])
def test_a_length_that_is_unclear_or_impossible_is_never_guessed(cell: Cell) -> None:
    assert isinstance(sheet_dates.length(cell), Wrong)


def test_one_column_may_hold_date_and_time_and_another_the_end(file: Path) -> None:
    headers = "ref,mentor,start,end,activity"
    assert one(file, "b-1,dana,2026-12-10 16:00,2026-12-10 16:45,check_in", headers) == DANA
    assert one(file, "b-1,dana,2026-12-10T16:00,4:45 pm,check_in", headers) == DANA


def test_an_instant_is_told_on_the_clock_of_its_place(file: Path) -> None:
    headers = "ref,mentor,start,minutes,activity,time_zone"
    utc = one(file, "b-1,dana,2026-12-10T22:00:00Z,45,check_in,", headers)
    assert (utc, utc.starts_at.isoformat()) == (DANA, "2026-12-10T16:00:00-06:00")
    assert one(file, "b-1,dana,2026-12-10 22:00,45,check_in,UTC", headers) == DANA
    denver = one(file, "b-1,dana,2026-12-10 15:00,45,check_in,Mountain Standard Time", headers)
    assert (denver.starts_at.isoformat(), denver.time_zone) == ("2026-12-10T15:00:00-07:00", "America/Denver")


def test_mode_and_status_are_understood_and_a_cancelled_row_needs_neither_length_nor_activity(file: Path) -> None:
    headers = HEADERS + ",mode,status"
    assert one(file, ROW + ",Face-to-face,confirmed", headers) == DANA
    assert one(file, ROW + ",Zoom,", headers).mode == "virtual"
    assert one(file, "b-1,dana,2026-12-10,16:00,,,,Canceled", headers).cancelled


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (",dana,2026-12-10,16:00,45,check_in", ["Line 2, ref: this row has no reference. Give it one, or add --no-ref"]),
        ("b-1,,2026-12-10,16:00,45,check_in", ["Line 2, mentor: this row has no mentor"]),
        ("b-1,dana,,16:00,45,check_in", ["Line 2, date: this row has no date"]),
        ("b-1,dana,2026-12-10,,45,check_in", ["Line 2, time: this row has no time"]),
        ("b-1,dana,16:00,2026-12-10,45,chek_in", ["Did you mean check_in?"]),
        ("b-1,dana,2026-12-10,16:00,,check_in", ["Line 2, minutes: this row does not say how long"]),
        ("b-1,dana,2026-12-10,16:00,45,", ["Line 2, activity: this row has no activity"]),
        ("b-1,dana,0206-12-10,16:00,45,check_in", ["Line 2, date: this year cannot be right"]),
        ("1.23E+11,dana,2026-12-10,16:00,45,check_in", ["Line 2, ref: a spreadsheet has shortened this number"]),
        ("#N/A,dana,2026-12-10,16:00,45,check_in", ["Line 2, ref: the spreadsheet has an error here"]),
        (f"{'x' * 201},dana,2026-12-10,16:00,45,check_in", ["Line 2, ref: this is longer than 200 characters"]),
        ("b-1,da\x00na,2026-12-10,16:00,45,check_in", ["Line 2, mentor: this has characters that cannot be read"]),
        (ROW + ",,extra", ["Line 2: this row has more cells than there are headers"]),
        ("b-1,dana,tomorrow,4,ages,fun", ["Line 2, date:", "Line 2, time:", "Line 2, minutes:", "Line 2, activity:"]),
    ],
)
def test_a_wrong_row_is_named_by_line_and_column_and_costs_no_other(file: Path, row: str, words: list[str]) -> None:
    told = wrong(file, row)
    assert len(told) == len(words)
    for sentence, part in zip(told, words, strict=True):
        assert part in sentence


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("16:00,15:00,,,", "Line 2, end: it ends before it begins"),
        ("16:00,16:45,60,,", "Line 2, minutes: minutes and end do not agree"),
        ("16:00,16:45,,by pigeon,", "Line 2, mode: this is no way to meet that jitt knows"),
        ("16:00,16:45,,,on hold", "Line 2, status: this is no status that jitt knows"),
        ("2026-12-11 16:00,16:45,,,", "Line 2, time: this is another day than the row's date"),
    ],
)
def test_columns_that_contradict_each_other_are_an_error(file: Path, row: str, words: str) -> None:
    headers = "ref,mentor,activity,date,time,end,minutes,mode,status"
    saved(file, headers, f"b-1,dana,check_in,2026-12-10,{row}")
    (told,) = said(checked(job(file)))
    assert words in told


def test_rows_without_a_reference_are_known_by_mentor_and_start_when_that_is_asked_for(file: Path) -> None:
    row = ROW.removeprefix("b-1,")
    saved(file, "mentor,date,time,minutes,activity", row, row.replace("16:00", "17:00"))
    refs = [row.ref for row in planned(job(file, makes_refs=True))]
    assert refs == ["dana/row/2026-12-10T22:00:00Z", "dana/row/2026-12-10T23:00:00Z"]


def test_a_reference_that_comes_twice_counts_once_and_says_where_the_other_is(file: Path) -> None:
    rows = [ROW.replace("b-1", f"b-{n % 500}") for n in range(1_002)]
    found = checked(job(saved(file, HEADERS, *rows)))
    assert len(found.twice) == found.problems.wrong_rows == 502
    assert said(found)[0].endswith("(the other is on line 2).")
    assert 1003 in found.twice
    assert 501 not in found.twice
    assert "b-7" in found.references
    assert "b-500" not in found.references


def test_a_million_wrong_rows_would_take_no_more_room_than_a_few(file: Path) -> None:
    found = checked(job(saved(file, HEADERS, *(ROW.replace("16:00", f"{n}").replace("b-1", f"b-{n}") for n in range(25, 99)))))
    (alike,) = found.problems.of("error")
    assert (alike.count, len(alike.first), found.problems.wrong_rows) == (74, 5, 74)


def test_of_wrong_values_each_is_shown_once(file: Path) -> None:
    rows = [ROW.replace("check_in", "Chess" if n % 2 else "Lunch").replace("b-1", f"b-{n}") for n in range(100)]
    (alike,) = checked(job(saved(file, HEADERS, *rows))).problems.of("error")
    assert ([problem.value for problem in alike.first], alike.count) == (["Lunch", "Chess"], 100)


def test_sessions_in_the_small_hours_are_pointed_out_and_taken_as_they_stand(file: Path) -> None:
    found = job(saved(file, HEADERS, ROW.replace("16:00", "4:00")))
    assert [row.starts_at.hour for row in planned(found)] == [4]
    assert said(checked(found))[0].startswith('Line 2: this starts before 6 in the morning ("2026-12-10 04:00")')


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 and then nothing", b"\xd0\xcf\x11\xe0 no", b"\x00\x01\x02\x03"])
def test_what_is_no_file_of_rows_is_refused_in_words(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(Unreadable):
        job(file)


@given(st.binary(max_size=400))
def test_no_bytes_stop_the_reading(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(f"{HEADERS}\n{ROW}\n".encode() + data)
    found = job(file)
    rows = list(Reader(found.columns, found.asked, found.columns.picker()).read(found.sheet.rows(lambda done, of: None)))
    assert all(isinstance(row, Planned) or row for row in rows)
    checked(found)


LIKELY = ["2026-12-10", "3/4/2026", "16:00", "4 pm", "45", "46366.5", "0.5", "UTC", "b-1"]
CELLS = st.one_of(st.text(max_size=12), st.sampled_from(LIKELY))


@given(st.lists(st.lists(CELLS, min_size=6, max_size=8), max_size=8))
def test_no_mixture_of_cells_is_beyond_words(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    file = tmp_path_factory.getbasetemp() / "mixed.csv"
    with file.open("w", newline="", encoding="utf-8", errors="surrogatepass") as text:
        csv.writer(text).writerows([f"{HEADERS},time_zone,end".split(","), *rows])
    found = job(file, words=Words())
    for row in planned(found):
        assert 5 <= row.minutes <= 480
        assert row.ref.isprintable()
    checked(found)
