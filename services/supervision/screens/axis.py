"""Today's sessions drawn on a line: where each mark, tick and “now” stands. Positions are attributes, so no inline style."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from babel.dates import format_datetime

from services.supervision.screens import said
from shared.pages import times

Kind = Literal["hold", "talk", "idle", "going", "ready"]
Anchor = Literal["start", "middle", "end"]
Placed = tuple[datetime, Kind]
HOUR = timedelta(hours=1)
LEVEL = 26  # pixels between marks that stand on one another
LABELS = 7  # more hour labels than this would touch on a phone
SAME_PLACE = 0.035  # of the width: closer marks would overlap on a phone, so they are stacked


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    words: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Mark:
    x: str
    y: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Axis:
    caption: str
    height: int
    rule: int  # y of the line
    now: str | None
    now_anchor: Anchor
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]


def axis(placed: Sequence[Placed], now: datetime, zone: str) -> Axis | None:
    """`placed` in time order; from the hour of now or of the first session to the hour after the last."""
    if not placed:
        return None
    first = _hour(min(placed[0][0], max(now, placed[0][0] - 3 * HOUR)), zone)
    last = _hour(placed[-1][0], zone) + HOUR
    x = _share(first, last)
    levels = _levels([x(at) for at, _ in placed])
    rule = 38 + (max(levels) + 1) * LEVEL
    return Axis(
        caption=_caption(len(placed), first, last, zone),
        height=rule + 28,
        rule=rule,
        now=_percent(x(now)) if first <= now <= last else None,
        now_anchor=_inside(x(now)),
        ticks=tuple(_ticks(first, last, zone, x)),
        marks=tuple(
            Mark(_percent(x(at)), rule - 30 - level * LEVEL, kind) for (at, kind), level in zip(placed, levels, strict=True)
        ),
    )


def _hour(at: datetime, zone: str) -> datetime:
    """The full hour on the wall clock, as an instant."""
    return at.astimezone(times.known(zone)).replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def _share(first: datetime, last: datetime) -> Callable[[datetime], float]:
    return lambda at: (at - first) / (last - first)


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"


def _inside(place: float) -> Anchor:
    """Words at either end are kept inside the drawing."""
    return "start" if place < 0.04 else "end" if place > 0.96 else "middle"


def _levels(places: Sequence[float]) -> list[int]:
    """A mark that would cover one before it stands one level higher."""
    levels: list[int] = []
    for index, place in enumerate(places):
        taken = {level for before, level in zip(places[:index], levels, strict=True) if place - before < SAME_PLACE}
        levels.append(min(set(range(len(taken) + 1)) - taken))
    return levels


def _ticks(first: datetime, last: datetime, zone: str, x: Callable[[datetime], float]) -> list[Tick]:
    hours = round((last - first) / HOUR)
    step = -(-hours // LABELS)
    anchors: dict[int, Anchor] = {0: "start", hours: "end"}
    every = range(0, hours + 1)
    return [
        Tick(_percent(x(first + n * HOUR)), _label(first + n * HOUR, zone) if n % step == 0 else "", anchors.get(n, "middle"))
        for n in every
    ]


def _label(at: datetime, zone: str) -> str:
    return format_datetime(at, "h a", tzinfo=times.known(zone), locale=times.LOCALE).lower()


def _caption(count: int, first: datetime, last: datetime, zone: str) -> str:
    whose = "Your session" if count == 1 else f"Your {said.number(count)} sessions"
    listed = "It is listed below" if count == 1 else "The same sessions are listed below"
    return f"{whose} between {_label(first, zone)} and {_label(last, zone)}, drawn on a line. {listed}."
