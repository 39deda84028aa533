"""Whoever sent a list of people in is told by mail how it ended, where it took long or did not come in; once."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from services.supervision import importing, letters, people_import, reading_notices, store_notices, store_uploads
from services.supervision.app import SERVICE
from services.supervision.letter_desk import Letter, NoUse, Written
from services.supervision.notices import Notice
from services.supervision.people_import import Job, Looked
from shared.contracts import ids
from shared.running import Running
from tests.conftest import Database
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, an_afternoon, signed_in
from tests.supervision.test_pages_imports import LIST, looked_at, say_yes

PRIYA = ids.supervisor(SITE, "priya")
LATE = "UPDATE people_import SET confirmed_at = now() - interval '61 seconds'"
BROKEN = "UPDATE people_import SET file = '\\x00'"
AGAIN = "UPDATE people_import SET state = 'confirmed', claimed_until = NULL, file = '\\x00'"


@pytest.fixture
async def day(database: Database) -> Afternoon:
    return await an_afternoon(await database(SERVICE))


@pytest.fixture
async def priya(day: Afternoon) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(day.running, "priya") as client:
        yield client


async def sent(day: Afternoon, browser: httpx2.AsyncClient, before: str = "") -> str:
    """A list that somebody said yes to is brought in; `before`: what happens to it meanwhile."""
    where = await looked_at(browser, LIST)
    await say_yes(browser, where)
    await happens(day, before)
    return where


async def happens(day: Afternoon, statement: str) -> None:
    async with day.running.connection() as conn:
        if statement:
            await conn.execute(statement)
    await importing.bring_in_one(day.running)


async def told(day: Afternoon) -> list[Notice]:
    async with day.running.connection() as conn:
        return [one for one in await store_notices.list_of_person(conn, PRIYA) if one.kind == "import"]


async def written(day: Afternoon, email: str | None) -> Written:
    [notice] = await told(day)
    async with day.running.connection() as conn:
        await conn.execute("UPDATE person SET email = $1 WHERE person_id = $2", email, PRIYA)
        facts = await reading_notices.find_facts(conn, notice)
    assert facts
    return letters.write(notice, facts, "https://mentors.example.org", "https://console.example.org")


async def test_whoever_works_on_a_list_holds_it_however_long_that_takes(
    day: Afternoon, priya: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look takes longer than the claim lasts; another worker asks meanwhile."""
    found = []
    monkeypatch.setattr(importing, "HOLD_SECONDS", 0.01)
    real = people_import.look

    async def slow(running: Running, job: Job) -> Looked:
        async with running.connection() as conn:
            await conn.execute("UPDATE people_import SET claimed_until = now() - interval '1 second'")
            async with asyncio.timeout(20):
                while not await conn.fetchval("SELECT claimed_until > now() FROM people_import"):
                    await asyncio.sleep(0.01)
            found.append(await store_uploads.claim(conn))
        return await real(running, job)

    where = await looked_at(priya, LIST)
    await say_yes(priya, where)
    monkeypatch.setattr(people_import, "look", slow)
    assert await importing.bring_in_one(day.running)
    assert found == [None]


async def test_what_comes_in_while_one_waits_for_it_is_no_mail(day: Afternoon, priya: httpx2.AsyncClient) -> None:
    await sent(day, priya)
    assert await told(day) == []


async def test_after_a_minute_it_is_one_mail_that_opens_the_import(day: Afternoon, priya: httpx2.AsyncClient) -> None:
    where = await sent(day, priya, LATE)
    mail = await written(day, "priya@eastfield.example")
    assert isinstance(mail, Letter)
    assert (mail.subject, mail.url) == ("Your list of people is in", f"https://console.example.org{where}")
    assert await written(day, None) == NoUse("no_address"), "and nobody is noted as one whom no mail reaches"


async def test_what_does_not_come_in_is_told_at_once_and_once_whoever_ends_it(day: Afternoon, priya: httpx2.AsyncClient) -> None:
    await sent(day, priya, BROKEN)
    for _ in range(2):
        await happens(day, AGAIN)
    [notice] = await told(day)
    assert notice.about["state"] == "failed"
    mail = await written(day, "priya@eastfield.example")
    assert isinstance(mail, Letter)
    assert mail.subject == "Your list of people did not come in"
    assert mail.before == (
        "The list of people that was sent in on the console could not be brought in. The page says what to do.",
    )
