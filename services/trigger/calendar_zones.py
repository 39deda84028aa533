"""What a time zone in a calendar file means: an IANA zone wherever there is one, else what the file itself defines.

Whatever is only an offset from UTC names an instant and no place: its sessions are told in the site's zone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from services.trigger.calendar_names import WINDOWS_ZONES
from services.trigger.calendar_parts import Broken, Notes, Window
from services.trigger.calendar_text import Block, Line, parsed

OFFSET_PREFIX = re.compile(r"^\(\s*(?:gmt|utc)[^)]*\)\s*")
OFFSET_ONLY = re.compile(r"\(?\s*(?:gmt|utc)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\s*\)?")
DEFINING = ("DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO")
ODD_RULE = re.compile(r"INTERVAL=0|BYHOUR|BYMINUTE|BYSECOND|BYSETPOS", re.IGNORECASE)
NAMES_NO_PLACE = ("Etc/", "UTC", "GMT", "Zulu", "UCT", "Universal", "Greenwich")
YEAR = timedelta(days=366)
LONGEST_NAME = 200  # the longest that a program writes is a list of cities, half of that
MOST_ZONES = 100  # a file that defines more has them from no calendar program; each costs a search among all zones
MOST_CHANGES = 200  # of clocks in one definition: those since 1970 are fewer
NAME_IT = "Use a name such as America/Chicago."


@dataclass(frozen=True, slots=True)
class Zone:
    """The file's wall clock counts in `tz`; people read the session's time in `name`, an IANA zone."""

    name: str
    tz: tzinfo


@dataclass(slots=True)
class Zones:
    """The zones of one file. A doubt about a zone is said once, where the zone is met first."""

    site: ZoneInfo
    window: Window
    blocks: dict[str, Block] = field(default_factory=dict)
    found: dict[str, Zone | None] = field(default_factory=dict)
    own: ZoneInfo | None = None  # X-WR-TIMEZONE: where the owner of the calendar is

    def local(self) -> Zone:
        """For times that name no zone: where the calendar's owner is, or else the site."""
        return self._placed(self.own or self.site)

    def instant(self, tz: tzinfo = UTC) -> Zone:
        return Zone(self.site.key, tz)

    def define(self, block: Block) -> None:
        name = next((line.text.partition(":")[2] for line in block.lines if line.name == "TZID"), "")
        if len(self.blocks) < MOST_ZONES:
            self.blocks.setdefault(_clean(name), block)

    def belongs_to(self, line: Line) -> None:
        self.own = iana(line.text.partition(":")[2])

    def named(self, tzid: str, line: int, name: str, notes: Notes) -> Zone:
        """Raises Broken for a zone that nobody knows."""
        key = _clean(tzid)
        if key not in self.found:
            self.found[key] = self._meant(key, tzid, line, name, notes)
        zone = self.found[key]
        if zone is None:
            what = f"nobody knows this time zone{'' if key else ': its name is empty'}"
            raise Broken(line, name, what, NAME_IT, tzid if key else None)
        return zone

    def _meant(self, key: str, tzid: str, line: int, name: str, notes: Notes) -> Zone | None:
        defined = self._defined(key, notes)
        if known := iana(key):
            if defined and not self._agree(defined, known):
                what = f"the file's own definition of this time zone differs from {known.key}; {known.key} was used"
                notes.warn(line, name, what, "Please check the times of these sessions.", tzid)
            return self._placed(known)
        if defined:
            return self._like(defined, tzid, line, name, notes)
        return self._offset(key, tzid, line, name, notes)

    def _placed(self, zone: ZoneInfo) -> Zone:
        return self.instant(zone) if zone.key.startswith(NAMES_NO_PLACE) else Zone(zone.key, zone)

    def _defined(self, key: str, notes: Notes) -> tzinfo | None:
        block = self.blocks.get(key)
        if block is None:
            return None
        try:
            tz = _definition(block)
            self._offsets(tz)
        except Exception:  # icalendar and dateutil raise what they like on a broken definition
            notes.warn(block.line, "VTIMEZONE", "this definition of a time zone cannot be used", NAME_IT, key)
            return None
        return tz

    def _like(self, defined: tzinfo, tzid: str, line: int, name: str, notes: Notes) -> Zone:
        """The IANA zone with the same offsets all year: the site's own first, then the best known ones."""
        offsets = self._offsets(defined)
        for zone in self._candidates():
            if all(at.astimezone(zone).utcoffset() == offset for at, offset in offsets):
                return self._placed(zone)
        what = "this time zone is defined in the file and is like no zone in use anywhere; its sessions were taken as instants"
        notes.warn(line, name, what, "Please check their times.", tzid)
        return self.instant(defined)

    def _candidates(self) -> Iterator[ZoneInfo]:
        yield self.site
        for key in ("UTC", *dict.fromkeys(WINDOWS_TO_OLSON.values()), *sorted(available_timezones())):
            yield ZoneInfo(key)

    def _agree(self, one: tzinfo, other: tzinfo) -> bool:
        return self._offsets(one) == self._offsets(other)

    def _offsets(self, tz: tzinfo) -> list[tuple[datetime, timedelta | None]]:
        """A year at least, so that both halves of it are seen."""
        length = max(self.window.end - self.window.start, YEAR)
        step = max(timedelta(days=1), length / 1000)
        times = (self.window.start.astimezone(UTC) + n * step for n in range(int(length / step)))
        return [(at, at.astimezone(tz).utcoffset()) for at in times]

    def _offset(self, key: str, tzid: str, line: int, name: str, notes: Notes) -> Zone | None:
        found = OFFSET_ONLY.fullmatch(key)
        if not found or int(found[2]) > 14 or int(found[3] or 0) > 59:
            return None
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0)) * (-1 if found[1] == "-" else 1)
        what = "this is an offset from UTC and no time zone: it stays the same in summer and winter"
        notes.warn(line, name, what, f"If the clocks change there: {NAME_IT[0].lower()}{NAME_IT[1:]}", tzid)
        return self.instant(timezone(offset))


def iana(name: str) -> ZoneInfo | None:
    """By IANA, Windows or Outlook name, whatever its case, with or without a vendor's prefix."""
    words = _clean(name)
    if len(words) > LONGEST_NAME:
        return None
    for candidate in (words, OFFSET_PREFIX.sub("", words), *_tails(words)):
        if key := _names().get(candidate):
            return ZoneInfo(key)
    return None


def _tails(words: str) -> Iterator[str]:
    """/vendor.example/2026/America/New_York: what follows each slash, the longest first."""
    parts = words.split("/")
    if words.startswith("/") or "://" in words:
        for n in range(1, len(parts)):
            yield "/".join(parts[n:])


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    names = {_clean(windows): key for windows, key in WINDOWS_TO_OLSON.items()}
    names |= {_clean(shown): WINDOWS_TO_OLSON[windows] for windows, all_shown in WINDOWS_ZONES.items() for shown in all_shown}
    names |= dict.fromkeys(("z", "coordinated universal time"), "UTC")
    return names | {_clean(key): key for key in available_timezones() if key != "localtime"}


def _clean(name: str) -> str:
    return " ".join(name.replace("\\", "").replace("&amp;", "&").strip(' "').casefold().split())


def _definition(block: Block) -> tzinfo:
    kinds = [child for child in block.children if child.name in ("STANDARD", "DAYLIGHT")]
    if len(kinds) > MOST_CHANGES:
        raise ValueError("more changes of the clock than there can have been")
    lines = [part for kind in kinds for part in (f"BEGIN:{kind.name}", *_defining(kind.lines), f"END:{kind.name}")]
    text = "\r\n".join(("BEGIN:VTIMEZONE", "TZID:of the file", *lines, "END:VTIMEZONE", ""))
    zone = Timezone.from_ical(text)
    if not isinstance(zone, Timezone):
        raise ValueError("not one VTIMEZONE")
    found: tzinfo = zone.to_tz(lookup_tzid=False)
    return found


def _defining(lines: list[Line]) -> Iterator[str]:
    for line in lines:
        if line.name not in DEFINING:
            continue
        value = parsed(line).value
        if line.name == "RRULE" and ("FREQ=YEARLY" not in value.upper() or ODD_RULE.search(value)):
            raise ValueError("clocks change once or twice a year")
        if line.name == "DTSTART":
            value = value.rstrip("Zz") if "T" in value else f"{value}T000000"
        yield f"{line.name}:{value}"
