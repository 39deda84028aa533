"""Every rule for authors: a module that keeps them all, and one broken twin for each."""

import json
import subprocess
import sys
from datetime import date

import pytest

from services.content.findings import said
from services.content.lint import LIBRARY, NothingToCheck, check
from services.content.module import write
from services.content.readability import grade, perspicuity, sentences, spanish_syllables, syllables
from services.content.rules import RULES
from shared.contracts.vocabulary import vocabulary
from tests.content.building import a_module, an_item, an_open_item

TODAY = date(2026, 11, 25)
NAME = "reflective_listening_9.md"
REVIEWED = {"reviewed_by": ("a", "b"), "reviewed_on": "2026-11-01", "review_due": "2027-05-01"}
BY_DATE = {"review-due", "review-overdue"}
SAFE = an_item(1, skill="boundaries", safety=True)
MEASURE = """
import sys, time
from datetime import date
from pathlib import Path
from services.content.lint import check

for _ in range(3):  # CPU time of a process that does nothing else; the best of three is the linter's, the rest the machine's
    start = time.process_time()
    assert check(Path(sys.argv[1]), date(2026, 11, 25)).findings == ()
    print(time.process_time() - start)
"""


def findings(folder, *modules):
    for number, module in enumerate(modules):
        home = folder / str(number)
        home.mkdir()
        (home / f"{module.module_id}.md").write_text(write(module), "utf-8")
    return check(folder, TODAY).findings


def items(*changed):
    return (*changed, an_item(2), an_item(3), an_open_item())[:4]


def options(**changes):
    """The options of the builder's item with the first one changed: a wrong one."""
    first, *rest = an_item().options
    return (first.model_copy(update=changes), *rest)


def right(**changes):
    one, two, three = an_item().options
    return (one, two.model_copy(update=changes), three)


def cards(**changes):
    first, *rest = a_module().cards
    return (first.model_copy(update=changes), *rest)


TEXT_CARD, EXAMPLE, BRANCH = a_module().cards

BROKEN = [
    ("minutes", {"cards": cards(text=" ".join(["He said no."] * 250))}),
    ("minutes-said", {"minutes": 1}),
    ("cards", {"cards": (EXAMPLE, BRANCH)}),
    ("card-length", {"cards": cards(text=" ".join(["He said no."] * 21))}),
    ("branch", {"cards": (TEXT_CARD, EXAMPLE, TEXT_CARD)}),
    ("branch", {"cards": (TEXT_CARD, EXAMPLE, BRANCH.model_copy(update={"branches": BRANCH.branches[:1]}))}),
    ("example", {"cards": (TEXT_CARD, TEXT_CARD, BRANCH)}),
    ("language", {"locale": "fr"}),
    ("grade", {"locale": "es", "cards": cards(text="Responsabilidad organizacional interdisciplinaria presupuesta. " * 40)}),
    ("positive", {"locale": "es", "items": items(an_item(1, question="¿Qué no dirías?"))}),
    ("options", {"locale": "es", "items": items(an_item(1, options=options(text="Todas las anteriores hoy.")))}),
    ("scope", {"locale": "es-MX", "items": items(an_item(1, options=right(text="“Un tratamiento te va a ayudar.”")))}),
    ("wording", {"locale": "es", "cards": cards(text="Simplemente espera.")}),
    ("grade", {"cards": cards(text="Organizational accountability necessitates interdisciplinary collaboration. " * 8)}),
    ("sentence", {"hook": " ".join(["word"] * 21) + "."}),
    ("sentence-long", {"hook": " ".join(["word"] * 18) + "."}),
    ("items", {"items": (an_item(1), an_open_item())}),
    ("items", {"items": (an_item(1), an_item(2), an_item(3))}),
    ("scenes", {"items": (*(an_item(n, stem="He is sad.") for n in (1, 2)), an_item(3), an_open_item())}),
    ("options", {"items": items(an_item(1, options=an_item().options[:2]))}),
    ("options", {"items": items(an_item(1, options=options(text="All of the above today.")))}),
    ("options", {"items": items(an_item(1, options=options(right=True, mistake=None)))}),
    ("options", {"items": items(an_item(1, kind="multi", options=right(right=False, mistake="topping")))}),
    ("positive", {"items": items(an_item(1, question="What would you not say?"))}),
    ("why", {"items": items(an_item(1, options=options(why="Too short a why.")))}),
    ("why", {"items": items(an_item(1, options=options(why="word " * 31)))}),
    ("mistake", {"items": items(an_item(1, options=options(mistake=None)))}),
    ("mistake", {"items": items(an_item(1, options=options(mistake="whistling")))}),
    ("mistake", {"items": items(an_item(1, options=right(mistake="topping")))}),
    ("length-cue", {"items": items(an_item(1, options=right(text="“" + "A long, hard day. " * 4 + "”")))}),
    ("length-cue", {"items": tuple(an_item(n, options=right(text="“A long, hard day, was it?”")) for n in (1, 2, 3))}),
    ("safety", {"items": items(an_item(1, safety=True)), **REVIEWED}),
    ("safety", {"items": items(an_item(1, kind="multi", safety=True, skill="boundaries")), **REVIEWED}),
    ("numbers", {"items": items(SAFE), "cards": cards(text="Call 555 0100."), **REVIEWED}),
    ("numbers", {"items": items(SAFE), "refer_when": "Call 1-800-422-4453.", **REVIEWED}),
    ("review", {"items": items(SAFE), **REVIEWED, "reviewed_by": ("a", "a")}),
    ("review", {"items": items(SAFE), **REVIEWED, "review_due": "soon"}),
    ("review", {"items": items(SAFE), **REVIEWED, "review_due": "2027-12-01"}),
    ("review-overdue", {**REVIEWED, "review_due": "2026-11-24"}),
    ("review-due", {**REVIEWED, "review_due": "2026-11-25"}),
    ("review-due", {**REVIEWED, "review_due": "2026-12-25"}),
    ("scope", {"skill": "change_talk", "items": items(an_item(1))}),
    ("scope", {"items": items(an_item(1, options=right(text="“I can treat that.”")))}),
    ("skill", {"skill": "whistling"}),
    ("skill", {"items": items(an_item(1, skill="whistling"))}),
    ("wording", {"cards": cards(text="Simply wait.")}),
    ("prompts", {"prompts": ("Reflect twice.",)}),
    ("prompts", {"prompts": ("Reflect twice.", "word " * 16)}),
    ("prompts", {"items": items(an_item(1, prompt="word " * 16))}),
    ("cue", {"items": items(an_item(1, cue=""))}),
    ("cue", {"items": items(an_item(1, cue="that it was a long, hard day"))}),
    ("topic", {"items": items(an_item(1, topic="one two three four five six seven"))}),
    ("variables", {"cards": cards(text="Call {my_number}.")}),
    ("html", {"cards": cards(text="Wait <b>now</b>.")}),
    ("picture", {"cards": cards(text="Wait. ![A dog](pictures/dog.svg)")}),
    ("to-write", {"title": "TO WRITE: the title"}),
    ("to-write", {"items": items(SAFE), **REVIEWED, "reviewed_by": ("a", "TO WRITE: a name")}),
]


def test_the_builder_keeps_every_rule(tmp_path):
    assert findings(tmp_path, a_module()) == ()


def test_a_reviewed_safety_module_keeps_every_rule(tmp_path):
    text = "Maya is 12. Call 988, or 911, or {state_hotline}."
    assert findings(tmp_path, a_module(items=items(SAFE), cards=cards(text=text), **REVIEWED)) == ()


@pytest.mark.parametrize(("rule", "changes"), BROKEN, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(BROKEN)])
def test_a_broken_rule_is_found_and_says_how_to_mend_it(tmp_path, rule, changes):
    found = {finding.rule: finding for finding in findings(tmp_path, a_module(**changes))}
    levels = {name: level for name, level, _ in RULES} | dict.fromkeys(BY_DATE, "warning")
    assert rule in found
    assert found[rule].level == levels[rule]
    assert found[rule].mend.endswith(".")


def test_every_rule_has_a_broken_twin():
    assert {name for name, _, _ in RULES} == {rule for rule, _ in BROKEN} - BY_DATE


def test_a_review_that_is_more_than_thirty_days_away_is_not_mentioned(tmp_path):
    assert findings(tmp_path, a_module(items=items(SAFE), **REVIEWED | {"review_due": "2026-12-26"})) == ()


def test_what_is_to_be_written_is_found_on_its_own_line(tmp_path):
    first, *rest = an_item().options
    why = first.model_copy(update={"why": "TO WRITE: what it does to him or to her."})
    (found,) = findings(tmp_path, a_module(items=items(an_item(1, options=(why, *rest)))))
    line = (tmp_path / "0" / NAME).read_text("utf-8").splitlines()[found.line - 1]
    assert line[found.column - 1 :] == "TO WRITE: what it does to him or to her."


def test_a_word_at_fault_is_pointed_at(tmp_path):
    (found,) = findings(tmp_path, a_module(cards=cards(text="You wait.\n\nThen simply wait.")))
    lines = (tmp_path / "0" / NAME).read_text("utf-8").splitlines()
    assert lines[found.line - 1][found.column - 1 :].startswith("simply wait")


def test_a_file_is_named_after_its_module(tmp_path):
    (tmp_path / "other.md").write_text(write(a_module()), "utf-8")
    assert [finding.rule for finding in check(tmp_path, TODAY).findings] == ["file-name"]


def test_the_same_module_twice_is_an_error(tmp_path):
    assert [finding.rule for finding in findings(tmp_path, a_module(), a_module())] == ["twice"]


def test_a_translation_has_the_same_questions(tmp_path):
    spanish = a_module(locale="es", items=(an_item(1), an_item(3), an_item(2), an_open_item()))
    assert [finding.rule for finding in findings(tmp_path, a_module(), spanish)] == ["translation"]


@pytest.mark.parametrize("changes", [{"mistake": "parroting"}, {"right": True, "mistake": None}])
def test_a_translation_has_the_same_answers(tmp_path, changes):
    spanish = a_module(locale="es", items=items(an_item(1, options=options(**changes))))
    found = [finding for finding in findings(tmp_path, a_module(), spanish) if finding.rule == "translation"]
    assert [finding.line > 1 for finding in found] == [True]


def test_a_file_in_another_encoding_is_an_error(tmp_path):
    (tmp_path / NAME).write_bytes(write(a_module()).encode("cp1252", "replace"))
    assert "encoding" in {finding.rule for finding in check(tmp_path, TODAY).findings}


def test_a_file_too_large_for_the_bus_is_an_error(tmp_path):
    found = findings(tmp_path, a_module(refer_when="word. " * 40_000))
    assert [finding.what for finding in found if finding.rule == "size"] == [
        "The file has 236 KiB, and the bus carries at most 200."
    ]


def test_an_empty_folder_is_nothing_to_check(tmp_path):
    with pytest.raises(NothingToCheck, match="There is no module"):
        check(tmp_path, TODAY)


def test_the_shipped_modules_keep_every_rule():
    checked = check(LIBRARY, TODAY)
    assert checked.findings == ()
    assert {(draft.module.skill, draft.module.locale) for draft in checked.drafts} == {
        (skill, locale) for skill in vocabulary().skills for locale in ("en", "es")
    }


def test_two_hundred_modules_are_checked_in_two_seconds(tmp_path):
    shipped = [(file.stem, file.read_text("utf-8")) for file in sorted(LIBRARY.rglob("*.md"))]
    for number in range(200):
        name, text = shipped[number % len(shipped)]
        (tmp_path / f"copy_{number}.md").write_text(text.replace(f"id: {name}", f"id: copy_{number}"), "utf-8")
    measured = subprocess.run([sys.executable, "-c", MEASURE, tmp_path], check=True, capture_output=True, text=True)
    assert min(float(seconds) for seconds in measured.stdout.split()) < 2


def test_findings_are_said_for_people_programs_and_github(tmp_path):
    found = findings(tmp_path, a_module(minutes=1))
    file, line = found[0].file, found[0].line
    assert said(found, "text").startswith(f"{file}:{line}:1: warning [minutes-said] It says 1 and takes about 2.0. Give")
    assert json.loads(said(found, "json"))[0]["rule"] == "minutes-said"
    assert said(found, "github").startswith(f"::warning file={file},line={line},col=1,title=minutes-said::It says 1")


def test_github_notes_escape_what_github_reads_itself():
    (found,) = check(LIBRARY, date(2030, 1, 1)).findings[:1]
    odd = said([type(found)("a,b:c.md", 1, 1, "error", "r", "100%\nsure.", "Mend it.")], "github")
    assert odd == "::error file=a%2Cb%3Ac.md,line=1,col=1,title=r::100%25%0Asure. Mend it."


@pytest.mark.parametrize(
    ("word", "count"),
    [("you", 1), ("asked", 1), ("decided", 3), ("little", 2), ("whatever", 3), ("counselor", 3)],
)
def test_syllables_are_counted(word, count):
    assert syllables(word) == count


@pytest.mark.parametrize(
    ("word", "count"),
    [("bueno", 2), ("día", 2), ("quiero", 2), ("pingüino", 3), ("ciudad", 2), ("hoy", 1), ("oír", 2), ("ayuda", 3), ("y", 1)],
)
def test_spanish_syllables_are_counted(word, count):
    assert spanish_syllables(word) == count


def test_the_index_of_spanish_is_szigriszt_pazos():
    assert perspicuity(["El gato está en casa."]) == pytest.approx(206.835 - 62.3 * 8 / 5 - 5)
    assert perspicuity([]) == 100.0


def test_sentences_end_at_marks_and_at_the_items_of_a_list():
    assert sentences("He said, “Stop.” Then he left!\n\n- one\n- two {staff_on_call}") == (
        "He said, “Stop.",
        "Then he left!",
        "one",
        "two ",
    )


def test_the_grade_is_flesch_kincaid():
    assert grade(["The cat sat on the mat."]) == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    assert grade([]) == 0.0
