"""The guide for authors says what the linter says: its example is whole, and its bad question is as bad as printed."""

import re
from datetime import date
from pathlib import Path

from services.content.findings import said
from services.content.lint import check

GUIDE = (Path(__file__).parents[2] / "docs/guides/authors.md").read_text("utf-8")
TODAY = date(2026, 11, 29)
EXAMPLE = re.search(r"```markdown\n(---\nid: showing_up_9.*?)```", GUIDE, re.DOTALL)[1]
LESSON = GUIDE[GUIDE.index("## A good question in ten minutes") : GUIDE.index("## Pictures")]
BAD, *_, GOOD = re.findall(r"```markdown\n(.*?)```", LESSON, re.DOTALL)
PRINTED = re.search(r"```console\n(.*?)```", LESSON, re.DOTALL)[1].splitlines()


def checked(folder, monkeypatch, question):
    """The example with this question in the place of q1, checked as a person would from the folder above."""
    monkeypatch.chdir(folder)
    start, end = EXAMPLE.index("## Question q1"), EXAMPLE.index("## Question q2")
    file = Path("my-modules/showing_up_9.md")
    file.parent.mkdir()
    file.write_text(f"{EXAMPLE[:start]}{question}\n{EXAMPLE[end:]}", "utf-8")
    return check(Path("my-modules"), TODAY).findings


def test_the_bad_question_is_found_to_be_as_bad_as_printed(tmp_path, monkeypatch):
    findings = checked(tmp_path, monkeypatch, BAD)
    count, soft = len(findings), sum(finding.level == "warning" for finding in findings)
    summary = f"1 module checked: {count - soft} errors, {soft} warnings."
    assert ["$ jitt content check my-modules", *said(findings, "text").splitlines(), summary] == PRINTED


def test_nothing_is_left_of_it_at_the_end(tmp_path, monkeypatch):
    assert checked(tmp_path, monkeypatch, GOOD) == ()


def test_every_fault_that_was_printed_is_said_to_be_gone_in_one_of_the_steps():
    gone = [name for step in re.findall(r"\*([^*]* gone)\.\*", LESSON) for name in re.findall(r"`([a-z-]+)`", step)]
    printed = {found[1] for line in PRINTED if (found := re.search(r" \[([a-z-]+)\] ", line))}
    assert sorted([*gone, "cue"]) == sorted(printed)
