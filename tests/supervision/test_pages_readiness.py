"""How ready a mentor said they feel stands in the brief, the last word of it, and raises nothing."""

from datetime import timedelta

import pytest

from services.supervision.app import SERVICE
from shared.contracts.assessment import ReadinessTold
from shared.contracts.supervision import AlertRaised
from tests.driving import outgoing
from tests.supervision.builders import HOUR, SITE
from tests.supervision.console import GRADE, an_afternoon, signed_in, words

SAID = "After the training, Marcus said: somewhat ready."


def said(day, ready, minutes_ago):
    return ReadinessTold(**day.of_training("marcus"), site_id=SITE, ready=ready, at=day.now - timedelta(minutes=minutes_ago))


@pytest.mark.parametrize("order", [("ready", "somewhat"), ("somewhat", "ready")])
async def test_the_brief_says_the_last_word_in_whatever_order_it_came(database, order):
    day = await an_afternoon(await database(SERVICE))
    await day.mentor("marcus", "Marcus Bell")
    await day.session("marcus", 2 * HOUR)
    await day.opens("marcus")
    await day.answers("marcus", GRADE, "right")
    await day.completes("marcus")
    path = f"/briefs/{day.of_training('marcus')['training_id']}"
    async with signed_in(day.running, "dana") as dana:
        assert "After the training" not in words((await dana.get(path)).text)
        for ready in order:
            await day.happens(said(day, ready, 5 if ready == "somewhat" else 9))
        assert SAID in words((await dana.get(path)).text)
    assert not any(isinstance(event, AlertRaised) for event in await outgoing(day.running))
