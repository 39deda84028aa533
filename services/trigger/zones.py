"""From what a site wrote to an instant: wall clock and IANA zone are the truth of a future session."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.contracts.event import Refused
from shared.values import value_object

UNKNOWN_ZONE = Refused("unknown_time_zone")
OUT_OF_RANGE = Refused("start_out_of_range")
OFFSET_DISAGREES = "offset_disagrees"  # neither offset of that zone at that wall clock: the wall clock was kept
SKIPPED_HOUR = "skipped_hour"  # the clock jumps over that time: the session starts as much later


@lru_cache(maxsize=2_000)
def find_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path that leads out, a folder like "America"
        return None


@value_object(frozen=True, slots=True)
class Start:
    """`wall` is the same moment on a clock in the zone, without an offset."""

    at: datetime
    wall: datetime
    warnings: tuple[str, ...] = ()


def told(starts_at: datetime, time_zone: str) -> Start | Refused:
    """What a site's start comes to, or why it cannot be one."""
    zone = find_zone(time_zone)
    if zone is None:
        return UNKNOWN_ZONE
    return start(starts_at, zone) if 1970 < starts_at.year < 2200 else OUT_OF_RANGE


def start(told: datetime, zone: ZoneInfo) -> Start:
    """Z or +00:00 is an instant; any other offset only picks one of two equal wall clocks."""
    offset = told.utcoffset()
    if not offset:
        at = told.astimezone(UTC)
        return Start(at, at.astimezone(zone).replace(tzinfo=None))
    wall = told.replace(tzinfo=None, fold=0)
    local = wall.replace(tzinfo=zone)
    later = local.replace(fold=1)
    first, second = local.utcoffset(), later.utcoffset()
    known = offset in (first, second)
    if first == second:
        return Start(local.astimezone(UTC), wall, () if known else (OFFSET_DISAGREES,))
    at = (later if _twice(local, later) and offset == second else local).astimezone(UTC)
    there = at.astimezone(zone).replace(tzinfo=None)
    warnings = () if known else (OFFSET_DISAGREES,)
    return Start(at, there, warnings if there.replace(fold=0) == wall else (*warnings, SKIPPED_HOUR))


def by_the_wall(wall: datetime, zone: ZoneInfo, before: datetime) -> datetime:
    """The instant of a wall clock by the rules of now. Of two that it can mean, the one it meant before, else the first."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return second if before == second and _twice(wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)) else first


def _twice(local: datetime, later: datetime) -> bool:
    """The clock goes back over this time, so that it comes twice; else it jumps over it."""
    first, second = local.utcoffset(), later.utcoffset()
    return first is not None and second is not None and first > second


@value_object(frozen=True, slots=True)
class ClockChange:
    """The clocks of a zone go forward by `by`, or back where it is negative. `wall`: what they show just before."""

    at: datetime
    wall: datetime
    by: timedelta


def clock_changes(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[ClockChange]:
    """Those within a span, in order. Two within one day that cancel each other out are not seen: no zone has had that."""
    at = since.astimezone(UTC)
    while at < until:
        next_day = min(at + timedelta(days=1), until.astimezone(UTC))
        if _offset(at, zone) != _offset(next_day, zone):
            yield _change(zone, at, next_day)
        at = next_day


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> ClockChange:
    old, new = _offset(before, zone), _offset(after, zone)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return ClockChange(after, (after + old).replace(tzinfo=None), new - old)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)
