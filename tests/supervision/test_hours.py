"""Working hours, on a place's own clock, and the deadlines that keep to them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.supervision import hours
from shared.contracts.supervision import AlertEscalated
from tests.supervision.builders import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Story,
    answered,
    call,
    checked_in,
    listed,
    opened,
    planned,
)

ZONE = "America/Chicago"
FRIDAY = datetime(2026, 11, 27, 6, tzinfo=UTC)  # midnight in Chicago


def at(day: int, hour: float) -> datetime:
    """`day` 0 is that Friday, 1 Saturday, 3 Monday; `hour` on Chicago's clock."""
    return FRIDAY + day * DAY + timedelta(hours=hour)


@pytest.mark.parametrize(
    ("when", "forward", "back"),
    [
        (at(0, 12), at(0, 12), at(0, 12)),
        (at(0, 8), at(0, 8), at(0, 8)),
        (at(0, 18), at(0, 18), at(0, 18)),
        (at(0, 7), at(0, 8), at(-1, 18)),
        (at(0, 19), at(3, 8), at(0, 18)),
        (at(1, 10), at(3, 8), at(0, 18)),
        (at(2, 23), at(3, 8), at(0, 18)),
        (at(3, 7.5), at(3, 8), at(0, 18)),
    ],
)
def test_outside_working_hours_the_next_or_the_last_one_counts(when: datetime, forward: datetime, back: datetime) -> None:
    assert (hours.forward(when, ZONE), hours.back(when, ZONE)) == (forward, back)


@pytest.mark.parametrize(
    ("when", "days", "later"),
    [(at(0, 12), 1, at(3, 12)), (at(-1, 15), 3, at(4, 15)), (at(1, 10), 1, at(4, 8)), (at(0, 20), 2, at(5, 8))],
)
def test_working_days_keep_the_time_of_day_and_leave_out_the_weekend(when: datetime, days: int, later: datetime) -> None:
    assert hours.days_later(when, days, ZONE) == later


def test_a_working_day_is_a_day_of_the_clock_on_the_wall_when_summer_ends() -> None:
    before = datetime(2026, 10, 30, 17, tzinfo=UTC)  # Friday noon; the clock goes back on Sunday
    assert hours.days_later(before, 1, ZONE) == datetime(2026, 11, 2, 18, tzinfo=UTC)


def missed(raised_at: datetime, starts_at: datetime, **changes: Any) -> Story:
    """A safety question missed, without being sure, before a session."""
    about = {"starts_at": starts_at} | changes
    early = raised_at - HOUR
    story = Story(listed(), planned(starts_at=starts_at), opened(starts_at=starts_at, opened_at=early), at=early)
    return story.happens(answered(confidence="guess", answered_at=raised_at, received_at=raised_at, **about), at=raised_at)


@pytest.mark.parametrize(
    ("raised_at", "starts_at", "role", "by"),
    [
        (at(0, 12), at(0, 16), "supervisor", at(0, 15)),  # an hour before it
        (at(0, 12), at(3, 16), "supervisor", at(3, 12)),  # a working day
        (at(0, 12), at(1, 10), "supervisor", at(0, 18)),  # the last working hour before a session on Saturday
        (at(0, 17.9), at(1, 10), "supervisor", at(0, 18.4)),  # half an hour at least
        (at(1, 8), at(1, 12), "on_call", at(1, 11)),  # nobody works before it
        (at(2, 21), at(3, 8.5), "on_call", at(3, 7.5)),
        (at(2, 21), at(3, 16), "supervisor", at(3, 15)),
        (at(0, 15.75), at(0, 16), "supervisor", at(0, 16.25)),
    ],
)
def test_a_safety_miss_is_to_be_known_in_the_last_working_hour_before_the_session(
    raised_at: datetime, starts_at: datetime, role: str, by: datetime
) -> None:
    alert = missed(raised_at, starts_at).alert("safety_item_missed")
    assert (alert.with_role, alert.acknowledge_by) == (role, by)


def test_what_is_urgent_runs_by_the_clock() -> None:
    story = missed(at(1, 8), at(1, 16))
    story.happens(answered(item_id="q2", starts_at=at(1, 16), answered_at=at(1, 8), received_at=at(1, 8)))
    alert = story.alert("confident_miss_on_safety_item")
    assert (alert.with_role, alert.acknowledge_by) == ("supervisor", at(1, 12))


def test_a_session_moved_into_the_weekend_is_the_on_call_numbers_and_back_again() -> None:
    story = missed(at(0, 19), at(3, 16))
    assert story.alert("safety_item_missed").with_role == "supervisor"
    story.happens(planned(starts_at=at(1, 16), revision=2), at=at(0, 20))
    assert (story.alert("safety_item_missed").with_role, story.alert("safety_item_missed").asked_at) == ("on_call", at(0, 19))
    story.happens(planned(starts_at=at(3, 16), revision=3), at=at(0, 21))
    assert story.alert("safety_item_missed").with_role == "supervisor"


def test_a_call_that_can_wait_has_a_working_day() -> None:
    story = Story(listed(), at=at(0, 15)).happens(call(kind="can_wait", pressed_at=at(0, 15)))
    assert story.alert("mentor_asked_to_talk").acknowledge_by == at(3, 15)


def test_a_talk_wished_for_today_is_due_in_two_hours_also_on_a_saturday() -> None:
    said = checked_in(wants_to_talk="today", starts_at=at(1, 9), at=at(1, 11), sent_at=at(1, 11))
    alert = Story(listed(), at=at(1, 11)).happens(said).alert("mentor_asked_to_talk")
    assert (alert.severity, alert.acknowledge_by) == ("urgent", at(1, 13))


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("safeguarding_button_pressed", ["back_up", "site_lead", "on_call"]),
        ("confident_miss_on_safety_item", ["site_lead", "on_call"]),
    ],
)
def test_the_line_of_each_rule(rule: str, line: list[str]) -> None:
    story = Story(listed(), planned(), opened(), at=START - 5 * HOUR)
    story.facts = type(story.facts)(story.facts.lead, back_up=listed(supervisor_reference="sam").supervisor_id)
    story.happens(call() if rule == "safeguarding_button_pressed" else answered()).until(START + HOUR)
    ups = [event.to_role for event in story.said(AlertEscalated) if event.rule == rule]
    assert ups == line


def test_without_a_back_up_the_lead_is_next_at_once() -> None:
    story = Story(listed(), at=START - 5 * HOUR).happens(call()).until(START - 5 * HOUR + 15 * MINUTE)
    assert [event.to_role for event in story.said(AlertEscalated)] == ["site_lead"]
