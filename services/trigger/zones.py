"""From what a site wrote to an instant: wall clock and IANA zone are the truth of a future session."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.contracts.event import Refused

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


@dataclass(frozen=True, slots=True)
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


def _twice(local: datetime, later: datetime) -> bool:
    """The clock goes back over this time, so that it comes twice; else it jumps over it."""
    first, second = local.utcoffset(), later.utcoffset()
    return first is not None and second is not None and first > second
