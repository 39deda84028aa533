"""What a site says of a session again: moved, cancelled, held, in any order of arrival."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from services.trigger import domain
from services.trigger.session import Next, Session, Status
from shared.contracts import ids
from shared.contracts.event import Event, Refused
from shared.contracts.trigger import ContentRequested, NudgeRequested, SessionPlanned
from tests.trigger.building import (
    LONG_BEFORE,
    MENTOR,
    START,
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
    why,
)

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
AFTER = START + 2 * DAY
OTHER = ids.mentor("east", "m2")


def cancel(session: Session | None, revision: int = 0, now: datetime = LONG_BEFORE) -> domain.Decided:
    return domain.cancelled(session, cancelled(revision), now, facts())


def hold(session: Session | None, now: datetime, took_place: bool = True, minutes: int | None = None) -> domain.Decided:
    return domain.held(session, held(took_place, minutes=minutes), now, facts())


def test_an_older_revision_changes_nothing():
    assert domain.scheduled(a_session(revision=2), scheduled(revision=1), START, facts()) == Refused("stale_revision")


def test_of_one_revision_the_later_update_at_the_source_wins():
    session = a_session(source_updated_at=START - 9 * DAY)
    older = scheduled(minutes=30, source_updated_at=START - 10 * DAY)
    assert domain.scheduled(session, older, LONG_BEFORE, facts()) == Refused("stale_revision")
    newer, _ = told_of(session, scheduled(minutes=30, source_updated_at=START - 8 * DAY))
    assert newer.described and newer.described.minutes == 30


def test_the_same_revision_with_other_content_is_an_update_that_leaves_a_warning():
    session, events = told_of(a_session(), scheduled(minutes=60))
    assert (of(SessionPlanned, events)[0].minutes, of(SessionPlanned, events)[0].revision) == (60, 2)
    assert session.warnings == ("changed_without_revision",)


def test_the_same_words_again_change_nothing_at_all():
    session = a_session()
    assert told_of(session, scheduled()) == (session, [])
    assert told_of(session, scheduled())[0] is session


def test_a_higher_revision_with_the_same_content_is_not_published_again():
    session, events = told_of(a_session(), scheduled(revision=4))
    assert events == []
    assert domain.scheduled(session, scheduled(revision=3, minutes=60), LONG_BEFORE, facts()) == Refused("stale_revision")


def test_what_has_fired_stays_fired_when_the_session_moves():
    session, _ = pass_time(a_session(), START - 4 * HOUR, training=training(assigned_at=START - DAY))
    later = START + 7 * DAY
    session, events = told_of(session, scheduled(later, revision=1), START - 4 * HOUR)
    assert of(SessionPlanned, events)[0].quiz_by == later - 3 * HOUR
    session, events = pass_time(session, later + DAY, training=training(assigned_at=START - DAY))
    assert of(ContentRequested, events) == []
    assert [name for name, _ in fired(session)] == ["assign", "nudge", "quiz_by", "last_call", "check_in"]
    assert [moment for name, moment in fired(session)][2:] == [later - 3 * HOUR, later - 30 * MINUTE, later + HOUR]


def test_a_small_change_after_the_deadline_leaves_the_deadline_where_it_was():
    late, known = START - 2 * HOUR, training(assigned_at=START - DAY)
    session, _ = pass_time(a_session(), late, training=known)
    session, events = told_of(session, scheduled(minutes=60, revision=1), late)
    assert of(SessionPlanned, events)[0].quiz_by == START - 3 * HOUR
    assert [name for name, _ in fired(pass_time(session, AFTER, training=known)[0])][2:] == ["quiz_by", "last_call", "check_in"]


def test_a_change_just_when_an_unnoticed_deadline_passes_gives_a_last_chance():
    session, _ = pass_time(a_session(), START - 4 * HOUR, training=training(assigned_at=START - DAY))
    session, events = told_of(session, scheduled(minutes=60, revision=1), START - 3 * HOUR + MINUTE)
    assert of(SessionPlanned, events)[0].quiz_by == START - 15 * MINUTE


def test_a_cancelled_session_waits_for_nothing_and_is_final_for_its_revision():
    session, events = taken(cancel(a_session()))
    assert (session.status, session.due_at, of(SessionPlanned, events)[0].status) == (Status.CANCELLED, None, "cancelled")
    assert domain.scheduled(session, scheduled(minutes=60), LONG_BEFORE, facts()) == Refused("cancelled")
    assert domain.cancelled(session, cancelled(), LONG_BEFORE, facts()) == (session, [])


def test_a_higher_revision_revives_a_cancelled_session_and_its_moments():
    gone, _ = taken(cancel(a_session()))
    session, events = told_of(gone, scheduled(revision=1))
    assert (session.status, of(SessionPlanned, events)[0].status) == (Status.PLANNED, "planned")
    assert session.next == Next(domain.Moment.ASSIGN, START - DAY)


def test_a_cancellation_of_an_older_revision_changes_nothing():
    assert cancel(a_session(revision=3), revision=2) == Refused("stale_revision")


def test_a_cancellation_before_its_session_is_kept_and_the_session_is_born_cancelled():
    early, events = taken(cancel(None))
    assert (early.status, events) == (Status.CANCELLED, [])
    session, events = told_of(early, scheduled())
    assert (session.status, session.due_at) == (Status.CANCELLED, None)
    assert [event.status for event in of(SessionPlanned, events)] == ["cancelled"]


def last_words(events: list[Event]) -> dict[UUID, tuple[object, ...]]:
    """Per mentor, what a consumer that keeps the highest plan number knows in the end."""
    final: dict[UUID, SessionPlanned] = {}
    for event in sorted(of(SessionPlanned, events), key=lambda e: e.revision):
        final[event.mentor_id] = event
    return {mentor: (e.status, e.starts_at, e.minutes, e.activity) for mentor, e in final.items()}


STORY = (
    scheduled(),
    scheduled(START + DAY, revision=1),
    cancelled(revision=2),
    scheduled(START + 2 * DAY, revision=3, minutes=60),
)


def tell(session: Session | None, message: Event, now: datetime = LONG_BEFORE) -> tuple[Session | None, list[Event]]:
    decide = {"SessionScheduled": domain.scheduled, "SessionCancelled": domain.cancelled, "SessionHeld": domain.held}
    known = facts(message) if type(message).__name__ == "SessionScheduled" else facts()
    decided = decide[type(message).__name__](session, message, now, known)
    return (session, []) if isinstance(decided, Refused) else decided


def test_any_order_of_arrival_ends_in_the_same_plan():
    endings = set()
    for order in permutations(STORY):
        session, events = None, []
        for message in order:
            session, more = tell(session, message)
            events += more
        assert session and session.described
        endings.add((session.status, session.described.starts_at, session.described.minutes, session.due_at))
        assert last_words(events) == {MENTOR: ("planned", START + 2 * DAY, 60, "homework_help")}
    assert len(endings) == 1


def test_any_order_of_a_session_its_update_and_its_cancellation_ends_cancelled():
    for order in permutations(STORY[:3]):
        session, events = None, []
        for message in order:
            session, more = tell(session, message)
            events += more
        assert session and session.status is Status.CANCELLED and session.due_at is None
        assert last_words(events)[MENTOR][0] == "cancelled"


def test_a_session_moved_to_another_mentor_ends_for_the_first_and_is_new_for_the_second():
    session, _ = pass_time(a_session(), START - 20 * HOUR)
    session, events = told_of(session, scheduled(mentor_ref="m2", revision=1), START - 20 * HOUR)
    told = [(e.mentor_id, e.status, e.revision) for e in of(SessionPlanned, events)]
    assert told == [(MENTOR, "moved_away", 2), (OTHER, "planned", 3)]
    first = session.earlier[0]
    assert (first.mentor_id, [mark.moment.value for mark in first.marks]) == (MENTOR, ["assign"])
    session, events = pass_time(session, START - 20 * HOUR)
    assert [event.mentor_id for event in of(ContentRequested, events)] == [OTHER]


def test_a_session_that_comes_back_to_its_first_mentor_keeps_that_training():
    session, events = pass_time(a_session(), START - 20 * HOUR)
    before = of(ContentRequested, events)[0].request_id
    session, _ = told_of(session, scheduled(mentor_ref="m2", revision=1), START - 20 * HOUR)
    session, _ = told_of(session, scheduled(mentor_ref="m1", revision=2), START - 19 * HOUR)
    assert (session.training_id, [name for name, _ in fired(session)]) == (before, ["assign"])
    _, events = pass_time(session, START - 19 * HOUR)
    assert of(ContentRequested, events) == []


def test_of_two_mentors_told_in_any_order_the_higher_revision_has_the_session():
    for order in permutations((scheduled(), scheduled(mentor_ref="m2", revision=1), scheduled(mentor_ref="m3", revision=2))):
        session = None
        for message in order:
            session, _ = tell(session, message)
        assert session and session.described and session.described.mentor_id == ids.mentor("east", "m3")


def test_a_session_that_was_held_still_has_its_check_in():
    session, _ = pass_time(a_session(), START)
    session, events = taken(hold(session, START + 50 * MINUTE, minutes=50))
    assert [(e.status, e.minutes) for e in of(SessionPlanned, events)] == [("held", 50)]
    session, events = pass_time(session, AFTER)
    assert [event.moment for event in of(NudgeRequested, events)] == ["check_in"]


@pytest.mark.parametrize("took_place", [True, False])
def test_a_word_on_a_session_before_its_start_leaves_nothing_to_come(took_place: bool):
    session, events = taken(hold(a_session(), START - 25 * HOUR, took_place))
    assert (session.due_at, len(of(SessionPlanned, events))) == (None, 1)
    assert set(why(session).values()) == {"held_early" if took_place else "not_held"}


def test_held_and_cancelled_at_one_revision_is_cancelled_in_either_order():
    one, _ = taken(cancel(taken(hold(a_session(), START + HOUR))[0], now=START + HOUR))
    other, _ = taken(cancel(a_session(), now=START + HOUR))
    assert hold(other, START + HOUR) == Refused("cancelled")
    assert (one.status, other.status) == (Status.CANCELLED, Status.CANCELLED)


def test_a_session_held_before_we_heard_of_it_is_published_as_held():
    early, _ = taken(hold(None, START + HOUR))
    session, events = told_of(early, scheduled(), START + 2 * HOUR)
    assert (session.status, [e.status for e in of(SessionPlanned, events)]) == (Status.HELD, ["held"])
