"""What programs read has the names that they know, and the page shows the run that it says."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import pages
from tests.bench import report, rounds
from tests.bench.hop import ROOT, Hop
from tests.bench.report import Figure, Found
from tests.bench.rounds import Round
from tests.bench.scaling import lag_at
from tests.bench.series import Phases

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
HERE = {"cpu": "AMD EPYC", "cores": 2}


def one_round(naive_16: float | None = 100) -> Round:
    hop = Hop(1_000.0, 10, 90.0, 20.0, 10.0, 130.0)
    return Round(hop, Phases({"decode": 0.5, "apply": 2.0}), 1_250.0, 4_000.0, 25.0, naive_16, (6.0, 20.0))


def test_a_hop_has_the_names_that_programs_know() -> None:
    hop = report.document(Found("plain", HERE, rounds.figures([one_round()] * 3, 1_000)), AT)["hop"]
    assert hop == {
        "events_per_s": 1_000, "series_per_s": 1_250, "bare_sql_per_s": 4_000, "naive_1_per_s": 25, "naive_16_per_s": 100,
        "ratio_series": 0.8, "ratio_bare_sql": 0.25, "ratio_naive_1": 40, "ratio_naive_16": 10,
        "latency_p50_ms": 6, "latency_p99_ms": 20,
        "cpu_us": {"python": 90, "postgres": 20, "kafka": 10}, "series_us": {"decode": 500, "apply": 2_000},
    }  # fmt: skip


def test_what_was_not_measured_has_no_name() -> None:
    assert "ratio_naive_16" not in report.document(Found("quick", HERE, rounds.figures([one_round(None)], 1_000)), AT)["hop"]


def test_a_name_with_dots_is_nested_and_one_without_is_not() -> None:
    figures = [Figure("scaling.2.events_per_s", "", [3, 1, 2]), Figure("stack_mb", "", [700])]
    made = report.document(Found("plain", HERE, figures), AT)
    assert (made["scaling"], made["stack_mb"], made["size"]) == ({"2": {"events_per_s": 2}}, 700, "plain")


@pytest.mark.parametrize(("values", "verdict"), [([5, 6, 7], "met"), ([4, 6, 7], "met in the median"), ([4, 4, 7], "missed")])
def test_a_target_is_met_in_every_run_or_in_the_median_or_missed(values: list[float], verdict: str) -> None:
    table = report.markdown(report.document(Found("plain", HERE, [Figure("a.b", "words", values, 5)]), AT))
    assert table.count(f" ≥ 5.00 | {verdict} |") == 1


def test_the_table_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench: begin -->\nan old table\n<!-- bench: end -->\nafter\n")
    made = report.document(Found("plain", HERE, [Figure("a.b", "hop, events/s", [8_000, 9_343, 9_500], 16_000)]), AT)
    for _ in range(2):
        pages.fill(page, "bench", report.markdown(made))
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "an old table" not in text
    assert text.count("| hop, events/s | 9,343 | 8,000 | 9,500 | 3 | ≥ 16,000 | missed |") == 1
    assert "2026-11-25, size `plain`. 2 cores, AMD EPYC" in text


def test_the_page_of_the_documentation_has_a_place_for_each_table(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text((ROOT / "docs" / "performance.md").read_text())
    for name in ("bench", "capacity"):
        pages.fill(page, name, "a new table\n")
    assert page.read_text().count("a new table") == 2


def test_a_page_without_markers_is_left_alone_and_said_to_lack_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no markers")
    with pytest.raises(ValueError, match="needs the two lines"):
        pages.fill(page, "bench", "a table")
    assert page.read_text() == "no markers"


def test_what_was_left_at_half_time_is_what_the_first_look_from_then_on_saw() -> None:
    assert lag_at(2.0, [(0.5, 90), (1.9, 60), (2.1, 45), (3.9, 1)]) == 45
    assert lag_at(2.0, [(0.5, 90)]) == 0
