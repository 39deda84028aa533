"""The capacity model is plain arithmetic: more never needs less, twice as much needs twice as much, and a sum by hand agrees."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.topology import NAMES
from tests.bench import measured
from tests.bench.capacity import ROWS, Assumed, busy, database, load, need
from tests.bench.measured import DEFAULTS

ASSUMED = Assumed()
AT_REST = {name: 0.0 for name in DEFAULTS if "at_rest" in name}  # what does not grow with the load
SIZES = (600, 20_000, 200_000, 1_000_000, 2_500_000)


def test_a_million_mentors_have_the_sessions_and_events_that_the_design_goes_by() -> None:
    found = load(1_000_000, ASSUMED)
    assert found.sessions_planned == pytest.approx(8_000_000, rel=0.01)
    assert found.events_on_topics == pytest.approx(36_000_000, rel=0.01)
    assert found.due_per_s == 1_000
    assert load(200_000, ASSUMED).due_per_s * 60 == 12_000


def test_more_mentors_never_need_less() -> None:
    needs = [need(mentors, ASSUMED, DEFAULTS) for mentors in SIZES]
    for less, more in pairwise(needs):
        assert more.cores >= less.cores and more.readers >= less.readers
        assert all(more.processes[name] >= less.processes[name] for name in NAMES)
        assert more.database_gb > less.database_gb and more.kafka_gb > less.kafka_gb
        assert more.rebuild_minutes > less.rebuild_minutes and more.import_minutes > less.import_minutes


def test_twice_the_mentors_are_twice_the_work_and_twice_the_rows() -> None:
    cost = {**DEFAULTS, **AT_REST}
    one, two = (load(mentors, ASSUMED) for mentors in (1_000_000, 2_000_000))
    assert busy(two, ASSUMED, cost) == pytest.approx({name: 2 * cores for name, cores in busy(one, ASSUMED, cost).items()})
    assert database(two, ASSUMED, cost) == pytest.approx({kind: 2 * size for kind, size in database(one, ASSUMED, cost).items()})


def test_answers_that_are_said_take_the_place_of_those_that_follow_from_mentors() -> None:
    found = need(1_000_000, ASSUMED, DEFAULTS, 500.0)
    assert found.load.answers_per_s == 500
    assert found.busy["assessment"] > need(1_000_000, ASSUMED, DEFAULTS).busy["assessment"] + 1
    assert found.database_gb == need(1_000_000, ASSUMED, DEFAULTS).database_gb


def test_what_a_service_does_at_rest_is_no_cost_of_an_answer_at_whatever_rate_it_was_measured() -> None:
    name, peak = "assessment", load(1_000_000, ASSUMED, 500.0)
    rest = DEFAULTS[f"loop.cpu_ms_per_s_at_rest_{name}"]
    found = [busy(peak, ASSUMED, {**DEFAULTS, "loop.answers_per_s": rate, f"loop.cpu_ms_per_answer_{name}": 2.5 + rest / rate})
             for rate in (30.0, 150.0)]  # fmt: skip
    assert found[0][name] == pytest.approx(found[1][name])


def test_a_sum_by_hand() -> None:
    """7 M mentors with a session a week: a million a day, 8,640,000 a day at the peak, so a hundred a second."""
    assumed = replace(ASSUMED, sessions_per_mentor_week=1.0, peak=8.64, answers=5.0, due_in_a_minute=60 / 7_000, headroom=0.5,
                      topic_days=10, event_bytes=1_000, replicas=3, horizon_days=30, least=1,
                      events={"in.*": 2.0, "trigger.events": 3.0},
                      read={"trigger": 2.0, "content": 1.0, "assessment": 3.0, "supervision": 4.0},
                      read_after_due=dict.fromkeys(NAMES, 1.0))  # fmt: skip
    cost = {**DEFAULTS, **AT_REST, "hop.cpu_us.python": 100, "hop.cpu_us.postgres": 20, "hop.cpu_us.kafka": 10,
            "due.assign_per_s": 4_000, "hop.events_per_s": 10_000, "rebuild.rows_per_s": 20_000,
            **{f"loop.cpu_ms_per_answer_{name}": 2.0 for name in (*NAMES, "postgres", "kafka")}}  # fmt: skip
    found = need(7_000_000, assumed, cost)
    assert found.load.sessions_per_s == pytest.approx(100)
    assert found.load.answers_per_s == pytest.approx(500)
    assert found.load.due_per_s == pytest.approx(1_000)
    # answers 500 × 2 ms = 1.0; records (100 × its own + 1,000) × 100 µs; trigger's due rows 1,000 / 4,000
    # servers: records 1,000 + 4 × 1,000, and the due rows 1,000, at 20 and 10 µs
    assert found.busy == pytest.approx({"trigger": 1.37, "content": 1.11, "assessment": 1.13, "supervision": 1.14,
                                        "postgres": 1.12, "kafka": 1.06})  # fmt: skip
    assert found.cores == 14  # 6.93 of them at work, half of all
    assert found.processes == {"trigger": 3, "content": 3, "assessment": 3, "supervision": 3}
    assert found.readers == 3
    assert found.kafka_gb == pytest.approx(1e6 * 5 * 10 * 1_000 * 3 / 1e9)
    assert found.import_minutes == pytest.approx(30e6 / 10_000 / 60)
    assert found.rebuild_minutes == pytest.approx(50e6 / 20_000 / 60)


def test_rows_by_hand() -> None:
    cost = {**DEFAULTS, **{name: 100.0 for name in DEFAULTS if name.startswith("bytes_per_row.")}}
    sizes = database(load(7_000_000, replace(ASSUMED, sessions_per_mentor_week=1.0)), ASSUMED, cost)
    assert sizes["inbox"] == pytest.approx(1e6 * 35 * 33 * 100)
    assert sizes["planned ahead"] == pytest.approx(1e6 * 60 * 3 * 100)
    assert sizes["skills"] == pytest.approx(7e6 * 12 * 3 * 100)


def test_every_table_of_the_model_has_a_size() -> None:
    counted = {f"bytes_per_row.{table}" for tables in ROWS.values() for table in tables}
    assert counted == {name for name in DEFAULTS if name.startswith("bytes_per_row.")}


def test_what_the_bench_has_measured_takes_the_place_of_a_default_and_the_rest_is_said(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    file.write_text(json.dumps({"hop": {"events_per_s": 12_345}, "bytes_per_row": {"trigger": {"session": 400}}}))
    found, where = measured.figures(file)
    assert (found["hop.events_per_s"], found["bytes_per_row.trigger.session"]) == (12_345, 400)
    assert found["hop.cpu_us.kafka"] == DEFAULTS["hop.cpu_us.kafka"]
    assert "3 of hop" in where and "24 of bytes_per_row" in where


def test_a_file_that_is_none_of_the_bench_is_refused_in_words(tmp_path: Path) -> None:
    (file := tmp_path / "notes.txt").write_text("words")
    with pytest.raises(SystemExit, match="is no file of the bench"):
        measured.figures(file)
