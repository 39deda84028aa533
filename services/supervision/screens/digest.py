"""Monday's list in words, and which rules are worth another look."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.supervision.rules import to_be_tuned
from services.supervision.screens import alert_words, said
from services.supervision.screens.facts import Alert, Staff


@dataclass(frozen=True, slots=True)
class Line:
    href: str
    heading: str
    fact: str


@dataclass(frozen=True, slots=True)
class Monday:
    waiting: tuple[Line, ...]
    last_at: str | None
    last: tuple[Line, ...]


def page(
    waiting: Sequence[UUID], last: tuple[datetime, list[UUID]] | None, found: Mapping[UUID, Alert], viewer: Staff, now: datetime
) -> Monday:
    """An alert of a mentor who is in another caseload by now is left out."""
    lines = tuple(_line(found[id], viewer, now) for id in waiting if id in found)
    then = tuple(_line(found[id], viewer, now) for id in last[1] if id in found) if last else ()
    return Monday(lines, when(last[0], now, viewer.zone) if last else None, then)


def when(at: datetime, now: datetime, zone: str) -> str:
    return said.when(at, now, zone)


def hints(asks: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """`asks`: of each rule how its last asks ended."""
    return [
        f"{said.sentence(alert_words.of_rule(rule))}: {ended.count('not_needed')} of the last {len(ended)} were not needed."
        for rule, ended in asks
        if to_be_tuned(ended)
    ]


def _line(alert: Alert, viewer: Staff, now: datetime) -> Line:
    state = {"open": "Open", "acknowledged": "Acknowledged", "resolved": "Resolved"}[alert.state]
    at = {"acknowledged": alert.acknowledged_at, "resolved": alert.resolved_at}.get(alert.state) or alert.raised_at
    words = f"Since {said.moment(at, now, viewer.zone)}" if state == "Open" else f"{state} {said.moment(at, now, viewer.zone)}"
    return Line(f"/alerts?state={alert.state}#alert-{alert.id}", alert_words.claim(alert), f"{words}.")
