"""A people's file as sites really write it: each fault has its line, its column and how to mend it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.supervision import people_file
from services.supervision.people import Known, row_hash
from services.supervision.people_file import Parsed, Problem, Whose
from shared.contracts import ids
from shared.contracts.supervision import Match

WHOSE = Whose("eastfield", "America/Chicago", "en")
HEADER = "ref,role,name,email,phone,supervisor_ref,time_zone,locale,match_started_on,cleared\n"
DANA = "dana,supervisor,Dana Ortiz,dana@example.org,555 555 0100,,,,,\n"


def read(text: str, whose: Whose = WHOSE) -> Parsed:
    return people_file.read(text.encode(), whose)


def said(text: str) -> list[str]:
    return [str(problem) for problem in read(text).problems]


def test_a_good_row_is_taken_whole_with_the_sites_zone_and_language_where_it_says_nothing() -> None:
    row = 'marcus,mentor,Marcus Bell,m@example.org,+1 555 555 0117,dana,,,2026-09-01,"base:2027-06-30;academic_help:2027-01-31"'
    parsed = read(HEADER + DANA + row)
    assert parsed.problems == ()
    marcus = parsed.rows[1].person
    assert (marcus.person_id, marcus.supervisor_id) == (ids.mentor("eastfield", "marcus"), ids.supervisor("eastfield", "dana"))
    assert (marcus.time_zone, marcus.locale, marcus.matches) == ("America/Chicago", "en", (Match(started_on="2026-09-01"),))
    assert set(marcus.cleared) == {"relationship_building", "safeguarding_first_response", "academic_help"}
    assert marcus.cleared["academic_help"] == datetime(2027, 2, 1, 5, 59, 59, tzinfo=UTC), "the whole of its last day, in Chicago"


def test_a_supervisor_may_come_later_in_the_file() -> None:
    parsed = read(HEADER + "marcus,mentor,Marcus Bell,,,dana,,,,\n" + DANA)
    assert [row.person.reference for row in parsed.rows] == ["marcus", "dana"]


def test_a_supervisor_whom_the_site_has_already_need_not_be_in_the_file() -> None:
    whose = Whose("eastfield", "America/Chicago", "en", frozenset({ids.supervisor("eastfield", "dana")}))
    assert read(HEADER + "marcus,mentor,Marcus Bell,,,dana,,,,\n", whose).problems == ()


EMPTY = "or leave it empty."


@pytest.mark.parametrize(
    ("row", "where", "what", "mend"),
    [
        ("m,mentor,,,,,,,,", "name", "This cell is empty.", "Everybody needs a name, and a reference of the site's own."),
        ("m,teacher,M,,,,,,,", "role", "“teacher” is no role.", "Use one of: mentor, supervisor, site_lead."),
        ("m,mentor,M,m at x,,,,,,", "email", "“m at x” is not an e-mail address.", f"Write it like name@example.org, {EMPTY}"),
        ("m,mentor,M,,call me,,,,,", "phone", "“call me” is not a phone number.", f"Write it like 555 555 0100, {EMPTY}"),
        ("m,mentor,M,,,,America/Chicgo,,,", "time_zone", "“America/Chicgo” is no time zone.", "Did you mean “America/Chicago”?"),
        ("m,mentor,M,,,,,English,,", "locale", "“English” is not a language.", f"Write it like en or es, {EMPTY}"),
        ("m,mentor,M,,,,,,2026-13-01,", "match_started_on", "“2026-13-01” is not a date.", "Use YYYY-MM-DD."),
        ("m,mentor,M,,,,,,,academic_hlp", "cleared", "“academic_hlp” is no function.", "Did you mean “academic_help”?"),
        ("m,mentor,M,,,,,,,base:June", "cleared", "“June” is not a date.", "Use YYYY-MM-DD."),
        ("d,supervisor,D,,,,,,,base", "cleared", "This is for mentors only.", "Leave it empty for a supervisor."),
        (
            "m,mentor,M,,,lee,,,,",
            "supervisor_ref",
            "Nobody with the reference “lee” is a supervisor in this file or at this site.",
            "Add a row for the supervisor, or correct the reference.",
        ),
        (
            "m,mentor,M,,,,,,,,,",
            "",
            "This row has 12 cells; the first line names 10.",
            "Put quotation marks around a cell that has a comma or semicolon in it.",
        ),
        (
            'm,mentor,"M',
            "name",
            "There is a line break or a hidden character in this cell.",
            "Type the cell again. A closing quotation mark may be missing.",
        ),
    ],
)
def test_each_fault_says_where_what_and_how_to_mend_it(row: str, where: str, what: str, mend: str) -> None:
    assert read(HEADER + row + "\n").problems == (Problem(2, where, what, mend),)


def test_one_broken_row_leaves_the_others() -> None:
    parsed = read(HEADER + DANA + "m,teacher,M,,,,,,,\nleah,mentor,Leah Whitcombe,,,dana,,,,\n")
    assert [(row.line, row.person.reference) for row in parsed.rows] == [(2, "dana"), (4, "leah")]


def test_somebody_listed_twice_is_said_with_both_lines() -> None:
    assert said(HEADER + DANA + DANA) == ["Line 3, ref: “dana” is on line 2 already. Keep one of the two rows."]


def test_a_mentor_and_a_supervisor_may_share_a_reference() -> None:
    assert said(HEADER + DANA + "dana,mentor,Dana Ortiz,,,dana,,,,\n") == []


@pytest.mark.parametrize(
    "data",
    [
        (HEADER + DANA).encode(),
        b"\xef\xbb\xbf" + (HEADER + DANA).encode(),
        (HEADER + DANA).encode("utf-16"),
        (HEADER + DANA).replace(",", ";").encode(),
        (HEADER + DANA).replace(",", "\t").encode(),
        (HEADER + DANA).replace("\n", "\r\n").encode(),
        ("Ref,Role,Name,E-Mail,Phone,Supervisor ref,Time zone,Locale,Match started on,Cleared\n" + DANA).encode(),
        (HEADER + "\n,,,,,,,,,\n" + DANA).encode(),
    ],
    ids=["plain", "BOM", "UTF-16", "semicolons", "tabs", "Windows lines", "headings as people write them", "empty lines"],
)
def test_the_same_list_in_another_dress_says_the_same(data: bytes) -> None:
    parsed = people_file.read(data, WHOSE)
    assert (parsed.problems, parsed.notes) == ((), ())
    assert [row_hash(row.person) for row in parsed.rows] == [row_hash(row.person) for row in read(HEADER + DANA).rows]


def test_a_file_that_is_not_utf_8_is_read_and_said() -> None:
    parsed = people_file.read((HEADER + DANA).replace("Dana Ortiz", "Inês Carvalho").encode("latin-1"), WHOSE)
    assert parsed.rows[0].person.name == "Inês Carvalho"
    assert parsed.notes[0].startswith("The file is not UTF-8")


def test_a_column_nobody_reads_is_named() -> None:
    assert read("ref,role,name,emial\nm,mentor,M,m@example.org\n").notes == ("Not read: “emial”. Did you mean “email”?",)


@pytest.mark.parametrize("text", ["", "\n", "name,phone\nM,5\n"])
def test_a_file_without_its_columns_names_all_of_them(text: str) -> None:
    (problem,) = said(text)
    assert problem.startswith("Line 1: There is no column “ref”")
    assert problem.endswith("match_ends_on, closing, cleared, status.")


def test_the_line_is_the_one_the_row_begins_on() -> None:
    text = HEADER + 'm,mentor,"Marcus\nBell",,,,,,,\nx,teacher,X,,,,,,,\n'
    assert [problem.line for problem in read(text).problems] == [2, 4]


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    parsed = people_file.read(HEADER.encode() + data, WHOSE)
    assert all(problem.mend for problem in parsed.problems)


@given(st.text(max_size=60))
def test_no_cell_breaks_it(cell: str) -> None:
    columns = people_file.COLUMNS
    for column in columns:
        cells = {"ref": "m", "role": "mentor", "name": "M"} | {column: cell}
        read(",".join(columns) + "\n" + ",".join(cells.get(name, "") for name in columns) + "\n")


WHOLE = "ref,role,name,supervisor_ref,back_up_ref,mentee_ref,match_started_on,match_ends_on,closing\n"
STAFF = "dana,supervisor,Dana Ortiz,,lee,,,,\nlee,supervisor,Lee Park,,,,,,\n"


def test_a_match_has_a_start_an_end_and_an_opaque_reference_and_a_supervisor_has_a_back_up() -> None:
    parsed = read(WHOLE + STAFF + "marcus,mentor,Marcus Bell,dana,,y1,2026-09-01,2027-06-11,yes\n")
    dana, _, marcus = (row.person for row in parsed.rows)
    assert dana.back_up_id == ids.supervisor("eastfield", "lee")
    mentee = ids.mentee("eastfield", "y1")
    assert marcus.matches == (Match(mentee_ref=mentee, started_on="2026-09-01", ends_on="2027-06-11", closing=True),)


@pytest.mark.parametrize(
    ("row", "where", "what", "mend"),
    [
        ("m,mentor,M,,,y1,,,", "match_started_on", "This is empty, and “mentee_ref” is not.", "Write when the match started."),
        ("m,mentor,M,,,,2026-09-01,2026-08-31,", "match_ends_on", "2026-08-31 is before the match started.",
         "Correct one of the two days."),
        ("m,mentor,M,,,,2026-09-01,,soon", "closing", "“soon” is neither yes nor no.",
         "Write yes when the match is being closed."),
        ("m,mentor,M,,lee,,,,", "back_up_ref", "A mentor has no back-up.", "Give it to the supervisor who has one."),
        ("d,supervisor,D,,d,,,,", "back_up_ref", "Nobody stands in for themselves.", "Name somebody else."),
        ("d,supervisor,D,,sam,,,,", "back_up_ref",
         "Nobody with the reference “sam” is a supervisor in this file or at this site.",
         "Add a row for the supervisor, or correct the reference."),
    ],
)  # fmt: skip
def test_each_fault_of_matches_and_back_ups_says_how_to_mend_it(row: str, where: str, what: str, mend: str) -> None:
    assert read(WHOLE + row + "\n").problems == (Problem(2, where, what, mend),)


def known(reference: str, role: str, status: str = "active") -> Known:
    person_id = ids.mentor("eastfield", reference) if role == "mentor" else ids.supervisor("eastfield", reference)
    return Known(person_id, role, reference, reference, None, None, "UTC", "en", status, "people_file", b"before")


def test_who_has_left_is_told_by_the_list_and_nobody_is_given_to_them() -> None:
    text = "ref,role,name,supervisor_ref,status\ndana,supervisor,Dana,,left\nzoe,mentor,Zoe,,Left\nsam,mentor,Sam,,left\n"
    staff = frozenset({ids.supervisor("eastfield", "dana")})
    parsed = read(text + "leah,mentor,Leah,dana,\nbo,mentor,Bo,,gone\n", Whose("eastfield", "America/Chicago", "en", staff))
    assert [(problem.line, problem.column) for problem in parsed.problems] == [(5, "supervisor_ref"), (6, "status")]
    people = {one.person_id: one for one in (known("dana", "supervisor"), known("zoe", "mentor", "left"), known("max", "mentor"))}
    found = people_file.compared(parsed.rows, people)
    assert ([one.reference for one in found.gone], found.new, found.unchanged) == (["dana"], (), 2)
    assert found.too_many_gone, "one of two"
