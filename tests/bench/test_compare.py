"""A regression is named, noise is not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.bench import compare, report
from tests.bench.report import Figure, Found

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
HERE = {"cpu": "AMD EPYC", "cores": 2}
RATIO, RATE, P99 = "hop.ratio_series", "hop.events_per_s", "hop.latency_p99_ms"


def made(name: str, *values: float, size: str = "plain", machine: dict[str, Any] = HERE, what: str = "hop / series",
         more: bool = True) -> dict[str, Any]:
    return report.document(Found(size, machine, [Figure(name, what, values, None, more)]), AT)


def said(before: dict[str, Any], now: dict[str, Any]) -> Sequence[str]:
    return compare.sentences(before, now)


def test_a_ratio_that_fell_is_worse_and_said_in_words() -> None:
    assert said(made(RATIO, 0.97, 0.98, 0.99), made(RATIO, 0.70, 0.71, 0.72)) == [
        "Against the release run of 2026-11-25:",
        "  worse: hop / series fell from 0.98 to 0.71, beyond the spread of both runs",
    ]


def test_what_rose_and_is_better_so_is_said_to_be_better() -> None:
    assert said(made(RATIO, 0.5), made(RATIO, 0.7))[1:] == ["  better: hop / series rose from 0.50 to 0.70, beyond noise"]


def test_latency_that_rose_is_worse() -> None:
    before, now = made(P99, 10, 11, what="p99 ms", more=False), made(P99, 40, 41, what="p99 ms", more=False)
    assert said(before, now)[1] == "  worse: p99 ms rose from 10.5 to 40.5, beyond the spread of both runs"


@pytest.mark.parametrize(("before", "now"), [
    ((0.70, 0.98, 0.99), (0.60, 0.71, 0.72)),  # the spreads overlap
    ((0.98,), (0.89,)),  # below the floor of a ratio
    ((0.98,), (0.98,)),
])  # fmt: skip
def test_what_is_within_noise_is_not_said(before: Sequence[float], now: Sequence[float]) -> None:
    assert said(made(RATIO, *before), made(RATIO, *now)) == ["Against the release run of 2026-11-25: nothing moved beyond noise."]


def test_rates_have_a_higher_floor_than_ratios() -> None:
    assert len(said(made(RATE, 10_000), made(RATE, 8_000))) == 1
    assert len(said(made(RATE, 10_000), made(RATE, 7_000))) == 2


def test_on_another_machine_ratios_alone_are_compared() -> None:
    there = {"cpu": "AMD EPYC", "cores": 8}
    assert len(said(made(RATE, 10_000), made(RATE, 1_000, machine=there))) == 1
    assert len(said(made(RATIO, 0.9), made(RATIO, 0.2, machine=there))) == 2


def test_a_slower_day_is_no_regression() -> None:
    slow, fast = HERE | {"yardstick_ms": 60.0}, HERE | {"yardstick_ms": 30.0}
    assert said(made(RATE, 10_000, machine=fast), made(RATE, 5_100, machine=slow)) == [
        "Against the release run of 2026-11-25 (plain Python runs at 0.50 × its speed of then, and speeds are compared in that "
        "proportion): nothing moved beyond noise."
    ]
    assert len(said(made(RATE, 10_000, machine=fast), made(RATE, 3_000, machine=slow))) == 2
    assert len(said(made(P99, 10, more=False, machine=fast), made(P99, 35, more=False, machine=slow))) == 1
    assert len(said(made(P99, 10, more=False, machine=fast), made(P99, 45, more=False, machine=slow))) == 2


def test_a_slower_day_does_not_excuse_a_ratio() -> None:
    slow, fast = HERE | {"yardstick_ms": 60.0}, HERE | {"yardstick_ms": 30.0}
    assert len(said(made(RATIO, 0.9, machine=fast), made(RATIO, 0.5, machine=slow))) == 2


def test_a_quick_run_is_not_compared_with_a_release_run() -> None:
    assert said(made(RATIO, 0.9), made(RATIO, 0.2, size="quick")) == [
        "Not compared: the release run of 2026-11-25 is of size plain, this one quick."
    ]


def test_a_plain_run_is_compared_with_a_full_one_where_both_measured_the_same() -> None:
    full = made(RATIO, 0.9, size="full")
    assert len(said(full, made(RATIO, 0.2))) == 2
    assert len(said(full, made(RATIO, 0.2, what="hop / series, other sizes"))) == 1


def test_what_is_worse_comes_first() -> None:
    before = report.document(Found("plain", HERE, [Figure("a_ratio", "a", [1.0]), Figure("b_ratio", "b", [1.0])]), AT)
    now = report.document(Found("plain", HERE, [Figure("a_ratio", "a", [2.0]), Figure("b_ratio", "b", [0.5])]), AT)
    assert [line.split()[0] for line in said(before, now)[1:]] == ["worse:", "better:"]


def test_without_a_release_run_there_is_nothing_to_compare_with() -> None:
    assert compare.sentences(None, made(RATIO, 0.9))[0].startswith("Not compared: no release run")
