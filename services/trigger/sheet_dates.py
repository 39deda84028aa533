"""Dates, times and lengths as people and spreadsheets write them. What can be read in two ways is not guessed."""

import re
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Literal, NamedTuple

from services.trigger.imports import FEWEST_MINUTES, MOST_MINUTES
from services.trigger.sheet_parts import Cell, Wrong

Order = Literal["", "dmy", "mdy", "ymd"]
EXCEL_ZERO = date(1899, 12, 30)
SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d+)?")  # days since then: 1954 to 2118
FRACTION = re.compile(r"0?\.\d+")  # of a day
YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})|(\d{4})(\d\d)(\d\d)")
NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)")
DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ .\-/]*([a-z]{3,9})[ .,\-/]*(\d{4})")
MONTH_DAY = re.compile(r"([a-z]{3,9})[ .\-]*(\d{1,2})(?:st|nd|rd|th)?[ ,.\-]+(\d{4})")
CLOCK = r"(\d{1,2})(?:[:.h](\d\d)(?:[:.](\d\d)(?:\.\d+)?)?)?\s*(?:([ap])\.?(?:m\.?)?)?"
ONLY_CLOCK = re.compile(rf"{CLOCK}|(\d\d)(\d\d)")
BOTH = re.compile(rf"(?P<day>.+?)(?:t|,?\s+at\s|[\s,])\s*(?P<clock>{CLOCK})\s*(?P<offset>z|utc|[+-](?:0\d|1[0-4]):?[0-5]\d)?")
WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]*\s+")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WHOLE_MINUTES = re.compile(r"(\d+)(?:[.,]0+)?\s*(?:m|min|mins|minutes?)?\.?")
HOURS = re.compile(r"(?:pt)?(\d+(?:[.,]\d+)?)\s*(?:h|hrs?|hours?)\.?\s*(?:and\s)?(?:(\d+)\s*(?:m|mins?|minutes?)?\.?)?|pt(\d+)m")
HOURS_MINUTES = re.compile(r"(\d{1,2}):(\d\d)(?::\d\d)?")
PART_OF_A_DAY = re.compile(r"0?\.\d{4,}")  # with fewer digits it is more likely hours

TWO_WAYS = Wrong("this date can be read in two ways, with the month first or with the day first",
                 "Say which for the whole file: --dates mdy (3/4 is March 4) or --dates dmy (3/4 is April 3).")  # fmt: skip
SHORT_YEAR = Wrong("with a year of two digits this date can be read in more than one way",
                   "Say which for the whole file: --dates mdy, --dates dmy or --dates ymd.")  # fmt: skip
NO_SUCH_DAY = Wrong("there is no such day", "Correct it. If day and month are the other way round, say so with --dates.")
NOT_WHEN = Wrong("this is no date and no time that can be read", "Write dates as 2026-12-10 and times as 16:00 or 4:00 pm.")
NO_SUCH_TIME = Wrong("there is no such time of day", "Write it as 16:00 or 4:00 pm.")
NO_LENGTH = Wrong("this is no length that can be read", "Write minutes, such as 45.")
UNCLEAR_LENGTH = Wrong("this could be hours or a part of a day", "Write minutes, such as 45.")
TOO_SHORT_OR_LONG = Wrong("a session takes 5 minutes to 8 hours", "Correct its length, or take the row out.")


class When(NamedTuple):
    """What a cell says; what it does not is None."""

    day: date | None = None
    clock: time | None = None
    offset: timezone | None = None


def when(cell: Cell, order: Order) -> When | Wrong:
    """Dates with the year first, with a month's name, or where only one order is possible need no declared order."""
    if isinstance(cell, str):
        return _text_when(cell, order)
    if isinstance(cell, datetime):
        return _rounded(cell.date(), cell.time())
    if isinstance(cell, date):
        return When(cell)
    if isinstance(cell, time):
        return _rounded(None, cell)
    if isinstance(cell, timedelta):
        return _serial(cell / timedelta(days=1))
    return NOT_WHEN if isinstance(cell, bool) else _number(float(cell))


def length(cell: Cell) -> int | Wrong:
    """Minutes."""
    if isinstance(cell, str):
        minutes = _text_length(cell)
    elif isinstance(cell, time):
        minutes = cell.hour * 60 + cell.minute
    elif isinstance(cell, timedelta):
        minutes = round(cell / timedelta(minutes=1))
    elif isinstance(cell, date | bool):
        return NO_LENGTH
    else:
        minutes = _text_length(repr(cell))
    return minutes if isinstance(minutes, Wrong) else possible(minutes)


def possible(minutes: int) -> int | Wrong:
    return minutes if FEWEST_MINUTES <= minutes <= MOST_MINUTES else TOO_SHORT_OR_LONG


@lru_cache(maxsize=50_000)
def _text_when(text: str, order: Order) -> When | Wrong:
    words = WEEKDAY.sub("", " ".join(text.casefold().split()), count=1)
    if SERIAL.fullmatch(words) or FRACTION.fullmatch(words):
        return _number(float(words))
    day = _day(words, order)
    if day is not None:
        return day if isinstance(day, Wrong) else When(day)
    clock = _clock(words)
    if clock is not None:
        return clock if isinstance(clock, Wrong) else When(None, clock)
    both = BOTH.fullmatch(words)
    return _both(both["day"].rstrip(","), both["clock"], both["offset"], order) if both else NOT_WHEN


def _both(day_words: str, clock_words: str, offset: str | None, order: Order) -> When | Wrong:
    day, clock = _day(day_words, order), _clock(clock_words)
    if isinstance(day, Wrong) or isinstance(clock, Wrong):
        return day if isinstance(day, Wrong) else clock if isinstance(clock, Wrong) else NOT_WHEN
    if day is None or clock is None:
        return NOT_WHEN
    return When(day, clock, _offset(offset) if offset else None)


def _offset(words: str) -> timezone:
    sign = -1 if words[0] == "-" else 1
    digits = "".join(filter(str.isdigit, words)) or "0000"
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))


def _day(words: str, order: Order) -> date | Wrong | None:
    if found := YEAR_FIRST.fullmatch(words):
        year, month, day = (found[1], found[3], found[4]) if found[1] else (found[5], found[6], found[7])
        return _date(int(year), int(month), int(day)) or NO_SUCH_DAY
    if found := NUMBERS.fullmatch(words):
        return _in_order(int(found[1]), int(found[3]), found[4], order)
    if found := DAY_MONTH.fullmatch(words):
        return _with_name(found[3], found[2], found[1])
    if found := MONTH_DAY.fullmatch(words):
        return _with_name(found[3], found[1], found[2])
    return None


def _in_order(first: int, second: int, last: str, order: Order) -> date | Wrong:
    if len(last) == 2:
        if not order:
            return SHORT_YEAR
        if order == "ymd":
            return _date(2000 + first, second, int(last)) or NO_SUCH_DAY
    year = int(last) + (2000 if len(last) == 2 else 0)
    month_first, day_first = _date(year, first, second), _date(year, second, first)
    if order in ("mdy", "dmy"):
        return (month_first if order == "mdy" else day_first) or NO_SUCH_DAY
    if month_first and day_first and month_first != day_first:
        return TWO_WAYS
    return month_first or day_first or NO_SUCH_DAY


def _with_name(year: str, name: str, day: str) -> date | Wrong | None:
    month = next((n for n, known in enumerate(MONTHS, 1) if name.startswith(known)), None)
    return None if month is None else _date(int(year), month, int(day)) or NO_SUCH_DAY


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(words: str) -> time | Wrong | None:
    found = ONLY_CLOCK.fullmatch(words)
    if not found:
        return None
    hour, minute, second, half, *four = found.groups()
    if four[0]:
        hour, minute = four
    if minute is None and half is None:
        return None  # 16 alone may be anything
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return NO_SUCH_TIME
        hours = hours % 12 + (12 if half == "p" else 0)
    try:
        return time(hours, int(minute or 0), int(second or 0))
    except ValueError:
        return NO_SUCH_TIME


def _number(days: float) -> When | Wrong:
    return _serial(days) if 0 <= days < 1 or 20_000 <= days < 80_000 else NOT_WHEN


def _serial(days: float) -> When | Wrong:
    """As Excel counts; to the second, because a fraction is seldom exact."""
    whole, seconds = divmod(round(days * 86_400), 86_400)
    clock = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    if whole == 0:
        return When(None, clock)
    day = EXCEL_ZERO + timedelta(days=whole)
    return When(day, clock if seconds else None)


def _rounded(day: date | None, clock: time) -> When:
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second + (clock.microsecond >= 500_000)
    exact = time(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
    return When(day, None if day and not seconds else exact)


@lru_cache(maxsize=5_000)
def _text_length(text: str) -> int | Wrong:
    words = " ".join(text.casefold().split())
    if found := WHOLE_MINUTES.fullmatch(words):
        return int(found[1])
    if found := HOURS_MINUTES.fullmatch(words):
        return int(found[1]) * 60 + int(found[2])
    if found := HOURS.fullmatch(words):
        return int(found[3]) if found[3] else round(float(found[1].replace(",", ".")) * 60) + int(found[2] or 0)
    if PART_OF_A_DAY.fullmatch(words):
        return round(float(words) * 1440)
    return UNCLEAR_LENGTH if FRACTION.fullmatch(words.replace(",", ".")) else NO_LENGTH
