"""When each moment of a session comes: on the session's clock, giving way to the mentor's quiet hours."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trigger import moments
from services.trigger.moments import QUIET, Moment, Slot, Timing

CHICAGO, TOKYO = ZoneInfo("America/Chicago"), ZoneInfo("Asia/Tokyo")
ZONES = [CHICAGO, TOKYO, ZoneInfo("Europe/London"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/St_Johns")]
TIMING = Timing()


def local(*when: int, zone: ZoneInfo = CHICAGO) -> datetime:
    return datetime(*when, tzinfo=zone)


def a_slot(start: datetime, minutes: int = 45, mentor_zone: ZoneInfo = CHICAGO) -> Slot:
    zone = start.tzinfo
    assert isinstance(zone, ZoneInfo)
    return Slot(start.astimezone(UTC), minutes, zone, mentor_zone)


def coming(slot: Slot, timing: Timing = TIMING) -> dict[str, object]:
    quiz_by = moments.quiz_by(slot, timing)
    return {m.value: moments.coming(m, slot, timing, quiz_by) for m in Moment}


def test_an_afternoon_session_has_its_five_moments_where_the_policy_puts_them():
    assert coming(a_slot(local(2026, 12, 10, 16))) == {
        "assign": local(2026, 12, 9, 16),
        "nudge": local(2026, 12, 10, 11),
        "quiz_by": local(2026, 12, 10, 13),
        "last_call": local(2026, 12, 10, 15, 30),
        "check_in": local(2026, 12, 10, 17),
    }


def test_an_early_session_gives_the_evening_before_and_no_message_in_the_night():
    assert coming(a_slot(local(2026, 12, 10, 8))) == {
        "assign": local(2026, 12, 9, 8),
        "nudge": local(2026, 12, 9, 18, 30),
        "quiz_by": local(2026, 12, 9, 20, 30),
        "last_call": local(2026, 12, 10, 7, 30),
        "check_in": local(2026, 12, 10, 9),
    }


def test_a_session_at_half_past_six_is_assigned_two_evenings_before_and_has_no_last_call():
    assert coming(a_slot(local(2026, 12, 10, 6, 30))) == {
        "assign": local(2026, 12, 8, 20, 30),
        "nudge": local(2026, 12, 9, 18, 30),
        "quiz_by": local(2026, 12, 9, 20, 30),
        "last_call": QUIET,
        "check_in": local(2026, 12, 10, 7, 30),
    }


def test_a_late_check_in_waits_until_the_mentor_is_up():
    assert coming(a_slot(local(2026, 12, 10, 20, 30)))["check_in"] == local(2026, 12, 11, 7)


@pytest.mark.parametrize(("hour", "minute", "quiet"), [(20, 59, False), (21, 0, True), (6, 59, True), (7, 0, False)])
def test_quiet_hours_begin_at_their_first_minute_and_end_at_their_last(hour: int, minute: int, quiet: bool):
    assert (moments.quiet_since(local(2026, 12, 10, hour, minute), TIMING) is not None) is quiet


def test_quiet_hours_are_the_mentors_while_moments_count_on_the_sessions_clock():
    slot = a_slot(local(2026, 12, 10, 16), mentor_zone=TOKYO)  # 7:00 am on the 11th in Tokyo
    assert coming(slot) == {
        "assign": local(2026, 12, 9, 16),
        "nudge": local(2026, 12, 10, 18, 30, zone=TOKYO),
        "quiz_by": local(2026, 12, 10, 20, 30, zone=TOKYO),
        "last_call": QUIET,
        "check_in": local(2026, 12, 11, 8, zone=TOKYO),
    }


def test_quiet_hours_of_equal_ends_are_none():
    never = replace(TIMING, quiet_from=time(0), quiet_to=time(0))
    assert coming(a_slot(local(2026, 12, 10, 6)), never)["quiz_by"] == local(2026, 12, 10, 3)


def test_quiet_hours_at_noon_move_a_moment_to_half_an_hour_before_noon():
    siesta = replace(TIMING, quiet_from=time(12), quiet_to=time(14))
    assert coming(a_slot(local(2026, 12, 10, 16)), siesta)["quiz_by"] == local(2026, 12, 10, 11, 30)


@pytest.mark.parametrize(
    ("start", "assign"),
    [
        (local(2026, 3, 9, 16), local(2026, 3, 8, 16)),  # the clocks go forward on the 8th
        (local(2026, 11, 2, 16), local(2026, 11, 1, 16)),  # and back on the 1st
        (local(2026, 11, 1, 16), local(2026, 10, 31, 16)),
    ],
)
def test_the_training_comes_at_the_same_wall_clock_across_a_clock_change(start: datetime, assign: datetime):
    assert moments.assign(a_slot(start), TIMING) == assign


def test_a_skipped_hour_moves_forward_and_of_a_doubled_hour_it_is_the_first():
    awake = replace(TIMING, quiet_from=time(0), quiet_to=time(0))
    assert moments.assign(a_slot(local(2026, 3, 9, 2, 30)), awake) == datetime(2026, 3, 8, 8, 30, tzinfo=UTC)
    assert moments.assign(a_slot(local(2026, 11, 2, 1, 30)), awake) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_a_reminder_that_meets_the_deadline_comes_two_hours_before_it():
    slot = a_slot(local(2026, 12, 10, 8))
    assert moments.nudge(slot, TIMING, local(2026, 12, 9, 20, 30)) == local(2026, 12, 9, 18, 30)


@pytest.mark.parametrize(
    ("moment", "late", "skipped"),
    [
        (Moment.NUDGE, timedelta(minutes=20), False),
        (Moment.NUDGE, timedelta(minutes=20, seconds=1), True),
        (Moment.LAST_CALL, timedelta(minutes=20), False),
        (Moment.LAST_CALL, timedelta(minutes=21), True),
        (Moment.QUIZ_BY, timedelta(days=300), False),
        (Moment.CHECK_IN, timedelta(hours=24), False),
        (Moment.CHECK_IN, timedelta(hours=24, seconds=1), True),
        (Moment.ASSIGN, timedelta(hours=23, minutes=44), False),
        (Moment.ASSIGN, timedelta(hours=23, minutes=45), True),  # 15 minutes before the start
    ],
)
def test_how_late_each_moment_may_still_happen(moment: Moment, late: timedelta, skipped: bool):
    slot = a_slot(local(2026, 12, 10, 16))
    due = coming(slot)[moment.value]
    assert isinstance(due, datetime)
    assert moments.too_late(moment, due, due + late, slot, TIMING) is skipped


def test_a_policy_that_contradicts_itself_says_what_to_do():
    assert Timing().faults() == []
    assert len(replace(TIMING, nudge=timedelta(hours=2)).faults()) == 1
    assert len(replace(TIMING, quiet_from=time(6), quiet_to=time(23)).faults()) == 1


@given(
    start=st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2030-01-01")),
    zone=st.sampled_from(ZONES),
    mentor_zone=st.sampled_from(ZONES),
)
def test_wherever_and_whenever_a_message_moves_earlier_out_of_the_night_and_in_order(
    start: datetime, zone: ZoneInfo, mentor_zone: ZoneInfo
):
    slot = a_slot(start.replace(tzinfo=zone), mentor_zone=mentor_zone)
    assign, quiz_by = moments.assign(slot, TIMING), moments.quiz_by(slot, TIMING)
    nudge = moments.nudge(slot, TIMING, quiz_by)
    assert assign < nudge < quiz_by < slot.starts_at
    for message in (assign, nudge, quiz_by):
        assert moments.quiet_since(message.astimezone(mentor_zone), TIMING) is None
    check_in = moments.check_in(slot, TIMING)
    assert check_in >= slot.starts_at + timedelta(minutes=60)
    assert moments.quiet_since(check_in.astimezone(mentor_zone), TIMING) is None
