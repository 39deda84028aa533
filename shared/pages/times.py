"""Times as people say them, in the language of the page and in the zone that the caller names: 4:00 pm, or 16:00."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_skeleton, format_time

from shared.pages.languages import ENGLISH, Language

LOCALE = ENGLISH.locale
NEAR = timedelta(days=6)  # a weekday alone names the day
SAID = 2_000  # times that are remembered: a list says the same ones again and again, and Babel takes 100 us for each


@lru_cache(SAID)
def clock(at: datetime, zone: str, language: Language = ENGLISH) -> str:
    """4:00 pm"""
    said = format_time(at, "short", tzinfo=known(zone), locale=language.locale)
    return said.lower().replace("\u202f", " ")


def day(at: datetime, zone: str, language: Language = ENGLISH) -> str:
    """Thursday"""
    return _said(at, zone, "EEEE", language)


def day_clock(at: datetime, zone: str, language: Language = ENGLISH) -> str:
    """Thursday at 4:00 pm"""
    return _at(day(at, zone, language), clock(at, zone, language), language)


def day_clock_short(at: datetime, zone: str, language: Language = ENGLISH) -> str:
    """Thu 4:00 pm"""
    return f"{_said(at, zone, 'EEE', language)} {clock(at, zone, language)}"


@lru_cache(SAID)
def date(at: datetime, zone: str, language: Language = ENGLISH) -> str:
    """October 21"""
    return format_skeleton("MMMMd", at, tzinfo=known(zone), locale=language.locale)


def long_date(at: datetime, zone: str, language: Language = ENGLISH) -> str:
    """October 21, 2026"""
    return format_date(at.astimezone(known(zone)), "long", locale=language.locale)


def date_clock(at: datetime, zone: str, language: Language = ENGLISH) -> str:
    """Thursday, October 21 at 4:00 pm"""
    return _at(_day_date(at, zone, language), clock(at, zone, language), language)


def near_day(at: datetime, zone: str, now: datetime, language: Language = ENGLISH) -> str:
    """Thursday, or Thursday, December 3: as much as names the day."""
    return day(at, zone, language) if abs(at - now) <= NEAR else _day_date(at, zone, language)


def same_day(at: datetime, zone: str, now: datetime) -> bool:
    return at.astimezone(known(zone)).date() == now.astimezone(known(zone)).date()


def iso(at: datetime, zone: str) -> str:
    """For `<time datetime>`: the wall clock with its offset."""
    return at.astimezone(known(zone)).isoformat(timespec="minutes")


def known(zone: str) -> ZoneInfo:
    """An unknown zone is said in UTC: a page must open whatever a site once sent."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError, PermissionError):  # the last two: America, say
        return ZoneInfo("UTC")


def _at(day: str, clock: str, language: Language) -> str:
    return language.gettext("%(day)s at %(clock)s", day=day, clock=clock)


def _day_date(at: datetime, zone: str, language: Language) -> str:
    return language.gettext("%(day)s, %(date)s", day=day(at, zone, language), date=date(at, zone, language))


@lru_cache(SAID)
def _said(at: datetime, zone: str, pattern: str, language: Language) -> str:
    return format_datetime(at, pattern, tzinfo=known(zone), locale=language.locale)
