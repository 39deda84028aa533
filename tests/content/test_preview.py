"""The preview without a browser: every page of every kind, answers that outlive a save, and the command in a terminal."""

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
from pathlib import Path

import httpx2
import pytest

from deploy.preview.drafts import NothingToShow, Shelf
from deploy.preview.http import application
from deploy.preview.outline import screens
from deploy.preview.rehearsal import Rehearsal
from services.content.lint import LIBRARY
from services.content.module import read, write
from shared.contracts.content import Module, Option
from tests.content.building import a_module, an_item, an_open_item

ORDER = an_item(
    2,
    kind="order",
    options=tuple(
        Option(id=x, text=f"Step {x}", right=True, why="So that it comes in turn.", place=n) for n, x in enumerate("abc", 1)
    ),
)
MULTI = an_item(3, kind="multi")
EVERY_KIND = a_module(items=(an_item(1), ORDER, MULTI, an_open_item()))


def a_file(folder: Path, module: Module) -> Path:
    """In a folder of its own: the same name in a folder beside it may be another language."""
    (folder / module.locale).mkdir(exist_ok=True)
    file = folder / module.locale / f"{module.module_id}.md"
    file.write_text(write(module), "utf-8")
    return file


def client(path: Path, address: str = "http://127.0.0.1") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=application(Shelf(path)))
    return httpx2.AsyncClient(transport=transport, base_url=address, follow_redirects=True)


async def test_every_page_and_every_answer_of_every_kind_of_question_is_shown(tmp_path):
    file = a_file(tmp_path, EVERY_KIND)
    (seen,) = Shelf(file).all()
    async with client(file) as asked:
        for screen in screens(seen):
            paths = [screen.at, *(f"{screen.at}?chosen={answer.chosen}" for answer in screen.answers)] if screen.at else []
            for path in paths:
                shown = await asked.get(f"/t/{seen.name}/at/{path}")
                right = "That works" in shown.text or "Not quite" in shown.text
                assert (shown.status_code, right) == (200, "chosen" in path), path


async def test_right_and_wrong_answers_are_told_apart(tmp_path):
    file = a_file(tmp_path, EVERY_KIND)
    (seen,) = Shelf(file).all()
    async with client(file) as asked:
        for number, right in ((1, "b"), (2, "a,b,c"), (3, "b")):
            for chosen in (right, right[::-1] if "," in right else "a"):
                shown = await asked.get(f"/t/{seen.name}/at/questions/{number}?chosen={chosen}")
                assert ("That works" in shown.text) == (chosen == right), (number, chosen)


async def test_a_page_elsewhere_that_points_its_name_at_us_reads_nothing(tmp_path):
    async with client(a_file(tmp_path, a_module()), "http://evil.example") as asked:
        assert (await asked.get("/")).status_code == 400


async def test_the_mentors_page_may_stand_in_our_own_frame_only(tmp_path):
    async with client(a_file(tmp_path, a_module())) as asked:
        policy = (await asked.get("/t/anything/at/start")).headers["content-security-policy"]
        assert re.findall(r"frame-ancestors ([^;]*)", policy) == ["'self'"]


async def test_what_is_no_page_of_the_module_says_so(tmp_path):
    file = a_file(tmp_path, a_module())
    (seen,) = Shelf(file).all()
    async with client(file) as asked:
        for shown in (await asked.get("/talk/preview"), await asked.post(f"/t/{seen.name}/call", data={"kind": "now"})):
            assert "This is not part of the preview" in shown.text
        assert (await asked.get("/m/whistling_1")).status_code == 404


def answered(module: Module, *chosen: str) -> Rehearsal:
    """A rehearsal in which the first question was answered."""
    rehearsal = Rehearsal("any", module)
    rehearsal.answer(1, chosen)
    return rehearsal


def test_an_answer_outlives_a_save_and_is_graded_by_the_new_key():
    first, second, third = an_item().options
    other_key = (first.model_copy(update={"right": True}), second.model_copy(update={"right": False}), third)
    rehearsal = answered(EVERY_KIND, "a")
    assert [(t.correct, t.open) for t in rehearsal.training.tries] == [(False, True)]
    rehearsal.shows(EVERY_KIND.model_copy(update={"items": (an_item(1, options=other_key), *EVERY_KIND.items[1:])}))
    assert [(t.chosen, t.correct, t.open) for t in rehearsal.training.tries] == [(("a",), True, False)]


def test_an_answer_that_is_no_longer_offered_is_gone_after_a_save():
    rehearsal = answered(EVERY_KIND, "c")
    rehearsal.shows(EVERY_KIND.model_copy(update={"items": (an_item(1, options=an_item().options[:2]), *EVERY_KIND.items[1:])}))
    assert rehearsal.training.tries == ()


def test_a_file_that_cannot_be_read_keeps_its_last_module(tmp_path):
    file = a_file(tmp_path, a_module())
    shelf, before = Shelf(file), a_module()
    stamp = shelf.stamp()
    file.write_text("No front matter.", "utf-8")
    (seen,) = shelf.all()
    assert shelf.stamp() != stamp
    assert (seen.stale, seen.module) == (True, before)
    assert [finding.what for finding in seen.findings] == ["The file does not open with front matter between two lines of ---."]


def test_each_finding_stands_with_the_page_that_shows_its_part(tmp_path):
    broken = a_module(minutes=1, prompts=("One.",), items=(an_item(1), an_item(2, cue=""), an_item(3), an_open_item()))
    (seen,) = Shelf(a_file(tmp_path, broken)).all()
    found = {
        screen.at or screen.words: [finding.rule for finding in screen.findings] for screen in screens(seen) if screen.findings
    }
    assert found == {"start": ["minutes-said"], "questions/2": ["cue"], "For the supervisor": ["prompts"]}


def test_beside_one_file_stand_its_other_languages_and_no_copies(tmp_path):
    for folder in ("en", "es", "old"):
        (tmp_path / folder).mkdir()
        shutil.copy(LIBRARY / ("es" if folder == "es" else "en") / "showing_up_1.md", tmp_path / folder)
    found = Shelf(tmp_path / "en" / "showing_up_1.md").all()
    assert [seen.file.parent.name for seen in found] == ["en", "es"]


def test_an_empty_folder_holds_nothing_to_show(tmp_path):
    with pytest.raises(NothingToShow, match="There is no module"):
        Shelf(tmp_path)


def test_a_module_reads_the_same_here_and_at_the_linter(tmp_path):
    file = a_file(tmp_path, EVERY_KIND)
    assert Shelf(file).all()[0].module == read(file.read_text("utf-8"), file.name).module


async def jitt(*words: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli", "content", "preview", *map(str, words)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


async def test_the_command_prints_its_address_serves_there_and_ends_with_ctrl_c(tmp_path):
    process = await jitt(a_file(tmp_path, a_module()), "--port", "0", "--no-open")
    line = (await asyncio.wait_for(process.stdout.readline(), 90)).decode()
    address = re.fullmatch(r"Preview: (http://127\.0\.0\.1:\d+/)\n", line)[1]
    async with httpx2.AsyncClient(follow_redirects=True, timeout=60) as asked:
        assert "Say back what you heard" in (await asked.get(address)).text
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, out.decode(), err.decode()) == (0, "It reloads when you save. Ctrl-C stops it.\nStopped\n", "")


async def test_a_port_in_use_and_a_path_that_is_not_there_are_said_plainly(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        both = await jitt(a_file(tmp_path, a_module()), "--port", port, "--no-open"), await jitt(tmp_path / "nowhere.md")
        said = await asyncio.gather(*(asyncio.wait_for(process.communicate(), 90) for process in both))
    assert [(process.returncode, err.decode()) for process, (_, err) in zip(both, said, strict=True)] == [
        (2, f"Port {port} cannot be used (Address already in use). Name another with --port, or --port 0 for any that is "
            "free.\n"),
        (2, f"There is no {tmp_path / 'nowhere.md'}. Name a module's file, or a folder of them (*.md).\n"),
    ]  # fmt: skip
