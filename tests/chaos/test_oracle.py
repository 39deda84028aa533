"""The oracle itself: it sees each way of being wrong, and nothing where nothing is."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.oracle import Verdict, goes_back, judge, once


@dataclass(frozen=True)
class Record:
    partition: int
    offset: int
    id: str


def counts(verdict: Verdict) -> tuple[int, int, int, int]:
    return verdict.lost, verdict.doubled, verdict.out_of_order, verdict.invented


@given(st.dictionaries(st.integers(0, 5), st.lists(st.integers(0, 99), unique=True)))
def test_what_is_as_it_should_be_is_sound(all_of_it: dict[int, list[int]]) -> None:
    assert judge("numbers", all_of_it, all_of_it).sound


def test_each_way_of_being_wrong_is_counted_as_what_it_is() -> None:
    should = {"a": [1, 2, 3]}
    assert counts(judge("numbers", should, {"a": [1, 3]})) == (1, 0, 0, 0)
    assert counts(judge("numbers", should, {"a": [1, 2, 2, 3]})) == (0, 1, 0, 0)
    assert counts(judge("numbers", should, {"a": [2, 1, 3]})) == (0, 0, 1, 0)
    assert counts(judge("numbers", should, {"a": [1, 2, 3, 4]})) == (0, 0, 0, 1)
    assert counts(judge("numbers", should, {})) == (3, 0, 0, 0)
    assert counts(judge("numbers", should, {"a": [1, 2, 3], "b": [9]})) == (0, 0, 0, 1)


def test_order_counts_only_where_it_matters() -> None:
    assert judge("alerts", {"a": [1, 2]}, {"a": [2, 1]}, ordered=False).sound


def test_an_example_says_what_is_wrong_in_words() -> None:
    assert judge("numbers", {"a": [1, 2]}, {"a": [1]}).examples == ["numbers of a: should be [1, 2], is [1]"]


def test_a_record_said_again_counts_once_where_it_was_said_first() -> None:
    said = [Record(0, 0, "x"), Record(0, 1, "y"), Record(0, 2, "x")]
    assert once(reversed(said)) == said[:2]


def test_a_compacted_key_that_goes_back_is_seen_and_a_repeat_is_not() -> None:
    assert goes_back("roster", {"a": [1, 2, 2, 3]}).sound
    assert counts(goes_back("roster", {"a": [1, 3, 2, 4]})) == (0, 0, 1, 0)
