"""The mentors of the load: they see real pages, and one who is turned away is counted as such."""

import random

import pytest

from services.assessment.app import SERVICE
from tests.assessment.building import MULTI, OPEN, ORDER, SAFETY, SINGLE, assigned, enrolled, published
from tests.assessment.visiting import arrive, link_to, told
from tests.bench.mentors import Ran, busiest, figures
from tests.browser.conftest import serving
from tests.driving import deliver
from tests.load import mentors
from tests.load.answers import answers_of
from tests.load.mentors import Walk, walk

ITEMS = (SINGLE, SAFETY, MULTI, ORDER, OPEN)


def going(*, misses=False):
    module = published(*ITEMS)
    known = {module.key(): module}
    one = assigned(*ITEMS)
    return Walk(f"/t/{link_to()}", answers_of(one, known, f"/t/{one.training_id}", misses=misses), random.Random(0))


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(mentors, "THINKS", (0.0, 0.01))


@pytest.mark.parametrize("misses", [False, True])
async def test_a_mentor_comes_to_the_end_and_every_answer_has_its_time(database, hasty, misses):
    running, one = await database(SERVICE), going(misses=misses)
    await arrive(running, *ITEMS)
    async with serving(running) as address:
        await walk(one, address, 0.0)
    assert one.refused == ""
    assert len(one.feedback_ms) == len(one.answered_at) == 5 + misses
    assert all(ms > 0 for ms in one.feedback_ms)
    names = await told(running)
    assert (names.count("item_answered"), names.count("training_completed")) == (4 + misses, 1)


async def test_a_mentor_whose_link_is_revoked_is_counted_as_refused(database, hasty):
    running, one = await database(SERVICE), going()
    await arrive(running, *ITEMS)
    await deliver(running, enrolled(link_epoch=2, revision=2))
    async with serving(running) as address:
        await walk(one, address, 0.0)
    assert "answered 410" in one.refused
    assert one.feedback_ms == []


async def test_a_mentor_whom_nobody_answers_is_counted_as_refused(hasty):
    one = going()
    await walk(one, "http://127.0.0.1:1", 0.0)
    assert one.refused.startswith("ConnectionRefusedError")


def test_the_busiest_seconds_are_those_in_which_most_was_answered():
    assert busiest([float(n) for n in range(100)] + [50 + n / 100 for n in range(100)]) == pytest.approx(11, abs=0.2)


def test_the_ratio_is_that_of_the_same_run():
    ran = Ran([10.0] * 99 + [100.0], [5.0] * 100, [2.0] * 100, 90.0, 1_000, 2.0)
    found = {one.name: one.values[0] for one in figures([ran])}
    assert found["mentors.ratio_p50"] == 5
    assert found["mentors.ratio_p99"] == pytest.approx(found["mentors.feedback_p99_ms"] / 2)
