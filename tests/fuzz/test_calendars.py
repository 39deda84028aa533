"""No calendar file stops the reading or keeps it long, and no entry takes its neighbors along."""

from random import Random
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trigger import calendars
from services.trigger.calendar_parts import Reading
from services.trigger.imports import Asked, plan
from tests.fuzz.amount import cases
from tests.fuzz.calendar_files import calendar, neighbor, odd_entry, odd_file
from tests.trigger.test_calendars import CHICAGO, YEAR

SECONDS = 3.0  # of work for one file; nearly all take milliseconds
ASKED = Asked("east", "m1", "homework_help")
DAILY = "RRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24)))


@cases(0.04)
@given(st.randoms(use_true_random=False))
def test_any_file_is_read_or_what_is_wrong_is_said(random: Random) -> None:
    _read(odd_file(random))


@cases(0.04)
@given(st.randoms(use_true_random=False))
def test_an_odd_entry_leaves_its_neighbors_as_they_are(random: Random) -> None:
    reading = _read(calendar([*neighbor(1), *odd_entry(random, 1), *odd_entry(random, 2), *neighbor(2)]))
    assert {"good-1", "good-2"} <= {instance.uid for instance in reading.instances}


def _read(data: bytes) -> Reading:
    began = thread_time()
    reading = calendars.read(data, CHICAGO, YEAR)
    plan(reading, ASKED, {}, YEAR)
    assert thread_time() - began < SECONDS
    assert all(problem.what and problem.how and problem.said().isprintable() for problem in reading.problems)
    assert all(len(problem.said()) < 1_000 for problem in reading.problems)
    return reading


def _entry(*lines: str, start: str = "DTSTART;TZID=America/Chicago:20261006T153000") -> list[str]:
    return ["BEGIN:VEVENT", "UID:odd", start, *lines, "END:VEVENT"]


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (_entry(DAILY, start="DTSTART:00010101T000000"), "does not lie between 1900 and 2199"),
        (_entry("RDATE:" + ",".join(["20261007T153000"] * 10_001)), "10001 days one by one"),
        (_entry("EXDATE:" + ",".join(["20261007T153000"] * 100_000)), "100000 days one by one"),
        (_entry(*["RRULE:FREQ=DAILY"] * 11), "11 rules"),
        (_entry(start="DTSTART;TZID=/" + "x/" * 500_000 + ":20261006T153000"), "nobody knows this time zone"),
        (_entry(start="DTSTART" + ";TZID=x" * 100_000 + ":2026"), "not a date with a time"),
    ],
)
def test_an_entry_that_would_keep_its_reader_busy_is_refused_with_its_reason(lines: list[str], what: str) -> None:
    reading = _read(calendar([*neighbor(1), *lines, *neighbor(2)]))
    assert [instance.uid for instance in reading.instances] == ["good-1", "good-2"]
    assert what in " ".join(problem.what for problem in reading.errors)


@pytest.mark.parametrize(
    "lines",
    [
        ["BEGIN:X"] * 30_000 + ["END:Y"] * 30_000,
        ["BEGIN:VALARM"] * 100_000,
        ["BEGIN:VTIMEZONE", "TZID:x"] * 5_000,
        ["BEGIN:VTIMEZONE", "TZID:z", *["BEGIN:STANDARD", "DTSTART:19700101T000000", "RRULE:FREQ=YEARLY", "END:STANDARD"] * 2_000,
         "END:VTIMEZONE", *_entry(start="DTSTART;TZID=z:20261006T153000")],
        _entry("SUMMARY:" + "x" * 1_000_000),
        _entry("SUMMARY:" + "\r\n ".join("x" * 100_000)),
    ],
    ids=["ends of nothing", "deeper and deeper", "zones in zones", "a clock always changed", "a long line", "a folded line"],
)  # fmt: skip
def test_a_shape_that_would_keep_its_reader_busy_is_read_at_once(lines: list[str]) -> None:
    assert "good-1" in {instance.uid for instance in _read(calendar([*neighbor(1), *lines])).instances}


def test_a_file_that_takes_too_long_is_given_up_and_never_counts_as_the_whole_story() -> None:
    reading = calendars.read(calendar([*neighbor(1), *neighbor(2)]), CHICAGO, YEAR, patience=0)
    assert ([problem.what for problem in reading.errors][:1], reading.whole) == (
        ["reading this takes too long; nothing after this was read"], frozenset()
    )  # fmt: skip


def test_more_sessions_than_anybody_has_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "MOST_SESSIONS", 500)
    series = [_entry("RRULE:FREQ=DAILY") for _ in range(8)]
    many = [line.replace("UID:odd", f"UID:{n}") for n, lines in enumerate(series) for line in lines]
    reading = calendars.read(calendar([*many, *neighbor(1)]), CHICAGO, YEAR)
    assert ["more than 500 sessions" in problem.what for problem in reading.errors] == [True]
    assert (500 < len(reading.instances) < 600, reading.whole) == (True, frozenset())
