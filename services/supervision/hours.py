"""Working hours: Monday to Friday, 8 am to 6 pm, on a place's own clock. Pure."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(8), time(18)
DAY = timedelta(days=1)
WEEKEND = 5  # Saturday, as weekday() counts


def forward(at: datetime, time_zone: str) -> datetime:
    """This instant, or where nobody works then, the next at which somebody does."""
    local = at.astimezone(ZoneInfo(time_zone))
    if _works(local) and local.time() < OPENS:
        return _at(local, OPENS, at)
    while not _works(local) or local.time() > CLOSES:
        local = datetime.combine(local.date() + DAY, OPENS, local.tzinfo)
    return local.astimezone(at.tzinfo)


def back(at: datetime, time_zone: str) -> datetime:
    """This instant, or where nobody works then, the last at which somebody did."""
    local = at.astimezone(ZoneInfo(time_zone))
    if _works(local) and local.time() > CLOSES:
        return _at(local, CLOSES, at)
    while not _works(local) or local.time() < OPENS:
        local = datetime.combine(local.date() - DAY, CLOSES, local.tzinfo)
    return local.astimezone(at.tzinfo)


def days_later(at: datetime, days: int, time_zone: str) -> datetime:
    """At the same time of day, so many working days on."""
    local = forward(at, time_zone).astimezone(ZoneInfo(time_zone))
    while days:
        local += DAY
        days -= _works(local)
    return local.astimezone(at.tzinfo)


def _works(local: datetime) -> bool:
    return local.weekday() < WEEKEND


def _at(local: datetime, clock: time, like: datetime) -> datetime:
    return datetime.combine(local.date(), clock, local.tzinfo).astimezone(like.tzinfo)
