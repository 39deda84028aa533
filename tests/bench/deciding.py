"""What deciding costs by itself: Python's time for an announced session and for a due one, with everything they read in memory.

No server and no other program is waited for, so that a change of a tenth shows on any day. The lowest of many turns counts.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any
from uuid import uuid4

from services.trigger import gathering
from services.trigger.app import SERVICE
from services.trigger.copies import Mentor, Site
from services.trigger.handlers import SESSION
from services.trigger.moments import Moment
from services.trigger.session import Described, Next, Session, as_nearby
from shared.contracts import ids
from shared.contracts.event import Due
from shared.messaging.fold import Aggregates, Fold, routes
from tests.bench.due_rows import asked_for
from tests.bench.report import Figure
from tests.bench.world import ZONES, burst, site
from tests.driving import message

NUMBER, TURNS = 2_000, 20
AFTERNOON = datetime(2026, 12, 1, 20, tzinfo=UTC)  # in all of ZONES: not near quiet hours, which cost more
Turn = Callable[[], float]


def figures() -> list[Figure]:
    announced, due = _lowest(_announced()), _lowest(_due())
    return [
        Figure("deciding.announced_us", "deciding on an announced session, nothing else: Python, µs", announced, None, False),
        Figure("deciding.due_us", "  the same of a reminder that is due", due, None, False),
    ]


def _lowest(turn: Turn) -> list[float]:
    return [min(turn() for _ in range(TURNS)) / NUMBER * 1e6]


def _announced() -> Turn:
    """Each turn decides anew: opaque ids are remembered from the first, as those of mentors and sites are in a worker."""
    told = burst(NUMBER)
    messages = [message(one.event) for one in told]
    mentors = {ids.mentor(one.event.site_id, one.event.mentor_ref): one.event for one in told}
    known: dict[str, Mapping[Any, Any]] = {
        "mentor": {id: Mentor(id, event.site_id, event.time_zone, "en", True, (), (), 1) for id, event in mentors.items()},
        "site": {event.site_id: Site(event.site_id, event.time_zone, (), True, 1) for event in mentors.values()},
    }

    def turn() -> float:
        began = process_time()
        fold, aggregates = Fold(SERVICE.name, datetime.now(UTC)), [Aggregates(handler) for handler in SERVICE.handlers]
        table = routes(aggregates)
        for one in aggregates:
            one.reads = _reads(one.handler.reads, known)
        for each in messages:
            fold.message(each, fold.targets(each, table) or ())
        spent = process_time() - began
        assert len(fold.outgoing) == len(messages), f"{len(fold.outgoing)} events of {len(messages)} sessions"
        return spent

    return turn


def _due() -> Turn:
    """Two sessions of each mentor on the day: the other one is looked at, since both may share a training."""
    now = AFTERNOON
    sessions = [_reminded(n, now) for n in range(NUMBER)]
    nearby = {key: (as_nearby(sessions[n ^ 1]),) for n, one in enumerate(sessions) for key in gathering.nearby_keys(one, Due())}

    def turn() -> float:
        began = process_time()
        fold, one = Fold(SERVICE.name, now), Aggregates(SESSION)
        one.have({session.id: session for session in sessions})
        one.reads = _reads(SESSION.reads, {"nearby": nearby})
        done = sum(fold.due(one, key, state) for key, state in one.loaded.items())
        spent = process_time() - began
        assert done == len(fold.outgoing) == len(sessions), f"{done} done, {len(fold.outgoing)} events"
        return spent

    return turn


def _reads(names: Iterable[str], known: Mapping[str, Mapping[Any, Any]]) -> dict[str, Mapping[Any, Any]]:
    return {name: known.get(name, {}) for name in names}


def _reminded(n: int, now: datetime) -> Session:
    """A session in five hours whose mentor has had the training since yesterday, and is reminded of it now."""
    who, at, zone = n // 2, now - timedelta(seconds=n % 600), ZONES[n // 2 % len(ZONES)]
    starts_at = at + timedelta(hours=5)
    mark, decision = asked_for(now - timedelta(hours=19))
    told = Described(ids.mentor(site(who), f"m{who}"), None, starts_at, starts_at.replace(tzinfo=None), zone, 45, "homework_help",
                     (), "in_person", None, 1, None)  # fmt: skip
    return Session(uuid4(), site(who), told, plan=1, stage="building", mentor_zone=zone, next=Next(Moment.NUDGE, at),
                   quiz_by=starts_at - timedelta(hours=3), marks=(mark,), decision=decision)  # fmt: skip
