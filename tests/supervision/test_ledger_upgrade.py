"""Cases from before the ledger kept dates: what was trained, practiced and listed comes from the tables, once."""

import re
from datetime import timedelta

from deploy import topology
from services.supervision import store_cases
from services.supervision.domain import MentorCase
from shared.contracts.content import Module, ModulePublished
from shared.running import Running
from tests.driving import deliver
from tests.supervision.builders import MENTOR, START, listed
from tests.supervision.console import the_module
from tests.supervision.test_ledger import HELP, a_training, function

FORGET = "UPDATE mentor_case SET history = history - '{trained,practiced,listed,revoked,marks}'::text[]"


async def the_case(running: Running) -> MentorCase:
    async with running.connection() as conn:
        return (await store_cases.load_cases(conn, [MENTOR]))[MENTOR]


def published(skill: str) -> ModulePublished:
    module: Module = the_module().module.model_copy(update={"module_id": f"{skill}_1", "skill": skill})
    return ModulePublished(module_id=f"{skill}_1", locale="en", version=1, content_hash="0" * 64, module=module)


async def test_a_case_of_an_older_version_is_given_what_the_tables_know(running: Running) -> None:
    await deliver(running, listed())
    for number, skill in enumerate(function(HELP).skills, 1):
        await deliver(running, published(skill), *a_training(skill, number, START - timedelta(days=number)))
    before = await the_case(running)
    async with running.connection() as conn:
        await conn.execute(FORGET)
    assert (await the_case(running)).history.trained == {}
    script = next(topology.migrations("supervision").glob("0016_*.sql")).read_text()
    async with running.connection() as conn:
        for statement in re.findall(r"^UPDATE .*?;$", script, re.MULTILINE | re.DOTALL):
            await conn.execute(statement)
    after = await the_case(running)
    assert after.history.trained == before.history.trained != {}
    assert after.history.practiced == before.history.practiced != {}
    assert dict(after.history.listed).keys() == {*before.history.listed, HELP}
