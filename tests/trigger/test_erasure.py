"""A mentor who is erased is found in no table afterwards; others are not touched."""

from dataclasses import replace
from io import BytesIO
from uuid import UUID

from services.trigger import store
from shared.contracts import ids
from shared.contracts.supervision import PersonErased
from shared.contracts.trigger import ContentRequested
from shared.running import Running
from tests.driving import deliver, fall_due, outgoing
from tests.trigger.building import MENTOR, afternoon, enrolled, of, remembered, scheduled, site_described, training_assigned

TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'trigger' AND table_name NOT IN ('inbox', 'outbox', 'erased')
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


async def test_a_session_that_moved_on_forgets_the_mentor_whom_it_had_before_and_no_other(running: Running):
    hands = ("m1", "m2", "m1", "m3", "m4")
    ours = {ref: ids.mentor("east", ref) for ref in hands}
    await deliver(running, site_described(), *(enrolled(ref) for ref in ours))
    for revision, ref in enumerate(hands):
        await deliver(running, scheduled(afternoon(3), mentor_ref=ref, revision=revision))
    await running.pool.execute("UPDATE session SET due_at = now()")
    before = await store.find_session(running.pool, ids.session("east", "s1"))
    assert before and {turn.mentor_id for turn in before.earlier} == {ours[ref] for ref in ("m1", "m2", "m3")}
    await deliver(running, PersonErased(mentor_id=ours["m1"]), PersonErased(mentor_id=ours["m3"]))
    assert [await places(running, ours[ref]) for ref in ("m1", "m3")] == [set(), set()]
    after = await store.find_session(running.pool, before.id)
    assert after == replace(before, earlier=tuple(turn for turn in before.earlier if turn.mentor_id == ours["m2"]))
    await deliver(running, PersonErased(mentor_id=ours["m2"]))
    assert await places(running, ours["m2"]) == set()
    assert await fall_due(running, "session") == 1


async def test_erasing_someone_nobody_copied_ends_the_sessions_that_wait_for_them(running: Running):
    await deliver(running, scheduled(afternoon(3)))
    await deliver(running, PersonErased(mentor_id=MENTOR), PersonErased(mentor_id=MENTOR))
    assert await places(running, MENTOR) == set()
