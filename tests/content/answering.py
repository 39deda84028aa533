"""Builders: what assessment says of answers to one module, as content hears it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.content.statistics import Counted, Decided, answered, completed, reported
from shared.contracts.assessment import CompletedItem, ItemAnswered, ItemReported, OpenAnswer, TrainingCompleted
from shared.contracts.event import Event, Refused

MODULE = "reflective_listening_9"
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
FOLDS: dict[type[Event], Any] = {ItemAnswered: answered, TrainingCompleted: completed, ItemReported: reported}


def a_try(item_id: str = "q1", *, chosen: tuple[str, ...] = ("b",), correct: bool = True, **changes: object) -> ItemAnswered:
    values: dict[str, Any] = {
        "mentor_id": UUID(int=7),
        "site_id": "east",
        "session_id": UUID(int=8),
        "starts_at": AT,
        "training_id": UUID(int=9),
        "module_id": MODULE,
        "version": 1,
        "locale": "en",
        "item_id": item_id,
        "skill": "reflective_listening",
        "kind": "single",
        "attempt": 1,
        "chosen": chosen,
        "correct": correct,
        "answered_at": AT,
        "received_at": AT,
    }
    return ItemAnswered(**values | changes)


def an_end(*first_tries: bool, **changes: object) -> TrainingCompleted:
    """Of a training with q1, q2, ...; whether each was right at the first try."""
    own = str(changes.get("module_id", MODULE))
    items = tuple(
        CompletedItem(module_id=own, version=1, item_id=f"q{n}", first_try=right, recovered=False)
        for n, right in enumerate(first_tries, 1)
    )
    values: dict[str, Any] = {
        "mentor_id": UUID(int=7),
        "site_id": "east",
        "session_id": UUID(int=8),
        "starts_at": AT,
        "training_id": UUID(int=9),
        "items": items,
        "open_answers": (OpenAnswer(item_id="q4", state="written"),),
        "completed_at": AT,
        "module_id": MODULE,
        "version": 1,
        "locale": "en",
    }
    return TrainingCompleted(**values | changes)


def a_report(kind: str = "unclear", item_id: str = "q1", **changes: object) -> ItemReported:
    values: dict[str, Any] = {
        "mentor_id": UUID(int=7),
        "site_id": "east",
        "training_id": UUID(int=9),
        "module_id": MODULE,
        "version": 1,
        "locale": "en",
        "item_id": item_id,
        "kind": kind,
        "at": AT,
    }
    return ItemReported(**values | changes)


def fold(*events: Event, counted: Counted | None = None) -> Counted:
    for event in events:
        decided: Decided = FOLDS[type(event)](counted, event, AT, None)
        assert not isinstance(decided, Refused), decided
        counted = decided[0]
    assert counted is not None
    return counted
