"""A correction: a new version, word of each question that was wrong in any older one, and no rewriting."""

import pytest

from services.content import domain
from services.content.messages import ModuleSubmitted
from shared.contracts.content import ItemCorrected, ModulePublished, ModuleWithdrawn
from shared.contracts.event import Refused
from tests.content.building import NOW, a_module, an_item, an_open_item

REASON = "The first answer says back what was heard; the second one only sounds like it."


def rightly(item, *ids, **whys):
    """The item with these options right, and some reasons changed; what is wrong has a mistake."""
    options = tuple(
        option.model_copy(update={
            "right": option.id in ids, "mistake": None if option.id in ids else option.mistake or "topping",
            "why": whys.get(option.id, option.why),
        })
        for option in item.options
    )  # fmt: skip
    return item.model_copy(update={"options": options})


def asking(first, **changes):
    return a_module(items=(first, an_item(2), an_item(3), an_open_item()), **changes)


WRONG = asking(an_item(1))
MENDED = asking(rightly(an_item(1), "a"))


def told(*steps):
    """The publication, and everything said, after these (module, reason or None)."""
    publication, events = None, []
    for module, reason in steps:
        result = domain.submitted(publication, ModuleSubmitted(module=module, correction=reason), NOW, None)
        assert not isinstance(result, Refused), result
        publication, new = result
        events += new
    return publication, events


def test_a_correction_is_a_new_version_and_says_which_question_is_right_now():
    _, events = told((WRONG, None), (MENDED, REASON))
    assert [(type(e), e.version) for e in events[1:3]] == [(ModulePublished, 2), (ModuleWithdrawn, 1)]
    assert events[3:] == [
        ItemCorrected(
            module_id="reflective_listening_9", locale="en", version=1, corrected_version=2, item_id="q1",
            skill="reflective_listening", kind="single", right=("a",), mistakes={"b": "topping", "c": "fixes_first"},
            key_changed=True, reason=REASON, corrected_at=NOW,
        )
    ]  # fmt: skip


def test_the_wrong_version_stays_as_it_was_and_is_not_chosen_again():
    publication, _ = told((WRONG, None), (MENDED, REASON))
    old, new = publication.versions
    assert (old.module, old.status, old.correction) == (WRONG, "withdrawn", None)
    assert (new.module, new.status, new.correction) == (MENDED, "published", REASON)


def test_a_corrected_reason_changes_no_key_and_withdraws_nothing():
    better = asking(rightly(an_item(1), "b", c="He asked for your ear, and not for any fix."))
    publication, events = told((WRONG, None), (better, REASON))
    assert [(e.item_id, e.key_changed, e.right) for e in events if isinstance(e, ItemCorrected)] == [("q1", False, ("b",))]
    assert [version.status for version in publication.versions] == ["published", "published"]


def test_every_older_version_that_asked_the_same_question_is_corrected():
    between = asking(an_item(1), title="Say it back")
    mended = asking(rightly(an_item(1), "a"), title="Say it back")
    _, events = told((WRONG, None), (between, None), (mended, REASON))
    corrected = [(e.version, e.corrected_version) for e in events if isinstance(e, ItemCorrected)]
    assert corrected == [(1, 3), (2, 3)]


def test_an_older_version_that_had_it_right_or_asked_something_else_is_left_alone():
    another = an_item(1, stem="Mia, 12, laughs about a test that she will take in some weeks.", question="And then?")
    _, events = told((MENDED, None), (asking(another), None), (WRONG, None), (MENDED, REASON))
    assert [e.version for e in events if isinstance(e, ItemCorrected)] == [3]


def test_a_second_correction_reaches_what_the_first_one_corrected():
    again = asking(rightly(an_item(1), "c"))
    _, events = told((WRONG, None), (MENDED, REASON), (again, REASON))
    assert [(e.version, e.corrected_version, e.right) for e in events if isinstance(e, ItemCorrected)] == [
        (1, 2, ("a",)), (1, 3, ("c",)), (2, 3, ("c",)),
    ]  # fmt: skip


def test_a_correction_that_is_taken_back_reaches_what_it_had_corrected_too():
    """The first version had it right all along; its answers were graded by the wrong correction."""
    publication, events = told((WRONG, None), (MENDED, REASON), (WRONG, REASON))
    assert [(e.version, e.corrected_version, e.right, e.key_changed) for e in events if isinstance(e, ItemCorrected)] == [
        (1, 2, ("a",), True), (1, 3, ("b",), True), (2, 3, ("b",), True),
    ]  # fmt: skip
    assert [version.status for version in publication.versions] == ["withdrawn", "withdrawn", "published"]


def test_a_version_that_no_correction_had_reached_hears_nothing_of_one_that_comes_to_its_own_key():
    other = asking(rightly(an_item(1), "a"), title="Say it back")
    _, events = told((WRONG, None), (other, None), (asking(an_item(1), title="Say it back"), REASON))
    assert [(e.version, e.corrected_version) for e in events if isinstance(e, ItemCorrected)] == [(2, 3)]


def test_the_keys_of_a_correction_never_meet_those_of_a_version():
    """The catalogue is compacted: the same key would remove the module."""
    _, events = told((WRONG, None), (MENDED, REASON))
    keys = [(e.key(), type(e)) for e in events]
    assert ("reflective_listening_9/en@1/q1", ItemCorrected) in keys
    assert not {key for key, kind in keys if kind is ItemCorrected} & {key for key, kind in keys if kind is not ItemCorrected}


def test_an_order_is_corrected_as_a_whole():
    kept = an_item(1, kind="order", options=tuple(
        option.model_copy(update={"right": True, "place": place, "mistake": None})
        for place, option in enumerate(an_item(1).options, 1)
    ))  # fmt: skip
    turned = kept.model_copy(update={"options": tuple(
        option.model_copy(update={"place": place}) for place, option in zip((2, 1, 3), kept.options, strict=True)
    )})  # fmt: skip
    _, events = told((asking(kept), None), (asking(turned), REASON))
    assert [(e.right, e.key_changed) for e in events if isinstance(e, ItemCorrected)] == [(("b", "a", "c"), True)]


@pytest.mark.parametrize(("before", "after", "why"), [
    ((), MENDED, "nothing_to_correct"),
    ((WRONG,), WRONG, "unchanged"),
    ((WRONG,), asking(an_item(1, question="Which of these would you ask him about his day?")), "not_a_correction"),
    ((WRONG,), asking(rightly(an_item(1), "a"), title="Another title"), "not_a_correction"),
    ((WRONG,), asking(an_item(1, cue="the feeling beneath the words")), "no_key_or_reason_changed"),
])  # fmt: skip
def test_what_is_no_correction_is_refused(before, after, why):
    publication, _ = told(*((module, None) for module in before)) if before else (None, [])
    assert domain.submitted(publication, ModuleSubmitted(module=after, correction=REASON), NOW, None) == Refused(why)
