"""What each record makes us read: little for most, the mentor's memory at the assign moment only."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.trigger.gathering import READS
from services.trigger.messages import Awaited, PolicyChanged, ZoneChanged
from services.trigger.session import Session
from shared.contracts.event import Due
from tests.trigger.building import START, a_session, cancelled, held, pass_time, scheduled, told_of

DAY = timedelta(days=1)
WAITING, _ = told_of(None, scheduled(), mentor=None)
OWN_POLICY = replace(a_session(), policy_version=3)
ASSIGNED, _ = pass_time(a_session(), START - DAY)


def read_for(state: Session | None, event: Any) -> set[str]:
    return {name for name, read in READS.items() if list(read.keys(state, event))}


@pytest.mark.parametrize(
    ("state", "event", "wanted"),
    [
        (None, scheduled(), {"policy", "site", "mentor", "history"}),
        (a_session(), scheduled(revision=1), {"policy", "site", "mentor", "history"}),
        (None, cancelled(), set()),
        (a_session(), held(), set()),
        (OWN_POLICY, held(), {"policy"}),
        (a_session(), Due(), {"site", "mentor", "history", "memory", "nearby"}),
        (OWN_POLICY, Due(), {"policy", "site", "mentor", "history", "memory", "nearby"}),
        (WAITING, Due(), {"policy", "site", "mentor", "history", "memory", "nearby"}),
        (ASSIGNED, Due(), {"training", "nearby"}),
        (a_session(), PolicyChanged(site_id="east", version=2), {"policy", "site", "mentor", "history"}),
        (WAITING, Awaited(site_id="east"), {"policy", "site", "mentor", "history"}),
        (OWN_POLICY, ZoneChanged(site_id="east", time_zone="Asia/Tokyo"), {"policy", "site", "mentor", "history"}),
    ],
)
def test_only_the_facts_that_a_decision_may_look_at_are_read(state: Session | None, event: Any, wanted: set[str]):
    assert read_for(state, event) == wanted
