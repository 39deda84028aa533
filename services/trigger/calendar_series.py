"""From the entries of one UID to its sessions: the series, what was left out of it, moved, cancelled or changed onwards."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event
from icalendar.prop import vRecur

from services.trigger.calendar_entries import Entry, Moment
from services.trigger.calendar_parts import Instance, Notes, Window

FARTHEST = timedelta(days=3660)  # how far around the window a changed or left-out session is looked for
LONG_AGO = datetime.min.replace(tzinfo=UTC)
CHECK_SERIES = "Please check this series, or export the calendar again."


@dataclass(frozen=True, slots=True)
class Series:
    main: Entry
    moved: dict[Moment, Entry]  # by the instant (UTC) or the day that they replace
    onwards: tuple[tuple[datetime, Entry], ...]  # oldest first

    def replaced(self, at: datetime) -> Entry | None:
        day = at.astimezone(self.main.zone.tz).date()
        return self.moved.get(at) or self.moved.get(day)

    def ruling(self, at: datetime) -> tuple[datetime, Entry] | None:
        since = bisect_right(self.onwards, at, key=itemgetter(0))
        return self.onwards[since - 1] if since else None


def sessions(entries: list[Entry], window: Window, notes: Notes) -> Iterator[Instance]:
    """`entries` share a UID; their order means nothing."""
    mains = [entry for entry in entries if entry.replaces is None]
    changes = _newest_of_each([entry for entry in entries if entry.replaces is not None])
    if not mains:
        yield from (found for entry in changes.values() for found in _alone(entry, window))
        return
    main = _newest(mains, notes)
    onwards = tuple(sorted(((at, e) for at, e in changes.items() if e.onwards and isinstance(at, datetime)), key=lambda c: c[0]))
    yield from _of_series(Series(main, changes, onwards), window, notes)


def _of_series(series: Series, window: Window, notes: Notes) -> Iterator[Instance]:
    main = series.main
    if main.start is None:
        return
    span = _span(series, window)
    starts = _starts(main, main.start, span) if main.repeats else [main.start.astimezone(UTC)]
    days = {at.astimezone(main.zone.tz).date() for at in starts}
    left_out = _left_out(main, {*starts, *days}, notes)
    _report_strays(series, {*starts, *days}, left_out, notes)
    for at in starts:
        if at in left_out or at.astimezone(main.zone.tz).date() in left_out:
            continue
        found = _session(series, at)
        if found and (found.start_utc in window or at in window):
            yield found


def _session(series: Series, at: datetime) -> Instance | None:
    """None where somebody changed this session and the change cannot be read."""
    main = series.main
    original = at if main.repeats else None
    if entry := series.replaced(at):
        return _instance(entry, entry.start or at, original, _cancelled(entry, main)) if entry.readable else None
    if change := series.ruling(at):
        since, entry = change
        return _instance(entry, _shifted(at, since, entry), original, _cancelled(entry, main))
    return _instance(main, at, original, main.cancelled)


def _cancelled(entry: Entry, main: Entry) -> bool:
    """A series cancelled after one of its sessions was changed takes that session along."""
    return entry.cancelled or (main.cancelled and main.sequence >= entry.sequence)


def _shifted(at: datetime, since: datetime, entry: Entry) -> datetime:
    """By the clock on the wall: what moved to an hour later stays an hour later after the clocks change."""
    zone = entry.zone.tz
    if entry.start is None:
        return at
    moved = entry.start.astimezone(zone).replace(tzinfo=None) - since.astimezone(zone).replace(tzinfo=None)
    return (at.astimezone(zone).replace(tzinfo=None) + moved).replace(tzinfo=zone)


def _alone(entry: Entry, window: Window) -> Iterator[Instance]:
    """A changed or cancelled session whose series is not in the file."""
    if entry.start is None:
        return
    original = entry.replaces if isinstance(entry.replaces, datetime) else entry.start
    found = _instance(entry, entry.start, original.astimezone(UTC), entry.cancelled)
    if found.start_utc in window or original in window:
        yield found


def _instance(entry: Entry, start: datetime, original: datetime | None, cancelled: bool) -> Instance:
    return Instance(
        uid=entry.uid,
        original=original,
        starts_at=start.astimezone(UTC).astimezone(ZoneInfo(entry.zone.name)),
        time_zone=entry.zone.name,
        minutes=entry.minutes,
        cancelled=cancelled,
        sequence=entry.sequence,
        last_modified=entry.last_modified,
        categories=entry.categories,
        line=entry.line,
        about=entry.about,
    )


def _starts(main: Entry, start: datetime, span: Window) -> list[datetime]:
    event = Event()
    event.add("DTSTART", start)
    for rule in main.rules:
        event.add("RRULE", vRecur.from_ical(rule.text))
    if main.extra:
        event.add("RDATE", list(main.extra))
    calendar = Calendar()
    calendar.add_component(event)
    found = {e["DTSTART"].dt.astimezone(UTC) for e in recurring_ical_events.of(calendar).between(span.start, span.end)}
    if main.rules and not any(rule.starts for rule in main.rules) and start not in main.extra:
        found.discard(start.astimezone(UTC))
    return sorted(found)


def _span(series: Series, window: Window) -> Window:
    """The window, stretched over the sessions that the file names one by one."""
    named = [*series.moved, *(at for _, at in series.main.left_out)]
    times = [_noon(at) for at in named if abs(_noon(at) - window.start) < FARTHEST]
    day = timedelta(days=1)
    return Window(min([window.start, *times]) - day, max([window.end, *times]) + day)


def _noon(at: Moment) -> datetime:
    return at.astimezone(UTC) if isinstance(at, datetime) else datetime(at.year, at.month, at.day, 12, tzinfo=UTC)


def _left_out(main: Entry, known: Iterable[Moment], notes: Notes) -> set[Moment]:
    left_out = set[Moment]()
    for line, at in main.left_out:
        key = _key(at)
        if key not in known:
            what = "this leaves out a session that the series does not have; nothing was left out"
            notes.warn(line, "EXDATE", what, CHECK_SERIES, key.isoformat())
        left_out.add(key)
    return left_out


def _report_strays(series: Series, known: Iterable[Moment], left_out: set[Moment], notes: Notes) -> None:
    for at, entry in series.moved.items():
        if at in left_out:
            what = "this changes a session that the series leaves out; it stays left out"
            notes.warn(entry.line, "RECURRENCE-ID", what, CHECK_SERIES, at.isoformat())
        elif at not in known and entry.readable and not entry.onwards:
            what = "this changes a session that the series does not have; it was not taken"
            notes.error(entry.line, "RECURRENCE-ID", what, CHECK_SERIES, at.isoformat())


def _newest_of_each(entries: list[Entry]) -> dict[Moment, Entry]:
    newest: dict[Moment, Entry] = {}
    for entry in entries:
        if entry.replaces is not None:
            key = _key(entry.replaces)
            newest[key] = max((entry, newest.get(key, entry)), key=_age)  # of equals, the one further down
    return newest


def _newest(mains: list[Entry], notes: Notes) -> Entry:
    newest = max(reversed(mains), key=_age)  # of equals, the one further down
    for entry in mains:
        if entry is not newest:
            what = f"this UID is there twice; the newer entry on line {newest.line} was used"
            notes.warn(entry.line, "UID", what, "Remove the older one.")
    return newest


def _age(entry: Entry) -> tuple[int, datetime, datetime]:
    return entry.sequence, entry.last_modified or LONG_AGO, entry.written_at or LONG_AGO


def _key(at: Moment) -> Moment:
    return at.astimezone(UTC) if isinstance(at, datetime) else at
