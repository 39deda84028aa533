"""A new module that is all frame: nothing to mend in it, and much to write."""

from datetime import date

import pytest

from services.content.fresh import fresh, near, next_id
from services.content.lint import check
from services.content.rules import TO_WRITE
from shared.contracts.vocabulary import vocabulary

KNOWN = vocabulary()


@pytest.mark.parametrize("skill", KNOWN.skills.values(), ids=list(KNOWN.skills))
@pytest.mark.parametrize("locale", ["en", "es"])
def test_a_new_file_is_whole_but_for_what_only_its_author_can_write(tmp_path, skill, locale):
    (tmp_path / f"{skill.code}_9.md").write_text(fresh(skill, f"{skill.code}_9", locale, KNOWN), "utf-8")
    checked = check(tmp_path, date(2026, 11, 29))
    (draft,) = checked.drafts
    assert {finding.rule for finding in checked.findings} == ({"to-write", "review"} if skill.safety else {"to-write"})
    marked = [n for n, line in enumerate(draft.lines, 1) if TO_WRITE in line and not line.startswith("# ")]
    assert sorted(finding.line for finding in checked.findings if finding.rule == "to-write") == marked
    assert {option.mistake for item in draft.module.items for option in item.options} - {None} <= set(skill.mistakes)


def test_the_notes_on_top_say_what_each_mistake_is():
    text = fresh(KNOWN.skills["showing_up"], "showing_up_9", "en", KNOWN)
    assert "#   silent_cancel: Canceled without telling them\n" in text


def test_a_safety_skill_asks_for_two_who_have_read_it():
    asked = fresh(KNOWN.skills["crisis_response"], "crisis_response_9", "en", KNOWN)
    other = fresh(KNOWN.skills["showing_up"], "showing_up_9", "en", KNOWN)
    assert ("reviewer 2" in asked, "\nreview_due:" in asked, "reviewer" in other) == (True, True, False)


def test_the_first_free_number_is_taken():
    assert next_id("showing_up", ["showing_up_1", "showing_up_3"]) == "showing_up_2"


@pytest.mark.parametrize(
    ("word", "codes"),
    [
        ("boundries", ["boundaries"]),
        ("listening", ["reflective_listening"]),
        ("Setting a goal", ["goal_setting"]),
        ("if-then planning", ["if_then_planning"]),
        ("crisis", ["crisis_response"]),
        ("xyzzy", []),
    ],
)
def test_a_word_is_led_to_the_skills_that_it_may_mean(word, codes):
    assert near(word, KNOWN) == codes
