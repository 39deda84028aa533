"""A correction on a real database: what is chosen afterwards, and what is left of the version that was wrong."""

import pytest_asyncio

from services.content import publishing
from services.content.app import SERVICE
from shared.contracts.content import AssignedItem, ItemCorrected, ModulePublished, ModuleWithdrawn
from tests.content.building import a_request, ref
from tests.content.test_corrections import MENDED, REASON, WRONG
from tests.driving import deliver, outgoing


@pytest_asyncio.fixture
async def running(database):
    """Published with a wrong key, and corrected."""
    opened = await database(SERVICE)
    await publishing.publish(opened, [WRONG], "run 1")
    await publishing.publish(opened, [MENDED], "run 2", REASON)
    return opened


async def test_a_question_that_comes_back_is_asked_as_it_is_right_now(running):
    await deliver(running, a_request(returning=(ref("q1", WRONG.module_id, 1),)))
    assigned = (await outgoing(running))[-1]
    assert assigned.items[0] == AssignedItem(
        module_id=WRONG.module_id, version=2, item_id="q1", returning=True, locale="en"
    )  # fmt: skip


async def test_the_same_run_again_tells_nothing_twice(running):
    kinds = [ModulePublished, ModulePublished, ModuleWithdrawn, ItemCorrected]
    assert [type(event) for event in await outgoing(running)] == kinds
    await publishing.publish(running, [MENDED], "run 2", REASON)
    await publishing.publish(running, [MENDED], "run 3", REASON)
    assert [type(event) for event in await outgoing(running)] == kinds


async def test_both_versions_are_there_to_be_read_with_what_was_wrong(running):
    old, new = [await publishing.found(running, WRONG.module_id, "en", version) for version in (1, 2)]
    assert (old.module, old.status, new.module, new.status) == (WRONG, "withdrawn", MENDED, "published")
    async with running.connection() as conn:
        rows = await conn.fetch("SELECT correction FROM version ORDER BY number")
    assert [row["correction"] for row in rows] == [None, REASON]


async def test_a_wrong_key_is_not_chosen_again_even_if_its_correction_is_withdrawn(running):
    await publishing.withdraw(running, WRONG.module_id, "en", 2, "run 3")
    await deliver(running, a_request(returning=(ref("q1", WRONG.module_id, 1),)))
    assert (await outgoing(running))[-1].TYPE == "content.nothing_suitable.v1"
