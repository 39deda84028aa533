"""What the console says of a mentor's matches: each with its stage, and never whom it is with."""

from datetime import UTC, datetime

import pytest

from services.supervision.screens import matches
from shared.contracts.supervision import Match

NOW = datetime(2026, 11, 30, 2, tzinfo=UTC)  # still the 29th in Chicago
OLD = Match(mentee_ref="secret", started_on="2026-01-05")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((), ""),
        ((OLD,), "With this match since January 2026 (steady)."),
        ((Match(started_on="2026-11-01"),), "With this match since November 2026 (just begun)."),
        ((Match(started_on="2026-12-07"),), "With this match from December 7, 2026 (just begun)."),
        ((Match(started_on="2026-06-29", ends_on="2026-12-18"),),
         "With this match since June 2026, until December 18, 2026 (coming to its end)."),
        ((Match(started_on="2026-06-29", ends_on="2026-11-29"),),
         "With this match since June 2026, until November 29, 2026 (coming to its end)."),
        ((Match(started_on="2026-06-29", ends_on="2026-11-28"),), "The last match has ended."),
        ((Match(started_on="2026-09-01", mentee_ref="other"), OLD),
         "Two matches: since January 2026 (steady) and since September 2026 (building)."),
    ],
)  # fmt: skip
def test_matches_are_said_with_their_stage_in_the_readers_zone(found: tuple[Match, ...], said: str) -> None:
    assert matches.words(found, NOW, "America/Chicago") == said
