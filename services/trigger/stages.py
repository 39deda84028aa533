"""Which stage a match is in on the day of a session, and where that is known from."""

from datetime import date, datetime, timedelta

from services.trigger.copies import Mentor
from services.trigger.session import Described, History
from services.trigger.zones import find_zone
from shared.contracts.site import Stage
from shared.contracts.supervision import Match

ENDING = timedelta(days=42)


def stage(described: Described, mentor: Mentor | None, history: History) -> tuple[Stage, bool]:
    """The stage, and whether it had to be assumed: by the event, else the roster, else the first session we know."""
    if described.match_stage:
        return described.match_stage, False
    day = described.wall.date()
    match = match_of(described, mentor.matches) if mentor else None
    if match and (found := stage_of(match, day)):
        return found, False
    return by_day((day - _day(history.first_at, described.time_zone)).days if history.first_at else 0), True


def match_of(described: Described, matches: tuple[Match, ...]) -> Match | None:
    """The match with this mentee; a mentor's only match when one of the two names nobody."""
    for match in matches:
        if match.mentee_ref == described.mentee_ref:
            return match
    only = matches[0] if len(matches) == 1 else None
    return only if only and (described.mentee_ref is None or only.mentee_ref is None) else None


def stage_of(match: Match, day: date) -> Stage | None:
    """None when the roster's dates cannot be read."""
    try:
        started = date.fromisoformat(match.started_on)
        ends = date.fromisoformat(match.ends_on) if match.ends_on else None
    except ValueError:
        return None
    if match.closing or (ends and ends - day <= ENDING):
        return "ending"
    return by_day((day - started).days)


def by_day(days: int) -> Stage:
    if days <= 28:
        return "start"
    return "building" if days <= 183 else "steady"


def _day(at: datetime, time_zone: str) -> date:
    return at.astimezone(find_zone(time_zone)).date()
