"""Whatever a site says, in whatever order, and however late our clock: what must hold for every session at every moment."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.trigger import domain, store
from services.trigger.session import Outcome, Session, Status
from shared.contracts.event import Due, Event, Refused
from shared.contracts.site import SessionCancelled, SessionHeld, SessionScheduled
from shared.contracts.trigger import ContentRequested, NudgeRequested, SessionPlanned
from tests.trigger.building import START, cancelled, facts, held, of, scheduled, training

COLUMNS = [
    "id", "site_id", "status", "mentor_id", "mentee_ref", "starts_at", "wall", "time_zone", "minutes", "activity", "revision",
    "plan", "stage", "session_no", "mentor_zone", "policy_version", "quiz_by", "moment", "due_at", "rest",
]  # fmt: skip
DECIDE = {SessionScheduled: domain.scheduled, SessionCancelled: domain.cancelled, SessionHeld: domain.held}
HOUR = timedelta(hours=1)

announced = st.builds(
    scheduled,
    st.integers(-60, 120).map(lambda hours: START + hours * HOUR),
    revision=st.integers(0, 3),
    mentor_ref=st.sampled_from(["m1", "m2"]),
    minutes=st.sampled_from([30, 45]),
    activity=st.sampled_from(["homework_help", "check_in", "risk_assessment"]),
    focus=st.sampled_from([(), ("open_questions",)]),
)
verdicts = st.builds(held, st.booleans(), st.integers(0, 3), st.sampled_from([None, 20]))
words = st.one_of(announced, st.builds(cancelled, st.integers(0, 3)), verdicts)
passing = st.builds(timedelta, minutes=st.integers(1, 60 * 40))
late = st.builds(timedelta, minutes=st.sampled_from([0, 0, 0, 5, 25, 60 * 30]))
steps = st.lists(st.one_of(words, st.tuples(passing, late)), min_size=1, max_size=14)
knowledge = st.fixed_dictionaries(
    {},
    optional={
        "mentor": st.none(),
        "training": st.sampled_from([training(assigned_at=START), training(completed_at=START), training(nothing=True)]),
    },
)


class Life:
    """One session with its clock; every step is checked."""

    def __init__(self) -> None:
        self.now = START - 72 * HOUR
        self.session: Session | None = None
        self.events: list[Event] = []

    def hear(self, event: Any, known: dict[str, Any]) -> None:
        gathered = facts(event if isinstance(event, SessionScheduled) else None, **known)
        self.take(DECIDE[type(event)](self.session, event, self.now, gathered))

    def wait(self, span: timedelta, lateness: timedelta, known: dict[str, Any]) -> None:
        until = self.now + span
        while self.session and self.session.due_at and self.session.due_at + lateness <= until:
            before = self.session
            self.now = max(self.now, before.due_at + lateness)
            self.take(domain.due(before, Due(), self.now, facts(**known)))
            assert self.session.due_at is None or self.session.due_at > self.now
        self.now = until

    def take(self, decided: domain.Decided) -> None:
        if isinstance(decided, Refused):
            return
        self.session, events = decided
        self.events += events
        self.check(self.session, events)

    def check(self, session: Session, events: list[Event]) -> None:
        fired = Counter(mark.moment for mark in session.marks)
        assert set(fired.values()) <= {1}
        if session.status not in (Status.PLANNED, Status.HELD, Status.WAITING):
            assert session.due_at is None
        if session.status is Status.PLANNED:
            assert session.next is not None or len(session.marks) == 5
        assert not of(NudgeRequested, events) or session.status in (Status.PLANNED, Status.HELD)
        assert store._session(dict(zip(COLUMNS, store._row(session), strict=True))) == session


@settings(max_examples=300, deadline=None)
@given(steps=steps, known=knowledge)
def test_no_session_is_ever_asked_twice_reminded_after_its_end_or_left_due(steps: list[Any], known: dict[str, Any]):
    life = Life()
    for step in steps:
        if isinstance(step, tuple):
            life.wait(*step, known)
        else:
            life.hear(step, known)
    assert max(Counter(event.request_id for event in of(ContentRequested, life.events)).values(), default=1) == 1
    plans = [event.revision for event in of(SessionPlanned, life.events)]
    assert plans == sorted(set(plans))


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(words, min_size=1, max_size=6), order=st.randoms())
def test_who_has_a_session_and_when_does_not_depend_on_the_order_of_arrival(steps: list[Any], order: Any):
    """Where revisions differ; of one revision the order received decides, as agreed."""
    one_of_each = list({event.revision: event for event in steps}.values())
    shuffled = list(one_of_each)
    order.shuffle(shuffled)
    lives = []
    for told in (sorted(one_of_each, key=lambda event: event.revision), shuffled):
        life = Life()
        for event in told:
            life.hear(event, {})
        assert life.session is not None
        lives.append((life.session.status, life.session.described, life.session.due_at))
    assert lives[0] == lives[1]


@given(steps=steps)
def test_a_moment_that_has_fired_for_a_mentor_stays_fired(steps: list[Any]):
    life = Life()
    fired: set[tuple[Any, Any]] = set()
    for step in steps:
        if isinstance(step, tuple):
            life.wait(*step, {})
        else:
            life.hear(step, {})
        session = life.session
        if session and session.described:
            turns = [(session.described.mentor_id, session.marks), *((turn.mentor_id, turn.marks) for turn in session.earlier)]
            now_fired = {(mentor, mark.moment) for mentor, marks in turns for mark in marks if mark.outcome is Outcome.FIRED}
            assert fired <= now_fired
            fired = now_fired


def test_what_was_decided_is_kept_where_nothing_else_has_happened_since_the_session_was_announced_again():
    life = Life()
    life.hear(scheduled(START, activity="risk_assessment"), {})
    life.wait(60 * HOUR, timedelta(), {})
    life.hear(scheduled(START + 100 * HOUR, revision=2, activity="risk_assessment"), {})
    assert life.session is not None and life.session.decision is not None and not life.session.marks
