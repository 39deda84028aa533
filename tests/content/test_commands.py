"""`jitt content` as people type it: what it prints, where, and with which exit code."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass

import pytest
import pytest_asyncio

from deploy.local import stack as local
from services.content.app import SERVICE
from services.content.lint import LIBRARY
from services.content.module import write
from tests.conftest import at_database
from tests.content.building import a_module, an_item, an_open_item

PROGRAM = "from services.content.commands import content_app; content_app(prog_name='jitt content')"
NAME = "reflective_listening_9.md"


@dataclass
class Answer:
    code: int | None
    out: str
    err: str


async def jitt(*words: object, **env: str) -> Answer:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("JITT_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, *map(str, words)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=plain | {"COLUMNS": "200", "TERM": "dumb"} | env,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return Answer(process.returncode, out.decode(), err.decode())


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
        {"module_id": "reflective_listening_9", "locale": "en", "version": 2, "outcome": "published"}
    ]
    assert (await jitt("withdraw", "reflective_listening_9", "--version", "1", **network)).out == (
        "Withdrawn: reflective_listening_9 (en, version 1).\n"
    )
    listed = json.loads((await jitt("list", "--json", **network)).out)
    assert [(each["version"], each["title"]) for each in listed] == [(2, "Say it back")]


async def test_withdrawing_twice_is_harmless_and_a_wrong_name_is_said(folder, network):
    await jitt("publish", folder, **network)
    answers = [await jitt("withdraw", name, **network) for name in ("reflective_listening_9", "reflective_listening_9", "x_1")]
    assert [answer.code for answer in answers] == [0, 0, 1]
    assert answers[1].out == "Already withdrawn: reflective_listening_9 (en).\n"
    assert answers[2].err == "There is no module x_1 (en). `jitt content list` shows what there is.\n"
