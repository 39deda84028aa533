"""How rules are written: the same in YAML and JSON, and what cannot be used says what to mend."""

import json

import pytest

from services.trigger.mapping_file import Unusable
from tests.trigger.test_mapping import mapped


def test_yaml_and_json_say_the_same() -> None:
    rules = {"mentor": [{"by": "ATTENDEE"}, {"by": "SUMMARY", "words": "Dana", "is": "dana"}], "mode": [{"is": "virtual"}]}
    yaml = "mentor:\n- by: ATTENDEE\n- {by: summary, words: dana!, is: dana}\nmode:\n- is: virtual\nfocus:\n"
    assert mapped(json.dumps(rules)) == mapped(yaml)


@pytest.mark.parametrize(("rules", "words"), [
    ("", "A mapping has lists of rules under mentor"),
    ("- a", "A mapping has lists of rules under mentor"),
    ("mentors: []", "“mentors” is no part of a mapping. Did you mean mentor?"),
    ("mentor: dana", "mentor should be a list"),
    ("mentor: [dana]", "mentor, rule 1: a rule has by, words and is"),
    ("mentor: [{is: dana}, {by: TITLE, words: a, is: b}]", "mentor, rule 2: “TITLE” is no property that is looked at. Use"),
    ("mentor: [{by: DESCRIPTION, words: a, is: b}]", "is no property that is looked at"),
    ("mentor: [{by: SUMMARY, word: a}]", "“word” is no part of a rule. Did you mean words?"),
    ("mentor: [{by: SUMMARY, words: '!?', is: b}]", "“words” should hold 1 to 8 words"),
    ("mentor: [{by: SUMMARY, words: a b c d e f g h i, is: b}]", "“words” should hold 1 to 8 words"),
    ("mentor: [{by: SUMMARY, words: a}]", "say what it is, with “is”"),
    ("mentor: [{}]", "say what it is, with “is”"),
    ("mentor: [{words: a, is: b}]", "say where these words stand"),
    ("mentor: [{by: ATTENDEE, is: b}]", "addresses of ATTENDEE are compared with the roster"),
    ("mentor: [{is: 007}]", "“7” should be text. Put it in quotes."),
    ("activity: [{by: ATTENDEE}]", "it belongs under mentor"),
    ("activity: [{is: chek_in}]", "there is no activity “chek_in”. Did you mean check_in?"),
    ("focus: [{is: [open_question]}]", "there is no skill “open_question”. Did you mean open_questions?"),
    ("focus: [{is: []}]", "a focus is one to five skills"),
    ("mode: [{is: remote}]", "there is no mode “remote”. Choose one of: in_person, virtual."),
    ("leave_out: [{by: SUMMARY, words: a, is: b}]", "what is left out is nothing else"),
    ("leave_out: [{}]", "say which entries"),
    ("mentor: [{by: [SUMMARY], is: a}]", "should be text"),
    ("mentor: [\n  {by: ATTENDEE\n", "this is no YAML and no JSON on line"),
    ("mentor: !!python/object/apply:os.system ['true']", "this is no YAML and no JSON"),
    ("x" * 500_001, "longer than 500,000 characters"),
    ("mentor: [" + "{is: a}," * 2_001 + "]", "mentor has more than 2,000 rules"),
])  # fmt: skip
def test_a_file_that_cannot_be_used_says_what_to_mend(rules: str, words: str) -> None:
    with pytest.raises(Unusable) as found:
        mapped(rules)
    assert words in str(found.value)
