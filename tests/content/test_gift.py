"""GIFT in and out: each question type, what is refused and where, and that a module's questions come back as they went."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.content import exchange, gift, gift_export
from services.content.exchange_text import one_line, words
from services.content.lint import LIBRARY
from services.content.module import read, write
from shared.contracts.vocabulary import vocabulary
from tests.content.building import a_module, an_item, an_open_item

SHIPPED = sorted(LIBRARY.rglob("*.md"))
CHARACTERS = "~=#{}:\\n%[]->*_`<>&/$|!.\"'? 1aAéT\t\n\r\x00\u2028\ufeff\ud800"
PIECES = [
    "####",
    "::",
    "->",
    "//",
    "\\n",
    "\\\\",
    "[html]",
    "[plain]",
    "%50%",
    "$CATEGORY:",
    "Why:",
    "Look for:",
    "**",
    "`x`",
    "- ",
]
PIECES += ["<b>", "&lt;", "<!--", "<![x", "\n\n", "# ", "> ", "1. ", "---", "{a}", "=a~b", "Ask: "]
SYMBOLS = [*CHARACTERS, *PIECES]
APART = "\x01"
FIELDS = 12  # of an item


def drawn(size, apart):
    """Hostile words in one draw, which is what takes time: each byte is a symbol, and of 256 so many set two texts apart."""
    table = [APART if byte < apart else SYMBOLS[byte % len(SYMBOLS)] for byte in range(256)]
    return st.binary(min_size=size, max_size=size).map(lambda found: "".join(table[byte] for byte in found).split(APART))


def in_twelves(texts):
    return [(texts[n : n + FIELDS] + [""] * FIELDS)[:FIELDS] for n in range(0, len(texts), FIELDS)]


HOSTILE_TEXTS = drawn(1_600, apart=6)
LETTERED = {0xE000 + number: piece for number, piece in enumerate(PIECES)}
FEW_WORDS = st.text(CHARACTERS + "".join(map(chr, LETTERED)) + APART, max_size=90)
HOSTILE_FIELDS = FEW_WORDS.map(lambda text: in_twelves(text.translate(LETTERED).split(APART))[0])
MANY = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))


def only(text):
    found = gift.read(text)
    assert found.faults == ()
    (question,) = found.questions
    return question


def imported(text):
    return exchange.imported(gift.read(text).questions, "open_questions_2", "open_questions", "en", vocabulary())


def outcome(text):
    (found,) = imported(text).questions
    return found


def item(text):
    return imported(text).module.items[0]


def answers(question):
    return [(answer.text, answer.right, answer.feedback) for answer in question.answers]


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("What now? {~Wait. =Ask. ~Go.}", "single_choice", "imported"),
        ("What now? {~Wait. ~%50%Ask. =Listen.}", "single_choice", "changed"),
        ("Which two? {~%50%Ask. ~%50%Listen. ~%-100%Go.}", "multiple_response", "imported"),
        ("He waits. {T}", "true_false", "changed"),
        ("He waits. {FALSE#No.#Yes.}", "true_false", "changed"),
        ("Who waits? {=Ana =%50%Anna}", "short_answer", "changed"),
        ("How long? {#5}", "numeric", "refused"),
        ("Match. {=a -> b =c -> d}", "matching", "refused"),
        ("Write it. {}", "essay", "imported"),
        ("A text to read.", "description", "refused"),
    ],
)
def test_every_question_type_is_known_and_has_an_outcome(text, kind, what):
    found = outcome(text)
    assert (found.type, found.outcome) == (kind, what)
    assert found.needs or what == "imported"


def test_a_choice_keeps_its_words_its_right_option_and_its_feedback():
    question = only(
        "::A bad day::Ana, 14, sighs.\\n\\nWhat do you say?{\n~Why?#It asks.\n=A hard day.#[html]<p>It <b>hears</b>.</p>\n}"
    )
    assert (question.title, question.text) == ("A bad day", "Ana, 14, sighs.\n\nWhat do you say?")
    assert answers(question) == [("Why?", False, "It asks."), ("A hard day.", True, "It hears.")]
    assert [answer.line for answer in question.answers] == [2, 3]


def test_every_escape_is_its_character_and_another_backslash_is_itself():
    question = only("Which? {~\\~ ~\\= ~\\# ~\\{ ~\\} ~\\: ~a\\\\b =\\ }")
    assert [answer.text for answer in question.answers] == ["~", "=", "#", "{", "}", ":", "a\\b", "\\"]


def test_words_after_the_braces_leave_a_blank_and_a_full_stop_alone_does_not():
    assert only("It costs {~much =nothing} to load.").text == "It costs _____ to load."
    assert only("It costs {~much =nothing}.").text == "It costs _____."
    assert only("What is it? {~much =nothing}.").text == "What is it?"


def test_comments_are_no_questions_and_categories_go_with_what_follows():
    found = gift.read("// one {=a ~b}\n\n$CATEGORY: top/first\n\nA? {}\n\n$CATEGORY: second\n  // {\nB? {}\n")
    assert found.faults == ()
    assert [(each.text, each.group, each.line) for each in found.questions] == [("A?", "top/first", 5), ("B?", "second", 9)]


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("{FALSE#wrong#right}", [("True", False, "wrong"), ("False", True, "right")]),
        ("{T}", [("True", True, ""), ("False", False, "")]),
    ],
)
def test_of_true_or_false_the_first_feedback_is_for_who_is_wrong(written, right):
    assert answers(only(f"He waits.{written}")) == right


@pytest.mark.parametrize(
    "value", ["5", "-1", "3.14:0.01", "-3.142..-3.141", "1..5", "=5:0 =%50%5:2", "=%0%5#no\n=9#yes", "=*#any", "1e3"]
)
def test_numbers_ranges_and_tolerances_are_read(value):
    assert only(f"How much? {{#{value}}}").kind == "numeric"


def test_general_feedback_is_kept_in_the_reason_of_the_right_option():
    found = imported("A? {~b#no =c#yes\n####All\nof it.}")
    assert [option.why for option in found.module.items[0].options] == ["no", "yes All of it."]
    assert found.questions[0].notes == ("The general feedback is in the reason of option b now.",)


def test_general_feedback_on_an_essay_is_its_cue():
    assert item("Write it. {####One question, no advice.}").cue == "One question, no advice."


def test_html_becomes_plain_words_and_what_is_lost_is_named():
    seen = "<p>Ana&nbsp;says\\: <!-- <i>x</i> --><b>no</b>.</p>"
    unseen = '<script>alert(1)</script><p>What now?<img src\\="@@PLUGINFILE@@/3.png"></p>'
    found = imported(f"[html]{seen}{unseen}{{~Wait. =Ask.}}")
    assert (found.module.items[0].stem, found.module.items[0].question) == ("Ana says: no.", "What now?")
    assert found.questions[0].notes == ("The picture or medium “3.png” did not come along.",)


def test_empty_html_is_no_feedback():
    assert only("A? {~b#<br><p><br></p> =c}").answers[0].feedback == ""


@pytest.mark.parametrize("text", ["a < b and c > d", "x <y> z & w", "5 < 6 > 4"])
def test_text_with_angles_that_is_no_html_stays(text):
    assert words(text, "moodle").text == text


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("ok {}\n\nA? {~b =c", 3, 4, "have no end"),
        ("A? ~b =c}", 1, 9, "never opened"),
        ("A? {~b =c} {}", 1, 12, "second brace"),
        ("A? {~b {x} =c}", 1, 8, "second brace"),
        ("::A? {~b =c}", 1, 1, "title has no end"),
        ("A?\n{~ =c}", 2, 2, "no words"),
        ("A? {b ~c =d}", 1, 5, "belong to no answer"),
        ("A? {just words}", 1, 5, "belong to no answer"),
        ("A? {~b}", 1, 5, "fewer than 2"),
        ("A? {=b -> c =d}", 1, 13, "no arrow"),
        ("A? {=b -> =d -> e}", 1, 8, "no right side"),
        ("A? {#five}", 1, 6, "no number"),
        ("A? {#}", 1, 5, "no words"),
    ],
)
def test_a_fault_has_its_place_and_neighbours_are_unharmed(text, line, column, said):
    found = gift.read(text + "\n\nStill here? {~no =yes}\n")
    (fault,) = found.faults
    assert (fault.line, fault.column) == (line, column)
    assert said in fault.what
    assert fault.mend.endswith(".")
    assert found.questions[-1].text == "Still here?"


def test_an_empty_line_inside_braces_ends_nothing_and_lines_stay_right():
    question = only("A? {\n~b\n\n=c\n\n}\n")
    assert [(answer.text, answer.line) for answer in question.answers] == [("b", 2), ("c", 4)]


@pytest.mark.parametrize("text", ["\ufeffA? {~b =c}", "A? {\r\n~b\r\n=c\r\n}\r\n", "\n\n  A? {~b =c}  \n\n"])
def test_byte_order_marks_windows_lines_and_spaces_change_nothing(text):
    assert answers(only(text)) == [("b", False, ""), ("c", True, "")]


def test_two_right_options_make_it_a_question_with_several():
    found = imported("A? {~b =c =d}")
    assert (found.module.items[0].kind, found.questions[0].outcome) == ("multi", "changed")


def test_what_is_missing_is_listed_at_the_lines_of_the_file():
    found = outcome("What now? {\n~Wait.\n=Ask.#It opens the talk for him again.\n~Go.}")
    assert [(need.line, need.what) for need in found.needs if need.line > 1] == [
        (2, "Option a: The reason has 0 words."),
        (2, "Option a: The wrong option names no mistake."),
        (4, "Option c: The reason has 0 words."),
        (4, "Option c: The wrong option names no mistake."),
    ]
    assert "The question has no cue." in [need.what for need in found.needs]


def test_a_refused_question_says_what_it_needs_with_its_line():
    found = outcome("\n\nHow long? {#5}")
    assert (found.item, [need.line for need in found.needs]) == (None, [3, 3])
    assert "choice" in found.needs[0].mend or "choice" in found.needs[1].mend


@pytest.mark.parametrize(
    "start", ["# a", "> a", "- a", "1. a", "```", "---", "[a]: b", "Ask: a", "Why: a", "**a**", "    a", "*a* _b_"]
)
def test_a_scene_that_looks_like_marks_of_a_module_stays_a_scene(start):
    found = item(f"[plain]{gift_export.escaped(start)}\\n\\nWhat now?{{~Wait. =Ask.}}")
    assert found.stem.replace("\\", "") == start.strip()
    assert (found.question, len(found.options)) == ("What now?", 2)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_questions_of_every_shipped_module_come_back_from_gift(file):
    module = read(file.read_text("utf-8"), file.name).module
    found = gift.read(gift_export.write(module))
    back = exchange.imported(found.questions, module.module_id, module.skill, module.locale, vocabulary())
    assert found.faults == ()
    assert back.module.items == module.items
    assert {each.outcome for each in back.questions} == {"imported"}


def test_without_our_comments_moodle_keeps_everything_but_cues_and_prompts():
    module = a_module(items=(an_item(1, prompt="What else?"), an_open_item()))
    lines = [line for line in gift_export.write(module).splitlines() if not line.startswith(("// Look", "// Ask"))]
    back = exchange.imported(gift.read("\n".join(lines)).questions, "m", "reflective_listening", "en", vocabulary()).module
    assert back.items == (an_item(1, cue=""), an_open_item())


def hostile_item(fields, kind, number=1):
    """Every text of it is one line, as a module has it, and those that must not be empty are not."""
    topic, cue, why, prompt, *needed = map(one_line, fields)
    stem, question, *texts = (text or "x" for text in needed)
    count = 0 if kind == "open" else 2 + len(prompt) % 3
    options = tuple(
        an_item()
        .options[0]
        .model_copy(
            update={
                "id": "abcd"[n],
                "text": texts[n],
                "right": kind == "order" or n == 1 or (kind == "multi" and n == 2),
                "mistake": "parroting" if n == 0 else None,
                "why": why if n != 1 else texts[n],
                "place": n + 1 if kind == "order" else None,
            }
        )
        for n in range(count)
    )
    changes = {"topic": topic, "cue": cue, "prompt": prompt or None, "stem": stem, "question": question, "options": options}
    return an_item(number, kind=kind, safety=kind == "multi", **changes)


KINDS = ("single", "multi", "order", "open")
HOSTILE_ITEMS = st.builds(hostile_item, HOSTILE_FIELDS, st.sampled_from(KINDS))
HOSTILE_MODULES = drawn(2_400, apart=32).map(
    lambda texts: [hostile_item(fields, KINDS[n % 4], n) for n, fields in enumerate(in_twelves(texts), 1)]
)


@MANY
@given(HOSTILE_MODULES)
def test_any_words_come_back_from_gift_as_they_went(items):
    """25 items at a time: 10,000 in all, and none reaches into the next."""
    found = gift.read(gift_export.write(a_module(items=tuple(items))))
    assert found.faults == ()
    for question, made in zip(found.questions, items, strict=True):
        assert question.title == made.topic
        assert question.text == f"{made.stem}\n\n**{made.question}**"
        assert [(a.text, a.right, a.feedback, a.mistake) for a in question.answers] == [
            (option.text, option.right, option.why, option.mistake) for option in made.options
        ]
        marks = question.marks
        assert (marks.item_id, marks.safety, marks.prompt) == (made.id, made.safety, made.prompt)
        assert (question.general if made.kind == "open" else marks.cue) == made.cue


@SOME
@given(HOSTILE_ITEMS)
def test_an_item_that_a_module_can_hold_comes_back_whole(made):
    held = read(write(a_module(items=(made,))), "file.md").module
    if held is None or len(held.items) != 1 or read(write(held), "file.md").module != held:
        return
    back = exchange.imported(gift.read(gift_export.write(held)).questions, "m", held.skill, "en", vocabulary())
    if back.module:
        assert [(o.text, o.right, o.mistake) for o in back.module.items[0].options] == [
            (o.text, o.right, o.mistake) for o in held.items[0].options
        ]
    else:
        assert back.questions[0].outcome == "refused"


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("Write `what he said`", "Write `what he said`"),
        ("End it with a `", "End it with a `"),
        ("`Listen`", "`Listen`"),
        ("First `listen`, then `ask`", "First `listen`, then ‘ask’"),  # in a file, `ask` would be its mistake
    ],
)
def test_a_right_option_that_ends_in_a_backtick_keeps_its_words(text, back):
    options = tuple(replaced.model_copy(update={"text": text}) if replaced.right else replaced for replaced in an_item().options)
    module = a_module(items=(an_item().model_copy(update={"options": options}),))
    found = exchange.imported(gift.read(gift_export.write(module)).questions, "m", module.skill, "en", vocabulary())
    assert found.module is not None
    assert [option.text for option in found.module.items[0].options if option.right] == [back]
    assert read(write(found.module), "m.md").module.items == found.module.items


@MANY
@given(HOSTILE_TEXTS)
def test_no_text_stops_the_reader_and_every_place_is_in_the_file(texts):
    """Some 38 files at a time: 15,000 in all."""
    for text in texts:
        found = gift.read(text)
        count = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
        assert all(1 <= fault.line <= count and fault.column >= 1 for fault in found.faults), text
        assert all(1 <= question.line <= count for question in found.questions), text


@SOME
@given(HOSTILE_FIELDS)
def test_what_an_import_writes_reads_back_as_the_same_items(texts):
    title, question, *options = (gift_export.escaped(text if one_line(text) else "x") for text in texts[:6])
    read_in = gift.read(f"::{title}::{question}{{" + "".join(f"~[plain]{option}#{option}" for option in options) + "=right}\n")
    assert (len(read_in.questions), read_in.faults) == (1, ())
    found = exchange.imported(read_in.questions, "open_questions_2", "open_questions", "en", vocabulary())
    if found.module is None:
        assert found.questions[0].outcome == "refused"
        return
    draft = read(write(found.module), "open_questions_2.md")
    assert draft.findings == ()
    assert draft.module.items == found.module.items


def test_a_large_file_is_read_in_seconds():
    begun = time.monotonic()
    assert len(gift.read("What now? {\n~Wait.\n=Ask.}\n\n" * 20_000).questions) == 20_000
    assert len(gift.read("{ \n\n" * 100_000).faults) == 100_000
    assert time.monotonic() - begun < 20
