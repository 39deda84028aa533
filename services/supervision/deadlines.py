"""By when an alert is to be acknowledged. In working hours, but for what is urgent: that runs on the clock. Pure.

`asked_at` is when it was raised, or became more than worth knowing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from services.supervision import hours
from services.supervision.claims import Claim

HOUR = timedelta(hours=1)
HALF_HOUR = timedelta(minutes=30)
CLOSE = 3 * HOUR  # a function that is not cleared is urgent this soon before the session
Deadline = Callable[[Claim, datetime], datetime | None]


def within(span: timedelta) -> Deadline:
    return lambda claim, asked_at: asked_at + span


def never(claim: Claim, asked_at: datetime) -> None:
    """There is nothing to acknowledge."""


def confident_miss(claim: Claim, asked_at: datetime) -> datetime:
    """Within four hours and an hour before the start, by the clock. Heard of after the start it is not urgent: a working day."""
    return _earlier(claim, asked_at, 4 * HOUR) if claim.severity == "urgent" else safety_miss(claim, asked_at)


def safety_miss(claim: Claim, asked_at: datetime) -> datetime:
    """Within a working day, and an hour before the start."""
    by = hours.days_later(asked_at, 1, claim.time_zone)
    if claim.starts_at:
        by = min(by, _last_chance(claim, asked_at, HOUR))
    return max(by, asked_at + HALF_HOUR)


def uncleared(claim: Claim, asked_at: datetime) -> datetime:
    """Three hours before the start; found later than that, within half an hour by the clock."""
    assert claim.starts_at
    if claim.starts_at - asked_at < CLOSE:
        return asked_at + HALF_HOUR
    return max(_last_chance(claim, asked_at, CLOSE), asked_at + HALF_HOUR)


def asked_to_talk(claim: Claim, asked_at: datetime) -> datetime:
    """A working day; within two hours of asking for today in a check-in, by the clock. Heard of late: at least half an hour."""
    if "when" not in claim.facts:
        return hours.days_later(asked_at, 1, claim.time_zone)
    pressed_at = datetime.fromisoformat(claim.facts["pressed_at"])
    urgent = claim.severity == "urgent"
    by = pressed_at + 2 * HOUR if urgent else hours.days_later(pressed_at, 1, claim.time_zone)
    return max(by, asked_at + HALF_HOUR)


def at_the_start(claim: Claim, asked_at: datetime) -> datetime:
    assert claim.starts_at
    return _last_chance(claim, asked_at, timedelta(0))


def working_days(days: int) -> Deadline:
    return lambda claim, asked_at: hours.days_later(asked_at, days, claim.time_zone)


def working_days_once_it_matters(days: int) -> Deadline:
    """While it is only worth knowing there is nothing to acknowledge."""
    return lambda claim, asked_at: None if claim.severity == "info" else hours.days_later(asked_at, days, claim.time_zone)


def nobody_works_before(claim: Claim, asked_at: datetime, margin: timedelta) -> bool:
    """Whether no working hour is left before this margin to the start, so that only the on-call number can answer in time."""
    if claim.starts_at is None or claim.starts_at - margin <= asked_at:
        return False
    opens = hours.forward(asked_at, claim.time_zone)
    return opens > asked_at and opens >= claim.starts_at - margin


def _last_chance(claim: Claim, asked_at: datetime, margin: timedelta) -> datetime:
    """The last working hour before it; where none is left, the instant itself."""
    assert claim.starts_at
    latest = claim.starts_at - margin
    by = hours.back(latest, claim.time_zone)
    return by if by > asked_at else latest


def _earlier(claim: Claim, asked_at: datetime, most: timedelta) -> datetime:
    latest = asked_at + most
    if claim.starts_at:
        latest = min(latest, claim.starts_at - HOUR)
    return max(latest, asked_at + HALF_HOUR)
