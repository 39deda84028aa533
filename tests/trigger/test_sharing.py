"""Sessions that a mentor has on one day share a training: asked for under one id, reminded of once, whatever is called off."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from services.trigger import domain
from services.trigger.moments import Moment
from services.trigger.session import Session, as_nearby
from shared.contracts import ids
from shared.contracts.event import Due, Event
from shared.contracts.trigger import ContentRequested, DecisionMade, NudgeRequested, TrainingOverdue
from tests.trigger.building import (
    LONG_BEFORE,
    MENTOR,
    START,
    a_mentor,
    cancelled,
    facts,
    of,
    scheduled,
    taken,
    told_of,
    training,
    why,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORNING = START - 5 * HOUR  # 11:00 am in Chicago; the other is at 4:00 pm
NOT_DONE = training(assigned_at=START - 2 * DAY)


@dataclass
class Week:
    """One mentor's sessions, and what became of them. Those that are due at one time are one batch: none sees another's."""

    sessions: dict[str, Session] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def plan(self, ref: str, starts_at: datetime, now: datetime = LONG_BEFORE, revision: int = 0) -> "Week":
        event = scheduled(starts_at, session_ref=ref, revision=revision)
        self.sessions[ref], told = told_of(self.sessions.get(ref), event, now)
        self.events += told
        return self

    def cancel(self, ref: str, now: datetime) -> "Week":
        self.pass_time(now)
        event = cancelled(session_ref=ref, revision=self.sessions[ref].described.revision)  # type: ignore[union-attr]
        self.sessions[ref], told = taken(domain.cancelled(self.sessions[ref], event, now, facts(scheduled(session_ref=ref))))
        self.events += told
        return self

    def pass_time(self, until: datetime, done: bool = False) -> "Week":
        while due := sorted((s.due_at, ref) for ref, s in self.sessions.items() if s.due_at and s.due_at <= until):
            batch = [ref for _, ref in next(group for _, group in groupby(due, key=lambda pair: pair[0]))]
            before = dict(self.sessions)
            for ref in batch:
                self._due(ref, before, done)
        return self

    def _due(self, ref: str, before: dict[str, Session], done: bool) -> None:
        session = before[ref]
        assert session.due_at
        nearby = tuple(as_nearby(s, done) for other, s in sorted(before.items()) if other != ref and _near(s, session))
        known = replace(NOT_DONE, completed_at=session.due_at - HOUR) if done else NOT_DONE
        around = facts(scheduled(session_ref=ref), nearby=nearby, training=known)
        self.sessions[ref], told = taken(domain.due(session, Due(), session.due_at, around))
        self.events += told

    def asked(self) -> dict[str, object]:
        return {ref: s.training_id for ref, s in self.sessions.items()}

    def reminders(self, moment: str) -> list[object]:
        return [e.session_id for e in of(NudgeRequested, self.events) if e.moment == moment]


def _near(one: Session, other: Session) -> bool:
    assert one.described and other.described
    return abs(one.described.starts_at - other.described.starts_at) <= 26 * HOUR


def session_id(ref: str) -> object:
    return ids.session("east", ref)


def two() -> Week:
    return Week().plan("s1", MORNING).plan("s2", START)


def test_two_sessions_on_one_day_ask_for_the_same_training_and_the_day_after_is_another():
    week = two().plan("s3", START + DAY).pass_time(START + DAY)
    day = START.date()
    assert week.asked() == {
        "s1": ids.training(MENTOR, day),
        "s2": ids.training(MENTOR, day),
        "s3": ids.training(MENTOR, day + DAY),
    }
    assert [e.request_id for e in of(ContentRequested, week.events)] == list(week.asked().values())
    assert [e.training_id for e in of(DecisionMade, week.events)] == list(week.asked().values())
    assert len({e.decision_id for e in of(DecisionMade, week.events)}) == 3


def test_a_day_is_one_on_the_mentors_own_calendar():
    late = START + 6 * HOUR  # 10:00 pm in Chicago, the next day in New York at 12:30 am
    session, _ = told_of(None, scheduled(late + 90 * timedelta(minutes=1)), mentor=a_mentor(time_zone="America/New_York"))
    session, _ = taken(domain.due(session, Due(), session.due_at, facts(mentor=a_mentor(time_zone="America/New_York"))))
    assert session.training_id == ids.training(MENTOR, START.date() + DAY)


def test_a_training_is_reminded_of_and_called_overdue_once_and_each_session_has_its_check_in():
    week = two().pass_time(START + DAY)
    assert week.reminders("nudge") == week.reminders("last_call") == [session_id("s1")]
    assert [e.session_id for e in of(TrainingOverdue, week.events)] == [session_id("s1")]
    assert sorted(map(str, week.reminders("check_in"))) == sorted(str(session_id(ref)) for ref in ("s1", "s2"))
    assert why(week.sessions["s2"]) == {"nudge": "shared", "quiz_by": "shared", "last_call": "shared"}


def test_a_first_session_that_is_called_off_leaves_the_training_to_the_second():
    week = two().cancel("s1", MORNING - 20 * HOUR).pass_time(START + DAY)
    assert week.reminders("nudge") == week.reminders("last_call") == [session_id("s2")]
    assert [e.session_id for e in of(TrainingOverdue, week.events)] == [session_id("s2")]


def test_one_that_has_reminded_before_it_was_called_off_is_not_repeated_and_the_second_deadline_counts():
    week = two().cancel("s1", MORNING - 2 * HOUR).pass_time(START + DAY)
    assert week.reminders("nudge") == [session_id("s1")]
    assert [e.session_id for e in of(TrainingOverdue, week.events)] == [session_id("s1"), session_id("s2")]


def test_a_session_that_is_moved_keeps_its_training_and_the_one_that_stays_is_reminded_of_it():
    week = two().pass_time(MORNING - 20 * HOUR).plan("s1", MORNING + 7 * DAY, MORNING - 20 * HOUR, revision=1)
    asked = week.pass_time(START).asked()
    assert asked["s1"] == asked["s2"] == ids.training(MENTOR, START.date())
    assert week.reminders("nudge") == [session_id("s2")]


def test_a_training_that_came_with_a_moved_session_serves_the_day_it_was_moved_to_unless_it_is_done():
    for done in (False, True):
        week = Week().plan("s1", START).plan("s2", START + 2 * DAY).pass_time(START - 20 * HOUR)
        week.plan("s1", START + 2 * DAY - 3 * HOUR, START - 20 * HOUR, revision=1).pass_time(START + 2 * DAY, done)
        expected = START.date() + 2 * DAY if done else START.date()
        assert week.asked() == {"s1": ids.training(MENTOR, START.date()), "s2": ids.training(MENTOR, expected)}


def test_a_session_of_another_mentor_has_a_training_of_its_own():
    other = a_mentor("m2")
    session, _ = told_of(None, scheduled(mentor_ref="m2"), mentor=other)
    session, _ = taken(domain.due(session, Due(), session.due_at, facts(mentor=other)))
    assert session.training_id == ids.training(ids.mentor("east", "m2"), START.date())


hours = st.integers(min_value=-9, max_value=4)  # 7:00 am to 8:00 pm
calls = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(-40, 5)), max_size=2, unique_by=lambda call: call[0])


@settings(max_examples=300)
@given(starts=st.tuples(hours, hours, hours), calls=calls)
def test_no_order_of_sessions_and_cancellations_reminds_twice_of_one_training(
    starts: tuple[int, int, int], calls: list[tuple[str, int]]
):
    week = Week()
    for ref, hour in zip("abc", starts, strict=True):
        week.plan(ref, START + hour * HOUR)
    for ref, hour in sorted(calls, key=lambda call: call[1]):
        week.cancel(ref, START + hour * HOUR)
    week.pass_time(START + 2 * DAY)
    assert len({e.request_id for e in of(ContentRequested, week.events)}) <= 1
    assert len(week.reminders("nudge")) <= 1
    assert len(week.reminders("last_call")) <= 1
    marks = [mark for s in week.sessions.values() if (mark := s.done(Moment.QUIZ_BY))]
    assert any(mark.why is None for mark in marks), "somebody looks at the deadline"
