"""Modules on real Postgres: published, listed, shown, withdrawn, and read over HTTP."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from services.content import publishing
from services.content.app import SERVICE
from services.content.changes import changes
from services.content.lint import LIBRARY
from services.content.module import read
from services.content.publishing import Done
from shared.contracts.content import ModulePublished, ModuleWithdrawn
from shared.process import application_of
from tests.content.building import a_module
from tests.driving import outgoing

FIRST, SECOND = a_module(), a_module(title="Say it back")


@pytest_asyncio.fixture
async def running(database):
    return await database(SERVICE)


@pytest_asyncio.fixture
async def client(running) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=application_of(running))
    async with httpx2.AsyncClient(transport=transport, base_url="http://jitt.test") as opened:
        yield opened


async def test_the_shipped_modules_are_published_whole(running):
    modules = [read(file.read_text("utf-8"), file.name).module for file in sorted(LIBRARY.rglob("*.md"))]
    await publishing.publish(running, modules, "run 1")
    assert [(event.key(), event.module) for event in await outgoing(running)] == [
        (f"{module.module_id}/{module.locale}@1", module) for module in modules
    ]


async def test_a_second_run_changes_nothing_and_says_so(running):
    assert await publishing.publish(running, [FIRST], "run 1") == [Done(FIRST.module_id, "en", 1, "published")]
    assert await publishing.publish(running, [FIRST], "run 2") == [Done(FIRST.module_id, "en", 1, "unchanged")]
    assert await publishing.publish(running, [FIRST], "run 2") == [Done(FIRST.module_id, "en", 1, "unchanged")]
    assert len(await outgoing(running)) == 1


async def test_an_edited_module_is_the_next_version_and_the_first_stays_as_it_was(running):
    await publishing.publish(running, [FIRST], "run 1")
    assert await publishing.publish(running, [SECOND], "run 2") == [Done(FIRST.module_id, "en", 2, "published")]
    shown = [await publishing.found(running, FIRST.module_id, "en", version) for version in (1, 2, None)]
    assert [each.module for each in shown] == [FIRST, SECOND, SECOND]


async def test_two_authors_at_once_get_a_version_each_and_each_is_told_its_own_changes(running):
    await publishing.publish(running, [FIRST], "run 1")
    options = (*FIRST.items[0].options[:2], FIRST.items[0].options[2].model_copy(update={"text": "“Let me tell you.”"}))
    other = FIRST.model_copy(update={"items": (FIRST.items[0].model_copy(update={"options": options}), *FIRST.items[1:])})
    plans = [(await publishing.plan(running, [module]))[0] for module in (SECOND, other)]
    both = await asyncio.gather(*(publishing.publish(running, [module], run) for module, run in ((SECOND, "2"), (other, "3"))))
    done = [one for (one,) in both]
    assert sorted(one.version for one in done) == [2, 3]
    assert {one.outcome for one in done} == {"published"}
    for module, made, planned in zip((SECOND, other), done, plans, strict=True):
        shown = await publishing.found(running, module.module_id, "en", made.version)
        before = await publishing.found(running, module.module_id, "en", made.version - 1)
        assert (shown.module.title, shown.module.items[0].options[2].text) == (module.title, module.items[0].options[2].text)
        told = await publishing.as_done(running, planned, made)
        assert (told.version, told.since, told.changes) == (made.version, before.version, changes(before.module, shown.module))
    assert len(await outgoing(running)) == 3


async def test_of_two_authors_of_a_new_module_the_second_writes_version_2(running):
    both = await asyncio.gather(*(publishing.publish(running, [module], module.title) for module in (FIRST, SECOND)))
    assert sorted((one.version, one.outcome) for (one,) in both) == [(1, "published"), (2, "published")]


async def test_a_correction_that_came_second_is_not_lost_in_silence(running):
    await publishing.publish(running, [FIRST], "run 1")
    right = FIRST.items[0].options[1].model_copy(update={"why": "It says back what he may have felt, and he may say more."})
    item = FIRST.items[0].model_copy(update={"options": (FIRST.items[0].options[0], right, FIRST.items[0].options[2])})
    mended = FIRST.model_copy(update={"items": (item, *FIRST.items[1:])})
    await publishing.publish(running, [SECOND], "run 2")
    with pytest.raises(publishing.Overtaken, match="has become version 2 meanwhile"):
        await publishing.publish(running, [mended], "run 3", "The reason was too short.")


async def test_a_withdrawn_module_is_listed_only_when_asked(running):
    await publishing.publish(running, [FIRST], "run 1")
    outcome = await publishing.withdraw(running, FIRST.module_id, "en", None, "run 2")
    assert outcome.kind == "applied"
    assert await publishing.listed(running) == []
    assert [(each.version, each.status) for each in await publishing.listed(running, withdrawn=True)] == [(1, "withdrawn")]
    assert [type(event) for event in await outgoing(running)] == [ModulePublished, ModuleWithdrawn]


async def test_what_was_withdrawn_can_be_published_again(running):
    await publishing.publish(running, [FIRST], "run 1")
    await publishing.withdraw(running, FIRST.module_id, "en", 1, "run 2")
    assert await publishing.publish(running, [FIRST], "run 3") == [Done(FIRST.module_id, "en", 1, "published")]
    assert [each.status for each in await publishing.listed(running)] == ["published"]


async def test_an_unknown_module_cannot_be_withdrawn(running):
    outcome = await publishing.withdraw(running, "whistling_1", "en", None, "run 1")
    assert (outcome.kind, outcome.reason) == ("refused", "unknown_module")


async def test_programs_read_the_list_and_one_module(running, client):
    await publishing.publish(running, [FIRST], "run 1")
    (listed,) = (await client.get("/v1/modules")).json()
    shown = (await client.get(f"/v1/modules/{FIRST.module_id}")).json()
    assert (listed["title"], listed["version"], listed["status"]) == (FIRST.title, 1, "published")
    assert shown["module"]["items"][0]["options"][1]["right"] is True
    assert shown["content_hash"] == listed["content_hash"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/modules/whistling_1", 404, "GET /v1/modules lists what there is"),
        (f"/v1/modules/{FIRST.module_id}?version=2", 404, "No module"),
        (f"/v1/modules/{FIRST.module_id}?locale=es", 404, "in es"),
        (f"/v1/modules/{FIRST.module_id}?version=0", 422, "version"),
        (f"/v1/modules/{FIRST.module_id}?version=99999999999", 422, "version"),
    ],
)
async def test_what_is_not_there_is_said_plainly(running, client, path, status, said):
    await publishing.publish(running, [FIRST], "run 1")
    answer = await client.get(path)
    assert answer.status_code == status
    assert said in answer.json()["error"]
