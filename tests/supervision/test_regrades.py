"""What becomes of a hold, an alert or a mistake when the question it rests on was wrong."""

from datetime import datetime
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from services.supervision import cases
from shared.contracts.assessment import ItemAnswered
from shared.contracts.event import Refused
from shared.contracts.supervision import AlertRaised, AlertResolved, ClearanceChanged, MentorEnrolled
from tests.supervision.builders import (
    DAY,
    HOUR,
    MINUTE,
    SESSION,
    START,
    Story,
    answered,
    assigned,
    contact,
    listed,
    mistaken,
    of,
    planned,
    regraded,
    settled,
    taken,
    undone,
)

MISSED_AT, CORRECTED_AT = START - 4 * HOUR, START - 3 * HOUR
MISS = answered()
RIGHT = answered(correct=True, mistakes=(), chosen=("a",))


def missed(*more: Any) -> Story:
    """A confident miss on safety, four hours before the session; what it suspends is suspended."""
    return Story(listed(), planned(), assigned()).happens(MISS, *more, at=MISSED_AT)


def states(story: Story) -> dict[str, str]:
    return {one.function: one.state for one in story.said(MentorEnrolled)[-1].clearances}


def how(story: Story) -> list[tuple[str, str]]:
    return [(one.rule, one.how) for one in story.said(AlertResolved)]


def test_a_miss_that_was_none_lifts_the_hold_closes_the_alert_and_gives_back_the_clearance() -> None:
    story = missed()
    assert "suspended" in states(story).values()
    story.happens(regraded(MISS), at=CORRECTED_AT)
    assert set(states(story).values()) == {"cleared"}
    assert how(story) == [("confident_miss_on_safety_item", "corrected")]
    last = story.said(ClearanceChanged)[-1]
    assert (last.function, last.state, last.why) == ("safeguarding_first_response", "cleared", "answer_corrected")


def test_the_supervisor_hears_once_and_without_a_deadline_why_the_hold_is_gone() -> None:
    story = missed().happens(regraded(MISS), at=CORRECTED_AT)
    [raised] = [one for one in story.said(AlertRaised) if one.rule == "answer_key_corrected"]
    assert (raised.severity, raised.acknowledge_by) == ("info", None)
    assert (raised.facts["result"], raised.facts["hold"], raised.session_id) == ("right", "lifted", SESSION)
    alert = story.alert("answer_key_corrected")
    assert (alert.with_role, alert.escalate_at) == ("digest", None)
    story.until(START + 30 * DAY)
    assert story.alert("answer_key_corrected") == alert


def test_what_nobody_acted_on_and_nothing_rested_on_raises_nothing() -> None:
    wrong = mistaken("closed_question", 1)
    story = Story(listed(), planned(), assigned(), wrong).happens(regraded(wrong), at=CORRECTED_AT)
    assert story.rules == []


def test_another_miss_of_the_same_session_keeps_the_hold_and_the_alert() -> None:
    other = answered(item_id="q2", confidence="sure")
    story = missed(other).happens(regraded(MISS), at=CORRECTED_AT)
    assert "suspended" in states(story).values()
    assert story.alert("confident_miss_on_safety_item").live
    story.happens(regraded(other), at=CORRECTED_AT)
    assert set(states(story).values()) == {"cleared"}


def test_a_hold_that_a_talk_had_cleared_is_told_of_and_the_talk_can_be_undone_without_bringing_it_back() -> None:
    talked_at = MISSED_AT + 5 * MINUTE
    story = missed().happens(contact(clear=True, seen_at=talked_at), at=talked_at)
    story.happens(regraded(MISS), at=talked_at + MINUTE)
    assert story.alert("answer_key_corrected").facts["hold"] == "cleared"
    story.happens(undone(), at=talked_at + 2 * MINUTE)
    assert set(states(story).values()) == {"cleared"}
    assert not [alert for alert in story.live if alert.rule == "confident_miss_on_safety_item"]


def test_a_talk_clears_nothing_that_a_correction_had_given_back_meanwhile() -> None:
    story = missed().happens(regraded(MISS), at=CORRECTED_AT)
    story.happens(contact(clear=True, seen_at=CORRECTED_AT), at=CORRECTED_AT + MINUTE)
    assert story.case
    assert [(hold.cleared_by, hold.contact_id) for hold in story.case.history.holds] == [(None, None)]
    assert [one.cleared for one in story.case.history.contacts] == [()]


@pytest.mark.parametrize("acted", [{"talked_at": CORRECTED_AT - MINUTE}, {}])
def test_a_result_that_was_talked_over_is_told_of_and_one_from_before_the_answer_is_not(acted: dict[str, datetime]) -> None:
    wrong = mistaken("closed_question", 1)
    story = Story(listed(), planned(), assigned(), wrong)
    story.facts = cases.Facts(**acted)
    story.happens(regraded(wrong), at=CORRECTED_AT)
    assert story.rules == (["answer_key_corrected"] if acted else [])
    story.facts = cases.Facts(talked_at=wrong.answered_at - MINUTE)
    again = mistaken("closed_question", 1, item_id="q2")
    story.happens(again, regraded(again), at=CORRECTED_AT)
    assert story.rules == (["answer_key_corrected"] if acted else [])


def test_an_answer_that_is_wrong_after_all_holds_before_its_session_as_any_miss_does() -> None:
    story = Story(listed(), planned(), assigned()).happens(RIGHT, at=MISSED_AT)
    story.happens(regraded(RIGHT), at=CORRECTED_AT)
    alert = story.alert("confident_miss_on_safety_item")
    assert (alert.severity, alert.acknowledge_by) == ("urgent", START - HOUR)
    assert "suspended" in states(story).values()


@pytest.mark.parametrize("late", [HOUR, 9 * DAY])
def test_an_answer_that_is_wrong_after_all_holds_nothing_and_raises_nothing_once_its_session_has_begun(late: Any) -> None:
    story = Story(listed(), planned(), assigned(), planned(session_id=UUID(int=99), starts_at=START + 20 * DAY))
    story.happens(RIGHT, at=MISSED_AT).happens(regraded(RIGHT), at=START + late)
    assert story.rules == []
    assert set(states(story).values()) == {"cleared"}


def test_an_answer_that_is_wrong_after_all_holds_nothing_for_a_session_that_is_canceled() -> None:
    story = Story(listed(), planned(), assigned()).happens(RIGHT, at=MISSED_AT)
    story.happens(planned(status="cancelled", revision=2), regraded(RIGHT), at=CORRECTED_AT)
    assert set(states(story).values()) == {"cleared"}


def test_a_retry_that_counts_differently_changes_how_the_miss_is_told() -> None:
    retry = answered(attempt=2, correct=False, chosen=("c",))
    story = missed(retry)
    assert story.alert("confident_miss_on_safety_item").facts["retry"] == "wrong"
    story.happens(regraded(retry), at=CORRECTED_AT)
    assert story.alert("confident_miss_on_safety_item").facts["retry"] == "right"


def twice(code: str = "closed_question") -> tuple[Story, list[ItemAnswered]]:
    answers = [mistaken(code, 1), mistaken(code, 2)]
    return Story(listed(), *answers, at=START - DAY), answers


def test_a_mistake_made_again_that_was_none_closes_its_alert() -> None:
    story, (first, _) = twice()
    assert story.rules == ["same_mistake_again"]
    story.happens(regraded(first), at=START)
    assert how(story) == [("same_mistake_again", "corrected")]
    assert story.rules == []


def test_the_same_mistake_in_another_question_of_the_training_still_stands() -> None:
    story, (first, _) = twice()
    story.happens(mistaken("closed_question", 1, item_id="q2"), regraded(first), at=START)
    assert story.rules == ["same_mistake_again"]


def test_a_mistake_that_an_alert_was_taken_for_is_told_of_when_it_was_none() -> None:
    story, (first, _) = twice()
    story.happens(taken(story.alert("same_mistake_again")), regraded(first), at=START)
    assert story.rules == ["answer_key_corrected"]


def test_an_answer_that_is_wrong_after_all_can_be_the_same_mistake_again() -> None:
    right = mistaken("closed_question", 2, wrong=False)
    story = Story(listed(), mistaken("closed_question", 1), right)
    assert story.rules == []
    story.happens(regraded(right), at=START)
    assert story.rules == ["same_mistake_again"]


@pytest.mark.parametrize("weeks", [0, 4])
def test_an_answer_that_is_wrong_after_all_is_no_mistake_made_again_once_its_session_has_begun(weeks: int) -> None:
    right = mistaken("closed_question", 2, wrong=False)
    story = Story(listed(match_started_on=None), mistaken("closed_question", 1), right)
    story.happens(regraded(right), at=right.starts_at + weeks * 7 * DAY)
    assert story.rules == []
    story.happens(mistaken("closed_question", 3), at=right.starts_at + 5 * 7 * DAY)
    assert story.rules == ["same_mistake_again"], "it is one when it is made again"


def test_what_was_wrong_after_all_and_is_right_again_takes_no_other_questions_mistake_away() -> None:
    right = mistaken("closed_question", 2, wrong=False, item_id="q2")
    story = Story(listed(), mistaken("closed_question", 1), mistaken("closed_question", 2), right)
    assert story.rules == ["same_mistake_again"]
    story.happens(regraded(right), at=right.starts_at + DAY)
    back = {"correct_before": False, "correct": True, "mistakes_before": ("closed_question",), "mistakes": ()}
    story.happens(regraded(right, **back, corrected_version=3), at=right.starts_at + 2 * DAY)
    assert story.rules == ["same_mistake_again"]


def test_an_answer_that_is_not_known_is_refused() -> None:
    assert Story().tries(regraded(MISS)) == Refused("unknown_answer")


def test_a_correction_of_a_correction_brings_the_hold_back() -> None:
    story = missed().happens(regraded(MISS), at=CORRECTED_AT)
    story.happens(regraded(MISS, correct_before=True, correct=False, corrected_version=3), at=CORRECTED_AT + MINUTE)
    assert "suspended" in states(story).values()
    assert story.alert("confident_miss_on_safety_item").live
    told = story.alert("answer_key_corrected").facts
    assert (told["result"], told["hold"]) == ("wrong", "none"), "the hold that it said was lifted is there again"


def test_corrections_and_other_facts_in_any_order_end_in_the_same_case() -> None:
    """An answer comes before its regrade, on one topic with one key; all else comes in any order."""
    second = {**of(2), "starts_at": START + 7 * DAY}
    second_miss = answered(**second, answered_at=MISSED_AT, received_at=MISSED_AT)
    facts = [listed(), planned(), assigned(), MISS, regraded(MISS), second_miss, planned(session_id=second["session_id"],
             starts_at=second["starts_at"])]  # fmt: skip
    ends = []
    for order in permutations(facts):
        if order.index(facts[3]) < order.index(facts[4]):
            story = Story(at=CORRECTED_AT).happens(*order)
            assert story.case
            ends.append(settled(story.case))
    assert len(ends) == 2520
    assert all(_without_instants(end) == _without_instants(ends[0]) for end in ends)


def _without_instants(case: Any) -> Any:
    alerts = {(a.rule, a.subject, a.severity, a.state, tuple(sorted(a.facts.items()))) for a in case.alerts}
    holds = {(h.hold_id, h.corrected_at is None) for h in case.history.holds}
    return alerts, holds, dict(case.granted), case.open_holds and {h.skill for h in case.open_holds}
