"""Reads a calendar file as it comes from Google, Apple, Outlook or Exchange. One broken entry never costs the others."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from zoneinfo import ZoneInfo

from services.trigger import calendar_entries, calendar_series, calendar_text
from services.trigger.calendar_entries import Entry
from services.trigger.calendar_parts import Broken, Instance, Notes, Problem, Progress, Reading, Window
from services.trigger.calendar_text import Block
from services.trigger.calendar_zones import Zones

EXPORT_AGAIN = "Export the calendar again, or leave this entry out."
PATIENCE = 60.0  # seconds: a large real calendar takes five
MOST_SESSIONS = 50_000


@dataclass(slots=True)
class _Found:
    """What one file has said so far."""

    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Problem] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)  # UIDs of which something could not be read
    complete: bool = True
    deadline: float = 0.0

    def enough(self, line: int, sessions: int = 0) -> bool:
        """True, with a problem that says so, when reading on would keep somebody waiting for nothing."""
        if sessions <= MOST_SESSIONS and monotonic() < self.deadline:
            return False
        what = f"there are more than {MOST_SESSIONS} sessions" if sessions > MOST_SESSIONS else "reading this takes too long"
        how = "Export a shorter period, or one mentor at a time."
        self.problems.append(Problem("error", "file", line, "", f"{what}; nothing after this was read", how))
        self.complete = False
        return True


def read(
    data: bytes, site: ZoneInfo, window: Window, progress: Progress = lambda done, of: None, *,
    patience: float = PATIENCE, wanted: frozenset[str] = frozenset(),
) -> Reading:  # fmt: skip
    """Never raises: whatever is wrong is among the problems, in the order of the file. `patience`: seconds it may take.

    `wanted`: properties that a mapping asks for, which come with each session.
    """
    found = _Found(deadline=monotonic() + patience)
    for calendar in _calendars(data, found):
        _read_calendar(calendar, Zones(site, window), found, wanted)
    instances = list(_sessions(found, window, progress))
    instances.sort(key=lambda i: (i.start_utc, i.uid, i.line))
    whole = {uid for uid, entries in found.entries.items() if any(entry.replaces is None for entry in entries)}
    return Reading(
        instances=tuple(instances),
        problems=tuple(sorted(found.problems, key=lambda problem: problem.line)),
        mentioned=frozenset(found.entries) | found.damaged,
        whole=frozenset(whole - found.damaged) if found.complete else frozenset(),
    )


def _calendars(data: bytes, found: _Found) -> list[Block]:
    notes, blocks = Notes("file"), list[Block]()
    with _surviving(notes):
        blocks = calendar_text.calendars(data, notes)
        if not any(child.name == "VEVENT" for block in blocks for child in block.children):
            notes.warn(1, "VEVENT", "there are no entries in this calendar", "Export it again if you expected some.")
    found.complete = not notes.errors
    found.problems += notes.problems
    return blocks


def _read_calendar(calendar: Block, zones: Zones, found: _Found, wanted: frozenset[str]) -> None:
    cancel = any(line.name == "METHOD" and line.text.upper().strip().endswith("CANCEL") for line in calendar.lines)
    for line in calendar.lines:
        if line.name == "X-WR-TIMEZONE":
            zones.belongs_to(line)
    for block in calendar.children:
        if block.name == "VTIMEZONE":
            zones.define(block)
    events = (block for block in calendar.children if block.name == "VEVENT")
    for number, block in enumerate(events, 1):
        if found.enough(block.line):
            break
        notes = Notes(f"VEVENT {number}")
        with _surviving(notes, block.line):
            entry = calendar_entries.entry(block, zones, notes, cancel, wanted)
            found.entries[entry.uid].append(entry)
        if notes.errors:
            _keep_place(block, zones, found)
        found.problems += notes.problems


def _keep_place(block: Block, zones: Zones, found: _Found) -> None:
    with _surviving(Notes("")):  # what is wrong with it has been said
        found.damaged.add(calendar_entries.uid(block))
        if place := calendar_entries.unreadable(block, zones):
            found.entries[place.uid].append(place)


def _sessions(found: _Found, window: Window, progress: Progress) -> Iterator[Instance]:
    many = 0
    for done, (uid, entries) in enumerate(found.entries.items(), 1):
        if found.enough(entries[0].line, many):
            break
        notes, sessions = Notes("VEVENT"), list[Instance]()
        with _surviving(notes, entries[0].line):
            sessions = list(calendar_series.sessions(entries, window, notes))
        yield from sessions
        many += len(sessions)
        if notes.errors:
            found.damaged.add(uid)
        found.problems += notes.problems
        progress(done, len(found.entries))


@contextmanager
def _surviving(notes: Notes, line: int = 1) -> Iterator[None]:
    """What cannot be read is noted, and the reading goes on."""
    try:
        yield
    except Broken as broken:
        notes.broken(broken)
    except Exception as error:  # the libraries raise what they like on what nobody has written before
        notes.error(line, "", f"this entry cannot be understood ({type(error).__name__})", EXPORT_AGAIN)
