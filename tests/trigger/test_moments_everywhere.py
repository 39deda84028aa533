"""Any session in any zone around any clock change, with any quiet hours and any notice: what always holds of its moments."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.trigger import moments, plans, zones
from services.trigger.moment_words import WHY
from services.trigger.moments import LAST_CHANCE, Moment, Slot, Timing
from services.trigger.policy import Policy
from services.trigger.session import Mark, Outcome, Session
from tests.trigger.building import a_mentor, a_site, pass_time, scheduled, told_of, training

ZONES = [ZoneInfo(name) for name in sorted(available_timezones())]
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NOTICES = [30 * DAY, 8 * DAY, 25 * HOUR, 20 * HOUR, 4 * HOUR, HOUR, 16 * MINUTE, 15 * MINUTE, 10 * MINUTE, 0 * MINUTE, -HOUR]
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))
QUIET = st.one_of(
    st.just((time(21), time(7))),  # overnight
    st.just((time(0), time(0))),  # none
    st.just((time(12), time(14))),  # noon
    st.tuples(CLOCKS, CLOCKS),
)


@cache
def clock_changes(zone: ZoneInfo, year: int) -> tuple[datetime, ...]:
    since = datetime(year, 1, 1, tzinfo=UTC)
    return tuple(change.at for change in zones.clock_changes(zone, since, since + 366 * DAY))


@st.composite
def starts(draw: st.DrawFn, first: int = 1970) -> tuple[ZoneInfo, datetime]:
    """A zone, and a wall clock in it: most often within a day and a half of a clock change, and often half past midnight."""
    zone, year = draw(st.sampled_from(ZONES)), draw(st.integers(first, 2037))
    near = draw(st.sampled_from(clock_changes(zone, year) or (datetime(year, 6, 1, tzinfo=UTC),)))
    wall = near.astimezone(zone).replace(tzinfo=None, second=0) + draw(st.integers(-144, 144)) * 15 * MINUTE
    return zone, wall.replace(hour=0, minute=30) if draw(st.integers(0, 3)) == 0 else wall


@st.composite
def timings(draw: st.DrawFn) -> Timing:
    quiz_by = draw(st.integers(2, 88)) * 15 * MINUTE
    nudge = quiz_by + draw(st.integers(1, (23 * HOUR - quiz_by) // (15 * MINUTE))) * 15 * MINUTE
    begins, ends = draw(QUIET)
    timing = Timing(
        assign_days=draw(st.integers(1, 3)),
        nudge=nudge,
        quiz_by=quiz_by,
        last_call=draw(st.integers(0, 12)) * 15 * MINUTE,
        check_in=draw(st.integers(0, 40)) * 15 * MINUTE,
        quiet_from=begins,
        quiet_to=ends,
    )
    return timing if not timing.faults() else Timing(quiz_by=quiz_by, nudge=nudge)


@st.composite
def slots(draw: st.DrawFn, first: int = 1970) -> Slot:
    zone, wall = draw(starts(first))
    mentor_zone = draw(st.one_of(st.just(zone), st.sampled_from(ZONES)))
    start = zones.start(wall.replace(tzinfo=zone), zone)
    return Slot(start.at, draw(st.sampled_from((5, 45, 480))), zone, mentor_zone)


# What goes through the door begins in 1972, so that no move of some days ends in 1970, which it refuses (test_zones.py).
TAKEN = slots(first=1972)


def is_quiet(at: datetime, slot: Slot, timing: Timing) -> bool:
    return moments.quiet_since(at.astimezone(slot.mentor_zone), timing) is not None


def a_session(slot: Slot, timing: Timing, notice: timedelta) -> Session:
    event = scheduled(slot.starts_at, time_zone=slot.zone.key, minutes=slot.minutes)
    return told_of(None, event, slot.starts_at - notice, **known(slot, timing))[0]


def known(slot: Slot, timing: Timing) -> dict[str, object]:
    mentor = a_mentor(time_zone=slot.mentor_zone.key)
    return {"policy": Policy(timing=timing), "mentor": mentor, "site": a_site(time_zone=slot.zone.key)}


def by_moment(marks: tuple[Mark, ...]) -> dict[Moment, Mark]:
    assert len({mark.moment for mark in marks}) == len(marks), "a moment happened twice"
    return {mark.moment: mark for mark in marks}


@settings(max_examples=1000)
@given(starts())
def test_the_wall_clock_of_a_start_is_what_the_site_said_unless_the_clocks_jump_over_it(where: tuple[ZoneInfo, datetime]):
    zone, wall = where
    start = zones.start(wall.replace(tzinfo=zone), zone)
    skipped = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != wall
    if wall.replace(tzinfo=zone).utcoffset():  # else it is an instant
        assert (zones.SKIPPED_HOUR in start.warnings) is skipped
    assert skipped or (start.wall == wall and start.at.astimezone(zone).replace(tzinfo=None, fold=0) == wall)


@settings(max_examples=1000)
@given(slots(), timings())
def test_a_training_comes_days_before_at_the_same_time_of_day_and_every_message_while_its_mentor_is_awake(
    slot: Slot, timing: Timing
):
    assign, quiz_by = moments.assign(slot, timing), moments.quiz_by(slot, timing)
    asked = moments.days_before(slot, timing)
    assert (timing.assign_days - 1) * DAY + 12 * HOUR <= slot.starts_at - asked <= timing.assign_days * DAY + 25 * HOUR
    for at in (assign, quiz_by, moments.nudge(slot, timing, quiz_by), moments.check_in(slot, timing)):
        assert not is_quiet(at, slot, timing)
    last_call = moments.last_call(slot, timing)
    assert not isinstance(last_call, datetime) or not is_quiet(last_call, slot, timing)
    assert assign <= asked
    assert quiz_by <= slot.starts_at - timing.quiz_by
    assert moments.check_in(slot, timing) >= slot.starts_at + slot.minutes * MINUTE + timing.check_in


@settings(max_examples=1000)
@given(TAKEN, timings(), st.sampled_from(NOTICES))
def test_training_reminder_and_deadline_come_in_this_order_or_say_why_not(slot: Slot, timing: Timing, notice: timedelta):
    session, now = a_session(slot, timing, notice), slot.starts_at - notice
    assert session.described and session.quiz_by
    seen = by_moment(plans.outlook(session, session.described, timing).marks)
    assert set(seen) == set(Moment)
    assert all(mark.at is not None if mark.outcome is Outcome.FIRED else mark.why in WHY for mark in seen.values())
    coming = [at for m in (Moment.ASSIGN, Moment.NUDGE, Moment.QUIZ_BY) if (at := seen[m].at)]
    assert coming == sorted(set(coming))
    assert session.quiz_by <= slot.starts_at - LAST_CHANCE
    assert all(mark.at >= now for mark in seen.values() if mark.at)
    late = {now, slot.starts_at - LAST_CHANCE}  # at once, and the last chance, whatever the time of the day
    assert not [m for m, mark in seen.items() if mark.at and mark.at not in late and is_quiet(mark.at, slot, timing)]


@settings(max_examples=800)
@given(TAKEN, timings(), st.sampled_from(NOTICES), st.booleans())
def test_every_moment_happens_once_and_just_as_the_outlook_had_said(slot: Slot, timing: Timing, notice: timedelta, done: bool):
    session = a_session(slot, timing, notice)
    assert session.described
    expected = by_moment(plans.outlook(session, session.described, timing).marks)
    became = training(assigned_at=slot.starts_at - 400 * DAY, completed_at=slot.starts_at - 300 * DAY if done else None)
    lived, _ = pass_time(session, slot.starts_at + 9 * DAY, training=became, **known(slot, timing))
    found = by_moment(lived.marks)
    assert {m: mark.at for m, mark in found.items()} == {m: mark.at for m, mark in expected.items()}
    assert all(mark.why in WHY for mark in found.values() if mark.why)


@settings(max_examples=800)
@given(TAKEN, timings(), st.integers(0, 200), st.integers(-200, 200), st.sampled_from(NOTICES))
def test_a_session_that_moves_keeps_what_has_fired_and_does_nothing_twice(
    slot: Slot, timing: Timing, passed: int, moved: int, notice: timedelta
):
    around = known(slot, timing)
    now = max(slot.starts_at - notice, slot.starts_at - 4 * DAY) + passed * HOUR
    session, _ = pass_time(
        a_session(slot, timing, notice), now, training=training(assigned_at=slot.starts_at - 400 * DAY), **around
    )
    before = [mark for mark in session.marks if mark.outcome is Outcome.FIRED]
    event = scheduled(slot.starts_at + moved * HOUR, time_zone=slot.zone.key, minutes=slot.minutes, revision=1)
    session, _ = told_of(session, event, now, **around)
    assert [mark for mark in session.marks if mark.outcome is Outcome.FIRED] == before
    assert session.described and session.quiz_by and session.quiz_by <= session.described.starts_at - LAST_CHANCE
    lived, _ = pass_time(session, event.starts_at + 9 * DAY, **around)
    assert set(by_moment(lived.marks)) == set(Moment)
    assert [mark for mark in lived.marks if mark in before] == before


@pytest.mark.parametrize("year", [1970, 1983, 1996, 2011, 2026, 2037])
def test_in_every_zone_the_hours_around_every_clock_change_keep_order_and_quiet_hours(year: int):
    timing = Timing()
    for zone in ZONES:
        for change in clock_changes(zone, year):
            for quarter in range(-8, 9, 4):
                slot = Slot(change + quarter * 15 * MINUTE, 45, zone, zone)
                assign, quiz_by = moments.assign(slot, timing), moments.quiz_by(slot, timing)
                nudge = moments.nudge(slot, timing, quiz_by)
                assert assign < nudge < quiz_by <= slot.starts_at - timing.quiz_by, (zone.key, slot.starts_at)
                assert not any(is_quiet(at, slot, timing) for at in (assign, nudge, quiz_by, moments.check_in(slot, timing)))


# What the properties above have found, each as an example.

CHICAGO, APIA = ZoneInfo("America/Chicago"), ZoneInfo("Pacific/Apia")


def at(zone: ZoneInfo, *when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=zone, fold=fold).astimezone(UTC)


def test_a_deadline_that_quiet_hours_move_before_its_training_is_the_last_chance_instead():
    slot = Slot(at(CHICAGO, 2026, 12, 10, 20, 45), 45, CHICAGO, CHICAGO)
    session = a_session(slot, Timing(quiz_by=22 * HOUR + 45 * MINUTE, nudge=23 * HOUR), 30 * DAY)
    assert (session.due_at, session.quiz_by) == (slot.starts_at - DAY, slot.starts_at - LAST_CHANCE)


def test_a_day_that_a_zone_leaves_out_gives_the_training_the_day_before():
    slot = Slot(at(APIA, 2011, 12, 31, 16), 45, APIA, APIA)  # Samoa had no December 30
    assert moments.assign(slot, Timing()) == at(APIA, 2011, 12, 29, 16)


def test_half_an_hour_before_quiet_hours_is_not_in_them_when_the_clocks_jump_over_it():
    slot = Slot(at(CHICAGO, 2026, 3, 8, 9), 45, CHICAGO, CHICAGO)  # 2:00 am is 3:00 am
    early = Timing(quiet_from=time(3), quiet_to=time(8), quiz_by=4 * HOUR)
    assert moments.quiz_by(slot, early) == at(CHICAGO, 2026, 3, 8, 1, 30)


def test_a_check_in_waits_for_the_second_end_of_quiet_hours_that_end_twice():
    slot = Slot(at(CHICAGO, 2026, 11, 1, 0, 30), 45, CHICAGO, CHICAGO)  # 2:00 am is 1:00 am again
    short = Timing(quiet_from=time(22), quiet_to=time(1, 30), check_in=30 * MINUTE)
    assert moments.check_in(slot, short) == at(CHICAGO, 2026, 11, 1, 1, 45)
    assert moments.check_in(slot, replace(short, check_in=45 * MINUTE)) == at(CHICAGO, 2026, 11, 1, 1, 30, fold=1)
