"""A correction of the first question of the small training, and what it does to a training that asked it."""

from datetime import timedelta
from typing import Any

from services.assessment import modules, regrades
from services.assessment.domain import Facts
from services.assessment.training import Training
from shared.contracts.content import ItemCorrected
from shared.contracts.event import Event, Refused
from tests.assessment.building import OPENED_AT, planned

REASON = "The third answer says back what was heard; the second one only guesses."
CORRECTED_AT = OPENED_AT + timedelta(days=2)


def correction(*right: str, **changes: Any) -> ItemCorrected:
    """Of question q1: as it was written, b is right; a and c are mistakes."""
    values: dict[str, Any] = {
        "module_id": "reflective_listening_1",
        "locale": "en",
        "version": 1,
        "corrected_version": 2,
        "item_id": "q1",
        "skill": "reflective_listening",
        "kind": "single",
        "right": right or ("a",),
        "mistakes": {"b": "topping", "c": "asks_instead"},
        "key_changed": True,
        "reason": REASON,
        "corrected_at": CORRECTED_AT,
    }
    return ItemCorrected(**values | changes)


def facts_of(training: Training, **changes: Any) -> Facts:
    values: dict[str, Any] = {"sessions": (planned(),), "editions": modules.editions(training.assigned, {})}
    return Facts(**values | changes)


def regraded(training: Training, *corrections: ItemCorrected, now: Any = CORRECTED_AT) -> tuple[Training, list[Event]]:
    """After these corrections, one after another; one that is refused changes nothing."""
    told: list[Event] = []
    for one in corrections:
        result = regrades.corrected(training, one, now, facts_of(training))
        if not isinstance(result, Refused):
            training, events = result
            told += events
    return training, told
