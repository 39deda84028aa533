"""Faults that other programs were reported for, each tried here: clock changes, moves, cancellations, overrides, bad zones."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.trigger import calendar_import, calendars, domain, door
from services.trigger.calendar_import import Days
from services.trigger.calendar_parts import Window
from services.trigger.imports import Asked, Plan, Said, summary
from services.trigger.session import Session
from services.trigger.tenants import Publisher
from shared.contracts.event import Event
from shared.contracts.site import SessionCancelled, SessionHeld, SessionScheduled
from shared.contracts.trigger import SessionPlanned
from shared.running import Running
from tests.driving import outgoing
from tests.trigger import sheets
from tests.trigger.building import START, cancelled, facts, fired, held, pass_time, scheduled, taken, told_of, training
from tests.trigger.calendar_files import CHICAGO, DANA, SERIES, THIRD_CANCELLED, after, calendar, event, plan, told
from tests.trigger.typed import jitt

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
LONG_AFTER = START + 90 * DAY
LEE = Asked("eastfield", "lee", "check_in")
THURSDAYS = [datetime(2026, 10, 1, 15, 30, tzinfo=CHICAGO) + timedelta(weeks=week) for week in range(9)]  # across November 1
AUTUMN = Days(datetime.fromisoformat("2026-10-01"), datetime.fromisoformat("2026-12-01"))
FROM_NOW = Days()
PARTNER = Publisher("partner", frozenset(["east"]), kafka=False, paused=False)


def life(*told: tuple[datetime, Event]) -> Session:
    """One session: each word on it at its time, and every clock in between and long after."""
    session: Session | None = None
    for now, word in told:
        session = _heard(_waited(session, now) if session else None, word, now)
    assert session is not None
    return _waited(session, LONG_AFTER)


def _waited(session: Session, until: datetime) -> Session:
    return pass_time(session, until, training=training(assigned_at=START - 60 * DAY))[0]


def _heard(session: Session | None, word: Event, now: datetime) -> Session:
    match word:
        case SessionScheduled():
            return told_of(session, word, now)[0]
        case SessionCancelled():
            return taken(domain.cancelled(session, word, now, facts()))[0]
        case SessionHeld():
            return taken(domain.held(session, word, now, facts()))[0]
    raise AssertionError(word)


def moments(starts_at: datetime) -> list[tuple[str, datetime]]:
    """All five of an afternoon's session, by the policy that everyone starts with."""
    local = starts_at.astimezone(CHICAGO)
    return [
        ("assign", (local - DAY).astimezone(UTC)),
        ("nudge", starts_at - 5 * HOUR),
        ("quiz_by", starts_at - 3 * HOUR),
        ("last_call", starts_at - 30 * MINUTE),
        ("check_in", starts_at + HOUR),
    ]


# 1. Recurring sessions come an hour early after the clocks have changed.


def from_a_calendar(_: Path) -> Iterator[SessionScheduled]:
    data = calendar(*event("RRULE:FREQ=WEEKLY;UNTIL=20261130T000000Z", start="20261001T153000"))
    yield from (change.event for change in plan(data).changes if isinstance(change.event, SessionScheduled))


def from_a_spreadsheet(file: Path) -> Iterator[SessionScheduled]:
    rows = [f"s-{n},dana,{at:%Y-%m-%d},15:30,45,check_in" for n, at in enumerate(THURSDAYS)]
    file.write_text("\n".join((sheets.HEADERS, *rows)))
    for row in sheets.planned(sheets.job(file)):
        yield scheduled(row.starts_at, time_zone=row.time_zone, minutes=row.minutes)


def from_a_program_that_keeps_its_first_offset(_: Path) -> Iterator[SessionScheduled]:
    for n, at in enumerate(THURSDAYS):
        told = {"session_ref": f"s-{n}", "site_id": "east", "mentor_ref": "m1", "starts_at": f"{at:%Y-%m-%dT%H:%M:%S}-05:00",
                "time_zone": "America/Chicago", "activity": "check_in"}  # fmt: skip
        one = {"specversion": "1.0", "id": f"e-{n}", "source": "/booking", "type": SessionScheduled.TYPE, "data": told}
        sent = door.read_one({"content-type": door.STRUCTURED}, json.dumps(one).encode(), PARTNER)
        assert isinstance(sent, door.Sent) and isinstance(sent.event, SessionScheduled)
        yield sent.event


@pytest.mark.parametrize("told", [from_a_calendar, from_a_spreadsheet, from_a_program_that_keeps_its_first_offset])
def test_a_weekly_session_and_all_its_moments_keep_their_wall_clock_when_the_clocks_change(told, tmp_path: Path):
    lives = [life((datetime(2026, 9, 1, tzinfo=UTC), word)) for word in told(tmp_path / "sessions.csv")]
    starts = [session.described.starts_at for session in lives if session.described]
    assert [f"{at.astimezone(UTC):%m-%d %H:%M}" for at in starts[4:6]] == ["10-29 20:30", "11-05 21:30"]
    assert starts == THURSDAYS
    clocks = {tuple(f"{moment} {at.astimezone(CHICAGO):%H:%M}" for moment, at in fired(session)) for session in lives}
    assert clocks == {("assign 15:30", "nudge 10:30", "quiz_by 12:30", "last_call 15:00", "check_in 16:30")}


# 2 and 4. Moved, postponed or over already, and messages still come by the old time.


@pytest.mark.parametrize("later", [DAY, timedelta(weeks=5)])
def test_a_session_that_moves_before_its_first_moment_has_all_five_at_its_new_time_once_each(later: timedelta):
    session = life((START - 30 * DAY, scheduled()), (START - 25 * HOUR, scheduled(START + later, revision=1)))
    assert fired(session) == moments(START + later)


def test_a_session_that_is_over_before_its_first_moment_has_none():
    assert fired(life((START - 30 * DAY, scheduled()), (START - 25 * HOUR, held()))) == []


def test_a_session_that_was_told_cancelled_and_is_planned_again_weeks_later_has_each_moment_once():
    again = scheduled(START + 14 * DAY, revision=1)
    words = (START - 30 * DAY, scheduled()), (START - 4 * HOUR, cancelled()), (START - HOUR, again)
    assert [moment for moment, _ in fired(life(*words))] == ["assign", "nudge", "quiz_by", "last_call", "check_in"]


# 3. Reminders after a cancellation.

ONE = event(start="20261210T160000")
YEAR = Window(datetime(2026, 1, 1, tzinfo=CHICAGO), datetime(2027, 1, 1, tzinfo=CHICAGO))
CALLED_OFF = {
    "by its status": calendar(*event("STATUS:CANCELLED", start="20261210T160000")),
    "by the method of its file": calendar("BEGIN:VEVENT", "UID:one", "SEQUENCE:1", "END:VEVENT", method="CANCEL"),
}


@pytest.mark.parametrize("before", [30 * HOUR, 5 * HOUR + 5 * MINUTE, 4 * HOUR, 10 * MINUTE, -10 * MINUTE])
def test_a_session_that_its_site_cancels_is_heard_of_no_more(before: timedelta):
    session = life((START - 30 * DAY, scheduled()), (START - before, cancelled()))
    assert fired(session) == [(moment, at) for moment, at in moments(START) if at < START - before]


@pytest.mark.parametrize("how", CALLED_OFF)
def test_a_session_that_its_calendar_calls_off_is_heard_of_no_more(how: str):
    word, said = _only_change(calendar(*ONE))
    off, _ = _only_change(CALLED_OFF[how], said)
    assert fired(life((START - 30 * DAY, word), (START - 5 * HOUR - 5 * MINUTE, off))) == moments(START)[:1]


def _only_change(data: bytes, said: dict[str, Said] | None = None) -> tuple[Event, dict[str, Said]]:
    (change,) = plan(data, said, window=YEAR).changes
    return change.event, {change.event.session_ref: change.said}


async def test_a_row_whose_session_was_called_off_by_a_file_waits_for_nothing(eastfield: Running):
    soon = (datetime.now(CHICAGO) + 2 * DAY).strftime("%Y%m%dT120000")
    assert await imported(eastfield, calendar(*event(start=soon))) == "1 session planned, 0 unchanged"
    assert await eastfield.pool.fetchval("SELECT count(*) FROM session WHERE due_at IS NOT NULL") == 1
    assert await imported(eastfield, CALLED_OFF["by the method of its file"]) == "0 sessions planned, 1 canceled, 0 unchanged"
    assert await eastfield.pool.fetchval("SELECT count(*) FROM session WHERE due_at IS NOT NULL") == 0


async def test_a_session_that_is_called_off_after_it_has_begun_has_no_check_in(eastfield: Running):
    """A feed is looked at every 15 minutes: what is called off in the last ones is seen when it should have begun."""
    now = datetime.now(CHICAGO)
    begun = event(start=(now - 20 * MINUTE).strftime("%Y%m%dT%H%M00"))
    await imported(eastfield, calendar(*begun), Days(now.replace(tzinfo=None) - DAY))
    off = calendar(*begun[:-1], "STATUS:CANCELLED", "END:VEVENT", *event(uid="unknown", start=begun[2][-15:]))
    assert await imported(eastfield, off) == "0 sessions planned, 1 canceled, 0 unchanged"
    assert await eastfield.pool.fetchval("SELECT status FROM session WHERE due_at IS NULL") == "cancelled"


async def imported(running: Running, data: bytes, days: Days = FROM_NOW) -> str:
    found = await calendar_import.compare(running, data, DANA, days)
    assert await calendar_import.tell(running, DANA, found.plan) == {}
    return summary(found.plan)


# 5. What was moved for one is moved for everybody.


def test_an_override_concerns_the_one_mentor_whose_calendar_has_it():
    moved = event("RECURRENCE-ID:20261013T203000Z", uid="series", start="20261013T170000")
    said = after(calendar(*SERIES), after(calendar(*SERIES)), LEE)
    dana = plan(calendar(*SERIES, *moved), said)
    assert told(dana) == [("moved", "dana/series/2026-10-13T20:30:00Z", 2)]
    assert told(plan(calendar(*SERIES), said, LEE)) == []
    nudges = {
        asked.mentor_ref: [at.astimezone(CHICAGO).hour for at in _second_weeks(first, later, "nudge")]
        for asked, first, later in (
            (DANA, plan(calendar(*SERIES)), dana),
            (LEE, plan(calendar(*SERIES), asked=LEE), plan(calendar(*SERIES), said, LEE)),
        )
    }
    assert nudges == {"dana": [12], "lee": [10]}


def _second_weeks(first: Plan, later: Plan, moment: str) -> list[datetime]:
    words = [(datetime(2026, 9, 1, tzinfo=UTC), first.changes[1].event)]
    words += [(datetime(2026, 10, 10, tzinfo=UTC), change.event) for change in later.changes]
    return [at for one, at in fired(life(*words)) if one == moment]


def test_two_series_in_one_file_share_no_override():
    other = event("RRULE:FREQ=WEEKLY;COUNT=6", uid="other")
    moved = event("RECURRENCE-ID:20261013T203000Z", uid="other", start="20261013T170000")
    found = plan(calendar(*SERIES, *other, *moved), after(calendar(*SERIES, *other)))
    assert told(found) == [("moved", "dana/other/2026-10-13T20:30:00Z", 2)]


# 6. One occurrence is called off, and the whole series goes.


def test_one_session_cancelled_with_an_unchanged_sequence_leaves_five_as_they_were():
    said = after(calendar(*SERIES))
    found = plan(calendar(*SERIES, *THIRD_CANCELLED), said)
    assert told(found) == [("cancelled", "dana/series/2026-10-20T20:30:00Z", 2)]
    assert summary(found) == "0 sessions planned, 1 canceled, 5 unchanged"


@pytest.mark.parametrize("data", [
    calendar(*THIRD_CANCELLED, method="CANCEL"),
    calendar(*event("RECURRENCE-ID:20261020T203000Z", uid="series", start="20261020T153000"), method="CANCEL"),
    calendar(*event("RRULE:FREQ=WEEKLY;COUNT=6", "EXDATE:20261020T203000Z", uid="series")),
])  # fmt: skip
def test_one_session_can_be_called_off_in_every_way_and_no_other_goes_with_it(data: bytes):
    assert told(plan(data, after(calendar(*SERIES)))) == [("cancelled", "dana/series/2026-10-20T20:30:00Z", 2)]


# 7. A moved occurrence is there twice, at its old time and its new one.


@pytest.mark.parametrize("replaced", [
    "RECURRENCE-ID:20261013T203000Z",
    "RECURRENCE-ID;TZID=America/Chicago:20261013T153000",
    "RECURRENCE-ID;TZID=America/New_York:20261013T163000",
    "RECURRENCE-ID;TZID=Central Standard Time:20261013T153000",
    "RECURRENCE-ID;VALUE=DATE:20261013",
])  # fmt: skip
@pytest.mark.parametrize("first", ["series", "override"])
def test_a_moved_session_is_there_once_however_its_old_time_is_written_and_wherever_it_stands(replaced: str, first: str):
    series, moved = event("RRULE:FREQ=WEEKLY;COUNT=3"), event(replaced, start="20261014T160000")
    data = calendar(*series, *moved) if first == "series" else calendar(*moved, *series)
    starts = [i.starts_at.strftime("%m-%d %H:%M") for i in calendars.read(data, CHICAGO, YEAR).instances]
    assert starts == ["10-06 15:30", "10-14 16:00", "10-20 15:30"]


# 8. The last occurrence is lost where UNTIL is in UTC and the start in a zone.


@pytest.mark.parametrize(("zone", "until", "many"), [
    ("Europe/Athens", "20261120T070000Z", 5),  # the very start of the fifth, 9:00 am there
    ("Europe/Athens", "20261120T065959Z", 4),
    ("America/Chicago", "20261120T150000Z", 5),
    ("America/Chicago", "20261120T145959Z", 4),
    ("Pacific/Auckland", "20261119T200000Z", 5),  # UTC still shows the day before
    ("Pacific/Auckland", "20261119T195959Z", 4),
])  # fmt: skip
def test_the_last_session_of_a_series_is_the_one_that_starts_at_its_end(zone: str, until: str, many: int):
    data = calendar(*event(f"RRULE:FREQ=DAILY;UNTIL={until}", start="20261116T090000", zone=zone))
    found = calendars.read(data, CHICAGO, YEAR).instances
    assert [f"{i.starts_at:%m-%d %H}" for i in found] == [f"11-{16 + day} 09" for day in range(many)]
    assert {i.time_zone for i in found} == {zone}


# 9. One bad value ends the import.


def test_a_zone_by_the_name_that_windows_gives_it_is_no_fault():
    found = calendars.read(calendar(*event(zone="Eastern Standard Time")), CHICAGO, YEAR)
    assert ([i.time_zone for i in found.instances], found.errors) == (["America/New_York"], ())


async def test_an_entry_in_a_zone_nobody_knows_is_named_and_costs_no_other(eastfield: Running):
    data = calendar(*event(uid="good"), *event(uid="odd", zone="Middle Earth"), *event(uid="fine", start="20261007T153000"))
    found = await calendar_import.compare(eastfield, data, DANA, AUTUMN)
    assert [problem.said() for problem in found.problems] == [
        'Line 10, DTSTART: nobody knows this time zone ("Middle Earth"). Use a name such as America/Chicago.'
    ]
    assert await calendar_import.tell(eastfield, DANA, found.plan) == {}
    assert await eastfield.pool.fetchval("SELECT count(*) FROM session") == 2


# 14. An import that stops at an error keeps the rows before it, and the second try doubles them. People: tests/supervision.


async def test_of_a_thousand_rows_with_one_fault_none_comes_in_until_it_is_mended_and_then_each_comes_once(
    eastfield: Running, tmp_path: Path
):
    file, day = tmp_path / "sessions.csv", datetime.now(CHICAGO).date() + 20 * DAY
    rows = [f"s-{n},dana,{day + n % 60 * DAY},{9 + n // 60 % 9}:00,45,check_in" for n in range(1_000)]
    command = ("import", "sessions", str(file), "--site", "eastfield")

    def saved(*lines: str) -> None:
        file.write_text("\n".join((sheets.HEADERS, *lines)))

    async def known() -> tuple[int, int]:
        sessions, revisions = await eastfield.pool.fetchrow("SELECT count(*), coalesce(sum(revision), 0) FROM session")
        assert sessions == revisions, "a session was told twice"
        return sessions, sum(isinstance(one, SessionPlanned) for one in await outgoing(eastfield))

    saved(*rows[:499], rows[499].replace(":00", ":75"), *rows[500:])
    look, refused = await jitt(*command, "--dry-run"), await jitt(*command)
    assert [(told.exit_code, told.stdout.count("Line 501, time: ")) for told in (look, refused)] == [(0, 1), (1, 1)]
    assert await known() == (0, 0)
    assert (await jitt(*command, "--partial")).stdout.splitlines()[-1] == "999 sessions planned, 0 unchanged."
    saved(*rows)
    assert (await jitt(*command)).stdout.splitlines()[-1] == "1 session planned, 999 unchanged."
    assert (await jitt(*command)).stdout.splitlines()[-1] == "0 sessions planned, 1,000 unchanged."
    assert await known() == (1_000, 1_000)
