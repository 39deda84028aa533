"""Calendar files with the faults that real programs write, each as small as it can be (tests/trigger/calendars)."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trigger import calendars
from services.trigger.calendar_parts import Instance, Reading, Window
from services.trigger.calendar_zones import iana

FILES = Path(__file__).parent / "calendars"
CHICAGO = ZoneInfo("America/Chicago")
YEAR = Window(datetime(2026, 1, 1, tzinfo=CHICAGO), datetime(2027, 1, 1, tzinfo=CHICAGO))


def read(data: bytes, window: Window = YEAR) -> Reading:
    return calendars.read(data, CHICAGO, window)


def fixture(name: str) -> bytes:
    return (FILES / f"{name}.ics").read_bytes()


def starts(reading: Reading) -> list[str]:
    return [i.starts_at.isoformat(timespec="minutes") for i in reading.instances]


def calendar(*lines: str) -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", *lines, "END:VCALENDAR", "")).encode()


def event(*lines: str, uid: str = "one", start: str = "DTSTART;TZID=America/Chicago:20261006T153000") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", start, "DURATION:PT45M", *lines, "END:VEVENT")


def said(reading: Reading) -> str:
    return "\n".join(f"{problem.severity}: {problem.said()}" for problem in reading.problems)


CLOCK_CHANGE = ["2026-10-27T15:30-05:00", "2026-11-03T15:30-06:00", "2026-11-10T15:30-06:00"]
EVENINGS = ["2026-10-27T19:00-05:00", "2026-11-03T19:00-06:00", "2026-11-10T19:00-06:00"]


@pytest.mark.parametrize(
    ("name", "expected", "zone"),
    [
        ("outlook_display_zone", CLOCK_CHANGE, "America/Chicago"),
        ("outlook_bare_zone", ["2026-09-30T09:30+10:00", "2026-10-07T09:30+11:00"], "Australia/Sydney"),
        ("exchange_own_zone", ["2026-10-29T15:30-05:00", "2026-11-05T15:30-06:00"], "America/Chicago"),
        ("empty_zone", ["2026-10-06T15:30-05:00"], "America/Chicago"),
        ("last_day_as_date", EVENINGS, "America/Chicago"),
        ("last_day_floating", EVENINGS, "America/Chicago"),
        (
            "folded_by_tab_spaces_in_days",
            ["2026-10-05T15:30-05:00", "2026-10-07T15:30-05:00", "2026-10-12T15:30-05:00", "2026-10-14T15:30-05:00"],
            "America/Chicago",
        ),
    ],
)
def test_a_file_means_the_wall_clock_that_its_writer_saw(name: str, expected: list[str], zone: str) -> None:
    reading = read(fixture(name))
    assert starts(reading) == expected
    assert {i.time_zone for i in reading.instances} == {zone}
    assert reading.errors == ()


def test_nine_thirty_in_sydney_is_nine_thirty_on_both_sides_of_the_clock_change() -> None:
    instants = [i.start_utc.isoformat() for i in read(fixture("outlook_bare_zone")).instances]
    assert instants == ["2026-09-29T23:30:00+00:00", "2026-10-06T22:30:00+00:00"]


def test_a_time_that_the_clocks_skip_moves_forward_and_one_that_comes_twice_is_the_first() -> None:
    assert starts(read(fixture("clock_change"))) == ["2026-03-08T03:30-05:00", "2026-11-01T01:30-05:00"]


def test_a_zone_that_is_like_no_other_keeps_its_instants_and_is_doubted() -> None:
    reading = read(fixture("zone_like_no_other"))
    assert starts(reading) == ["2026-10-06T14:03-05:00"]
    assert "like no zone in use" in said(reading)


def test_a_definition_that_disagrees_with_its_zone_is_not_used_and_that_is_said() -> None:
    reading = read(fixture("zone_differs_from_iana"))
    assert starts(reading) == ["2026-10-06T15:30-04:00"]
    assert "differs from America/New_York" in said(reading)


def test_an_offset_is_no_zone_so_it_stays_the_same_in_winter_and_that_is_said() -> None:
    reading = read(fixture("offset_for_a_zone"))
    assert starts(reading) == ["2026-10-29T15:30-05:00", "2026-11-05T14:30-06:00"]
    assert "no time zone: it stays the same in summer and winter" in said(reading)


def test_a_zone_that_nobody_knows_costs_its_entry_only_and_names_line_and_value() -> None:
    reading = read(fixture("zone_nobody_knows"))
    assert [i.uid for i in reading.instances] == ["good"]
    assert [problem.said() for problem in reading.errors] == [
        'Line 6, DTSTART: nobody knows this time zone ("Middle Earth"). Use a name such as America/Chicago.',
        "Line 11, DTSTART: nobody knows this time zone: its name is empty. Use a name such as America/Chicago.",
    ]


@pytest.mark.parametrize(
    ("shown", "zone"),
    [
        ("america/new_york", "America/New_York"),
        ("Eastern Standard Time", "America/New_York"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(UTC-08:00) Pacific Time (US &amp; Canada)", "America/Los_Angeles"),
        ("(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "Europe/London"),
        ("/vendor.example/Olson_2026/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("tzone://Microsoft/Utc", "UTC"),
    ],
)
def test_a_zone_is_known_by_every_name_that_programs_give_it(shown: str, zone: str) -> None:
    assert iana(shown) == ZoneInfo(zone)


def test_a_left_out_session_is_known_by_its_instant_or_by_its_day() -> None:
    reading = read(fixture("left_out"))
    assert starts(reading) == ["2026-10-06T15:30-05:00", "2026-11-03T15:30-06:00", "2026-11-10T15:30-06:00"]
    assert [(p.line, p.property) for p in reading.problems] == [(11, "EXDATE")]  # 28 October is no day of the series


def test_a_moved_session_comes_once_wherever_it_stands_in_the_file() -> None:
    reading = read(fixture("moved_before_its_series"))
    assert [(i.starts_at.isoformat(timespec="minutes"), i.cancelled) for i in reading.instances] == [
        ("2026-10-06T15:30-05:00", False),
        ("2026-10-14T16:00-05:00", False),  # SEQUENCE 1 wins over 0
        ("2026-10-20T15:30-05:00", True),
        ("2026-10-27T15:30-05:00", False),
    ]
    assert reading.instances[1].original == datetime(2026, 10, 13, 15, 30, tzinfo=CHICAGO)
    assert [problem.line for problem in reading.errors] == [25]  # 21 October is no session of the series


def test_a_series_moved_from_one_session_on_keeps_its_new_wall_clock_and_its_identities() -> None:
    instances = read(fixture("moved_from_then_on")).instances
    assert [(i.starts_at.isoformat(timespec="minutes"), i.minutes) for i in instances] == [
        ("2026-10-20T15:30-05:00", 45),
        ("2026-10-28T16:30-05:00", 30),
        ("2026-11-04T16:30-06:00", 30),
        ("2026-11-11T16:30-06:00", 30),
    ]
    assert len({i.original for i in instances}) == 4


def test_of_two_entries_with_one_uid_the_higher_sequence_wins_in_either_order() -> None:
    reading = read(fixture("same_uid_twice"))
    assert starts(reading) == ["2026-10-06T16:00-05:00"]
    first, second = event("SEQUENCE:2"), event("SEQUENCE:3", start="DTSTART;TZID=America/Chicago:20261006T170000")
    assert starts(read(calendar(*first, *second))) == starts(read(calendar(*second, *first))) == ["2026-10-06T17:00-05:00"]


def test_every_kind_of_time_is_understood_or_refused_in_words() -> None:
    reading = read(fixture("kinds_of_time"))
    assert [(i.uid, i.starts_at.isoformat(timespec="minutes"), i.time_zone) for i in reading.instances] == [
        ("floating", "2026-10-06T09:00-05:00", "America/Chicago"),
        ("utc", "2026-10-06T10:00-05:00", "America/Chicago"),
        ("both", "2026-10-06T11:00-05:00", "America/Chicago"),
        ("no-end", "2026-10-06T13:00-04:00", "America/New_York"),
    ]
    assert [(p.line, p.what[:16]) for p in reading.errors] == [(25, "an all-day entry"), (30, "an all-day entry")]
    for words in ("names no time zone", "cannot also have a time zone", "45 minutes were assumed"):
        assert words in said(reading)


def test_a_calendar_that_names_its_owners_zone_means_that_one_for_times_without() -> None:
    floating = event(start="DTSTART:20261006T090000")
    assert starts(read(calendar("X-WR-TIMEZONE:America/Denver", *floating))) == ["2026-10-06T09:00-06:00"]


def test_cancelled_entries_and_cancelled_calendars_give_cancelled_sessions() -> None:
    assert [(i.uid, i.cancelled) for i in read(fixture("statuses")).instances] == [("tentative", False), ("cancelled", True)]
    reading = read(fixture("calendar_is_cancelled"))
    assert [(i.uid, i.cancelled) for i in reading.instances] == [("called-off", True)]
    assert reading.whole == {"called-off", "called-off-without-a-start"}
    assert reading.problems == ()


def test_a_session_can_be_cancelled_by_its_day_without_a_start() -> None:
    off = ("BEGIN:VEVENT", "UID:one", "RECURRENCE-ID;VALUE=DATE:20261013", "STATUS:CANCELLED", "END:VEVENT")
    reading = read(calendar(*event("RRULE:FREQ=WEEKLY;COUNT=3"), *off))
    assert [i.cancelled for i in reading.instances] == [False, True, False]
    assert starts(reading)[1] == "2026-10-13T15:30-05:00"


def test_a_series_cancelled_as_a_whole_takes_its_moved_sessions_along() -> None:
    moved = event("RECURRENCE-ID:20261013T203000Z", "SEQUENCE:1", start="DTSTART;TZID=America/Chicago:20261014T153000")
    off = event("RRULE:FREQ=WEEKLY;COUNT=3", "STATUS:CANCELLED", "SEQUENCE:2")
    assert [i.cancelled for i in read(calendar(*moved, *off)).instances] == [True, True, True]


def test_an_entry_without_a_uid_is_the_same_one_whenever_it_is_exported() -> None:
    once = fixture("outlook_display_zone")
    again = once.replace(b"DTSTAMP:20261001T120000Z", b"DTSTAMP:20261002T080000Z").replace(b"CONFIRMED", b"CANCELLED")
    uids = {i.uid for data in (once, again) for i in read(data).instances}
    assert len(uids) == 1
    assert "no UID" in said(read(once))


def test_a_session_whose_series_is_not_in_the_file_stands_alone() -> None:
    reading = read(calendar(*event("RECURRENCE-ID:20261006T203000Z", start="DTSTART;TZID=America/Chicago:20261007T153000")))
    assert starts(reading) == ["2026-10-07T15:30-05:00"]
    assert reading.whole == frozenset()


def test_an_entry_that_is_never_closed_costs_no_other_and_an_alarm_is_no_session() -> None:
    reading = read(fixture("never_closed"))
    assert [i.uid for i in reading.instances] == ["good"]
    assert [p.line for p in reading.errors] == [4]


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.replace("\r\n", "\n").encode(),
        lambda text: text.replace("\r\n", "\r").encode(),
        lambda text: text.replace("\r\n", "\r\n\r\n").encode(),
    ],
)
def test_every_way_to_write_the_same_text_is_read(encoded: Callable[[str], bytes]) -> None:
    text = calendar(*event("CATEGORIES:Größe", uid="größe")).decode()
    assert [(i.uid, i.categories) for i in read(encoded(text)).instances] == [("größe", ("Größe",))]


def test_latin_1_is_read_and_said() -> None:
    reading = read(calendar(*event(uid="größe")).decode().encode("latin-1"))
    assert [i.uid for i in reading.instances] == ["größe"]
    assert [(p.line, p.severity) for p in reading.problems] == [(3, "warning")]
    assert "Latin-1" in said(reading)


def test_a_fold_inside_a_letter_breaks_nothing() -> None:
    data = calendar(*event(uid="größe")).replace("ö".encode(), b"\xc3\r\n \xb6")
    assert [i.uid for i in read(data).instances] == ["größe"]


@pytest.mark.parametrize("data", [b"", b"<html><body>Sign in</body></html>", b"\xff\xfeB\x00E"])
def test_what_is_no_calendar_is_refused_in_words(data: bytes) -> None:
    assert len(read(data).errors) == 1


def test_a_file_that_was_cut_off_says_so_and_is_never_the_whole_story() -> None:
    reading = read(calendar(*event()).replace(b"END:VCALENDAR", b""))
    assert "no END:VCALENDAR" in said(reading)
    assert reading.whole == frozenset()


def test_a_calendar_without_entries_says_so() -> None:
    assert "no entries" in said(read("\ufeffBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n".encode()))


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("FREQ=MINUTELY", "more often than sessions can"),
        ("FREQ=DAILY;BYHOUR=8,9,10,11,12;BYMINUTE=0,10,20,30,40,50", "more often than sessions can"),
        ("FREQ=DAILY;INTERVAL=0", "cannot be read"),
        ("FREQ=WEEKLY;COUNT=-1", "cannot be read"),
        ("FREQ=WEEKLY;UNTIL=Christmas", "cannot be read"),
        ("EVERY=TUESDAY", "cannot be read"),
        ("FREQ=YEARLY;BYEASTER=1", "not supported"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no day ever meets"),
    ],
)
def test_a_rule_that_would_never_end_or_never_begin_is_refused_with_its_line(rule: str, what: str) -> None:
    reading = read(calendar(*event(f"RRULE:{rule}"), *event(uid="good")))
    assert [i.uid for i in reading.instances] == ["good"]
    assert [p.line for p in reading.errors] == [6]
    assert what in said(reading)


def test_a_start_that_is_no_day_of_its_rule_is_no_session_and_that_is_said() -> None:
    reading = read(calendar(*event("RRULE:FREQ=WEEKLY;COUNT=2;BYDAY=TH")))
    assert starts(reading) == ["2026-10-08T15:30-05:00", "2026-10-15T15:30-05:00"]
    assert "not one of the days of its rule" in said(reading)


def test_extra_days_are_sessions_and_their_period_starts_them() -> None:
    extra = ("RDATE;TZID=America/Chicago:20261010T100000", "RDATE;VALUE=PERIOD:20261012T150000Z/PT1H")
    reading = read(calendar(*event(*extra)))
    assert starts(reading) == ["2026-10-06T15:30-05:00", "2026-10-10T10:00-05:00", "2026-10-12T10:00-05:00"]


def test_a_session_moved_out_of_the_window_is_still_told() -> None:
    october = Window(datetime(2026, 10, 1, tzinfo=CHICAGO), datetime(2026, 11, 1, tzinfo=CHICAGO))
    moved = event("RECURRENCE-ID:20261013T203000Z", start="DTSTART;TZID=America/Chicago:20261208T153000")
    reading = read(calendar(*moved, *event("RRULE:FREQ=WEEKLY;COUNT=2")), october)
    assert starts(reading) == ["2026-10-06T15:30-05:00", "2026-12-08T15:30-06:00"]


def test_an_endless_series_from_long_ago_is_cut_to_the_window() -> None:
    week = Window(datetime(2026, 10, 5, tzinfo=CHICAGO), datetime(2026, 10, 12, tzinfo=CHICAGO))
    reading = read(calendar(*event("RRULE:FREQ=WEEKLY", start="DTSTART;TZID=America/Chicago:19700106T153000")), week)
    assert starts(reading) == ["2026-10-06T15:30-05:00"]


def test_progress_is_told_to_the_end() -> None:
    steps: list[tuple[int, int]] = []
    data = calendar(*event(uid="a"), *event(uid="b"))
    calendars.read(data, CHICAGO, YEAR, lambda done, of: steps.append((done, of)))
    assert steps == [(1, 2), (2, 2)]


EVERY_LINE = [line for path in sorted(FILES.glob("*.ics")) for line in path.read_bytes().split(b"\r\n")]
LINES = st.sampled_from([*EVERY_LINE, b"\t", b"\x00", b"\xff\xfe"])
PROPERTIES = st.sampled_from([line for line in EVERY_LINE if not line.startswith((b"BEGIN", b"END"))])
ENTRIES = st.lists(st.lists(PROPERTIES, max_size=8), max_size=6)


@given(st.binary(max_size=300))
def test_no_bytes_stop_the_reading(data: bytes) -> None:
    assert all(isinstance(i, Instance) for i in read(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + data).instances)
    read(data)


@given(st.lists(LINES, max_size=60))
def test_no_order_of_real_lines_stops_the_reading(lines: list[bytes]) -> None:
    assert read(b"\r\n".join((b"BEGIN:VCALENDAR", *lines))).instances is not None


@given(ENTRIES)
def test_no_mixture_of_real_properties_is_beyond_words(entries: list[list[bytes]]) -> None:
    lines = [line for entry in entries for line in (b"BEGIN:VEVENT", *entry, b"END:VEVENT")]
    reading = read(b"\r\n".join((b"BEGIN:VCALENDAR", *lines, b"END:VCALENDAR")))
    assert "cannot be understood" not in said(reading)
    assert reading.whole <= reading.mentioned
