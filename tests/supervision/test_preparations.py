"""A mentor's preparation for a session: when its brief is ready, and that no order of arrival changes what it says."""

from dataclasses import replace
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from services.supervision import preparations
from services.supervision.preparations import Facts, Preparation
from shared.contracts.content import NothingSuitable
from shared.contracts.event import Due, Event, Refused
from shared.contracts.supervision import BriefReady
from tests.supervision.builders import (
    DAY,
    HOUR,
    MENTOR,
    SECOND,
    SESSION,
    SITE,
    START,
    SUPERVISOR,
    TRAINING,
    answered,
    assigned,
    completed,
    opened,
    planned,
    shared,
)

DECIDE: dict[str, Any] = {
    "SessionPlanned": preparations.planned,
    "TrainingAssigned": preparations.assigned,
    "TrainingShared": preparations.shared,
    "NothingSuitable": preparations.nothing_suitable,
    "TrainingOpened": preparations.opened,
    "ItemAnswered": preparations.answered,
    "TrainingCompleted": preparations.completed,
}
QUIZ_BY = START - 3 * HOUR


def after(*events: Event, at: datetime = START - 4 * HOUR) -> tuple[Preparation, list[Event]]:
    found, told = None, []
    for event in events:
        result = DECIDE[type(event).__name__](found, event, at, Facts(SUPERVISOR))
        if not isinstance(result, Refused):
            found, new = result
            told += new
    assert found
    return found, told


def ready(complete: bool, at: datetime) -> BriefReady:
    return BriefReady(mentor_id=MENTOR, site_id=SITE, supervisor_id=SUPERVISOR, session_id=SESSION, training_id=TRAINING,
                      at=at, complete=complete)  # fmt: skip


def test_a_brief_is_ready_when_the_training_is_done() -> None:
    found, told = after(planned(), assigned(), opened(), answered(), completed())
    assert told == [ready(True, START - 4 * HOUR)]
    assert found.due_at is None


def test_a_brief_is_ready_at_quiz_by_when_the_training_is_not() -> None:
    found, told = after(planned(), assigned(), opened())
    assert (told, found.due_at) == ([], QUIZ_BY)
    done = preparations.due(found, Due(), QUIZ_BY, Facts(SUPERVISOR))
    assert not isinstance(done, Refused)
    assert (done[1], done[0].due_at) == ([ready(False, QUIZ_BY)], None)


def test_a_brief_is_ready_once() -> None:
    found, _ = after(planned(), assigned())
    waited = preparations.due(found, Due(), QUIZ_BY, Facts(SUPERVISOR))
    assert not isinstance(waited, Refused)
    late = preparations.completed(waited[0], completed(late=True), START - HOUR, Facts(SUPERVISOR))
    assert not isinstance(late, Refused)
    assert late[1] == []
    assert (late[0].completed_at, late[0].late, late[0].complete_when_ready) == (START - 4 * HOUR, True, False)


def test_a_moved_session_moves_the_moment_of_its_brief() -> None:
    found, _ = after(planned(), assigned(), planned(revision=2, starts_at=START + DAY))
    assert found.due_at == START + DAY - 3 * HOUR


def test_an_older_plan_changes_nothing() -> None:
    newer, _ = after(planned(revision=2, starts_at=START + DAY))
    assert preparations.planned(newer, planned(), START - DAY, Facts()) == Refused("stale_revision")


@pytest.mark.parametrize("status", ["cancelled", "moved_away", "not_held"])
def test_a_session_that_is_off_needs_no_brief(status: Any) -> None:
    found, _ = after(planned(), assigned(), planned(revision=2, status=status))
    assert found.due_at is None
    again, _ = after(planned(), assigned(), planned(revision=2, status=status), planned(revision=3))
    assert again.due_at == QUIZ_BY


def test_a_session_of_another_mentor_is_another_preparation() -> None:
    other = planned(mentor_id=SUPERVISOR)
    assert preparations.preparation_id(other) != preparations.preparation_id(planned())


def test_nothing_to_train_is_remembered_until_there_is_something() -> None:
    nothing = NothingSuitable(
        request_id=TRAINING, session_id=SESSION, mentor_id=MENTOR, site_id=SITE, reason="no_known_items"
    )
    assert after(planned(), nothing)[0].nothing_suitable
    assert not after(nothing, planned(), assigned())[0].nothing_suitable
    assert not after(assigned(), nothing)[0].nothing_suitable


def test_a_session_that_shares_a_training_has_a_brief_of_its_own_by_its_own_deadline() -> None:
    second = planned(session_id=SECOND, starts_at=START + 4 * HOUR)
    for events in ((second, shared()), (shared(), second)):
        found, told = after(*events)
        assert (found.session_id, found.training_id, found.due_at, told) == (SECOND, TRAINING, START + HOUR, [])
        for done in (True, False):
            (_, (ready,)) = preparations.due(found, Due(), START + HOUR, Facts(SUPERVISOR, done))  # type: ignore[misc]
            assert (ready.session_id, ready.training_id, ready.complete) == (SECOND, TRAINING, done)


def test_any_order_of_topics_ends_in_the_same_preparation() -> None:
    topics: list[list[Event]] = [
        [planned(), planned(revision=2, starts_at=START + HOUR)], [assigned()], [opened(), answered(), completed()],
    ]  # fmt: skip
    ends = []
    for order in set(permutations([0, 0, 1, 2, 2, 2])):
        rest = [list(topic) for topic in topics]
        found, told = after(*(rest[topic].pop(0) for topic in order))
        assert [type(event) for event in told] == [BriefReady]
        ends.append(found)
    assert len(ends) == 60
    assert all(end == ends[0] for end in ends)
    assert replace(ends[0], answers=()).starts_at == START + HOUR
