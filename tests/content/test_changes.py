"""What changed between two versions of a module, and whether a correction could say it."""

import pytest

from services.content.changes import Change, changes, correctable, keeping_ids
from services.content.module import read, write
from shared.contracts.content import Line, Option
from tests.content.building import a_module, an_item, an_open_item

OLD = a_module()
ITEM = an_item(1)
A, B, C = ITEM.options
ORDER = an_item(
    1,
    kind="order",
    options=tuple(
        Option(id=x, text=f"Step {x}", right=True, why="So that it comes in turn.", place=n) for n, x in enumerate("abc", 1)
    ),
)


def with_item(item, **more):
    return OLD.model_copy(update={"items": (item, *OLD.items[1:]), **more})


def with_options(*options):
    return with_item(ITEM.model_copy(update={"options": options}))


def with_card(number, **changed):
    cards = list(OLD.cards)
    cards[number] = cards[number].model_copy(update=changed)
    return OLD.model_copy(update={"cards": tuple(cards)})


def reread(module):
    """As it comes back from a file, which holds no ids of options."""
    return read(write(module), f"{module.module_id}.md").module


def said(new, old=OLD):
    return [change.words for change in changes(old, new)]


def changed(option, **values):
    return option.model_copy(update=values)


ANOTHER_KEY = with_options(changed(A, right=True, mistake=None), changed(B, right=False, mistake="parroting"), C)
SLIP = with_options(changed(A, text="“Why was it bad todai?”"), B, C)
KINDLY = with_options(changed(A, text="“You should tell her mother, 7 days from now.”"), B, C)
DENIED = with_options(changed(A, text="“You should not tell her mother, 7 days from now.”"), B, C)
LATER = with_options(changed(A, text="“You should tell her mother, 70 days from now.”"), B, C)
REWRITTEN = with_options(changed(A, text="“You look tired. Go home and rest.”"), B, C)


def test_the_same_module_has_no_changes_and_needs_no_correction():
    assert (changes(OLD, reread(OLD)), correctable(OLD, reread(OLD))) == ((), False)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (ANOTHER_KEY, ["q1: option 1 is right now (was: option 2)", "q1: mistake of option 1 is none now (was: asks_instead)",
                       "q1: mistake of option 2 is parroting now (was: none)"]),
        (with_options(A, B, changed(C, why="He did not ask for a fix yet.")), ["q1: why of option 3 changed"]),
        (with_options(A, B, C, Option(id="d", text="“OK.”", why="-")), ["q1: option 4 is new"]),
        (with_options(A, B), ["q1: option 3 is gone"]),
        (with_options(C, B, A), ["q1: the options stand in another order"]),
        (with_item(an_item(1, cue="")), ["q1: “Look for” is gone"]),
        (with_item(an_item(1, safety=True)), ["q1: is a safety question now"]),
        (with_item(an_item(1, kind="multi")), ["q1: its kind is multi now (was: single)"]),
        (OLD.model_copy(update={"items": OLD.items[1:]}), ["q1: is gone: “A bad day, number 1”"]),
        (OLD.model_copy(update={"items": (OLD.items[1], OLD.items[0], *OLD.items[2:])}), ["questions: stand in another order"]),
        (OLD.model_copy(update={"title": "Say it back"}), ["front matter: title changed"]),
        (OLD.model_copy(update={"reviewed_by": ("a", "b")}), ["front matter: reviewed_by is new"]),
        (OLD.model_copy(update={"hook": "Dre is here."}), ["hook: changed"]),
        (OLD.model_copy(update={"prompts": ("Reflect three times.", "What was hard?")}), ["prompts: prompt 1 changed"]),
        (with_card(0, text="Shorter."), ["card 1: text changed"]),
        (with_card(0, title="Another title"), ["card 1: title changed"]),
        (with_card(1, scene=(Line(who="you", text="Done."),)), ["card 2: scene changed"]),
        (with_card(2, branches=OLD.cards[2].branches[:1]), ["card 3: line 2 is gone"]),
        (OLD.model_copy(update={"cards": OLD.cards[1:]}), ["card 1: is gone: “A guess”"]),
        (OLD.model_copy(update={"cards": OLD.cards[::-1]}), ["cards: stand in another order"]),
    ],
)  # fmt: skip
def test_each_change_is_said_by_its_part(new, words):
    assert said(new) == words


def test_changed_words_are_told_as_they_were_and_as_they_are():
    new = OLD.model_copy(update={"title": "Say it back"})
    assert changes(OLD, new) == (Change("front matter", "title changed", "Say back what you heard", "Say it back"),)


def test_a_moved_option_keeps_its_id_so_that_old_answers_stay_what_they_were():
    moved = reread(with_options(C, A, B))
    assert [option.id for option in moved.items[0].options] == ["a", "b", "c"]
    assert [(o.id, o.text) for o in keeping_ids(OLD, moved).items[0].options] == [("c", C.text), ("a", A.text), ("b", B.text)]


def test_a_new_option_never_takes_the_id_of_one_that_stays():
    new = with_options(
        Option(id="a", text="“First of all.”", why="-"), changed(A, id="b"), changed(B, id="c"), changed(C, id="d")
    )
    assert [option.id for option in keeping_ids(OLD, new).items[0].options] == ["d", "a", "b", "c"]


def test_another_right_order_is_one_change():
    one, two, three = ORDER.options
    swapped = ORDER.model_copy(update={"options": (changed(two, place=1), changed(one, place=2), three)})
    new = reread(with_item(swapped))
    assert said(new, with_item(ORDER)) == ["q1: the right order changed"]
    assert correctable(with_item(ORDER), new)


@pytest.mark.parametrize(
    "new",
    [
        ANOTHER_KEY,
        SLIP,
        with_options(A, B, changed(C, why="He did not ask for a fix yet.")),
        with_item(an_item(1, cue="what he did not say", topic="Another topic", prompt="Say it to me.")),
        with_item(an_item(1, cue="what he did not say"), reviewed_by=("a", "b"), review_due="2027-01-01"),
    ],
)
def test_what_leaves_the_questions_the_same_can_be_corrected(new):
    assert correctable(OLD, new)


@pytest.mark.parametrize(
    "new",
    [
        REWRITTEN,
        with_options(A, B),
        with_options(A, B, C, Option(id="d", text="“OK.”", why="-")),
        with_item(an_item(1, id="q9")),
        with_item(an_item(1, kind="multi")),
        with_item(an_item(1, safety=True)),
        with_item(an_item(1, skill="open_questions")),
        with_item(an_item(1, question="Which of these would you rather leave unsaid to him now?")),
        with_item(an_open_item(1)),
        with_item(an_item(1, cue="what he did not say"), title="Say it back"),
        OLD.model_copy(update={"title": "Say it back"}),
        OLD.model_copy(update={"items": OLD.items[:3]}),
    ],
)
def test_what_asks_something_else_is_a_new_version(new):
    assert not correctable(OLD, new)


@pytest.mark.parametrize("new", [DENIED, LATER])
def test_a_small_change_of_the_words_that_turns_their_sense_is_no_slip(new):
    """Answers to “tell her” are none to “do not tell her”."""
    assert not correctable(KINDLY, new)
    assert not correctable(new, KINDLY)


def test_words_that_changed_places_take_their_answers_along():
    one, two = changed(A, text="He is ill today."), changed(B, text="She is ill today.")
    swapped = with_options(changed(one, text=two.text), changed(two, text=one.text), C)
    words = said(swapped, with_options(one, two, C))
    assert (words[0], words[-1]) == (
        "q1: option 2 is right now (was: option 1)",
        "q1: the options stand in another order",
    )
