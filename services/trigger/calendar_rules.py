"""Repeat rules (RRULE): mended where their meaning is plain, refused where they would never end or never begin."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from math import prod

from icalendar.prop import vRecur
from recurring_ical_events.series.rrule import rrulestr  # the expander's own reader: what it accepts is what we accept

from services.trigger.calendar_parts import Broken, Notes
from services.trigger.calendar_text import Property

OFTEN_ENOUGH = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
BY_CLOCK = ("BYHOUR", "BYMINUTE", "BYSECOND")
BY_DAY = ("BYSETPOS", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY")
KNOWN = frozenset(("FREQ", "UNTIL", "COUNT", "INTERVAL", "WKST", *BY_DAY, *BY_CLOCK))
AS_RULE: Callable[[str], vRecur] = vRecur.from_ical
AS_TEXT: Callable[[vRecur], bytes] = vRecur.to_ical
MOST_A_DAY = 24
ERA = 400  # years after which weekdays and leap years come round again
LAST_YEAR = 9999 - 40  # forty years hold every meeting of a leap day and a weekday
EXAMPLE = "A rule looks like FREQ=WEEKLY;BYDAY=TU,TH."


@dataclass(frozen=True, slots=True)
class Rule:
    """`text` for the expander, UNTIL in UTC. `starts`: the entry's own start is one of the rule's days."""

    text: str
    starts: bool


def mended(given: Property, start: datetime, notes: Notes) -> Rule:
    """Raises Broken."""
    text = "".join(given.value.split()).upper()
    if text != given.value.upper():
        notes.warn(given.line, "RRULE", "this rule has spaces in it; it was read without them", "Nothing to do.", given.value)
    recur = _read(given, text)
    _check(given, recur)
    first = _first_day(given, recur, start)
    if "UNTIL" in recur and "COUNT" in recur:
        notes.warn(given.line, "RRULE", "this rule has both UNTIL and COUNT; UNTIL was used", "Remove one of them.", given.value)
        del recur["COUNT"]
    if "UNTIL" in recur:
        recur["UNTIL"] = [_until(given, recur["UNTIL"][0], start, notes)]
    if not first:
        what = "the start is not one of the days of its rule; only the days of the rule were taken"
        notes.warn(given.line, "RRULE", what, "Please check the first session.", given.value)
    return Rule(AS_TEXT(recur).decode(), first)


def _read(given: Property, text: str) -> vRecur:
    try:
        return AS_RULE(text)
    except ValueError:
        raise Broken(given.line, "RRULE", "this rule cannot be read", EXAMPLE, given.value) from None


def _check(given: Property, recur: vRecur) -> None:
    often = str(recur.get("FREQ", [""])[0])
    times = prod(len(recur.get(part, "1")) for part in BY_CLOCK)
    faults = {
        "this rule repeats more often than sessions can": often in ("HOURLY", "MINUTELY", "SECONDLY") or times > MOST_A_DAY,
        "this rule cannot be read": not often or any(int(n) < 1 for name in ("INTERVAL", "COUNT") for n in recur.get(name, ())),
        "this rule has a part that is not supported": not KNOWN.issuperset(key.upper() for key in recur),
    }
    for what, wrong in faults.items():
        if wrong:
            raise Broken(given.line, "RRULE", what, EXAMPLE, given.value)


def _first_day(given: Property, recur: vRecur, start: datetime) -> bool:
    """Whether the rule's first day is the start. Raises Broken for a rule that no day ever meets.

    Asked where the calendar ends, so that such a rule costs at most 440 years of search and not 8,000.
    """
    late = start.replace(tzinfo=None, year=start.year + (LAST_YEAR - start.year) // ERA * ERA)
    endless = vRecur({key: value for key, value in recur.items() if key not in ("UNTIL", "COUNT")})
    try:
        found: datetime | None = next(iter(rrulestr(AS_TEXT(endless).decode(), dtstart=late)), None)
    except (ValueError, TypeError, IndexError):
        raise Broken(given.line, "RRULE", "this rule cannot be read", EXAMPLE, given.value) from None
    if found is None:
        raise Broken(given.line, "RRULE", "no day ever meets this rule", EXAMPLE, given.value)
    return found == late


def _until(given: Property, until: date, start: datetime, notes: Notes) -> datetime:
    """In UTC. A date means that whole day, a time without Z the clock of the start's zone (RFC 5545 wants UTC, 3.3.10)."""
    if isinstance(until, datetime) and until.tzinfo:
        return until.astimezone(UTC)
    what = "the last day of this rule is not in UTC; it was taken in the time zone of its start"
    notes.warn(given.line, "RRULE", what, "Nothing to do, unless the last session is missing.", given.value)
    local = until if isinstance(until, datetime) else datetime.combine(until, time(23, 59, 59))
    return local.replace(tzinfo=start.tzinfo).astimezone(UTC)
