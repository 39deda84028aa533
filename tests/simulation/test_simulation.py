"""The short form of `make simulate`: a busy network, eight weeks; and that its checks see what they are there for."""

import pytest

from services.supervision import budget
from services.supervision.rules import BY_NAME
from tests.simulation import plot, table
from tests.simulation.__main__ import simulated
from tests.simulation.rates import BUSY


def test_in_busy_weeks_nobody_is_asked_more_than_five_times_and_nothing_urgent_waits() -> None:
    years = simulated(100, 8, BUSY, seed=3)
    assert table.kept(years)
    assert max(year.most for year in years) == budget.IN_A_WEEK, "or the budget was not tried"
    asked = {rule: table.total(years, rule, "digest") for rule in BY_NAME}
    assert sum(asked.values()) > 0
    assert all(BY_NAME[rule].may_wait for rule, number in asked.items() if number)
    assert sum(table.total(years, rule, "urgent") for rule in BY_NAME) > 0
    said = table.words(years, 100, 8, 1)
    assert "100 mentors, 6 supervisors, 8 weeks" in said
    assert plot.drawn(years, 8, 100).startswith("<svg ")


def test_the_same_seed_makes_the_same_year() -> None:
    first, again = (simulated(6, 4, BUSY, seed=5) for _ in range(2))
    assert [year.asked for year in first] == [year.asked for year in again]


def test_without_a_budget_the_check_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "place", lambda ask, others: "own")
    assert not table.kept(simulated(18, 8, BUSY, seed=3))
