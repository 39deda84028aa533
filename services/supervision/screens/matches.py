"""A mentor's matches in words: since when, in which stage, until when. Nothing about the young person, not even a reference."""

from collections.abc import Sequence
from datetime import date, datetime

from services.supervision.screens import said
from shared.contracts.supervision import Match
from shared.pages import times

STAGES = {"start": "just begun", "building": "building", "steady": "steady", "ending": "coming to its end"}


def words(matches: Sequence[Match], now: datetime, zone: str) -> str:
    """Of those that go on; empty without any."""
    day = now.astimezone(times.known(zone)).date()
    going_on = sorted((m for m in matches if not _over(m, day)), key=lambda m: m.started_on)
    told = [_one(match, day) for match in going_on]
    if not told:
        return "The last match has ended." if matches else ""
    if len(told) == 1:
        return f"With this match {told[0]}."
    return f"{said.sentence(said.number(len(told)))} matches: {said.listed(told)}."


def _over(match: Match, day: date) -> bool:
    return match.ends_on is not None and match.ends_on < day.isoformat()


def _one(match: Match, day: date) -> str:
    started = date.fromisoformat(match.started_on)
    since = f"from {_day(started)}" if started > day else f"since {started.strftime('%B %Y')}"
    until = f", until {_day(date.fromisoformat(match.ends_on))}" if match.ends_on else ""
    stage = STAGES.get(match.stage(day) or "", "")
    return f"{since}{until}{f' ({stage})' if stage else ''}"


def _day(day: date) -> str:
    return f"{day.strftime('%B')} {day.day}, {day.year}"
