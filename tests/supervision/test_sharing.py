"""Two sessions of a mentor on one day with one training: what is missed in it is about the next of them that takes place."""

from shared.contracts.supervision import AlertRaised
from tests.supervision.builders import (
    HOUR,
    MINUTE,
    SECOND,
    SESSION,
    START,
    Story,
    answered,
    assigned,
    contact,
    listed,
    opened,
    overdue,
    planned,
    shared,
)

LATER = START + 4 * HOUR


def a_day(*events) -> Story:  # type: ignore[no-untyped-def]
    return Story(listed(), planned(), planned(session_id=SECOND, starts_at=LATER), assigned(), shared(), *events)


def missed_at(at):  # type: ignore[no-untyped-def]
    return answered(answered_at=at, received_at=at)


def test_a_confident_miss_before_the_first_session_is_about_the_first() -> None:
    story = a_day().happens(opened(), answered(), at=START - 4 * HOUR)
    alert = story.alert("confident_miss_on_safety_item")
    assert (alert.session_id, alert.severity, alert.acknowledge_by) == (SESSION, "urgent", START - HOUR)


def test_one_between_the_two_is_urgent_and_about_the_second() -> None:
    at = START + HOUR
    story = a_day().happens(opened(), missed_at(at), at=at)
    alert = story.alert("confident_miss_on_safety_item")
    assert (alert.session_id, alert.severity, alert.acknowledge_by) == (SECOND, "urgent", LATER - HOUR)
    alone = Story(listed(), planned(), planned(session_id=SECOND, starts_at=LATER), assigned())
    assert alone.happens(opened(), missed_at(at), at=at).alert("confident_miss_on_safety_item").severity == "attention"


def test_when_the_first_is_canceled_a_miss_is_about_the_second() -> None:
    off = planned(status="cancelled", revision=2)
    story = a_day(off).happens(opened(), answered(), at=START - 4 * HOUR)
    alert = story.alert("confident_miss_on_safety_item")
    assert (alert.session_id, alert.acknowledge_by) == (SECOND, START)
    later = a_day().happens(opened(), answered(), at=START - 4 * HOUR).happens(off)
    assert later.alert("confident_miss_on_safety_item").session_id == SECOND
    assert len(later.live) == 1


def test_one_miss_of_a_shared_training_raises_one_alert() -> None:
    story = a_day().happens(opened(), answered(), at=START - 4 * HOUR).until(LATER + HOUR)
    assert [event.rule for event in story.said(AlertRaised)] == ["confident_miss_on_safety_item"]


def test_a_talk_about_either_session_closes_what_is_about_both() -> None:
    for session_id in (SESSION, SECOND):
        story = a_day().happens(overdue(), at=START - 3 * HOUR)
        assert story.rules == ["training_not_done"]
        story.happens(contact(session_id=session_id), at=START - 2 * HOUR)
        assert story.rules == []


def test_a_training_that_is_overdue_for_the_second_is_its_alert_when_the_first_was_canceled() -> None:
    story = a_day(planned(status="cancelled", revision=2)).happens(overdue(session_id=SECOND), at=LATER - 3 * HOUR)
    alert = story.alert("training_not_done")
    assert (alert.session_id, alert.acknowledge_by) == (SECOND, LATER - 2 * HOUR)  # 6 pm: nobody works at 8
    story.happens(planned(session_id=SECOND, starts_at=LATER, status="cancelled", revision=2), at=LATER - 3 * HOUR + MINUTE)
    assert story.rules == []
