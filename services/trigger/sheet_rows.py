"""From the cells of a row to a session, or to everything that is wrong with them. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.trigger import imports, sheet_columns, sheet_dates
from services.trigger.calendar_parts import Problem
from services.trigger.calendar_zones import NAME_IT, NAMES_NO_PLACE, iana
from services.trigger.sheet_columns import Cells, Columns, Pick, Words
from services.trigger.sheet_dates import Order, When
from services.trigger.sheet_parts import Cell, Planned, Row, Wrong, problem
from shared.contracts.site import Mode
from shared.contracts.vocabulary import vocabulary

LONGEST = 200
EARLY = 6  # o'clock: nobody mentors before
BY_START = "row"  # in place of a calendar's UID, in a reference that is made of mentor, date and time
SHORTENED = re.compile(r"\d[.,]\d+e\+?\d+", re.IGNORECASE)
SPREADSHEET_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!")
MODES: Mapping[str, Mode] = {
    **dict.fromkeys(("inperson", "in person", "face to face", "on site", "onsite", "at school", "presencial"), "in_person"),
    **dict.fromkeys(("online", "remote", "video", "video call", "zoom", "teams", "phone", "virtual", "en línea"), "virtual"),
}  # fmt: skip
CANCELLED = ("cancelled", "canceled", "cancel", "called off", "deleted", "withdrawn", "cancelado", "cancelada")
GOING_ON = ("planned", "scheduled", "confirmed", "booked", "active", "open", "upcoming", "tentative", "pending", "moved",
            "rescheduled", "held", "completed", "done", "attended", "no show", "noshow", "not held", "missed")  # fmt: skip

AS_TEXT = "Format that column as text, enter it again, and save the file again."
NO_REFERENCE = Wrong("this row has no reference", "Give it one, or add --no-ref: it is then known by mentor, date and time.")
NO_MENTOR = Wrong("this row has no mentor", "Give it the mentor's reference, as in the people's file, or take the row out.")
NO_DATE = Wrong("this row has no date", "Give it one, or take the row out.")
NO_TIME = Wrong("this row has no time", "Give it one, such as 16:00 or 4:00 pm.")
NO_END = Wrong("this row does not say how long the session is", "Give it minutes or an end, or say it for all: --minutes 45.")
NO_ACTIVITY = Wrong("this row has no activity", "Give it one, or say it for all rows without: --activity check_in.")
TOO_LONG = Wrong(f"this is longer than {LONGEST} characters", "Shorten it.")
ODD_CHARACTERS = Wrong("this has characters that cannot be read", "Correct it; if it is right in your file, name its --encoding.")
WAS_SHORTENED = Wrong("a spreadsheet has shortened this number", AS_TEXT)
MADE_A_DATE = Wrong("a spreadsheet has made a date of this", AS_TEXT)
SPREADSHEET_ERROR = Wrong("the spreadsheet has an error here", "Correct it there, and save the file again.")
TIME_ONLY = Wrong("this is a time, and no date", "Write dates as 2026-12-10.")
DATE_ONLY = Wrong("this is a date, and no time", "Write times as 16:00 or 4:00 pm.")
TWO_DAYS = Wrong("this is another day than the row's date", "Correct one of the two.")
ODD_YEAR = Wrong("this year cannot be right", "Write it with four digits, such as 2026.")
NO_ZONE = Wrong("nobody knows this time zone", NAME_IT)
NO_MODE = Wrong("this is no way to meet that jitt knows", "Write in_person or virtual.")
NO_STATUS = Wrong("this is no status that jitt knows", "Write planned or cancelled.")
ENDS_EARLY = Wrong("it ends before it begins", "Correct the start or the end.")
TWO_LENGTHS = Wrong("minutes and end do not agree", "Correct one of the two.")
TOO_MANY_CELLS = Wrong("this row has more cells than there are headers", "Put a cell that holds a separator in quotation marks.")
OPEN_QUOTE_HOW = "Close it; inside a cell write it twice."
EARLY_START = Wrong("this starts before 6 in the morning", "If it is an afternoon, write 16:00 or 4:00 pm.")


@dataclass(frozen=True, slots=True)
class Asked:
    """How to understand the rows. `minutes` and `activity` are for rows without; `order` is that of ambiguous dates."""

    site: ZoneInfo
    order: Order = ""
    minutes: int = 0
    activity: str = ""
    makes_refs: bool = False
    words: Words = field(default_factory=Words)


@dataclass(frozen=True, slots=True)
class Reader:
    columns: Columns
    asked: Asked
    pick: Pick

    def read(self, rows: Iterable[Row]) -> Iterator[Planned | list[Problem]]:
        """Of each row that is not empty, below the headers."""
        width = len(self.columns.headers) + 1
        blank = [""] * width
        for row in rows:
            if row.line <= self.columns.line:
                continue
            if row.broken:
                yield [problem(row.line, "", Wrong(row.broken, OPEN_QUOTE_HOW))]
            elif any(row.cells):
                if len(row.cells) >= width and any(row.cells[width - 1 :]):
                    yield [problem(row.line, "", TOO_MANY_CELLS)]
                else:
                    yield self._row(row.line, Cells._make(self.pick([*row.cells[: width - 1], *blank])))

    def _row(self, line: int, cells: Cells) -> Planned | list[Problem]:
        asked, cancelled = self.asked, _cancelled(cells.status)
        ref, mentor = _reference(cells.ref, NO_REFERENCE), _reference(cells.mentor, NO_MENTOR)
        zone = _zone(_text(cells.time_zone)) if cells.time_zone else asked.site
        when, no_date, no_time = _when(cells, asked.order)
        start = None if isinstance(zone, Wrong) else _start(when, zone, asked.site)
        if ref is NO_REFERENCE and asked.makes_refs:
            ref = _made(mentor, start)
        ended = _until(cells.end, when, asked.order) if cells.end != "" and cancelled is not True else None
        minutes = asked.minutes if cancelled is True else _minutes(cells.minutes, ended, asked.minutes)
        activity = "" if cancelled is True else _activity(_text(cells.activity) or asked.activity, asked.words)
        mode = _mode(_text(cells.mode))
        if (isinstance(ref, Wrong) or isinstance(mentor, Wrong) or isinstance(minutes, Wrong) or isinstance(activity, Wrong)
                or isinstance(mode, Wrong) or isinstance(cancelled, Wrong) or isinstance(ended, Wrong)
                or not isinstance(start, Start)):  # fmt: skip
            found = {"ref": ref, "mentor": mentor, "date": no_date or start, "time": no_time, "time_zone": zone, "mode": mode,
                     "end": ended, "minutes": minutes, "activity": activity, "status": cancelled}  # fmt: skip
            return [problem(line, *self._place(cells, name, one)) for name, one in found.items() if isinstance(one, Wrong)]
        return Planned(line, ref, mentor, start.at, start.time_zone, minutes, activity, mode, cancelled)

    def _place(self, cells: Cells, name: str, wrong: Wrong) -> tuple[str, Wrong, str | None]:
        """The file's own header, what is wrong, and what stands there."""
        other = {"date": "time", "time": "date", "minutes": "end"}.get(name, "")
        if name not in self.columns and other in self.columns:
            name = other
        value = _text(getattr(cells, name))
        return self.columns.theirs.get(name, name), wrong, value or None


class Start(NamedTuple):
    """`at`: wall clock with the offset of `time_zone`."""

    at: datetime
    time_zone: str


def _reference(cell: Cell, missing: Wrong) -> str | Wrong:
    if isinstance(cell, date | time | timedelta):
        return MADE_A_DATE
    text = _text(cell)
    if not text:
        return missing
    if len(text) > LONGEST:
        return TOO_LONG
    if not text.isprintable() or "\N{REPLACEMENT CHARACTER}" in text:
        return ODD_CHARACTERS
    if text[0] == "#" and text in SPREADSHEET_ERRORS:
        return SPREADSHEET_ERROR
    return WAS_SHORTENED if SHORTENED.fullmatch(text) else text


def _text(cell: Cell) -> str:
    """A number that a spreadsheet keeps as 4711.0 is 4711."""
    if isinstance(cell, str):
        return cell
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _made(mentor: str | Wrong, start: Start | Wrong | None) -> str | Wrong:
    """Nothing, where what it would be made of is wrong, which is said there."""
    if isinstance(mentor, Wrong) or not isinstance(start, Start):
        return ""
    return imports.reference(mentor, BY_START, start.at.astimezone(UTC))


def _when(cells: Cells, order: Order) -> tuple[When, Wrong | None, Wrong | None]:
    """What the date and the time column come to, and what is wrong with each."""
    first = sheet_dates.when(cells.date, order) if cells.date != "" else When()
    second = sheet_dates.when(cells.time, order) if cells.time != "" else When()
    if isinstance(first, Wrong) or isinstance(second, Wrong):
        return When(), first if isinstance(first, Wrong) else None, second if isinstance(second, Wrong) else None
    clock = second.clock if second.clock is not None else first.clock
    no_date = None if first.day or second.day else TIME_ONLY if first.clock else NO_DATE
    no_time = None if clock is not None else DATE_ONLY if second.day else NO_TIME
    if first.day and second.day and first.day != second.day:
        no_time = TWO_DAYS
    return When(first.day or second.day, None if no_time else clock, second.offset or first.offset), no_date, no_time


def _start(when: When, zone: ZoneInfo, site: ZoneInfo) -> Start | Wrong | None:
    """None where date or time is missing. An instant, and a time in UTC, is told in a place's own time."""
    if when.day is None or when.clock is None:
        return None
    if not 1970 < when.day.year < 2199:
        return ODD_YEAR
    place = site if zone.key.startswith(NAMES_NO_PLACE) else zone
    at = datetime.combine(when.day, when.clock, when.offset or zone)
    return Start(at if at.tzinfo is place else at.astimezone(place), place.key)


def _minutes(cell: Cell, ended: int | Wrong | None, default: int) -> int | Wrong:
    """Any number where the end is wrong, which is said there."""
    given = sheet_dates.length(cell) if cell != "" else None
    if given is None:
        return 0 if isinstance(ended, Wrong) else ended if ended is not None else default or NO_END
    return TWO_LENGTHS if isinstance(given, int) and isinstance(ended, int) and 0 < ended != given else given


def _until(cell: Cell, when: When, order: Order) -> int | Wrong:
    """Minutes from the start; any number where the start is wrong, which is said there."""
    end = sheet_dates.when(cell, order)
    if isinstance(end, Wrong):
        return end
    if end.clock is None:
        return DATE_ONLY
    if when.day is None or when.clock is None:
        return 0
    minutes = (_wall(end.day or when.day, end.clock) - _wall(when.day, when.clock)) // timedelta(minutes=1)
    return sheet_dates.possible(minutes) if minutes > 0 else ENDS_EARLY


def _wall(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, UTC)  # both ends on one clock: only their distance counts


@lru_cache(maxsize=5_000)
def _zone(name: str) -> ZoneInfo | Wrong:
    return iana(name) or NO_ZONE


@lru_cache(maxsize=5_000)
def _activity(name: str, words: Words) -> str | Wrong:
    if not name:
        return NO_ACTIVITY
    known = sheet_columns.activity_in(words, name) or imports.activity_named(name)
    return known or Wrong("this is no activity that jitt knows", _which_activity(name))


def _which_activity(name: str) -> str:
    """The code that is most like it, or a way to say what it is."""
    near = get_close_matches(_plain(name).replace(" ", "_"), list(vocabulary().activities), 1)
    mean = f"Did you mean {near[0]}? Otherwise say" if near else "Say"
    return f"{mean} which of ours it is in a file for --columns, under [activities]."


@lru_cache(maxsize=500)
def _mode(name: str) -> Mode | Wrong:
    return MODES.get(_plain(name), NO_MODE) if name else "in_person"


@lru_cache(maxsize=500)
def _cancelled(cell: Cell) -> bool | Wrong:
    word = _plain(_text(cell))
    return word in CANCELLED or (False if not word or word in GOING_ON else NO_STATUS)


def _plain(word: str) -> str:
    return " ".join(word.casefold().replace("_", " ").replace("-", " ").split())
