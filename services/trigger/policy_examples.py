"""What a policy means for two sessions that might be: one in the afternoon, and an early one that meets quiet hours. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.trigger import preview, zones
from services.trigger.moment_words import MOVED, NAMES, why
from services.trigger.moments import Moment
from services.trigger.policy import Policy
from services.trigger.policy_words import clock
from services.trigger.preview import Asked
from services.trigger.stories import MomentTold
from shared.pages import times

HOUR = timedelta(hours=1)
LONG_BEFORE = timedelta(days=60)  # announced so early that nothing comes late
MINUTES = 45
SHOWN = timedelta(hours=30)  # of the time before a session
TICK = 6  # hours
ROOM = 0.15  # of the width, that a word needs on a phone
THURSDAY, MONDAY = 3, 0
Kind = tuple[int, time, str]  # weekday, start, and how the example begins
ORDINARY: Kind = (THURSDAY, time(16), "For a session on")
EARLY: Kind = (MONDAY, time(8), "For an early one,")
WHAT = {
    Moment.NUDGE: "One reminder, if not finished",
    Moment.QUIZ_BY: "Answers due; brief to the supervisor",
    Moment.LAST_CALL: "Last call, if not finished",
    Moment.CHECK_IN: "Check-in, 30 seconds",
}
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    when: str
    what: str
    note: str = ""
    session: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    words: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Axis:
    """Places and widths in percent, as attributes of a drawing: no inline style."""

    caption: str
    bands: tuple[tuple[str, str, str], ...]  # with words where there is room for them
    ticks: tuple[Tick, ...]
    messages: tuple[str, ...]
    session: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Example:
    heading: str
    lines: tuple[Line, ...]
    left_out: tuple[str, ...]
    axis: Axis


def examples(policy: Policy, zone: ZoneInfo, now: datetime) -> tuple[Example, Example]:
    """The next of each after `now`, for a mentor in the session's zone."""
    return _example(policy, zone, now, ORDINARY), _example(policy, zone, now, EARLY)


def _example(policy: Policy, zone: ZoneInfo, now: datetime, kind: Kind) -> Example:
    (weekday, at, words), local = kind, now.astimezone(zone)
    day = local.date() + timedelta(days=(weekday - local.weekday()) % 7 or 7)
    start = zones.start(datetime.combine(day, at, zone), zone)
    told = preview.previewed(Asked(start, zone.key, MINUTES, "", zone.key, LONG_BEFORE), policy)
    coming = [one for one in told if one.state == "waiting" and one.at]
    session = Line(start.at, _when(start.at, zone), f"Session, {MINUTES} minutes", session=True)
    lines = sorted([session, *(_line(one, policy, zone) for one in coming)], key=lambda line: line.at)
    left_out = tuple(f"No {NAMES[one.moment]}: {why(one.why)}." for one in told if one.state != "waiting")
    heading = f"{words} {day:%A} at {times.clock(start.at, zone.key)}"
    return Example(heading, tuple(lines), left_out, _axis(lines, start.at, policy, zone))


def _line(one: MomentTold, policy: Policy, zone: ZoneInfo) -> Line:
    assert one.at
    what = f"Training, up to {_minutes(policy.training_minutes)}" if one.moment is Moment.ASSIGN else WHAT[one.moment]
    return Line(one.at, _when(one.at, zone), what, MOVED[one.moved] if one.moved else "")


def _minutes(number: int) -> str:
    return "1 minute" if number == 1 else f"{number} minutes"


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a} {times.clock(at, zone.key)}"


def _axis(lines: Sequence[Line], start: datetime, policy: Policy, zone: ZoneInfo) -> Axis:
    shown = [line.at for line in lines if line.at >= start - SHOWN]
    first, last = _six(min(shown), zone), _six(max(shown) + TICK * HOUR, zone)

    def x(at: datetime) -> str:
        return f"{(at - first) / (last - first) * 100:.2f}%"

    def wide(begin: datetime, end: datetime) -> tuple[str, str]:
        return x(begin), f"{(end - begin) / (last - first) * 100:.2f}%"

    timing = policy.timing
    quiet = "No quiet hours." if timing.quiet_from == timing.quiet_to else (
        f"Quiet from {clock(timing.quiet_from)} to {clock(timing.quiet_to)}.")  # fmt: skip
    return Axis(
        caption=f"{_when(first, zone)} to {_when(last, zone)}. {quiet} The messages are listed below.",
        bands=tuple(
            (*wide(begin, end), "quiet" if end - begin > ROOM * (last - first) else "")
            for begin, end in _quiet(policy, zone, first, last)
        ),
        ticks=tuple(_ticks(first, last, zone, x)),
        messages=tuple(x(line.at) for line in lines if not line.session and first <= line.at),
        session=wide(start, start + timedelta(minutes=MINUTES)),
    )


def _six(at: datetime, zone: ZoneInfo) -> datetime:
    """The last of midnight, 6, noon and 18 on the wall clock, as an instant."""
    wall = at.astimezone(zone)
    return wall.replace(hour=wall.hour // TICK * TICK, minute=0, second=0, microsecond=0).astimezone(UTC)


def _quiet(policy: Policy, zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    timing = policy.timing
    if timing.quiet_from == timing.quiet_to:
        return
    day = first.astimezone(zone).date() - timedelta(days=1)
    while day <= last.astimezone(zone).date():
        begin = datetime.combine(day, timing.quiet_from, zone).astimezone(UTC)
        until = day if timing.quiet_to > timing.quiet_from else day + timedelta(days=1)
        end = datetime.combine(until, timing.quiet_to, zone).astimezone(UTC)
        if begin < last and end > first:
            yield max(begin, first), min(end, last)
        day += timedelta(days=1)


def _ticks(first: datetime, last: datetime, zone: ZoneInfo, x: Callable[[datetime], str]) -> Iterator[Tick]:
    at = first
    while at <= last:
        anchor: Anchor = "start" if at == first else "end" if at == last else "middle"
        yield Tick(x(at), f"{at.astimezone(zone):%-I} {at.astimezone(zone):%p}".lower(), anchor)
        at = _six(at + (TICK + 1) * HOUR, zone)
