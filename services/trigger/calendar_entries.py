"""One calendar entry, mended: every time in a zone that is known, every rule one that can be expanded.

What cannot be mended without guessing raises Broken; what was understood in one of several ways is noted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from icalendar.prop import vCategory, vDDDTypes, vText

from services.trigger.calendar_about import about
from services.trigger.calendar_parts import NOT_ASKED, About, Broken, Notes
from services.trigger.calendar_rules import Rule, mended
from services.trigger.calendar_text import Block, Property, parsed
from services.trigger.calendar_zones import Zone, Zones

AS_TIME: Callable[[str], object] = vDDDTypes.from_ical
DEFAULT_MINUTES = 45
SINGLE = ("UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "STATUS", "SEQUENCE", "LAST-MODIFIED", "DTSTAMP")
SEVERAL = ("RRULE", "RDATE", "EXDATE", "EXRULE", "CATEGORIES")
# What makes an entry without a UID itself: no time stamps of the export, nothing that a cancellation or a new code changes.
BY_CONTENT = "content-"
IDENTITY = ("DTSTART", "DTEND", "DURATION", "RRULE", "SUMMARY", "LOCATION")
MOST_DAYS = 10_000  # listed one by one in an entry, by RDATE or EXDATE
MOST_RULES = 10
YEARS = range(1900, 2200)  # of a start: from earlier on, a daily rule alone takes seconds to reach today
WRITE_A_TIME = "Write it as 20261126T150000 with a TZID, or with a Z at the end for UTC."

Moment = datetime | date  # a date means every session of that day


@dataclass(frozen=True, slots=True)
class Entry:
    """`start` is None only where a whole series is cancelled without saying when it was."""

    uid: str
    line: int
    zone: Zone
    start: datetime | None
    minutes: int
    rules: tuple[Rule, ...]
    extra: tuple[datetime, ...]  # RDATE
    left_out: tuple[tuple[int, Moment], ...]  # EXDATE, each with its line
    replaces: Moment | None  # RECURRENCE-ID
    onwards: bool  # RANGE=THISANDFUTURE
    cancelled: bool
    sequence: int
    last_modified: datetime | None
    written_at: datetime | None  # DTSTAMP
    categories: tuple[str, ...]
    about: About = NOT_ASKED
    readable: bool = True

    @property
    def repeats(self) -> bool:
        return bool(self.rules or self.extra)


class Properties:
    """The lines of one entry that matter, parsed when asked for."""

    def __init__(self, block: Block, notes: Notes) -> None:
        self.line = block.line
        self._lines = [line for line in block.lines if line.name in SINGLE or line.name in SEVERAL]
        for name in SINGLE:
            twice = [line for line in self._lines if line.name == name][1:]
            for line in twice:
                notes.warn(line.number, name, "this property is given twice; the first one was used", "Remove one of them.")

    def check_amounts(self) -> None:
        """Raises Broken where expanding the entry would take longer than anybody waits."""
        rules = [line for line in self._lines if line.name == "RRULE"]
        days = [line for line in self._lines if line.name in ("RDATE", "EXDATE")]
        if len(rules) > MOST_RULES:
            what = f"this entry has {len(rules)} rules; at most {MOST_RULES} can be read"
            raise Broken(rules[0].number, "RRULE", what, "Make it several entries.")
        if (many := sum(line.text.count(",") + 1 for line in days)) > MOST_DAYS:
            what = f"this entry lists {many} days one by one; at most {MOST_DAYS} can be read"
            raise Broken(days[0].number, days[0].name, what, "Give it a rule, or make it several entries.")

    def one(self, name: str) -> Property | None:
        return next((parsed(line) for line in self._lines if line.name == name), None)

    def all(self, name: str) -> Iterator[Property]:
        return (parsed(line) for line in self._lines if line.name == name)


def entry(block: Block, zones: Zones, notes: Notes, cancel: bool, wanted: frozenset[str] = frozenset()) -> Entry:
    """`cancel`: the file as a whole is a cancellation. `wanted`: properties that a mapping asks for. Raises Broken."""
    if not block.closed:
        raise Broken(block.line, "END", "this entry has no END:VEVENT, so parts may be missing", "Export the calendar again.")
    found = Properties(block, notes)
    for line in found.all("EXRULE"):
        raise Broken(line.line, "EXRULE", "rules for days without a session are not supported", "List those days as EXDATE.")
    found.check_amounts()
    status = found.one("STATUS")
    cancelled = cancel or (status is not None and status.value.upper() == "CANCELLED")
    zone, start = _start(found, zones, notes, cancelled)
    if (name := uid(block)).startswith(BY_CONTENT):
        what = "this entry has no UID and was recognized by its content: once that changes, it is a new session"
        notes.warn(block.line, "UID", what, "If you can, export from a program that writes a UID.")
    return Entry(
        uid=name,
        line=block.line,
        zone=zone,
        start=start,
        minutes=_minutes(found, start, zones, notes),
        rules=tuple(mended(rule, start, notes) for rule in found.all("RRULE")) if start else (),
        extra=tuple(_extra(found, zone, zones, notes)),
        left_out=tuple((p.line, at) for p in found.all("EXDATE") for at in _moments(p, zone, zones, notes)),
        replaces=_replaces(found, zone, zones, notes),
        onwards=_onwards(found),
        cancelled=cancelled,
        sequence=_sequence(found),
        last_modified=_stamp(found, "LAST-MODIFIED"),
        written_at=_stamp(found, "DTSTAMP"),
        categories=_categories(found),
        about=about(block, wanted),
    )


def unreadable(block: Block, zones: Zones) -> Entry | None:
    """What keeps the place of a changed session that cannot be read, so that it is not told at its old time. Raises Broken."""
    notes = Notes("")
    found = Properties(block, notes)
    replaces = _replaces(found, zones.local(), zones, notes)
    if replaces is None:
        return None
    nothing: tuple[()] = ()
    return Entry(
        uid(block), block.line, zones.local(), None, 0, nothing, nothing, nothing, replaces,
        onwards=False, cancelled=False, sequence=_sequence(found), last_modified=_stamp(found, "LAST-MODIFIED"),
        written_at=_stamp(found, "DTSTAMP"), categories=nothing, readable=False,
    )  # fmt: skip


def _start(found: Properties, zones: Zones, notes: Notes, cancelled: bool) -> tuple[Zone, datetime | None]:
    starts = found.one("DTSTART")
    if starts is None and cancelled:  # a cancellation need not say when (RFC 5546, 3.2.5)
        replaced = _replaces(found, zones.local(), zones, notes)
        return zones.local(), replaced if isinstance(replaced, datetime) else None
    if starts is None:
        raise Broken(found.line, "DTSTART", "this entry does not say when it starts", "Add a DTSTART.")
    at = _value(starts, starts.value)
    if not isinstance(at, datetime):
        what = "an all-day entry has no time of day, so no training can be timed before it"
        raise Broken(starts.line, "DTSTART", what, "Give it a start time, or leave it out.", starts.value)
    if at.year not in YEARS:
        what = f"the year of this start does not lie between {YEARS[0]} and {YEARS[-1]}"
        raise Broken(starts.line, "DTSTART", what, "Correct it, or leave this entry out.", starts.value)
    zone = _zone(starts, starts.value, zones, notes)
    if zone is None:
        zone = zones.local()
        what = f"this start names no time zone; it was taken as {zone.name}"
        notes.warn(starts.line, "DTSTART", what, "Add a TZID if it is meant elsewhere.")
    return zone, _placed(at, zone)


def _minutes(found: Properties, start: datetime | None, zones: Zones, notes: Notes) -> int:
    if start is None:
        return DEFAULT_MINUTES
    length, line = _length(found, start, zones, notes)
    minutes = round(length / timedelta(minutes=1))
    if minutes > 0:
        return minutes
    notes.warn(line, "DTEND", f"no end after its start; {DEFAULT_MINUTES} minutes were assumed", "Add a DTEND or a DURATION.")
    return DEFAULT_MINUTES


def _length(found: Properties, start: datetime, zones: Zones, notes: Notes) -> tuple[timedelta, int]:
    if ends := found.one("DTEND"):
        at = _value(ends, ends.value)
        if not isinstance(at, datetime):
            return timedelta(0), ends.line
        zone = _zone(ends, ends.value, zones, notes)
        end = _placed(at, zone) if zone else at.replace(tzinfo=start.tzinfo)
        return end.astimezone(UTC) - start.astimezone(UTC), ends.line
    if lasts := found.one("DURATION"):
        length = _read(lasts, lasts.value)
        return (length, lasts.line) if isinstance(length, timedelta) else (timedelta(0), lasts.line)
    return timedelta(0), found.line


def _extra(found: Properties, zone: Zone, zones: Zones, notes: Notes) -> Iterator[datetime]:
    for listed in found.all("RDATE"):
        for at in _moments(listed, zone, zones, notes):
            if not isinstance(at, datetime):
                what = "an extra session needs a time of day"
                raise Broken(listed.line, "RDATE", what, WRITE_A_TIME, listed.value)
            yield at


def _replaces(found: Properties, zone: Zone, zones: Zones, notes: Notes) -> Moment | None:
    replaced = found.one("RECURRENCE-ID")
    return next(_moments(replaced, zone, zones, notes), None) if replaced else None


def _onwards(found: Properties) -> bool:
    replaced = found.one("RECURRENCE-ID")
    return replaced is not None and replaced.params.get("RANGE", "").upper() == "THISANDFUTURE"


def _moments(listed: Property, zone: Zone, zones: Zones, notes: Notes) -> Iterator[Moment]:
    """Without a zone of its own, a time counts in the zone of the entry's start."""
    for part in listed.value.split(","):
        at = _value(listed, part.partition("/")[0].strip())
        if not isinstance(at, datetime):
            yield at
            continue
        yield _placed(at, _zone(listed, part, zones, notes) or zone)


def _zone(at: Property, value: str, zones: Zones, notes: Notes) -> Zone | None:
    """None: the value floats. A Z wins over a TZID (RFC 5545, 3.2.19)."""
    tzid = at.params.get("TZID")
    if "Z" in value.upper():
        if tzid is not None:
            what = "a time with Z is UTC and cannot also have a time zone; it was taken as UTC"
            notes.warn(at.line, at.name, what, "Remove the Z or the TZID.", at.value)
        return zones.instant()
    return None if tzid is None else zones.named(tzid, at.line, at.name, notes)


def _placed(at: datetime, zone: Zone) -> datetime:
    """Raises OverflowError at the ends of the calendar, where a zone has no offset."""
    placed = at.replace(tzinfo=zone.tz)
    placed.astimezone(UTC)
    return placed


def _value(at: Property, text: str) -> Moment:
    value = _read(at, text)
    if not isinstance(value, date):
        raise Broken(at.line, at.name, "this is not a date with a time", WRITE_A_TIME, at.value)
    return value


def _read(at: Property, text: str) -> object:
    try:
        return AS_TIME(text.upper())
    except ValueError:
        raise Broken(at.line, at.name, "this is not a date with a time", WRITE_A_TIME, at.value) from None


def uid(block: Block) -> str:
    """The UID that the entry gives, or one that follows from its content."""
    given = next((line for line in block.lines if line.name == "UID"), None)
    if given and (words := given.text.partition(":")[2].strip()):
        return str(vText.from_ical(words))
    content = "\n".join(sorted(line.text for line in block.lines if line.name in IDENTITY))
    return f"{BY_CONTENT}{sha256(content.encode()).hexdigest()[:32]}"


def _sequence(found: Properties) -> int:
    given = found.one("SEQUENCE")
    return int(given.value) if given and given.value.isascii() and given.value.isdigit() and len(given.value) < 10 else 0


def _stamp(found: Properties, name: str) -> datetime | None:
    """UTC; None where it is missing or wrong: it only breaks ties."""
    try:
        given = found.one(name)
        at = _value(given, given.value) if given else None
    except Broken:
        return None
    return at.replace(tzinfo=UTC) if isinstance(at, datetime) else None


def _categories(found: Properties) -> tuple[str, ...]:
    words = (str(word).strip() for listed in found.all("CATEGORIES") for word in vCategory.from_ical(listed.value))
    return tuple(word for word in words if word)
