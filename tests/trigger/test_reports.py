"""What went wrong in other people's calendars and reminders, tried on ours, session by session."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.trigger import domain
from services.trigger.moments import Moment
from services.trigger.session import Session, Status
from shared.contracts.event import Event
from shared.contracts.trigger import NudgeRequested, SessionPlanned
from tests.trigger.building import (
    LONG_BEFORE,
    START,
    a_mentor,
    a_session,
    cancelled,
    facts,
    fired,
    held,
    of,
    pass_time,
    scheduled,
    taken,
    told_of,
    training,
)

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
FIVE = ["assign", "nudge", "quiz_by", "last_call", "check_in"]
CHICAGO, SOFIA = ZoneInfo("America/Chicago"), ZoneInfo("Europe/Sofia")


def series(first: date, count: int, every: timedelta, clock: time, zone: ZoneInfo) -> list[datetime]:
    """Starts with the zone's own offset, as a site's system writes them."""
    return [datetime.combine(first + n * every, clock, tzinfo=zone) for n in range(count)]


def lived(session: Session, until: datetime, **known: Any) -> list[tuple[str, datetime]]:
    return fired(pass_time(session, until, training=training(assigned_at=LONG_BEFORE), **known)[0])


def test_a_weekly_series_keeps_its_wall_clock_over_the_clock_change_with_all_its_moments():
    starts = series(date(2026, 10, 1), 9, timedelta(weeks=1), time(15, 30), CHICAGO)
    for told in starts:
        written = datetime.fromisoformat(told.isoformat())  # with an offset, not a zone, as JSON has it
        session, _ = told_of(None, scheduled(written, session_ref=told.isoformat()), LONG_BEFORE - 60 * DAY)
        assert session.described
        summer = told.date() < date(2026, 11, 1)
        assert session.described.starts_at.time() == (time(20, 30) if summer else time(21, 30))
        walls = [(name, at.astimezone(CHICAGO).time()) for name, at in lived(session, told.astimezone(UTC) + DAY)]
        assert walls == [
            ("assign", time(15, 30)),
            ("nudge", time(10, 30)),
            ("quiz_by", time(12, 30)),
            ("last_call", time(15)),
            ("check_in", time(16, 30)),
        ]


def test_a_session_moved_by_hand_fires_nothing_for_its_old_time_and_five_moments_for_the_new():
    now, friday = START - 25 * HOUR, START + DAY
    session, before = pass_time(a_session(), now)
    assert before == []
    session, _ = told_of(session, scheduled(friday, revision=1), now)
    moments = lived(session, friday + DAY)
    assert [name for name, _ in moments] == FIVE
    assert moments[0] == ("assign", friday - DAY)


def test_nothing_reminds_of_a_session_cancelled_shortly_before_its_first_reminder():
    now = START - 5 * HOUR - 5 * MINUTE
    session, _ = pass_time(a_session(), now)
    session, _ = taken(domain.cancelled(session, cancelled(), now, facts()))
    _, events = pass_time(session, START + DAY)
    assert events == []


def test_a_session_postponed_by_five_weeks_fires_nothing_for_its_old_time():
    now, later = START - 25 * HOUR, START + timedelta(weeks=5)
    session, _ = told_of(a_session(), scheduled(later, revision=1), now)
    _, events = pass_time(session, START + 2 * DAY)
    assert events == []
    assert [name for name, _ in lived(session, later + DAY)] == FIVE


def test_a_session_held_earlier_than_planned_fires_nothing_for_its_old_time():
    session, _ = taken(domain.held(a_session(), held(), START - 25 * HOUR, facts()))
    _, events = pass_time(session, START + 2 * DAY)
    assert events == []


def test_when_one_mentors_session_moves_only_that_mentor_is_reminded_at_the_new_time():
    moved, later = START + 2 * HOUR, {}
    for ref in ("m1", "m2"):
        session = a_session(session_ref=f"series/{ref}", mentor_ref=ref)
        if ref == "m2":
            session, _ = told_of(session, scheduled(moved, session_ref="series/m2", mentor_ref="m2", revision=1))
        _, events = pass_time(session, START + DAY, training=training(assigned_at=LONG_BEFORE))
        assert {event.mentor_id for event in of(NudgeRequested, events)} == {facts(scheduled(mentor_ref=ref)).told.mentor_id}
        later[ref] = dict(lived(session, START + DAY))["nudge"]
    assert later == {"m1": START - 5 * HOUR, "m2": moved - 5 * HOUR}


def test_cancelling_one_of_a_series_leaves_the_others_as_they_were():
    starts = series(date(2026, 12, 10), 6, timedelta(weeks=1), time(16), CHICAGO)
    sessions = [a_session(start.astimezone(UTC), session_ref=f"series/{n}") for n, start in enumerate(starts)]
    known = facts(scheduled(session_ref="series/2"))
    third, _ = taken(domain.cancelled(sessions[2], cancelled(1, "series/2"), LONG_BEFORE, known))
    after = [*sessions[:2], third, *sessions[3:]]
    assert [session.status for session in after].count(Status.PLANNED) == 5
    assert [(s.described.revision, s.plan) for s in after if s.described and s is not third] == [(0, 1)] * 5


@pytest.mark.parametrize("moved_first", [True, False])
def test_a_moved_instance_is_one_session_whichever_of_its_two_entries_comes_first(moved_first: bool):
    master, override = scheduled(), scheduled(START + 3 * HOUR, revision=1)
    session: Session | None = None
    events: list[Event] = []
    for event in (override, master) if moved_first else (master, override):
        decided = domain.scheduled(session, event, LONG_BEFORE, facts(event))
        if isinstance(decided, tuple):
            session, more = decided
            events += more
    assert session and session.described and session.described.starts_at == START + 3 * HOUR
    assert {event.session_id for event in of(SessionPlanned, events)} == {session.id}
    assert of(SessionPlanned, events)[-1].starts_at == START + 3 * HOUR


def test_the_last_day_of_a_series_has_its_moments_like_the_first():
    starts = series(date(2018, 11, 15), 8, DAY, time(14), SOFIA)
    for start in starts:
        announced = scheduled(start.astimezone(UTC), time_zone="Europe/Sofia")
        in_sofia = a_mentor(time_zone="Europe/Sofia")
        session, _ = told_of(None, announced, datetime(2018, 11, 1, tzinfo=UTC), mentor=in_sofia)
        assert [name for name, _ in lived(session, start.astimezone(UTC) + DAY, mentor=in_sofia)] == FIVE
        assert session.next and session.next.moment is Moment.ASSIGN
