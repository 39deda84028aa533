"""`jitt content import-gift`, `import-qti` and `export-gift` as people type them: what they print, write and leave alone."""

import json

import pytest

from services.content.lint import LIBRARY
from services.content.module import read, write
from tests.content.building import a_module
from tests.content.test_commands import Answer, jitt, network
from tests.content.test_qti import package, single

__all__ = ["network"]  # the fixture
QUIZ = "::A bad day::What do you say? {\n~Why?\n=A hard day.#It says back what he may have felt.\n}\n\nHow long? {#5}\n\nA {~b\n"


@pytest.fixture
def quiz(tmp_path):
    (tmp_path / "quiz.gift").write_text(QUIZ, "utf-8")
    return tmp_path / "quiz.gift"


async def test_an_import_writes_a_draft_that_check_reads_and_publish_would_refuse(quiz, tmp_path):
    draft = tmp_path / "open_questions_2.md"
    answer = await jitt("import-gift", quiz, "--skill", "open_questions", "--out", draft)
    assert (answer.code, answer.err) == (0, "")
    assert f"{quiz}:1: imported as q1: A bad day\n" in answer.out
    assert f"{quiz}:6: refused: How long?\n" in answer.out
    assert f"{quiz}:8:3: not read: The answers have no end." in answer.out
    assert "2 questions: 1 imported, 0 changed, 1 refused; 1 not read.\n" in answer.out
    checked = await jitt("check", draft)
    assert checked.code == 1
    assert all(f"[{rule}]" in checked.out for rule in ("why", "mistake", "cue", "cards", "prompts", "items", "to-write"))
    assert "[format]" not in checked.out


async def test_a_file_that_is_there_is_written_over_only_by_force(quiz, tmp_path):
    draft = tmp_path / "mine.md"
    draft.write_text("mine", "utf-8")
    refused = await jitt("import-gift", quiz, "--skill", "open_questions", "--out", draft)
    assert (refused.code, refused.out, draft.read_text("utf-8")) == (2, "", "mine")
    assert "add --force" in refused.err
    assert (await jitt("import-gift", quiz, "--skill", "open_questions", "--out", draft, "--force")).code == 0
    assert read(draft.read_text("utf-8"), "mine.md").module.module_id == "mine"


async def test_a_dry_run_needs_no_skill_writes_nothing_and_answers_programs(quiz, tmp_path):
    answer = await jitt("import-gift", quiz, "--dry-run", "--json")
    told = json.loads(answer.out)
    assert [(each["line"], each["type"], each["outcome"]) for each in told["questions"]] == [
        (1, "single_choice", "imported"),
        (6, "numeric", "refused"),
    ]
    assert {need["line"] for need in told["questions"][0]["needs"]} == {1, 2}
    assert [(each["line"], each["column"]) for each in told["errors"]] == [(8, 3)]
    assert (told["draft"], list(tmp_path.iterdir())) == (None, [quiz])


@pytest.mark.parametrize("skill", [(), ("--skill", "whistling")])
async def test_without_a_known_skill_the_skills_are_named(quiz, skill):
    answer = await jitt("import-gift", quiz, *skill)
    assert answer.code == 2
    assert "--skill, one of building_rapport, showing_up," in answer.err


async def test_where_nothing_can_come_along_nothing_is_written_and_it_fails(tmp_path):
    (tmp_path / "quiz.gift").write_text("How long? {#5}", "utf-8")
    answer = await jitt("import-gift", tmp_path / "quiz.gift", "--skill", "open_questions", "--out", tmp_path / "x.md")
    assert (answer.code, (tmp_path / "x.md").exists()) == (1, False)
    assert answer.out.endswith("Nothing was written: no question could come along.\n")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
async def test_other_encodings_are_read(tmp_path, encoding):
    (tmp_path / "q.gift").write_bytes(
        "¿Qué le dices a José en español mañana? {~Adiós =Señor, ¿cómo está usted hoy?}".encode(encoding)
    )
    told = json.loads((await jitt("import-gift", tmp_path / "q.gift", "--dry-run", "--json")).out)
    assert [each["title"] for each in told["questions"]] == ["¿Qué le dices a José en español mañana?"]


async def test_a_qti_package_becomes_a_draft_and_what_is_none_is_one_plain_sentence(tmp_path):
    (tmp_path / "p.zip").write_bytes(package({"q.xml": single(), "bad.xml": "<a/>"}))
    answer = await jitt("import-qti", tmp_path / "p.zip", "--skill", "open_questions", "--out", tmp_path / "a_1.md")
    assert answer.code == 0
    assert f"{tmp_path / 'p.zip'}:q.xml:1: imported as q1: A bad day\n" in answer.out
    assert f"{tmp_path / 'p.zip'}:bad.xml:1:1: not read: This is no question of QTI 3." in answer.out
    assert read((tmp_path / "a_1.md").read_text("utf-8"), "a_1.md").module.items[0].options[1].right
    (tmp_path / "no.zip").write_text("no", "utf-8")
    said = f"{tmp_path / 'no.zip'} cannot be read: it is no zip file. Export the questions as a QTI 3 package.\n"
    assert await jitt("import-qti", tmp_path / "no.zip", "--dry-run") == Answer(2, "", said)


async def test_a_module_of_the_library_goes_to_gift_and_back(tmp_path):
    file = LIBRARY / "en" / "change_talk_1.md"
    module = read(file.read_text("utf-8"), file.name).module
    exported = await jitt("export-gift", file, "--out", tmp_path / "out.gift")
    assert exported == Answer(0, f"Written: {tmp_path / 'out.gift'}.\n", "")
    await jitt("import-gift", tmp_path / "out.gift", "--skill", module.skill, "--out", tmp_path / "back_1.md")
    assert read((tmp_path / "back_1.md").read_text("utf-8"), "back_1.md").module.items == module.items


async def test_a_published_module_is_exported_by_its_id_and_an_unknown_one_is_said(tmp_path, network):
    (tmp_path / "reflective_listening_9.md").write_text(write(a_module()), "utf-8")
    await jitt("publish", tmp_path, **network)
    of_file = await jitt("export-gift", tmp_path / "reflective_listening_9.md")
    assert "::A bad day, number 1::[markdown]Dre, 14, says" in of_file.out
    assert await jitt("export-gift", "reflective_listening_9", **network) == of_file
    unknown = await jitt("export-gift", "x_1", **network)
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err.startswith("There is no module x_1 (en).")


async def test_a_file_that_is_not_there_is_one_plain_sentence(tmp_path):
    gone = tmp_path / "gone.gift"
    assert await jitt("import-gift", gone, "--dry-run") == Answer(2, "", f"There is no file {gone}.\n")
    said = "There is no file gone.md. Name a module's file, or the id of a published one.\n"
    assert await jitt("export-gift", "gone.md") == Answer(2, "", said)
