"""No list of people stops the import: what cannot be read has its row and its reason, and the rows around it are taken."""

from random import Random
from time import thread_time

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
SOUND = ("dana", "supervisor", "Dana Ortiz", "dana@example.org", "555 555 0100", "", "", "", "", "")
MENTOR = ("m0", "mentor", "Marcus Bell", "", "", "dana", "America/Chicago", "en", "2026-09-01", "base:2027-06-30")
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
