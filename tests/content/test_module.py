"""The file format: what is written reads back, and what cannot be read says where."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.content.lint import LIBRARY
from services.content.module import read, write
from services.content.words import typographic
from tests.content.building import a_module, an_item

SHIPPED = sorted(LIBRARY.rglob("*.md"))
TEXT = write(a_module())
PIECES = ("You", "said,", "listen.", "wait", "“yes”", "don’t", "15", "—", "well?")
SENTENCE = st.lists(st.sampled_from(PIECES), min_size=1).map(" ".join)


def module(text):
    draft = read(text, "file.md")
    assert draft.findings == ()
    return draft.module


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_module_reads_back_as_it_was_written(file: Path):
    shipped = module(file.read_text("utf-8"))
    assert module(write(shipped)) == shipped


def test_a_module_with_every_kind_of_part_reads_back():
    ordered = tuple(
        option.model_copy(update={"right": True, "place": place, "mistake": None})
        for place, option in enumerate(an_item().options, 1)
    )
    made = a_module(
        items=(
            an_item(1, skill="boundaries", safety=True, prompt="What is the rule?"),
            an_item(2, kind="multi", cue=""),
            an_item(3, kind="order", options=ordered),
        ),
        reviewed_by=("a", "b"),
        reviewed_on="2026-11-25",
        review_due="2027-05-01",
        refer_when="Call {staff_on_call}.",
        site_variables=("staff_on_call",),
    )
    assert module(write(made)) == made


@settings(deadline=None)  # a busy machine is no fault
@given(hook=SENTENCE, text=st.lists(SENTENCE, min_size=1).map("\n\n".join), why=SENTENCE, title=SENTENCE)
def test_any_words_read_back(hook, text, why, title):
    options = tuple(option.model_copy(update={"why": why}) for option in an_item().options)
    first, *rest = a_module().cards
    made = a_module(
        hook=hook, title=title, items=(an_item(1, options=options),), cards=(first.model_copy(update={"text": text}), *rest)
    )
    assert module(write(made)) == made


def test_wrapped_lines_are_one_line_and_lists_stay_lists():
    wrapped = TEXT.replace("Say it as a statement.", "Say it\nas a\nstatement.").replace("- short", "- short\n  and kind")
    assert module(wrapped).cards[0].text == "Say it as a statement.\n\n- short and kind\n- calm"


@pytest.mark.parametrize(
    ("plain", "printed"),
    [
        ('He says, "It\'s fine."', "He says, “It’s fine.”"),
        ("\"What if it's 'no'?\"", "“What if it’s ‘no’?”"),
        ('*"You\'re done."*', "*“You’re done.”*"),
        ("“already’s”", "“already’s”"),
    ],
)
def test_plain_quotes_are_printed_as_quotes(plain, printed):
    assert typographic(plain) == printed


def test_names_of_site_data_are_gathered_from_every_text():
    text = TEXT.replace("He talks.", "He talks to {staff_on_call}.").replace("“Reflect twice.”", "“Call {state_hotline}.”")
    assert module(text).site_variables == ("staff_on_call", "state_hotline")


def test_windows_line_ends_and_a_byte_order_mark_change_nothing():
    assert module("\ufeff" + TEXT.replace("\n", "\r\n")) == module(TEXT)


@pytest.mark.parametrize(
    ("right", "wrong", "line_of", "said"),
    [
        ("---\nid:", "id:", "id:", "does not open with front matter"),
        ("title: Say", "title: To say: Say", "title:", "is not YAML"),
        ("minutes: 4\n", "", "---", "has no minutes"),
        ("minutes: 4", "minutes: four", "minutes:", "minutes is not a number"),
        ("minutes: 4", "minutes: 9", "minutes:", "minutes: Input should be less than or equal to 5"),
        ("scope_level: 1", "scope_level: 3", "scope_level:", "scope_level: Input should be 1 or 2"),
        ("minutes: 4", "minutes: 4\nlength: 4", "length:", "has no place for 'length'"),
        ("Dre, 14, looks tired.\n", "", "---", "There is no hook"),
        ("## Prompts", "## Prompt", "## Prompt", "is of no known kind"),
        ("## Branch:", "## Card:", "## Card: “Whatever”", "Only a branch card"),
        ("> Student: I’m done.", "> Dre: I’m done.", "> Dre:", "does not say who speaks"),
        ("> You: Done.", "> You: Done.\n\nIt works.", "It works.", "Words after a scene would be shown before it"),
        ("> You: Done.", "> You: Done.\n\nHe nods.\n\n> You: Yes.", "He nods.", "Words after a scene would be shown before it"),
        ("### You say: “A long day.”", "### “A long day.”", "### “A long", "does not say what the mentor says"),
        ("Reaction: He talks.", "He talks.", "He talks.", "belongs to nothing"),
        ("## Question q2:", "## Question q1:", "## Question q1: A bad day, number 2", "Two questions are called q1"),
        ("## Question q2:", "## Question q2 (single, open):", "## Question q2", "The brackets say too much"),
        ("- [ ] “Why was it bad today?”", "- “Why was it bad today?”", "- “Why was", "An option is not marked"),
        ("- “Reflect twice.”", "- Reflect twice.", "- Reflect twice.", "A prompt is not in quotes"),
    ],
)
def test_what_cannot_be_read_says_what_and_where(right, wrong, line_of, said):
    broken = TEXT.replace(right, wrong, 1)
    assert broken != TEXT
    draft = read(broken, "file.md")
    first = draft.findings[0]
    assert (draft.module, first.file, first.rule) == (None, "file.md", "format")
    assert said in first.what
    assert broken.splitlines()[first.line - 1].startswith(line_of)


@pytest.mark.parametrize(
    "text", ["", "---", "---\n---\n", "---\n- a\n---\nhi", "\x00", "# x\n> y\n- [x] z", "---\na: &x [*x]\n---\n"]
)
def test_no_text_stops_the_reader(text):
    assert read(text, "file.md").findings
