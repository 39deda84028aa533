"""Which stage a match is in on the day of a session, and where that is known from."""

from datetime import date, datetime

from services.trigger.copies import Mentor
from services.trigger.session import Described, History
from services.trigger.zones import find_zone
from shared.contracts.site import Stage
from shared.contracts.supervision import Match, stage_by


def stage(described: Described, mentor: Mentor | None, history: History) -> tuple[Stage, bool]:
    """The stage, and whether it had to be assumed: by the event, else the roster, else the first session we know."""
    if described.match_stage:
        return described.match_stage, False
    day = described.wall.date()
    match = match_of(described, mentor.matches) if mentor else None
    if match and (found := match.stage(day)):
        return found, False
    return stage_by((day - _day(history.first_at, described.time_zone)).days if history.first_at else 0), True


def match_of(described: Described, matches: tuple[Match, ...]) -> Match | None:
    """The match with this mentee; a mentor's only match when one of the two names nobody."""
    for match in matches:
        if match.mentee_ref == described.mentee_ref:
            return match
    only = matches[0] if len(matches) == 1 else None
    return only if only and (described.mentee_ref is None or only.mentee_ref is None) else None


def _day(at: datetime, time_zone: str) -> date:
    return at.astimezone(find_zone(time_zone)).date()
