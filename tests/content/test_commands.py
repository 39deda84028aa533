"""`jitt content` as people type it: what it prints, where, and with which exit code."""

import asyncio
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from deploy.local import stack as local
from services.content.app import SERVICE
from services.content.commands import content_app
from services.content.lint import LIBRARY
from services.content.module import write
from shared.contracts.vocabulary import vocabulary
from shared.settings import settings
from tests.conftest import at_database
from tests.content.building import a_module, an_item, an_open_item

NAME = "reflective_listening_9.md"
TITLE = {"part": "front matter", "what": "title changed", "before": "Say back what you heard", "after": "Say it back"}


@dataclass
class Answer:
    code: int | None
    out: str
    err: str


async def jitt(*words: object, **env: str) -> Answer:
    """In this process, which takes a tenth of the time; in a thread, since a command has an event loop of its own."""
    return await asyncio.to_thread(run, [*map(str, words)], env)


def run(words: list[str], env: dict[str, str]) -> Answer:
    ours = {name: None for name in os.environ if name.startswith("JITT_")}
    settings.cache_clear()
    try:
        result = CliRunner().invoke(content_app, words, env=ours | {"COLUMNS": "200", "TERM": "dumb"} | env)
    finally:
        settings.cache_clear()
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / NAME).write_text(write(a_module()), "utf-8")
    return tmp_path


@pytest_asyncio.fixture
async def network(stack: local.Stack, database):
    """The environment of a command on a fresh content database."""
    running = await database(SERVICE)
    async with running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    return {"JITT_POSTGRES": at_database(stack.postgres, name)}


async def test_the_shipped_modules_pass_without_a_network():
    answer = await jitt("check")
    assert answer == Answer(0, f"{len(list(LIBRARY.rglob('*.md')))} modules checked: 0 errors, 0 warnings.\n", "")


async def test_an_error_is_printed_with_its_place_and_fails(folder):
    (folder / NAME).write_text(write(a_module(prompts=())), "utf-8")
    answer = await jitt("check", folder)
    assert answer.code == 1
    assert f"{NAME}:" in answer.out
    assert "error [prompts] There are 0 prompts. Give two" in answer.out
    assert answer.out.endswith("1 module checked: 1 error, 0 warnings.\n")


async def test_warnings_alone_pass(folder):
    (folder / NAME).write_text(write(a_module(minutes=1)), "utf-8")
    assert (await jitt("check", folder)).code == 0


async def test_json_of_no_findings_is_an_empty_list(folder):
    answer = await jitt("check", folder, "--format", "json")
    assert json.loads(answer.out) == []


@pytest.mark.parametrize("command", ["check", "publish"])
async def test_a_folder_that_is_not_there_is_one_plain_sentence(command, tmp_path):
    answer = await jitt(command, tmp_path / "nowhere")
    assert answer == Answer(2, "", f"There is no {tmp_path / 'nowhere'}. Name a folder of modules (*.md), or one file.\n")


async def test_without_a_network_the_next_step_is_named(folder):
    answer = await jitt("publish", folder)
    assert (answer.code, answer.err) == (2, "No jitt is running here. Start one with `jitt up`, or set JITT_POSTGRES.\n")


async def test_one_error_keeps_every_module_back(folder, network):
    items = (an_item(1, cue=""), an_item(2), an_item(3), an_open_item())
    (folder / "other_1.md").write_text(write(a_module(module_id="other_1", items=items)), "utf-8")
    refused = await jitt("publish", folder, **network)
    assert (refused.code, refused.out) == (1, "")
    assert "[cue]" in refused.err
    assert "Nothing was published: 1 error." in refused.err
    assert (await jitt("list", **network)).out.startswith("No modules yet.")


async def test_a_module_is_published_shown_edited_and_withdrawn(folder, network):
    first = await jitt("publish", folder, **network)
    again = await jitt("publish", folder, **network)
    assert [first.out, again.out] == [
        "reflective_listening_9 (en): published, version 1\n",
        "reflective_listening_9 (en): unchanged, version 1\n",
    ]
    shown = await jitt("show", "reflective_listening_9", **network)
    assert shown.out == write(a_module())
    (folder / NAME).write_text(shown.out.replace("Say back what you heard", "Say it back"), "utf-8")
    assert json.loads((await jitt("publish", folder, "--json", **network)).out) == [
        {"module_id": "reflective_listening_9", "locale": "en", "version": 2, "outcome": "published", "changes": [TITLE]}
    ]
    assert (await jitt("withdraw", "reflective_listening_9", "--version", "1", **network)).out == (
        "Withdrawn: reflective_listening_9 (en, version 1).\n"
        "Mentors who were given it keep it, with their answers and feedback. It is not chosen again.\n"
        "Sessions get version 2 from now on, which is still published. Withdraw it as well if it is wrong.\n"
    )
    listed = json.loads((await jitt("list", "--json", **network)).out)
    assert [(each["version"], each["title"]) for each in listed] == [(2, "Say it back")]


async def test_withdrawing_twice_is_harmless_and_a_wrong_name_is_said(folder, network):
    await jitt("publish", folder, **network)
    answers = [await jitt("withdraw", name, **network) for name in ("reflective_listening_9", "reflective_listening_9", "x_1")]
    assert [answer.code for answer in answers] == [0, 0, 1]
    assert answers[1].out == "Already withdrawn: reflective_listening_9 (en).\n"
    assert answers[2].err == "There is no module x_1 (en). `jitt content list --withdrawn` shows what there is.\n"


def edited(folder, *changes):
    """The file, with words exchanged."""
    text = (folder / NAME).read_text("utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    (folder / NAME).write_text(text, "utf-8")
    return folder / NAME


ANOTHER_KEY = (
    ("- [ ] “Why was it bad today?” `asks_instead`", "- [x] “Why was it bad today?”"),
    ("- [x] “A long, hard day.”", "- [ ] “A long, hard day.” `parroting`"),
)
KEY_WORDS = (
    "  q1: option 1 is right now (was: option 2)\n"
    "  q1: mistake of option 1 is none now (was: asks_instead)\n"
    "  q1: mistake of option 2 is parroting now (was: none)\n"
)


async def test_a_training_is_begun_under_the_next_free_name_and_never_over_a_file(tmp_path):
    first = await jitt("new", "crisis_response", "--out", tmp_path)
    second = await jitt("new", "crisis_response", "--out", tmp_path)
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["crisis_response_3.md", "crisis_response_4.md"]
    assert first.out.startswith(f"Written: {tmp_path / 'crisis_response_3.md'}, a training on “When they may be in danger”.\n")
    over = await jitt("new", "showing_up", "--out", tmp_path / "crisis_response_3.md")
    assert (second.code, over.code, over.out) == (0, 2, "")
    assert over.err.endswith("is there already, and nothing was changed. Name another file with --out, or add --force.\n")
    assert "skill: crisis_response" in (tmp_path / "crisis_response_3.md").read_text("utf-8")
    forced = await jitt("new", "showing_up", "--out", tmp_path / "crisis_response_3.md", "--force")
    assert (forced.code, "skill: showing_up" in (tmp_path / "crisis_response_3.md").read_text("utf-8")) == (0, True)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("boundries", "There is no skill “boundries”. Did you mean boundaries?\n"),
        ("listening", "There is no skill “listening”. Did you mean reflective_listening?\n"),
        ("Setting a goal", "There is no skill “Setting a goal”. Did you mean goal_setting?\n"),
        ("xyzzy", f"There is no skill “xyzzy”. There are: {', '.join(vocabulary().skills)}.\n"),
    ],
)
async def test_an_unknown_skill_ends_with_those_it_may_mean(tmp_path, word, said):
    assert await jitt("new", word, "--out", tmp_path) == Answer(2, "", said)
    assert list(tmp_path.iterdir()) == []


async def test_a_dry_run_says_what_would_change_and_changes_nothing(folder, network):
    first = await jitt("publish", folder, "--dry-run", **network)
    assert first.out == (
        "reflective_listening_9 (en): would be published, version 1\nNothing was published: this was a dry run.\n"
    )
    await jitt("publish", folder, **network)
    edited(folder, *ANOTHER_KEY)
    dry = await jitt("publish", folder, "--dry-run", **network)
    assert dry.out == (
        f"reflective_listening_9 (en): would be published, version 2\n{KEY_WORDS}Nothing was published: this was a dry run.\n"
    )
    as_json = json.loads((await jitt("publish", folder, "--dry-run", "--json", **network)).out)
    assert [(each["version"], each["outcome"]) for each in as_json] == [(2, "would_be_published")]
    assert [each["version"] for each in json.loads((await jitt("list", "--json", **network)).out)] == [1]
    assert (await jitt("publish", folder, **network)).out == f"reflective_listening_9 (en): published, version 2\n{KEY_WORDS}"


async def test_moving_an_option_keeps_its_id_from_version_to_version(folder, network):
    await jitt("publish", folder, **network)
    lines = write(a_module()).splitlines()
    at = lines.index("- [x] “A long, hard day.”")
    moved = [*lines[: at - 2], *lines[at : at + 2], *lines[at - 2 : at], *lines[at + 2 :]]
    (folder / NAME).write_text("\n".join(moved), "utf-8")
    assert "q1: the options stand in another order" in (await jitt("publish", folder, **network)).out
    shown = json.loads((await jitt("show", "reflective_listening_9", "--json", **network)).out)
    assert [option["id"] for option in shown["module"]["items"][0]["options"]] == ["b", "a", "c"]
    assert "unchanged, version 2" in (await jitt("publish", folder, **network)).out


async def test_a_file_is_compared_with_the_published_version(folder, network):
    assert (await jitt("diff", folder / NAME, **network)).out == (
        f"reflective_listening_9 (en) was never published. Published, {folder / NAME} becomes version 1.\n"
    )
    await jitt("publish", folder, **network)
    assert (await jitt("diff", folder / NAME, **network)).out.endswith("\nNothing changed.\n")
    file = edited(folder, *ANOTHER_KEY)
    assert (await jitt("diff", file, **network)).out == (
        f"reflective_listening_9 (en): from version 1 to {file}\n{KEY_WORDS}3 changes.\n"
        "Published, it is a new version. Answers stay with the version that was answered.\n"
        f'It could be published as a correction: jitt content publish {file} --correction "why"\n'
    )
    edited(folder, ("Say back what you heard", "Say it back"))
    answer = await jitt("diff", file, **network)
    assert "      was: Say back what you heard\n      now: Say it back\n" in answer.out
    assert "--correction" not in answer.out


async def test_two_versions_are_compared_newest_last(folder, network):
    await jitt("publish", folder, **network)
    alone = await jitt("diff", "reflective_listening_9", **network)
    assert (alone.code, alone.err) == (
        1,
        "reflective_listening_9 (en) has only version 1: there is nothing to compare it with.\n",
    )
    for title in ("Say it back", "Back again"):
        edited(folder, (f"title: {'Say back what you heard' if title == 'Say it back' else 'Say it back'}", f"title: {title}"))
        await jitt("publish", folder, **network)
    newest = json.loads((await jitt("diff", "reflective_listening_9", "--json", **network)).out)
    assert (newest["from"], newest["to"], newest["file"], [each["after"] for each in newest["changes"]]) == (
        2, 3, None, ["Back again"],
    )  # fmt: skip
    asked = json.loads((await jitt("diff", "reflective_listening_9", "--from", "1", "--to", "2", "--json", **network)).out)
    assert (asked["changes"], asked["correctable"]) == ([TITLE], False)
    missing = await jitt("diff", "reflective_listening_9", "--to", "7", **network)
    assert missing.err == "reflective_listening_9 (en) has no version 7. `jitt content list --withdrawn` shows what there is.\n"


async def test_a_misspelled_module_is_answered_with_the_near_one(folder, network):
    await jitt("publish", folder, **network)
    for command in ("show", "withdraw", "diff"):
        answer = await jitt(command, "reflective_listning_9", **network)
        assert (answer.code, answer.err) == (
            1, "There is no module reflective_listning_9 (en). Did you mean reflective_listening_9 (en)?\n",
        )  # fmt: skip


async def test_the_list_says_when_reviews_are_due_and_finds_those_that_are_late(tmp_path, network):
    today = datetime.now(UTC).date()
    for number, days in ((7, -3), (8, 0), (9, 12)):
        due = (today + timedelta(days=days)).isoformat()
        module = a_module(module_id=f"reflective_listening_{number}", reviewed_by=("a", "b"), review_due=due)
        (tmp_path / f"{module.module_id}.md").write_text(write(module), "utf-8")
    none = await jitt("list", "--overdue", **network)
    published = await jitt("publish", tmp_path, **network)
    listed = json.loads((await jitt("list", "--json", **network)).out)
    assert published.code == 0, "a late review stops nobody from publishing"
    assert [each["review"] for each in listed] == [f"overdue since {today - timedelta(days=3)}", "due today", "due in 12 days"]
    late = await jitt("list", "--overdue", **network)
    assert ("reflective_listening_7" in late.out, "reflective_listening_8" in late.out) == (True, False)
    assert none.out == "No modules yet. `jitt content publish` publishes those that ship with jitt.\n"


async def test_a_review_that_the_next_version_has_had_is_not_late(tmp_path, network):
    today = datetime.now(UTC).date()
    for days in (-3, 300):
        due = (today + timedelta(days=days)).isoformat()
        (tmp_path / NAME).write_text(write(a_module(reviewed_by=("a", "b"), review_due=due)), "utf-8")
        await jitt("publish", tmp_path, **network)
    assert len(json.loads((await jitt("list", "--json", **network)).out)) == 2
    assert (await jitt("list", "--overdue", **network)).out == "No review is overdue.\n"


async def test_ids_and_reviews_are_whole_in_a_narrow_terminal(tmp_path, network):
    module = a_module(module_id="confidentiality_limits_9", reviewed_by=("a", "b"), review_due="2025-01-02")
    (tmp_path / f"{module.module_id}.md").write_text(write(module), "utf-8")
    await jitt("publish", tmp_path, **network)
    listed = (await jitt("list", COLUMNS="90", **network)).out
    assert ("confidentiality_limits_9" in listed, "overdue since 2025-01-02" in listed) == (True, True)


async def test_the_list_is_narrowed_by_skill_and_language(folder, network):
    await jitt("publish", folder, **network)
    one = json.loads((await jitt("list", "--skill", "reflective_listening", "--locale", "en", "--json", **network)).out)
    assert [each["module_id"] for each in one] == ["reflective_listening_9"]
    assert json.loads((await jitt("list", "--locale", "es", "--json", **network)).out) == []
    assert (
        await jitt("list", "--locale", "es", **network)
    ).out == "No module is like that. `jitt content list` shows all of them.\n"
    assert (await jitt("list", "--skill", "listening", **network)).err == (
        "There is no skill “listening”. Did you mean reflective_listening?\n"
    )


async def test_withdrawing_says_what_mentors_get_instead_and_can_be_undone(folder, network):
    (folder / "reflective_listening_8.md").write_text(write(a_module(module_id="reflective_listening_8")), "utf-8")
    await jitt("publish", folder, **network)
    kept = "Mentors who were given it keep it, with their answers and feedback. It is not chosen again.\n"
    first = await jitt("withdraw", "reflective_listening_9", **network)
    assert first.out == (
        f"Withdrawn: reflective_listening_9 (en).\n{kept}"
        "Sessions that need “Reflective listening” get reflective_listening_8 from now on.\n"
    )
    last = await jitt("withdraw", "reflective_listening_8", **network)
    assert last.out.endswith(
        "There is no other on “Reflective listening” in en: sessions get a training on what else they need, or none.\n"
    )
    back = await jitt("withdraw", "reflective_listening_9", "--undo", **network)
    assert back.out == "Back again: reflective_listening_9 (en, version 1). It can be chosen from now on.\n"
    assert [each["module_id"] for each in json.loads((await jitt("list", "--json", **network)).out)] == ["reflective_listening_9"]
    again = await jitt("withdraw", "reflective_listening_9", "--undo", **network)
    assert again.out == "Not withdrawn: reflective_listening_9 (en, version 1).\n"


async def test_the_newest_version_comes_back_also_while_an_older_one_is_published(folder, network):
    await jitt("publish", folder, **network)
    edited(folder, ("Say back what you heard", "Say it back"))
    await jitt("publish", folder, **network)
    await jitt("withdraw", "reflective_listening_9", "--version", "2", **network)
    back = await jitt("withdraw", "reflective_listening_9", "--undo", **network)
    assert back == Answer(0, "Back again: reflective_listening_9 (en, version 2). It can be chosen from now on.\n", "")


async def test_only_the_newest_version_comes_back(folder, network):
    await jitt("publish", folder, **network)
    edited(folder, ("Say back what you heard", "Say it back"))
    await jitt("publish", folder, **network)
    await jitt("withdraw", "reflective_listening_9", "--version", "1", **network)
    answer = await jitt("withdraw", "reflective_listening_9", "--version", "1", "--undo", **network)
    assert (answer.code, answer.err) == (
        1,
        "reflective_listening_9 (en, version 1) is not the newest version, and only that comes back. "
        "`jitt content show` prints any, to be published anew.\n",
    )


async def test_a_safety_module_is_published_with_the_names_of_who_has_read_it(folder, network):
    today = datetime.now(UTC).date()
    module = a_module(
        items=(an_item(1, skill="boundaries", safety=True), an_item(2), an_item(3), an_open_item()),
        reviewed_by=("Ana Ruiz, clinician", "Jo Lee, counsel"),
        reviewed_on=today.isoformat(),
        review_due=(today + timedelta(days=300)).isoformat(),
    )
    (folder / NAME).write_text(write(module), "utf-8")
    answer = await jitt("publish", folder, **network)
    assert answer.out == (
        "reflective_listening_9 (en): published, version 1\n"
        "  read by “Ana Ruiz, clinician” and “Jo Lee, counsel”; review due in 300 days\n"
    )
