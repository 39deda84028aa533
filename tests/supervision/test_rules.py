"""Each rule: when it holds, when it does not, how severe it is and by when somebody must act."""

from datetime import datetime
from typing import Any

import pytest

from shared.contracts.supervision import AlertRaised
from tests.supervision.builders import (
    BOTH_BASE,
    DAY,
    HOUR,
    MINUTE,
    START,
    YEAR,
    Story,
    answered,
    assigned,
    call,
    completed,
    listed,
    mistaken,
    of,
    opened,
    overdue,
    planned,
)

NOON = START - 4 * HOUR


def test_certain_and_wrong_about_safety_is_urgent_within_four_hours_and_an_hour_before_the_start() -> None:
    story = Story(listed(), planned(), opened()).happens(answered(), at=NOON)
    alert = story.alert("confident_miss_on_safety_item")
    assert story.rules == ["confident_miss_on_safety_item"]
    assert (alert.severity, alert.acknowledge_by, alert.with_role) == ("urgent", START - HOUR, "supervisor")
    early = Story(listed(), planned(), opened()).happens(answered(), at=START - 20 * HOUR)
    assert early.alert("confident_miss_on_safety_item").acknowledge_by == START - 16 * HOUR


def test_a_safety_alert_never_asks_for_less_than_half_an_hour() -> None:
    late = START - 20 * MINUTE
    story = Story(listed(), planned(), opened()).happens(answered(received_at=late, answered_at=late), at=late)
    assert story.alert("confident_miss_on_safety_item").acknowledge_by == late + 30 * MINUTE


@pytest.mark.parametrize("confidence", ["think_so", "guess", None])
def test_a_safety_miss_without_certainty_asks_for_attention(confidence: str | None) -> None:
    story = Story(listed(), planned(), opened()).happens(answered(confidence=confidence), at=NOON)
    alert = story.alert("safety_item_missed")
    assert story.rules == ["safety_item_missed"]
    assert (alert.severity, alert.acknowledge_by) == ("attention", START - HOUR)


@pytest.mark.parametrize("changes", [{"correct": True, "mistakes": ()}, {"safety_critical": False}])
def test_a_right_answer_or_an_ordinary_question_is_no_safety_miss(changes: dict[str, Any]) -> None:
    assert Story(listed(), planned(), opened(), answered(**changes)).rules == []


def test_what_arrives_after_the_start_is_not_urgent_and_waits_for_the_next_session() -> None:
    late = START + 2 * HOUR
    story = Story(listed(), planned(), planned(**without_training(of(2))), opened())
    story.happens(answered(received_at=late), at=late)
    alert = story.alert("confident_miss_on_safety_item")
    assert (alert.severity, alert.facts["late"], alert.acknowledge_by) == ("attention", "yes", late + 24 * HOUR)


def test_no_clock_of_a_phone_is_trusted_beyond_opened_and_received() -> None:
    """A phone that is a day slow: it was opened after the start, so the answer was given after it too."""
    story = Story(listed(), planned(), opened(opened_at=START + HOUR))
    story.happens(answered(answered_at=START - DAY, received_at=START + 2 * HOUR), at=START + 2 * HOUR)
    assert story.alert("confident_miss_on_safety_item").severity == "attention"


def test_a_phone_that_runs_fast_does_not_hide_an_answer_in_time() -> None:
    story = Story(listed(), planned(), opened()).happens(answered(answered_at=START + DAY), at=NOON)
    assert story.alert("confident_miss_on_safety_item").severity == "urgent"


def test_a_retry_that_is_right_changes_the_words_but_not_the_alert() -> None:
    story = Story(listed(), planned(), opened()).happens(answered(), answered(attempt=2, correct=True), at=NOON)
    assert story.alert("confident_miss_on_safety_item").facts["retry"] == "right"
    assert len(story.said(AlertRaised)) == 1


def test_the_alert_names_the_functions_that_wait() -> None:
    story = Story(listed(), planned(), opened()).happens(answered(), at=NOON)
    assert story.alert("confident_miss_on_safety_item").facts["functions"] == "safeguarding_first_response"


def without_training(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "training_id"}


def check_in(**changes: Any) -> Any:
    return planned(activity="check_in", function="social_emotional_check_in", **changes)


@pytest.mark.parametrize(
    ("until", "lack"),
    [("never", "missing"), (START - DAY, "expired")],
)
def test_a_plan_that_needs_what_the_mentor_is_not_cleared_for(until: Any, lack: str) -> None:
    cleared = {"relationship_building": YEAR, "safeguarding_first_response": YEAR}
    if until != "never":
        cleared["social_emotional_check_in"] = until
    story = Story(listed(cleared=cleared), check_in())
    alert = story.alert("uncleared_function_planned")
    assert story.rules == ["uncleared_function_planned"]
    assert (alert.severity, alert.facts["lack"], alert.acknowledge_by) == ("attention", lack, START - 3 * HOUR)


def test_an_uncleared_plan_is_urgent_when_it_comes_within_three_hours() -> None:
    late = START - 2 * HOUR
    story = Story(listed(), at=late).happens(check_in())
    alert = story.alert("uncleared_function_planned")
    assert (alert.severity, alert.acknowledge_by) == ("urgent", late + 30 * MINUTE)


@pytest.mark.parametrize("at", [START - 8 * DAY, START + HOUR])
def test_only_a_session_within_a_week_is_looked_at(at: datetime) -> None:
    assert Story(listed(), check_in(), at=at).rules == []


def test_the_next_session_comes_into_view_a_week_before_by_the_clock_alone() -> None:
    story = Story(listed(), check_in(), at=START - 20 * DAY).until(START - 7 * DAY - MINUTE)
    assert story.rules == []
    assert story.until(START - 7 * DAY).rules == ["uncleared_function_planned"]


def test_a_cleared_plan_raises_nothing_and_waits_for_nothing() -> None:
    story = Story(listed(match_started_on=None, cleared=dict.fromkeys(BOTH_BASE)), planned())
    assert (story.rules, story.case and story.case.due_at) == ([], None)


def test_a_hold_that_its_safety_alert_already_says_is_not_said_twice() -> None:
    story = Story(listed(), planned(), opened()).happens(answered(), at=NOON)
    assert story.rules == ["confident_miss_on_safety_item"]


def test_a_mentor_whom_no_file_has_named_yet_is_not_called_uncleared() -> None:
    assert Story(check_in()).rules == []


def test_one_alert_for_a_function_follows_to_the_next_session() -> None:
    second = check_in(**without_training(of(2)))
    story = Story(listed(), check_in(), second)
    first = story.alert("uncleared_function_planned")
    story.until(START + HOUR)
    alert = story.alert("uncleared_function_planned")
    assert (alert.alert_id, alert.session_id) == (first.alert_id, second.session_id)
    assert len(story.live) == 1


@pytest.mark.parametrize(
    ("pattern", "rules"),
    [
        ([True, True], ["same_mistake_again"]),
        ([True, False, True], ["same_mistake_again"]),
        ([True, False, False, True], []),
        ([True], []),
    ],
)
def test_the_same_mistake_in_two_of_the_last_three_trainings_that_offered_it(pattern: list[bool], rules: list[str]) -> None:
    answers = [mistaken("closed_question", number, wrong=wrong) for number, wrong in enumerate(pattern, 1)]
    assert Story(listed(), *answers).rules == rules


def test_a_training_that_did_not_offer_the_mistake_does_not_count() -> None:
    others = [mistaken("stacked_questions", number, wrong=False) for number in (2, 3)]
    story = Story(listed(), mistaken("closed_question", 1), *others, mistaken("closed_question", 4))
    assert story.rules == ["same_mistake_again"]
    assert story.alert("same_mistake_again").facts["mistake"] == "closed_question"


def test_a_mistake_in_a_safety_question_belongs_to_the_safety_rules() -> None:
    story = Story(listed(), opened(), answered(), answered(**of(2)))
    assert story.rules == ["confident_miss_on_safety_item", "confident_miss_on_safety_item"]


def test_three_working_days_leave_out_the_weekend() -> None:
    thursday = START
    story = Story(listed(), mistaken("closed_question", 1), mistaken("closed_question", 2), at=thursday)
    assert story.alert("same_mistake_again").acknowledge_by == thursday + 5 * DAY


def test_a_training_not_done_is_worth_knowing() -> None:
    story = Story(listed(), planned(), assigned(), overdue(), at=START - 3 * HOUR)
    alert = story.alert("training_not_done")
    assert (alert.severity, alert.acknowledge_by, alert.facts["opened"]) == ("info", START, "no")


def test_a_second_training_not_done_in_a_row_needs_attention() -> None:
    story = Story(listed(), planned(), assigned(), overdue(), at=START - 3 * HOUR)
    second = of(2)
    story.happens(planned(**without_training(second)), assigned(**second), overdue(**second), at=second["starts_at"] - 3 * HOUR)
    by_session = {alert.session_id: alert.severity for alert in story.live if alert.rule == "training_not_done"}
    assert by_session[second["session_id"]] == "attention"


def test_a_function_with_a_short_clearance_needs_attention_at_once() -> None:
    cleared = {"relationship_building": YEAR, "safeguarding_first_response": YEAR, "social_emotional_check_in": YEAR}
    story = Story(listed(cleared=cleared), check_in(), assigned(), overdue(), at=START - 3 * HOUR)
    assert story.alert("training_not_done").severity == "attention"


@pytest.mark.parametrize(
    "other",
    [completed(), planned(status="cancelled", revision=2), overdue(assigned_at=START - 14 * HOUR)],
)
def test_done_canceled_or_asked_for_at_short_notice_is_not_called_not_done(other: Any) -> None:
    events = [other] if isinstance(other, type(overdue())) else [overdue(), other]
    assert Story(listed(), planned(), assigned(), *events, at=START - 3 * HOUR).rules == []


def test_finishing_late_closes_the_alert_by_itself() -> None:
    story = Story(listed(), planned(), assigned(), overdue(), at=START - 3 * HOUR).happens(completed(), at=START - HOUR)
    alert = story.alert("training_not_done")
    assert (alert.state, alert.how, alert.resolved_by) == ("resolved", "lifted", None)


def test_call_me_now_is_urgent_within_fifteen_minutes() -> None:
    story = Story(listed(), call())
    alert = story.alert("safeguarding_button_pressed")
    assert (alert.severity, alert.acknowledge_by) == ("urgent", story.now + 15 * MINUTE)


def test_a_call_that_can_wait_asks_for_attention_within_a_day() -> None:
    story = Story(listed(), call(kind="can_wait"))
    alert = story.alert("mentor_asked_to_talk")
    assert (alert.severity, alert.acknowledge_by) == ("attention", story.now + DAY)


def test_what_no_mentor_may_do_is_urgent_as_soon_as_it_is_planned() -> None:
    story = Story(listed(), planned(activity="risk_assessment", function="risk_assessment"), at=START - 20 * DAY)
    assert story.rules == ["out_of_scope_activity_planned"]
    assert story.alert("out_of_scope_activity_planned").acknowledge_by == START - 20 * DAY + 4 * HOUR
    story.happens(planned(revision=2))
    assert story.rules == []
