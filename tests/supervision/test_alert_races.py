"""Two people, or a person and a deadline, at the same moment, by connections of their own: one outcome."""

import asyncio
from datetime import datetime
from itertools import pairwise
from uuid import UUID, uuid4

from services.supervision import store_cases
from services.supervision.domain import Alert
from shared.contracts.supervision import AlertAcknowledged, AlertEscalated
from shared.running import Running
from tests.driving import deliver, fall_due, outgoing
from tests.supervision.builders import LEAD, MENTOR, SUPERVISOR, call, listed, taken

CALL = "safeguarding_button_pressed"
ROUNDS = 8


async def called(running: Running) -> Alert:
    """A call that nobody has taken yet."""
    async with running.connection() as conn:
        at: datetime = await conn.fetchval("SELECT now()")
    await deliver(running, call(pressed_at=at))
    async with running.connection() as conn:
        case = (await store_cases.load_cases(conn, [MENTOR]))[MENTOR]
    return next(alert for alert in case.alerts if alert.live and alert.rule == CALL)


async def a_site(running: Running) -> None:
    for reference, role in (("dana", "supervisor"), ("priya", "site_lead")):
        await deliver(running, listed(reference=reference, role=role, supervisor_reference=None, cleared={}))
    await deliver(running, listed(match_started_on=None))


async def take(running: Running, alert: Alert, by: UUID) -> tuple[str, str | None]:
    outcome = await running.submit(taken(alert, by), id=str(uuid4()), source="test")
    return outcome.kind, outcome.reason


async def test_of_two_who_acknowledge_one_is_first_and_the_other_is_told(running: Running) -> None:
    await a_site(running)
    for _ in range(ROUNDS):
        alert = await called(running)
        ends = await asyncio.gather(take(running, alert, SUPERVISOR), take(running, alert, LEAD))
        assert sorted(ends) == [("applied", None), ("refused", "already_acknowledged")]
        by = SUPERVISOR if ends[0][0] == "applied" else LEAD
        told = [e.by for e in await outgoing(running) if isinstance(e, AlertAcknowledged)]
        assert told[-1:] == [by]
    assert len(told) == ROUNDS


async def test_an_alert_is_taken_or_passed_on_first_and_never_passed_on_after_it_was_taken(running: Running) -> None:
    """The deadline has come, and somebody acknowledges."""
    await a_site(running)
    for _ in range(ROUNDS):
        alert = await called(running)
        async with running.connection() as conn:
            await conn.execute("UPDATE alert SET escalate_at = now() - interval '1 minute' WHERE alert_id = $1", alert.alert_id)
            await conn.execute("UPDATE mentor_case SET due_at = now() - interval '1 minute'")
        (kind, _), _ = await asyncio.gather(take(running, alert, SUPERVISOR), fall_due(running, "mentor_case"))
        assert kind == "applied"
        async with running.connection() as conn:
            row = await conn.fetchrow("SELECT state, escalate_at FROM alert WHERE alert_id = $1", alert.alert_id)
        assert (row["state"], row["escalate_at"]) == ("acknowledged", None)
    told = [type(e) for e in await outgoing(running) if isinstance(e, AlertAcknowledged | AlertEscalated)]
    assert told.count(AlertAcknowledged) == ROUNDS
    assert await fall_due(running, "mentor_case") == 0
    after_taken = [b for a, b in pairwise(told) if a is AlertAcknowledged and b is AlertEscalated]
    taken_next = [b for a, b in pairwise(told) if a is AlertEscalated]
    assert all(kind is AlertAcknowledged for kind in taken_next), "each was passed on once, and taken after it"
    assert len(after_taken) <= ROUNDS
