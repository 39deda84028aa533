"""The shared vocabulary: complete, consistent, and loud about what is not."""

import pytest

from shared.contracts.vocabulary import FILE, STAGES, VocabularyBroken, parse, vocabulary

TEXT = FILE.read_text(encoding="utf-8")
SAFETY = {
    "boundaries",
    "calm_presence",
    "confidentiality_limits",
    "crisis_response",
    "digital_safety",
    "disclosure_response",
}


def test_every_skill_function_and_activity_is_there():
    found = vocabulary()
    assert (len(found.skills), len(found.functions), len(found.activities), len(found.scope_3)) == (20, 12, 14, 8)


def test_six_skills_are_about_safety():
    assert {code for code, skill in vocabulary().skills.items() if skill.safety} == SAFETY


def test_a_weight_depends_on_the_stage_of_the_match():
    school = vocabulary().activities["school_motivation"]
    assert [school.weight("change_talk", stage) for stage in STAGES] == [0.5, 1.0, 1.0, 0.4]


def test_one_number_is_the_weight_at_every_stage():
    goodbye = vocabulary().activities["goodbye"]
    assert {goodbye.weight("ending_well", stage) for stage in STAGES} == {1.0}


def test_an_activity_gives_no_weight_to_a_skill_that_it_does_not_name():
    assert vocabulary().activities["homework_help"].weight("ending_well", "start") == 0


def test_a_virtual_session_requires_two_functions_more_than_its_own():
    assert vocabulary().required("goodbye", "virtual") == (
        "closure_support",
        "safeguarding_first_response",
        "virtual_mentoring",
    )


def test_every_activity_has_three_steps():
    assert {len(activity.steps) for activity in vocabulary().activities.values()} == {3}


def test_every_safety_skill_says_when_to_hand_over():
    assert all(skill.refer_when for skill in vocabulary().skills.values() if skill.safety)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"parroting"', '"parotting"', "skills.reflective_listening.mistakes: 'parotting' is not in the vocabulary"),
        ('function = "academic_help"', 'function = "help"', "activities.homework_help.function: 'help' is not"),
        ("homework_coaching = [1.0,", "homework_coachin = [1.0,", "activities.homework_help.weights: 'homework_coachin'"),
        (
            "ending_well = 1.0",
            "ending_well = 1.5",
            "activities.closing_plan.weights.ending_well: a weight is a number from 0 to 1",
        ),
        ('skill = "boundaries"', 'skill = "borders"', "activities.goodbye.steps: 'borders' is not in the vocabulary"),
        ("version = 2", "version = 'one'", "version: Input should be a valid integer"),
        ("months = 12", "month = 12", "functions.relationship_building.month: Unexpected keyword argument"),
        ("[mistakes]", "[mistakes]\nwhistling = 'Whistled'", "mistakes.whistling: no skill lists it"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_place(right, wrong, said):
    with pytest.raises(VocabularyBroken) as error:
        parse(TEXT.replace(right, wrong))
    assert said in str(error.value)
