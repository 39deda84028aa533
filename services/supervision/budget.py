"""How many alerts a supervisor is asked about in a week: what comes first, what is put together, what waits for Monday. Pure.

The place of an alert is decided a moment after it was raised, and follows from the order alone (docs/decisions/0036).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.supervision.domain import WEEK, Place
from services.supervision.rules import BY_NAME, PRIORITY

IN_A_WEEK = 5
ROUND = timedelta(seconds=30)  # what is raised in one round is put in order of importance
SETTLES = timedelta(seconds=25)  # longer than any transaction: after that nothing of the round is still to come
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ask:
    """An alert that asks for a supervisor's attention, or waits to be given its place (None)."""

    alert_id: UUID
    rule: str
    asked_at: datetime
    place: Place | None = None
    live: bool = True


def place_at(asked_at: datetime) -> datetime:
    """When the place of what was raised then is decided."""
    return EPOCH + (_round(asked_at) + 1) * ROUND + SETTLES


def place(ask: Ask, others: Iterable[Ask]) -> Place:
    """`others`: the same supervisor's, of the last week. What has no place yet counts as if it had one."""
    since, this = ask.asked_at - WEEK, order(ask)
    before = [o for o in others if o.alert_id != ask.alert_id and o.asked_at > since and order(o) < this]
    taken = [o for o in before if o.place in (None, "own")]
    alike = [o for o in taken if o.rule == ask.rule]
    rule = BY_NAME[ask.rule]
    if rule.one_line and any(o.live and o.place == "own" for o in alike):
        return "grouped"
    if len(taken) < IN_A_WEEK and (rule.budget is None or len(alike) < rule.budget):
        return "own"
    return "digest" if rule.may_wait else "grouped"


def order(ask: Ask) -> tuple[int, int, datetime, UUID]:
    """Round by round; within one the more important first."""
    return _round(ask.asked_at), PRIORITY[ask.rule], ask.asked_at, ask.alert_id


def _round(at: datetime) -> int:
    return (at - EPOCH) // ROUND
