"""What a soak calls flat, and what it calls grown: the last quarter against the second, whatever the first was like."""

import pytest

from tests.bench.soak import Line, lines
from tests.bench.soak_samples import BRIEF, PLAN, Sample, Table

MINUTES = 40


def samples(grows: str, by: float) -> list[Sample]:
    """Forty of them; the first quarter is small, and one thing grows by this factor from the second quarter to the last."""
    return [_sample(n, grows, 1 + (by - 1) * max(0, n - 10) / 30) for n in range(MINUTES)]


def _sample(n: int, grows: str, factor: float) -> Sample:
    def value(name: str, usual: float) -> float:
        return usual * (factor if name == grows else 1.0) / (2 if n < 10 else 1)

    rows = 6_000 + 1_000 * n
    tables = {"trigger.session": Table(rows, 10, int(value("rows", 400) * rows)),
              "trigger.outbox": Table(0, 0, int(value("outbox", 4_096) * 1_024))}  # fmt: skip
    ways = {PLAN: [value("planned", 100.0)] * 9, BRIEF: [100.0] * 9}
    memory = {"trigger-worker-0": value("worker", 90.0), "kafka": value("kafka", 400.0)}
    return Sample(60.0 * n, memory, 1.0 * n, tables, ways)


def grown(found: list[Line]) -> list[tuple[str, bool]]:
    return [(one.what, one.must) for one in found if not one.flat]


def test_a_network_that_only_fills_its_caches_in_the_first_quarter_is_flat() -> None:
    assert grown(lines(samples("nothing", 1.0))) == []


@pytest.mark.parametrize(("grows", "by", "said"), [
    ("worker", 1.3, ("memory of trigger-worker-0, MiB", True)),
    ("rows", 1.3, ("bytes per row of trigger.session", True)),
    ("outbox", 3.0, ("trigger.outbox, KiB", True)),
    ("kafka", 1.5, ("memory of kafka, MiB", False)),
    ("planned", 2.5, (f"{PLAN}, p99 ms", False)),
])  # fmt: skip
def test_what_grows_is_named_and_is_a_fault_where_it_must_not(grows: str, by: float, said: tuple[str, bool]) -> None:
    assert grown(lines(samples(grows, by))) == [said]
