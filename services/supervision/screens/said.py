"""How the console says numbers, spans, days and codes. US English; a span is rounded down to whole minutes."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from shared.contracts.vocabulary import vocabulary
from shared.pages import times

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CONFIDENCE = {"guess": "A guess", "think_so": "Fairly sure", "sure": "Was certain"}
QUOTES = '“”"'
MODES = {"in_person": "in person", "virtual": "online"}


def number(count: int) -> str:
    """Words below ten, figures from there on."""
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def counted(count: int, one: str, many: str) -> str:
    return f"{number(count)} {one if count == 1 else many}"


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def lower(words: str) -> str:
    """For the middle of a sentence; a word in capitals or “I” stays."""
    return words if words[:2].isupper() or words.startswith("I ") else words[:1].lower() + words[1:]


def listed(words: Iterable[str]) -> str:
    """a, b and c"""
    *start, last = list(words)
    return f"{', '.join(start)} and {last}" if start else last


def receivers_answer(code: str) -> str:
    """What a system said instead: http_503 as “ (it answers with error 503)”; nothing known, no words."""
    if code.startswith("http_"):
        return f" (it answers with error {code.removeprefix('http_')})"
    return " (it does not answer)" if code == "timeout" or code.startswith("no_answer") else ""


def span(length: timedelta) -> str:
    """1 hour 29 minutes; 3 days"""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes >= 48 * 60:
        return _units(minutes // (24 * 60), "day")
    hours, rest = divmod(minutes, 60)
    parts = [_units(hours, "hour")] if hours else []
    return " ".join([*parts, _units(rest, "minute")] if rest or not hours else parts)


def _units(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def day(at: datetime, now: datetime, zone: str) -> str:
    """today, tomorrow, yesterday, Thursday (within six days), November 26, or with the year when it is another one."""
    local, here = at.astimezone(times.known(zone)), now.astimezone(times.known(zone))
    days = (local.date() - here.date()).days
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1]
    if abs(days) <= 6:
        return times.day(at, zone)
    return times.date(at, zone) if local.year == here.year else f"{times.date(at, zone)}, {local.year}"


def when(at: datetime, now: datetime, zone: str) -> str:
    """today at 4:00 pm"""
    return f"{day(at, now, zone)} at {times.clock(at, zone)}"


def moment(at: datetime, now: datetime, zone: str) -> str:
    """2:44 pm on the same day, else Tuesday at 9:12 am"""
    return times.clock(at, zone) if day(at, now, zone) == "today" else when(at, now, zone)


def on_day(at: datetime, now: datetime, zone: str) -> str:
    """today, yesterday; else with “on”"""
    said = day(at, now, zone)
    return said if said in ("today", "yesterday", "tomorrow") else f"on {said}"


def activity(code: str) -> str:
    known = vocabulary().activities.get(code)
    return sentence(known.title) if known else sentence(code.replace("_", " "))


def function(code: str) -> str:
    known = vocabulary().functions.get(code)
    return lower(known.title) if known else code.replace("_", " ")


def skill(code: str) -> str:
    known = vocabulary().skills.get(code)
    return lower(known.title) if known else code.replace("_", " ")


def step(activity: str, code: str) -> str:
    """A planned step of an activity, as the mentor was asked about it; empty for one that is not known here."""
    known = vocabulary().activities.get(activity)
    return next((one.words for one in known.steps if one.code == code), "") if known else ""


def mode(code: str) -> str:
    return MODES.get(code, code.replace("_", " "))


def quoted(words: str) -> str:
    """In curly quotes, once: authors may have written their own."""
    return f"“{words.strip().strip(QUOTES)}”"


def curly(words: str) -> str:
    """With the apostrophe that print has."""
    return words.replace("'", "’")


def first_name(name: str) -> str:
    return name.split(maxsplit=1)[0] if name.strip() else name


def tel(phone: str) -> str:
    """Digits and a leading plus, for a `tel:` link."""
    return "".join(c for c in phone if c.isdigit() or c == "+")


def possessive(name: str) -> str:
    return f"{name}’" if name.endswith("s") else f"{name}’s"


def clipped(parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if part)
