"""What each record makes us read: little for most, the mentor's memory at the assign moment only."""

from datetime import timedelta
from typing import Any

import pytest

from services.trigger.gathering import READS
from services.trigger.session import Session
from shared.contracts.event import Due
from tests.trigger.building import START, a_session, cancelled, held, pass_time, scheduled, told_of

DAY = timedelta(days=1)
WAITING, _ = told_of(None, scheduled(), mentor=None)
ASSIGNED, _ = pass_time(a_session(), START - DAY)


def read_for(state: Session | None, event: Any) -> set[str]:
    return {name for name, read in READS.items() if list(read.keys(state, event))}


@pytest.mark.parametrize(
    ("state", "event", "wanted"),
    [
        (None, scheduled(), {"policy", "site", "mentor", "history"}),
        (a_session(), scheduled(revision=1), {"policy", "site", "mentor", "history"}),
        (None, cancelled(), {"policy"}),
        (a_session(), held(), {"policy"}),
        (a_session(), Due(), {"policy", "site", "mentor", "history", "memory"}),
        (WAITING, Due(), {"policy", "site", "mentor", "history", "memory"}),
        (ASSIGNED, Due(), {"policy", "training"}),
    ],
)
def test_only_the_facts_that_a_decision_may_look_at_are_read(state: Session | None, event: Any, wanted: set[str]):
    assert read_for(state, event) == wanted
