"""Every part that was asked for runs, once; in the release run nothing runs beside it."""

from itertools import chain

from tests.chaos import lanes, network
from tests.chaos.sections import FULL, SHORT


def test_every_part_runs_once_in_either_form() -> None:
    for size in (SHORT, FULL):
        parts = list(chain.from_iterable(chain.from_iterable(lanes.lanes_of(lanes.PARTS, size))))
        assert sorted(parts) == sorted(lanes.PARTS)


def test_in_the_full_form_one_part_runs_after_the_other() -> None:
    assert len(lanes.lanes_of(lanes.PARTS, FULL)) == 1
    assert len(lanes.lanes_of(lanes.PARTS, SHORT)) == 2


def test_only_what_was_asked_for_runs() -> None:
    assert lanes.lanes_of(["servers", "kernel"], FULL) == [[["servers"], ["kernel"]]]
    assert lanes.lanes_of(["kernel"], SHORT) == [[["kernel"]]]


def test_parts_of_the_whole_network_share_one() -> None:
    assert lanes.lanes_of(list(network.PARTS), SHORT) == [[list(network.PARTS)]]
