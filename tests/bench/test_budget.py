"""A run keeps to its time, and what there was no time for is not begun."""

import pytest

from tests.bench.budget import Budget, Share, repeated

PARTS = {"first": Share(60, 20), "second": Share(30, 10), "last": Share(10, 10)}


class Clock:
    """Goes on only when a part takes its time."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def takes(self, seconds: float) -> float:
        self.now += seconds
        return seconds


def test_each_part_has_its_share() -> None:
    clock = Clock()
    budget, given = Budget(100, PARTS, clock), {}
    for name, share in PARTS.items():
        given[name] = budget.begin(name)
        clock.now += share.all
    assert given == {"first": 60, "second": 30, "last": 10}


def test_what_one_part_leaves_over_is_there_for_those_after_it() -> None:
    clock = Clock()
    budget = Budget(100, PARTS, clock)
    budget.begin("first")
    clock.now += 20
    assert budget.begin("second") == pytest.approx(60)
    clock.now += 60
    assert budget.begin("last") == pytest.approx(20)


def test_a_part_that_would_take_the_time_of_those_after_it_is_not_begun() -> None:
    clock = Clock()
    budget = Budget(100, PARTS, clock)
    budget.begin("first")
    clock.now += 81  # 19 are left; both after it need 10 each
    assert budget.begin("second") is None
    assert budget.begin("last") == pytest.approx(19)


def test_a_run_with_less_time_than_its_parts_need_begins_them_all_the_same() -> None:
    assert Budget(50, PARTS, Clock()).begin("first") == pytest.approx(30)


async def test_a_repeat_is_not_begun_when_one_as_long_would_end_too_late(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    assert await repeated(lambda n: clock.takes(30), 3, 70, clock) == [30, 30]
    assert "No time for more than 2 of 3 repeats" in capsys.readouterr().out


async def test_once_is_done_however_short_the_time_is() -> None:
    clock = Clock()
    assert await repeated(lambda n: clock.takes(30), 3, 1, clock) == [30]


async def test_all_repeats_are_done_when_there_is_time(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    assert await repeated(lambda n: clock.takes(n + 1), 3, 6, clock) == [1, 2, 3]
    assert capsys.readouterr().out == ""
