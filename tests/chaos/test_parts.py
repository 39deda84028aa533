"""Every part that was asked for runs, once, and those of the whole network share one."""

from itertools import chain

from tests.chaos import network, parts


def test_every_part_runs_once() -> None:
    assert sorted(chain.from_iterable(parts.groups(parts.PARTS))) == sorted(parts.PARTS)


def test_only_what_was_asked_for_runs() -> None:
    assert parts.groups(["servers", "kernel"]) == [["servers"], ["kernel"]]
    assert parts.groups(["kernel"]) == [["kernel"]]


def test_parts_of_the_whole_network_share_one() -> None:
    assert parts.groups(list(network.PARTS)) == [list(network.PARTS)]
