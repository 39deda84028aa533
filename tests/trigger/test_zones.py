"""Wall clock and zone are the truth of a session; what a site writes comes to one instant."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.trigger import zones
from services.trigger.zones import OFFSET_DISAGREES, OUT_OF_RANGE, SKIPPED_HOUR, UNKNOWN_ZONE, Start
from shared.contracts.event import Refused

wall = datetime.fromisoformat  # a clock on a wall knows no zone
CST, CDT = timezone(timedelta(hours=-6)), timezone(timedelta(hours=-5))


def come_to(starts_at: datetime, zone: str = "America/Chicago") -> tuple[datetime, datetime, tuple[str, ...]]:
    start = zones.told(starts_at, zone)
    assert isinstance(start, Start)
    return start.at, start.wall, start.warnings


def test_z_is_an_instant_and_gets_the_zones_wall_clock():
    instant = datetime(2026, 12, 10, 22, tzinfo=UTC)
    assert come_to(instant) == (instant, wall("2026-12-10T16:00"), ())


def test_another_offset_leaves_the_wall_clock_as_it_is():
    expected = (datetime(2026, 12, 10, 22, tzinfo=UTC), wall("2026-12-10T16:00"), ())
    assert come_to(datetime(2026, 12, 10, 16, tzinfo=CST)) == expected


def test_an_offset_that_disagrees_is_kept_as_a_warning_and_the_wall_clock_wins():
    at, clock, warnings = come_to(datetime(2026, 12, 10, 16, tzinfo=CDT))
    assert (at, clock, warnings) == (datetime(2026, 12, 10, 22, tzinfo=UTC), wall("2026-12-10T16:00"), (OFFSET_DISAGREES,))


@pytest.mark.parametrize(("offset", "hour"), [(CDT, 6), (CST, 7)])
def test_the_offset_picks_one_of_two_equal_wall_clocks(offset: timezone, hour: int):
    at, clock, warnings = come_to(datetime(2026, 11, 1, 1, 30, tzinfo=offset))
    assert (at, clock.replace(fold=0), warnings) == (datetime(2026, 11, 1, hour, 30, tzinfo=UTC), wall("2026-11-01T01:30"), ())


def test_of_two_equal_wall_clocks_an_unknown_offset_means_the_first():
    at, _, warnings = come_to(datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=3))))
    assert (at, warnings) == (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), (OFFSET_DISAGREES,))


@pytest.mark.parametrize("offset", [CST, CDT])
def test_a_skipped_hour_goes_forward_whatever_the_offset(offset: timezone):
    at, clock, warnings = come_to(datetime(2026, 3, 8, 2, 30, tzinfo=offset))
    assert (at, clock, warnings) == (datetime(2026, 3, 8, 8, 30, tzinfo=UTC), wall("2026-03-08T03:30"), (SKIPPED_HOUR,))


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "America", "../../etc/passwd", "Eastern Standard Time", "a\x00b"])
def test_a_zone_that_nobody_knows_is_refused(name: str):
    assert zones.told(datetime(2026, 12, 10, 16, tzinfo=UTC), name) == UNKNOWN_ZONE


def test_1970_is_refused_because_an_empty_date_of_another_system_ends_up_there():
    assert zones.told(datetime(1970, 1, 1, tzinfo=UTC), "America/Chicago") == OUT_OF_RANGE
    assert isinstance(zones.told(datetime(1971, 1, 1, tzinfo=UTC), "America/Chicago"), Start)


@pytest.mark.parametrize("year", [1, 1900, 9999])
def test_a_year_outside_any_program_is_refused_instead_of_overflowing(year: int):
    assert zones.told(datetime(year, 12, 31, 23, 59, tzinfo=CST), "America/Chicago") == OUT_OF_RANGE
    assert isinstance(OUT_OF_RANGE, Refused)
