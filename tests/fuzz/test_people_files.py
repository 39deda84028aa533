"""No list of people stops the import: what cannot be read has its row and its reason, and the rows around it are taken."""

from random import Random
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.supervision import people_file
from services.supervision.app import SERVICE
from services.supervision.people_file import COLUMNS, Parsed, Whose
from services.supervision.people_import import Job, bring_in
from tests.conftest import Database
from tests.driving import deliver
from tests.fuzz.amount import cases, dice, some
from tests.fuzz.fragments import NUMBERS, TIMES, WORDS, ZONES, damaged
from tests.supervision.builders import SITE
from tests.supervision.console import the_site

WHOSE = Whose("eastfield", "America/Chicago", "en")
SECONDS = 2.0  # of work for one file
HEADER = ",".join(COLUMNS)
OF_DANA = {"ref": "dana", "role": "supervisor", "name": "Dana Ortiz", "email": "dana@example.org", "phone": "555 555 0100"}
OF_MARCUS = {"ref": "m0", "role": "mentor", "name": "Marcus Bell", "supervisor_ref": "dana", "time_zone": "America/Chicago",
             "locale": "en", "match_started_on": "2026-09-01", "mentee_ref": "y-1", "cleared": "base:2027-06-30"}  # fmt: skip
SOUND = tuple(OF_DANA.get(column, "") for column in COLUMNS)
MENTOR = tuple(OF_MARCUS.get(column, "") for column in COLUMNS)
CELLS = (*WORDS, *TIMES, *ZONES, *NUMBERS, '"', '""', 'a"b', "\t", '=HYPERLINK("http://x")', "+1 555", "-1", "@SUM(A1)",
         "base:9999-12-31",
         "base:0001-01-01", "base;base;base", "mentor", "dana", "Dana", "en-US", "x" * 140_000)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "utf-7")


@cases(0.07)
@given(st.randoms(use_true_random=False))
def test_any_file_is_read_or_what_is_wrong_is_said(random: Random) -> None:
    _read(_odd_file(random))


@cases(0.05)
@given(st.randoms(use_true_random=False))
def test_an_odd_row_leaves_its_neighbors_as_they_are(random: Random) -> None:
    rows = [HEADER, ",".join(SOUND), ",".join(MENTOR), ",".join(_odd_cells(random)), ",".join(("m9", *MENTOR[1:]))]
    parsed = _read("\n".join(rows).encode("utf-8", "replace"))
    assert {"dana", "m0", "m9"} <= {row.person.reference for row in parsed.rows}


async def test_what_was_read_can_be_entered_whatever_stands_beside_it(database: Database) -> None:
    running = await database(SERVICE)
    await deliver(running, the_site("America/Chicago"))
    seed, random = dice()
    for n in range(some(0.003)):
        rows = [HEADER, ",".join(SOUND), *(",".join(_odd_cells(random)) for _ in range(20)), ",".join((f"good-{n}", *MENTOR[1:]))]
        done = await bring_in(running, Job(SITE, "\n".join(rows).encode("utf-8", "replace"), partial=True))
        assert done.done, f"FUZZ_SEED={seed} case {n}"
    known = await running.pool.fetchval("SELECT count(*) FROM person WHERE name = 'Marcus Bell'")
    assert known >= some(0.003), f"FUZZ_SEED={seed}"


def _read(data: bytes) -> Parsed:
    began = thread_time()
    parsed = people_file.read(data, WHOSE)
    assert thread_time() - began < SECONDS
    for words in (*map(str, parsed.problems), *parsed.notes):
        assert words.isprintable()
        assert len(words) < 1_000
    return parsed


def _odd_cells(random: Random) -> list[str]:
    """On a line of its own, with every quotation mark closed: a row that swallows the next is a fault of the file."""
    cells = list(MENTOR)
    for _ in range(random.choice((1, 1, 2, 4))):
        cells[random.randrange(len(cells))] = random.choice(CELLS)
    if random.randrange(6) == 0:
        cells = random.choice((cells + ["x"] * 40, cells[:2], [], cells * 50))
    return ['"' + cell.replace('"', '""').replace("\n", " ").replace("\r", " ") + '"' for cell in cells]


def _odd_file(random: Random) -> bytes:
    header = list(COLUMNS)
    if random.randrange(2):
        header[random.randrange(len(header))] = random.choice((*CELLS, "ref", "NAME", "e-mail"))
    rows = [header, list(SOUND), *(_odd_cells(random) for _ in range(random.randrange(5)))]
    between = random.choice((",", ";", "\t", "|"))
    text = random.choice(("\n", "\r\n", "\r")).join(between.join(row) for row in rows)
    data = text.encode(random.choice(ENCODINGS), "replace")
    return damaged(random, data, b'"\x00,;\xff\n') if random.randrange(3) == 0 else data


def test_a_last_day_at_the_end_of_all_calendars_is_a_problem_of_its_row() -> None:
    row = [(OF_MARCUS | {"cleared": "base:9999-12-31"}).get(column, "") for column in COLUMNS]
    parsed = _read(f"{HEADER}\n{','.join(SOUND)}\n{','.join(row)}\n".encode())
    assert [str(problem) for problem in parsed.problems] == [
        "Line 3, cleared: 9999-12-31 is too far away. Leave the date out where there is no last day."
    ]
    assert [row.person.reference for row in parsed.rows] == ["dana"]


def test_twenty_thousand_mentors_whose_supervisor_nobody_knows_are_told_at_once() -> None:
    rows = "\n".join(f"m{n},mentor,M,nobody" for n in range(20_000))
    assert len(_read(f"ref,role,name,supervisor_ref\n{rows}\n".encode()).problems) == 20_000


def test_a_column_that_is_there_twice_is_a_problem_and_not_a_guess() -> None:
    parsed = _read(b"ref,role,name,name\na,supervisor,Ann,Bea\n")
    assert ([str(problem) for problem in parsed.problems], parsed.rows) == (
        ["Line 1, name: This column is there twice. Remove one of the two, or give it another name."], ()
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_a_list_in_an_encoding_without_a_mark_is_told_how_to_be_saved(encoding: str) -> None:
    parsed = _read(f"{HEADER}\n{','.join(SOUND)}\n".encode(encoding))
    assert "Save the list as “CSV UTF-8”." in str(parsed.problems[0])


def test_a_hundred_thousand_columns_are_named_in_one_short_line() -> None:
    columns = ",".join(f"c{n}" for n in range(100_000))
    parsed = _read(f"ref,role,name,{columns}\ndana,supervisor,Dana\n".encode())
    assert (len(parsed.rows), parsed.notes) == (1, ("Not read: “c0”, “c1”, “c2”, “c3”, “c4” and 99995 more.",))


@pytest.mark.parametrize("name", ["x" * 10_000, "a\u202eb"])
def test_a_column_of_any_name_is_named_shortly_and_in_plain_letters(name: str) -> None:
    parsed = _read(f"ref,role,name,{name}\ndana,supervisor,Dana,\u200b\n".encode())
    assert ["hidden character" in str(problem) for problem in parsed.problems] == [True]
