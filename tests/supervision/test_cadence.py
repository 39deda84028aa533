"""When the next support contact is due."""

from datetime import UTC, datetime, timedelta

import pytest

from services.supervision.cadence import next_contact_due

BEGAN = "2026-09-01"
FIRST = datetime(2026, 9, 1, tzinfo=UTC)
NOW = FIRST + timedelta(days=200)


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


@pytest.mark.parametrize(
    ("talks", "due"),
    [
        ([], 28),
        ([5], 28),
        ([5, 12], 43),
        ([5, 12, 27], 58),
        ([5, 40], 71),
        ([33], 64),
        ([1, 1], 32),
        ([5, 12, 150], 181),
    ],
)
def test_two_talks_in_the_first_four_weeks_then_one_a_month(talks: list[int], due: int) -> None:
    assert next_contact_due(BEGAN, [day(n) for n in talks], NOW) == day(due)
    assert next_contact_due(BEGAN, reversed([day(n) for n in talks[-2:]]), NOW) == day(due)


def test_without_a_match_nothing_is_due() -> None:
    assert next_contact_due(None, [day(3)], NOW) is None


def test_a_talk_that_is_still_to_come_does_not_count() -> None:
    assert next_contact_due(BEGAN, [day(12), day(60)], day(20)) == day(28)


def test_the_first_month_ends_on_the_persons_own_day() -> None:
    assert next_contact_due(BEGAN, [], NOW, time_zone="America/Chicago") == day(28) + timedelta(hours=5)


def test_an_old_match_that_was_only_just_imported_has_a_month_from_then() -> None:
    assert next_contact_due(BEGAN, [], NOW, known_since=day(90)) == day(121)
    assert next_contact_due(BEGAN, [day(100)], NOW, known_since=day(90)) == day(131)
    assert next_contact_due(BEGAN, [], NOW, known_since=day(3)) == day(28)
