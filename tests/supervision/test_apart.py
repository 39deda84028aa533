"""What needs the processor for long goes on in a process of its own: the same comes of it, and nothing is left of the process."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import httpx2
import pytest

from services.supervision import importing, looking, store_uploads
from services.supervision.app import SERVICE
from shared import apart, db
from shared.contracts import ids
from shared.running import Running
from tests.conftest import Database, at_database
from tests.driving import deliver
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, an_afternoon, signed_in
from tests.supervision.rosters import files, zipped
from tests.supervision.test_pages_imports import LIST, enrolled, kept, looked_at, said, say_yes, send
from tests.supervision.test_people import entered


async def twice(number: int) -> tuple[int, int, int]:
    return 2 * number, os.getpid(), os.nice(0)


async def fails() -> None:
    raise ValueError("this list has no end")


async def dies() -> None:
    os._exit(3)


async def waits() -> None:
    await asyncio.sleep(600)


async def test_it_answers_from_another_process_that_has_less_claim_and_is_gone_then() -> None:
    found, pid, nice = await apart.run(twice, 21)
    assert (found, pid != os.getpid(), nice >= os.nice(0) + apart.NICE) == (42, True, True)
    assert not alive(pid)


async def test_what_fails_there_is_said_here() -> None:
    with pytest.raises(apart.Failed, match="ValueError: this list has no end"):
        await apart.run(fails)
    with pytest.raises(apart.Failed, match="it ended without an answer"):
        await apart.run(dies)


async def test_whoever_gives_up_waiting_ends_the_process() -> None:
    before = children()
    task = asyncio.create_task(apart.run(waits))
    async with asyncio.timeout(20):
        while not (mine := children() - before):
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(20):
        while any(alive(pid) for pid in mine):
            await asyncio.sleep(0.02)


def turns(patch: pytest.MonkeyPatch, at_once: int) -> None:
    patch.setattr(apart, "AT_ONCE", at_once)
    patch.setattr(apart, "TURNS", WeakKeyDictionary())


async def test_so_many_work_at_once_and_the_next_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns(monkeypatch, 1)
    before = children()
    at_work = asyncio.create_task(apart.run(waits))
    async with asyncio.timeout(20):
        while not children() - before:
            await asyncio.sleep(0.02)
    next_one = asyncio.create_task(apart.run(twice, 21))
    with pytest.raises(apart.Busy):
        await apart.run(twice, 21, patience=0.3)
    assert (len(children() - before), next_one.done()) == (1, False)
    at_work.cancel()
    assert (await next_one)[0] == 42


def children() -> set[int]:
    """Of any thread of ours; the one that Python keeps to tidy up after them is none."""
    found = {int(pid) for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text("ascii").split()}
    return {pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
async def day(database: Database, monkeypatch: pytest.MonkeyPatch) -> Afternoon:
    """Every list is a large one, and whoever works on it apart finds this test's database."""
    running: Running = await database(SERVICE)
    async with running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    for login, variable in (("", "JITT_SUPERVISION_POSTGRES"), (db.WEB, "JITT_SUPERVISION_WEB_POSTGRES")):
        monkeypatch.setenv(variable, at_database(db.service_dsn("supervision", login), name))
    monkeypatch.setattr(looking, "LARGE", 0)
    monkeypatch.setattr(importing, "LARGE", 0)
    return await an_afternoon(running)


@pytest.fixture
async def priya(day: Afternoon) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(day.running, "priya") as client:
        yield client


async def test_a_large_list_is_looked_at_and_brought_in_apart_with_the_same_result(
    day: Afternoon, priya: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    async def noted(function: Any, *given: Any, **options: Any) -> Any:
        ran.append(function.__name__)
        return await real(function, *given, **options)

    real = apart.run
    monkeypatch.setattr(apart, "run", noted)
    where = await looked_at(priya, zipped(files()), "set.zip")
    assert "2 new, 2 changed, 0 as before." in await said(priya, where)
    await say_yes(priya, where)
    assert await importing.bring_in_one(day.running)
    assert await enrolled(day) == [ids.mentor(SITE, "marcus")]
    assert (ran, (await kept(day))[0][0]) == (["look_apart", "bring_in_apart"], "done")


async def test_row_level_security_holds_there_as_it_does_here(day: Afternoon, priya: httpx2.AsyncClient) -> None:
    await deliver(day.running, entered(site_id="westfield"))
    await day.staff("sue", "Sue Kim", "site_lead", "westfield")
    where = await looked_at(priya, LIST)
    assert "1 new, 1 changed, 0 as before." in await said(priya, where)
    async with signed_in(day.running, "sue", "westfield") as sue:
        there = await looked_at(sue, LIST)
        assert "2 new, 0 changed, 0 as before." in await said(sue, there), "of Eastfield's people nothing is seen"


async def test_a_large_list_that_does_not_get_its_turn_is_told_why(
    day: Afternoon, priya: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns(monkeypatch, 0)
    monkeypatch.setattr(looking, "PATIENCE", 0.1)
    refused = await send(priya, LIST)
    assert refused.status_code == 422
    assert "Other large lists are being looked at now. Send this one again in a few minutes" in refused.text
    assert await kept(day) == []


async def test_what_no_worker_has_begun_with_says_that_it_waits_for_its_turn(day: Afternoon, priya: httpx2.AsyncClient) -> None:
    where = await looked_at(priya, LIST)
    await say_yes(priya, where)
    assert "This one waits for its turn." in await said(priya, where)
    async with day.running.connection() as conn:
        assert await store_uploads.claim(conn)
    assert "0 of 2 people so far." in await said(priya, where)


async def test_a_look_that_dies_says_so_and_keeps_nothing(
    day: Afternoon, priya: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(function: Any, *given: Any, **options: Any) -> Any:
        raise apart.Failed("it ended without an answer")

    monkeypatch.setattr(apart, "run", broken)
    refused = await send(priya, LIST)
    assert refused.status_code == 422
    assert "This list could not be looked at now. Send it again in a few minutes" in refused.text
    assert await kept(day) == []
