"""Sweeps: every aggregate hears of the cause once, in steps; those made meanwhile too; a failing one alone is set aside."""

import pytest

from shared.messaging import dead
from shared.messaging.sweep import apply_sweep
from tests.driving import deliver
from tests.messaging.tally_service import SERVICE, Added
from tests.messaging.test_dead import mended_sweep

MANY = 1_200


async def step(running):
    async with running.connection() as conn, conn.transaction():
        return (await apply_sweep(conn, "tally", SERVICE.handlers)).rows_due


async def run_out(running):
    """All steps that are due; answers how many aggregates each took."""
    steps = []
    while taken := await step(running):
        steps.append(taken)
    return steps


async def the_last_look_comes(running):
    await running.pool.execute("UPDATE sweep SET due_at = now()")


@pytest.fixture
async def many(database):
    running = await database(SERVICE)
    await deliver(running, *(Added(tally=f"t{n:05}", number=1) for n in range(MANY)))
    await deliver(running, Added(tally="start", number=5000))
    return running


async def raised(running):
    return await running.pool.fetchval("SELECT count(*) FROM tally WHERE total >= 1000 AND total < 2000")


async def test_every_aggregate_hears_of_the_cause_once_in_steps_of_500(many):
    assert await run_out(many) == [500, 500, 201]
    assert await raised(many) == MANY + 1
    assert await many.pool.fetchval("SELECT count(*) FROM outbox WHERE type = 'tally.total_changed.v1'") == 2 * MANY + 1


async def test_a_step_that_is_rolled_back_is_taken_again(many):
    with pytest.raises(RuntimeError):
        async with many.connection() as conn, conn.transaction():
            await apply_sweep(conn, "tally", SERVICE.handlers)
            raise RuntimeError("killed before the commit")
    assert await raised(many) == 0
    await run_out(many)
    assert await raised(many) == MANY + 1


async def test_what_was_made_behind_the_cursor_is_taken_by_the_last_look(many):
    await step(many)
    await deliver(many, Added(tally="a-new-one", number=1))
    await run_out(many)
    assert await many.pool.fetchval("SELECT version FROM tally WHERE id = 'a-new-one'") == 0
    await the_last_look_comes(many)
    assert await run_out(many) == [1]
    assert await raised(many) == MANY + 2
    assert await many.pool.fetchval("SELECT count(*) FROM sweep") == 0


async def test_the_same_cause_folded_again_starts_no_second_sweep(many):
    await run_out(many)
    await the_last_look_comes(many)
    await run_out(many)
    assert await raised(many) == MANY + 1


async def test_one_that_fails_is_set_aside_and_can_be_replayed(many):
    await deliver(many, Added(tally="t00700", number=99))
    await run_out(many)
    assert await raised(many) == MANY
    letters = await dead.list_letters(many)
    assert [letter.concerns for letter in letters] == [("tally/t00700",)]
    assert (await dead.replay(many)).failed == 1
    done = await dead.replay(mended_sweep(many))
    assert (done.applied, done.failed) == (1, 0)
    assert await raised(many) == MANY + 1
