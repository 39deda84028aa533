"""Times as people say them: US English, 12-hour clock, in the zone that the caller names."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_datetime

LOCALE = "en_US"
NEAR = timedelta(days=6)  # a weekday alone names the day


def clock(at: datetime, zone: str) -> str:
    """4:00 pm"""
    return _said(at, zone, "h:mm a").lower()


def day(at: datetime, zone: str) -> str:
    """Thursday"""
    return _said(at, zone, "EEEE")


def day_clock(at: datetime, zone: str) -> str:
    """Thursday at 4:00 pm"""
    return f"{day(at, zone)} at {clock(at, zone)}"


def day_clock_short(at: datetime, zone: str) -> str:
    """Thu 4:00 pm"""
    return f"{_said(at, zone, 'EEE')} {clock(at, zone)}"


def date(at: datetime, zone: str) -> str:
    """October 21"""
    return _said(at, zone, "MMMM d")


def date_clock(at: datetime, zone: str) -> str:
    """Thursday, October 21 at 4:00 pm"""
    return f"{_said(at, zone, 'EEEE, MMMM d')} at {clock(at, zone)}"


def on_day(at: datetime, zone: str, now: datetime) -> str:
    """today, on Thursday, or on Thursday, December 3: as it goes into "your session ..."."""
    if at.astimezone(known(zone)).date() == now.astimezone(known(zone)).date():
        return "today"
    near = abs(at - now) <= NEAR
    return f"on {day(at, zone)}" if near else f"on {_said(at, zone, 'EEEE, MMMM d')}"


def iso(at: datetime, zone: str) -> str:
    """For `<time datetime>`: the wall clock with its offset."""
    return at.astimezone(known(zone)).isoformat(timespec="minutes")


def known(zone: str) -> ZoneInfo:
    """An unknown zone is said in UTC: a page must open whatever a site once sent."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _said(at: datetime, zone: str, pattern: str) -> str:
    return format_datetime(at, pattern, tzinfo=known(zone), locale=LOCALE)
