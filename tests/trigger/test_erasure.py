"""A mentor who is erased is found in no table afterwards; others are not touched."""

from io import BytesIO
from uuid import UUID

from shared.contracts import ids
from shared.contracts.supervision import PersonErased
from shared.contracts.trigger import ContentRequested
from shared.running import Running
from tests.driving import deliver, fall_due, outgoing
from tests.trigger.building import MENTOR, afternoon, enrolled, of, remembered, scheduled, site_described, training_assigned

TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'trigger' AND table_name NOT IN ('inbox', 'outbox')
"""


async def places(running: Running, id: UUID) -> set[str]:
    """The tables in which some row has this id, wherever in the row."""
    found = set()
    async with running.pool.acquire() as conn:
        for row in await conn.fetch(TABLES):
            rows = BytesIO()
            await conn.copy_from_table(row["table_name"], output=rows)
            if str(id).encode() in rows.getvalue():
                found.add(row["table_name"])
    return found


async def test_nothing_of_an_erased_mentor_is_left_and_another_keeps_everything(running: Running):
    await deliver(running, site_described(), enrolled("m1"), enrolled("m2"))
    for ref in ("m1", "m2"):
        await deliver(running, scheduled(afternoon(3), session_ref=ref, mentor_ref=ref))
        await deliver(running, remembered("open_questions", 0.9, mentor_id=ids.mentor("east", ref)))
    await running.pool.execute("UPDATE session SET due_at = now()")
    await fall_due(running, "session")
    await deliver(running, *(training_assigned(request) for request in of(ContentRequested, await outgoing(running))))
    everywhere = {"session", "mentor", "skill", "training"}
    assert await places(running, MENTOR) == everywhere
    await deliver(running, PersonErased(mentor_id=MENTOR))
    assert await places(running, MENTOR) == set()
    assert await places(running, ids.mentor("east", "m2")) == everywhere


async def test_erasing_someone_nobody_copied_ends_the_sessions_that_wait_for_them(running: Running):
    await deliver(running, scheduled(afternoon(3)))
    await deliver(running, PersonErased(mentor_id=MENTOR), PersonErased(mentor_id=MENTOR))
    assert await places(running, MENTOR) == set()
