"""A run that is not as promised says so, in the file for programs and to people."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.chaos import report
from tests.chaos.oracle import Verdict
from tests.chaos.report import BEGIN, END, Ran
from tests.chaos.sections import Section

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)


def ran(*sections: Section) -> Ran:
    return Ran(sections, "short", AT, 12.0, {"cores": 2})


def test_a_sound_run_has_nothing_wrong() -> None:
    sound = ran(Section("kills", Verdict(effects=10), kills=2, recoveries=[1.0, 2.0], figures={"events": 30}))
    made = report.document(sound)
    assert (made["events"], made["kills"], made["lost"], made["recovery_p99_s"], made["wrong"]) == (30, 2, 0, 2.0, [])


@pytest.mark.parametrize("section", [
    Section("kills", Verdict(lost=1)),
    Section("kills", Verdict(doubled=1)),
    Section("kills", Verdict(out_of_order=1)),
    Section("kills", Verdict(invented=1)),
    Section("kills", Verdict(), problems=["a worker did not come back"]),
    Section("twins", Verdict(), figures={"twins_caught": 9, "twins_total": 10}),
])  # fmt: skip
def test_whatever_is_not_as_promised_is_said(section: Section) -> None:
    assert report.wrong(ran(section))


@pytest.mark.parametrize("section", [
    Section("kills", Verdict(), recoveries=[1.0] * 50 + [report.RECOVERY_SECONDS + 1]),
    Section("restart", Verdict(), slow=["a worker took 12 s to leave"]),
])  # fmt: skip
def test_what_took_longer_than_promised_is_said_and_is_no_loss(section: Section) -> None:
    assert report.slow(ran(section))
    assert not report.wrong(ran(section))


def test_one_slow_recovery_of_two_hundred_is_within_p99() -> None:
    assert report.p99([1.0] * 199 + [60.0]) == 1.0


def test_the_table_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nan old table\n{END}\nafter\n")
    made = report.document(ran(Section("kills of | everything", Verdict(effects=1_234), kills=7)))
    report.fill(page, made)
    report.fill(page, made)
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "an old table" not in text
    assert text.count("| kills of \\| everything | 1,234 | 7 | 0 | 0 | 0 | 0 |  | as promised |") == 1


def test_a_page_without_markers_is_left_alone_and_said_to_lack_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no markers")
    with pytest.raises(ValueError, match="needs the two lines"):
        report.fill(page, report.document(ran()))
    assert page.read_text() == "no markers"
