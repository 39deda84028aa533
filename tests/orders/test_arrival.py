"""Topics keep order per key and topic only: what is known of one session may arrive in any order, and leads to the same end."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import unified_diff
from functools import cached_property
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from services.assessment.app import SERVICE as ASSESSMENT
from services.supervision.app import SERVICE as SUPERVISION
from services.supervision.cadence import LATER
from services.supervision.causes import ALERT_LIFE
from shared.contracts import ids
from shared.contracts.event import Event
from shared.messaging.batch import Batch
from shared.running import Running
from shared.service import Service
from tests.assessment import building
from tests.conftest import Database
from tests.driving import commit, deliver, message
from tests.supervision import builders
from tests.supervision.builders import SITE

NAMES = ("roster", "module", "scheduled", "assigned", "answer")
START = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)  # so that no moment has come
INSTANTS = {
    "at",
    "raised_at",
    "held_at",
    "due_at",
    "escalate_at",
    "acknowledge_by",
    "asked_at",
    "place_at",
    "created_at",
    "known_since",
}  # that count from when it was processed
LOGS = ["inbox", "outbox", "consumed", "migration", "alert_change", "clearance_entry"]  # of what happened, in its own order
HASHED = {"id", "seq", "xact", "revision", "row_hash"}  # numbers and hashes that differ between any two mentors
OTHER_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = current_schema() AND table_name <> ALL($1) ORDER BY 1
"""


@dataclass(frozen=True)
class Session:
    """One session of its own mentor, for each order that is tried."""

    number: int

    @cached_property
    def own(self) -> dict[str, Any]:
        return {"session_id": self.session, "training_id": self.training, "mentor_id": self.mentor, "starts_at": START}

    @property
    def reference(self) -> str:
        return f"mentor-{self.number}"

    @property
    def mentor(self) -> UUID:
        return ids.mentor(SITE, self.reference)

    @property
    def session(self) -> UUID:
        return UUID(int=1_000_000 + self.number)

    @property
    def training(self) -> UUID:
        return UUID(int=2_000_000 + self.number)

    @property
    def module(self) -> str:
        return f"crisis_response_{self.number}"

    def planned(self, **changes: Any) -> Event:
        own = {name: value for name, value in self.own.items() if name != "training_id"}
        return builders.planned(**own, quiz_by=START - timedelta(hours=3), **changes)

    def anonymous(self, text: str) -> str:
        names = {str(self.mentor): "MENTOR", str(self.session): "SESSION", str(self.training): "TRAINING", self.module: "MODULE",
                 self.reference: "REFERENCE"}  # fmt: skip
        for value, name in names.items():
            text = text.replace(value, name)
        return text

    def concerns(self, text: str) -> bool:
        return self.anonymous(text) != text


def of_supervision(one: Session) -> dict[str, Event]:
    item = {"module_id": one.module, "version": 1, "item_id": "q1"}
    return {
        "roster": builders.listed(reference=one.reference),
        "module": building.published(module_id=one.module),
        "scheduled": one.planned(),
        "assigned": builders.assigned(**one.own, quiz_by=START - timedelta(hours=3), items=(item,),
                                      module={"module_id": one.module, "version": 1}),
        "answer": builders.answered(**one.own, module_id=one.module, answered_at=START - timedelta(days=9),
                                    received_at=START - timedelta(days=9)),
        "cancelled": one.planned(status="cancelled", revision=2),
        "moved": one.planned(minutes=60, revision=2),
        "checked_in": builders.checked_in(mentor_id=one.mentor, session_id=one.session, starts_at=START, wants_to_talk="week",
                                          steps={"agreed_next_meeting": "no"}),
    }  # fmt: skip


def of_assessment(one: Session) -> dict[str, Event]:
    return of_supervision(one) | {"roster": building.enrolled(mentor_id=one.mentor)}


WORLDS: dict[str, tuple[Service, Callable[[Session], Mapping[str, Event]]]] = {
    "supervision": (SUPERVISION, of_supervision),
    "assessment": (ASSESSMENT, of_assessment),
}


@pytest.mark.parametrize("together", [False, True], ids=["one at a time", "in one batch"])
@pytest.mark.parametrize("name", WORLDS)
async def test_all_120_orders_of_arrival_end_in_the_same_state(database: Database, name: str, together: bool) -> None:
    service, events = WORLDS[name]
    running = await database(service)
    ends = {order: await _end(running, Session(n), order, events, together) for n, order in enumerate(permutations(NAMES))}
    assert len(ends) == 120
    _all_the_same(ends)


@pytest.mark.parametrize("name", WORLDS)
async def test_24_orders_of_what_came_before_a_cancellation_end_in_the_same_state(database: Database, name: str) -> None:
    service, events = WORLDS[name]
    running = await database(service)
    orders = [(*order, "answer", "cancelled") for order in permutations(NAMES[:4])]
    ends = {order: await _end(running, Session(n), order, events, False) for n, order in enumerate(orders)}
    assert len(ends) == 24
    _all_the_same(ends)


async def test_24_orders_of_roster_plan_move_and_check_in_end_in_the_same_state(database: Database) -> None:
    running = await database(SUPERVISION)
    orders = [*permutations(("roster", "scheduled", "moved", "checked_in"))]
    ends = {order: await _end(running, Session(n), order, of_supervision, False) for n, order in enumerate(orders)}
    assert len(ends) == 24
    _all_the_same(ends)


async def test_a_state_that_depends_on_the_order_would_be_noticed(database: Database) -> None:
    running = await database(SUPERVISION)
    whole = await _end(running, Session(0), NAMES, of_supervision, False)
    without = await _end(running, Session(1), NAMES[:4], of_supervision, False)
    with pytest.raises(AssertionError, match="roster, module, scheduled, assigned"):
        _all_the_same({NAMES: whole, NAMES[:4]: without})


async def _end(
    running: Running, one: Session, order: tuple[str, ...], events: Callable[[Session], Mapping[str, Event]], together: bool
) -> str:
    """Everything that the service knows of this session and this mentor, without when and how often it was looked at."""
    told = events(one)
    if together:
        outcomes = (await commit(running, Batch([message(told[name]) for name in order]))).outcomes
    else:
        outcomes = [outcome for name in order for outcome in await deliver(running, told[name])]
    assert {outcome.kind for outcome in outcomes} <= {"applied", "refused"}, outcomes
    return await _known(running, one)


async def _known(running: Running, one: Session) -> str:
    found: dict[str, list[Any]] = {}
    async with running.connection() as conn:
        for table in [row["table_name"] for row in await conn.fetch(TABLES, LOGS)]:
            rows = [row["row"] for row in await conn.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t")]
            mine = [OTHER_ID.sub("an id", one.anonymous(row)) for row in rows if one.concerns(row)]
            found[table] = sorted((_plain(_counted(json.loads(row))) for row in mine), key=json.dumps)
    return json.dumps(found, sort_keys=True, indent=1)


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    """What counts from when it was processed, and from no session, as what it is."""
    known_since, created_at = row.get("history", {}).get("known_since"), row.get("created_at")
    for name, since, later in (("review_at", known_since, LATER), ("useful_until", created_at, ALERT_LIFE)):
        if since and row.get(name) and datetime.fromisoformat(row[name]) == datetime.fromisoformat(since) + later:
            row = row | {name: f"{later} later"}
    return row


def _plain(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner, name) for name, inner in value.items() if name not in HASHED}
    if name in INSTANTS:
        return value and "an instant"
    return sorted((_plain(inner) for inner in value), key=json.dumps) if isinstance(value, list) else value


def _all_the_same(ends: Mapping[tuple[str, ...], str]) -> None:
    first = next(iter(ends.values()))
    others = {order: end for order, end in ends.items() if end != first}
    assert not others, "\n".join(
        [f"{len(others)} of {len(ends)} orders end otherwise", *(", ".join(order) for order in list(others)[:10])]
        + [line for order in list(others)[:1] for line in _difference(first, others[order])]
    )


def _difference(one: str, other: str) -> list[str]:
    return list(unified_diff(one.splitlines(), other.splitlines(), lineterm="", n=2))[:60]
