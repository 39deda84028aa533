"""What a session needs: the worked examples, and that more of a cause never lowers the need."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.trigger import needs, policy
from services.trigger.needs import Needed, Situation
from shared.contracts.assessment import Confidence, OpenMiss, SkillRemembered
from shared.contracts.supervision import Clearance
from shared.contracts.trigger import ItemRef
from shared.contracts.vocabulary import vocabulary
from tests.trigger.building import START, remembered

WORDS = vocabulary()
CONSTANTS = WORDS.constants
SAFE = {"confidentiality_limits": 0.92, "crisis_response": 0.88}
REST = ("disclosure_response", "boundaries", "calm_presence", "digital_safety")


Memory = dict[str, SkillRemembered]


def memory(recall: dict[str, float], misses: dict[str, OpenMiss] | None = None, never: tuple[str, ...] = ()) -> Memory:
    """The recalls named, and of the safety skills that are not."""
    whole = dict.fromkeys(REST, 0.90) | SAFE | recall
    found = misses or {}
    return {
        skill: remembered(skill, value, open_misses=(found[skill],) if skill in found else ())
        for skill, value in whole.items()
        if skill not in never
    }


def miss(
    safety: bool = False, confidence: Confidence | None = "sure", recovered: bool = False, days: int = 7, **told: Any
) -> OpenMiss:
    known = {"module_id": "m", "version": 1, "item_id": "q1", "session_id": UUID(int=1)}
    fixed = {
        "safety_critical": safety,
        "confidence": confidence,
        "recovered": recovered,
        "missed_at": START - timedelta(days=days),
    }
    return OpenMiss(**known | fixed | told)


def cleared(function: str, days: int | None = None) -> tuple[Clearance, ...]:
    return (Clearance(function=function, state="cleared", until=START + timedelta(days=days) if days is not None else None),)


def ranked(activity: str, **changes: Any) -> list[Needed]:
    told: dict[str, Any] = {
        "activity": activity,
        "stage": "building",
        "mode": "in_person",
        "focus": (),
        "session_no": 9,
        "starts_at": START,
        "memory": memory({}),
        "clearances": cleared(WORDS.activities[activity].function),
    }
    return needs.ranked(Situation(**told | changes), WORDS, CONSTANTS)


def top(found: list[Needed], count: int = 3) -> list[tuple[str, float]]:
    return [(needed.skill.code, pytest.approx(needed.need, abs=1e-4)) for needed in found[:count]]


def test_a_first_meeting_with_nothing_trained_needs_trust_then_limits_then_showing_up():
    found = ranked("first_meeting", stage="start", session_no=1, memory={})
    assert top(found) == [("building_rapport", 1.0), ("confidentiality_limits", 0.8), ("showing_up", 0.7)]
    assert {needed.reason for needed in found[:3]} == {"never_trained"}


def test_nothing_is_worth_a_module_when_all_is_fresh_and_a_tie_goes_to_the_larger_base():
    recall = {"homework_coaching": 0.95, "process_feedback": 0.93, "planner_routines": 0.90, "open_questions": 0.96}
    found = ranked("homework_help", memory=memory(recall))
    assert top(found) == [("homework_coaching", 0.05), ("planner_routines", 0.05), ("process_feedback", 0.049)]
    assert not needs.worth_a_module(found, CONSTANTS)


def test_a_sure_miss_and_a_clearance_near_its_end_outweigh_fading():
    recall = {"change_talk": 0.80, "asking_before_advising": 0.85, "reflective_listening": 0.70, "open_questions": 0.95}
    found = ranked(
        "school_motivation",
        memory=memory(recall, {"asking_before_advising": miss()}),
        clearances=cleared("school_motivation_talk", days=20),
    )
    assert top(found) == [("asking_before_advising", 0.495), ("reflective_listening", 0.36), ("change_talk", 0.35)]
    assert [needed.reason for needed in found[:3]] == ["missed_last_time", "fading", "fading"]


HOMEWORK = {"homework_coaching": 0.75, "process_feedback": 0.80, "planner_routines": 0.60, "open_questions": 0.90}


def test_a_safety_miss_whose_retry_was_right_returns_first_while_another_skill_is_trained():
    known = memory(HOMEWORK, {"disclosure_response": miss(safety=True, recovered=True)})
    found = ranked("homework_help", memory=known)
    assert top(found) == [("homework_coaching", 0.25), ("disclosure_response", 0.2), ("planner_routines", 0.2)]
    assert needs.returning(known.values()) == (ItemRef(module_id="m", version=1, item_id="q1"),)


def test_a_safety_miss_whose_retry_was_wrong_is_the_module():
    found = ranked("homework_help", memory=memory(HOMEWORK, {"disclosure_response": miss(safety=True)}))
    assert top(found, 1) == [("disclosure_response", 0.3)]


def test_crisis_response_never_trained_by_the_fourth_session_comes_first():
    known = memory({"reflective_listening": 0.60, "open_questions": 0.70}, never=("crisis_response",))
    found = ranked("check_in", stage="start", session_no=4, memory=known)
    expected = [("crisis_response", 0.95), ("cultural_humility", 0.4), ("reflective_listening", 0.28), ("open_questions", 0.24)]
    assert top(found, 4) == expected


def test_a_virtual_goodbye_with_a_focus_needs_the_ending_then_the_focus_then_the_screen():
    known = memory({"digital_safety": 0.55, "boundaries": 0.65, "reflective_listening": 0.80, "process_feedback": 0.85})
    found = ranked("goodbye", stage="ending", mode="virtual", focus=("cultural_humility",), session_no=30, memory=known)
    expected = [("ending_well", 1.0), ("cultural_humility", 0.7), ("digital_safety", 0.27), ("boundaries", 0.175)]
    assert top(found, 4) == expected


@pytest.mark.parametrize(
    ("clearances", "added"),
    [
        ((), 0.30),
        ((Clearance(function="academic_help", state="suspended"),), 0.30),
        (cleared("academic_help", days=0), 0.30),
        (cleared("academic_help", days=30), 0.15),
        (cleared("academic_help", days=31), 0.0),
        (cleared("academic_help"), 0.0),
    ],
)
def test_what_a_clearance_for_the_activitys_own_function_adds(clearances: tuple[Clearance, ...], added: float):
    by_code = {needed.skill.code: needed.clear for needed in ranked("homework_help", clearances=clearances)}
    assert (by_code["homework_coaching"], by_code["crisis_response"]) == (added, 0.0)


def test_at_most_two_items_return_safety_first_then_sure_then_oldest():
    known = [
        remembered("open_questions", 0.9, open_misses=(miss(days=90, item_id="old"), miss(days=3, item_id="new"))),
        remembered("boundaries", 0.9, open_misses=(miss(safety=True, confidence="guess", days=1, item_id="unsure"),)),
        remembered("crisis_response", 0.9, open_misses=(miss(safety=True, days=1, item_id="sure"),)),
    ]
    assert [ref.item_id for ref in needs.returning(known)] == ["sure", "unsure"]
    assert [ref.item_id for ref in needs.returning(known[:1])] == ["old", "new"]


def test_a_step_that_was_not_done_counts_but_brings_no_item_back():
    step = miss(confidence=None, module_id=None, version=None, item_id=None, step="weekly_step")
    assert needs.weight(step, CONSTANTS) == 0.15
    assert needs.returning([remembered("goal_setting", 0.9, open_misses=(step,))]) == ()


def test_a_skill_whose_planned_step_was_not_done_is_needed_more_and_is_what_was_missed_last_time():
    step = miss(confidence=None, module_id=None, version=None, item_id=None, step="they_held_the_pencil")
    known = memory({"homework_coaching": 0.95})
    missed = known | {"homework_coaching": known["homework_coaching"].model_copy(update={"open_misses": (step,)})}
    before, after = (ranked("homework_help", memory=each) for each in (known, missed))
    assert by_skill(after)["homework_coaching"] == pytest.approx(by_skill(before)["homework_coaching"] + 0.15, abs=1e-4)
    [needed] = [one for one in after if one.skill.code == "homework_coaching"]
    assert needed.reason == "missed_last_time"


def test_what_is_remembered_counts_at_the_sessions_start_not_when_it_is_decided():
    known = memory({"homework_coaching": 0.75})
    on_the_day, later = (
        by_skill(ranked("homework_help", memory=known, starts_at=START + timedelta(days=days))) for days in (0, 30)
    )
    assert on_the_day["homework_coaching"] == pytest.approx(0.25, abs=1e-4)
    assert later["homework_coaching"] > on_the_day["homework_coaching"]


def test_a_site_may_have_constants_of_its_own_and_those_it_leaves_out_are_everyones():
    own = policy.parse('{"constants": {"safety": 0.9}}').constants
    assert own == replace(CONSTANTS, safety=0.9)
    told = Situation("check_in", "steady", "in_person", (), 9, START, memory({}), cleared("relationship_building"))
    by_own, by_all = (by_skill(needs.ranked(told, WORDS, constants)) for constants in (own, CONSTANTS))
    assert by_own["calm_presence"] > by_all["calm_presence"]


def test_recall_is_asked_of_what_will_be_least_remembered_when_the_session_starts():
    slow = remembered("open_questions", 0.80).model_copy(update={"stability": 400.0, "reviewed_at": START - timedelta(days=700)})
    known = {"open_questions": slow, "showing_up": remembered("showing_up", 0.95)}
    assert needs.fading(known, START) == ("open_questions", "showing_up")
    assert needs.fading(known, START + timedelta(days=60)) == ("showing_up", "open_questions")


def test_a_constant_that_cannot_be_is_named_and_refused():
    for wrong in ('{"constants": {"safety": 3}}', '{"constants": {"saftey": 0.2}}'):
        with pytest.raises(ValidationError, match="saf"):
            policy.parse(wrong)


recalls = st.floats(min_value=0.05, max_value=1.0)
activities = st.sampled_from(sorted(WORDS.activities))
stages = st.sampled_from(["start", "building", "steady", "ending"])


def by_skill(found: list[Needed]) -> dict[str, float]:
    return {needed.skill.code: needed.need for needed in found}


@given(activity=activities, stage=stages, skill=st.sampled_from(sorted(WORDS.skills)), one=recalls, other=recalls)
def test_forgetting_more_never_lowers_the_need(activity: str, stage: str, skill: str, one: float, other: float):
    less, more = (by_skill(ranked(activity, stage=stage, memory=memory({skill: r}))) for r in (max(one, other), min(one, other)))
    assert less.get(skill, 0) <= more.get(skill, 0)


clearances_by_need = [(), cleared("academic_help", days=0), cleared("academic_help", days=10), cleared("academic_help", days=90)]


@given(stage=stages, skill=st.sampled_from(sorted(WORDS.skills)), recall=recalls, at=st.integers(0, 2))
def test_less_of_a_clearance_never_lowers_the_need(stage: str, skill: str, recall: float, at: int):
    less, more = (
        by_skill(ranked("homework_help", stage=stage, memory=memory({skill: recall}), clearances=held))
        for held in (clearances_by_need[at], clearances_by_need[at + 1])
    )
    assert all(need >= more[code] for code, need in less.items())


@given(activity=activities, stage=stages, recall=recalls)
def test_a_virtual_session_never_needs_less(activity: str, stage: str, recall: float):
    known = memory({"digital_safety": recall})
    there, virtual = (by_skill(ranked(activity, stage=stage, memory=known, mode=mode)) for mode in ("in_person", "virtual"))
    assert all(virtual[code] >= need for code, need in there.items())


misses = st.builds(miss, safety=st.booleans(), confidence=st.sampled_from(["sure", "guess", None]), recovered=st.booleans())


@given(activity=activities, stage=stages, skill=st.sampled_from(sorted(WORDS.skills)), recall=recalls, missed=misses)
def test_a_miss_never_lowers_the_need(activity: str, stage: str, skill: str, recall: float, missed: OpenMiss):
    without = by_skill(ranked(activity, stage=stage, memory=memory({skill: recall})))
    known = memory({skill: recall}, {skill: missed})
    assert by_skill(ranked(activity, stage=stage, memory=known)).get(skill, 0) >= without.get(skill, 0)


@given(activity=activities, stage=stages, skill=st.sampled_from(sorted(WORDS.skills)), sessions=st.integers(1, 40))
def test_focus_and_more_sessions_untrained_never_lower_the_need(activity: str, stage: str, skill: str, sessions: int):
    plain = by_skill(ranked(activity, stage=stage, session_no=sessions, memory={}))
    focused = by_skill(ranked(activity, stage=stage, session_no=sessions, memory={}, focus=(skill,)))
    later = by_skill(ranked(activity, stage=stage, session_no=sessions + 1, memory={}))
    assert plain.get(skill, 0) <= focused.get(skill, 0)
    assert all(need <= later[code] for code, need in plain.items())
