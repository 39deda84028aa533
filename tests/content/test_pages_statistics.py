"""Statistics on a real database: added up once whatever is told twice, shown to authors from ten answers, in words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest

from services.content import publishing
from services.content.app import SERVICE
from services.content.store_statistics import find_edition, list_newest
from shared.contracts.event import Event
from shared.messaging.batch import Batch
from shared.running import Running
from shared.security import AUTHOR, PLATFORM, SESSION_COOKIE, Signed, mint_session
from shared.service import Service
from tests.content.answering import MODULE, a_report, a_try, an_end, fold
from tests.content.building import a_module, an_item
from tests.driving import commit, deliver, message
from tests.supervision.console import a_browser, words

Database = Callable[[Service], Awaitable[Running]]
PAGE = "/authors/statistics"
OF_MODULE = f"{PAGE}/{MODULE}/en"


@pytest.fixture
async def running(database: Database) -> Running:
    made = await database(SERVICE)
    await publishing.publish(made, [a_module(), a_module(locale="es")], "run 1")
    return made


@asynccontextmanager
async def as_(role: str, running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    who = Signed(uuid4(), frozenset({role}), frozenset())
    async with a_browser(running) as browser:
        browser.cookies.set(SESSION_COOKIE, mint_session(who, datetime.now(UTC) + timedelta(minutes=15)))
        yield browser


async def said(running: Running, address: str = PAGE, role: str = AUTHOR) -> str:
    async with as_(role, running) as browser:
        answer = await browser.get(address)
    assert answer.status_code == 200
    return words(answer.text)


def missed(count: int, item_id: str = "q1", **changes: object) -> list[Event]:
    return [a_try(item_id, chosen=("a",), correct=False, **changes) for _ in range(count)]


async def sums(running: Running) -> object:
    async with running.connection() as conn:
        found = await find_edition(conn, MODULE, "en")
    assert found is not None
    return dict(found.items)


async def test_what_comes_in_one_batch_or_one_by_one_and_twice_is_added_up_once(running: Running) -> None:
    events = [*missed(3), a_try(), a_report(), an_end(True, False), a_try("q2", seconds=30)]
    told = [message(event) for event in events]
    await commit(running, Batch(told[:4]))
    for one in told[4:]:
        await commit(running, Batch([one]))
    await commit(running, Batch(told))
    assert await sums(running) == dict(fold(*events).items)


async def test_batches_at_the_same_time_lose_no_answer(running: Running) -> None:
    """The first of them makes the row: whoever comes second begins again and finds it."""
    both = [missed(5), missed(7)]

    async def patient(events: list[Event]) -> None:
        for event in events:
            await running.submit(event, id=str(uuid4()), source="test")

    await asyncio.gather(*map(patient, both))
    assert (await sums(running)) == dict(fold(*missed(12)).items)


async def test_nine_answers_show_nothing_and_the_tenth_shows_the_question(running: Running) -> None:
    await deliver(running, *missed(9), *(a_report("wrong") for _ in range(9)))
    for address in (PAGE, OF_MODULE):
        page = await said(running, address)
        assert "9" not in page.replace(MODULE, "")
        assert "%" not in page and "Reported" not in page
    assert "No question has 10 answers yet." in await said(running)
    await deliver(running, *missed(1))
    assert "10 answers. 0% right at the first try. Mentors say that something is off: wrong (9)." in await said(running)


async def test_no_page_and_no_row_says_who_answered_where(running: Running) -> None:
    await deliver(running, *missed(40), a_report())
    shown = await said(running) + await said(running, OF_MODULE)
    rows = await running.pool.fetch("SELECT s::text AS whole FROM item_statistics s")
    for told in ("east", str(a_try().mentor_id), str(a_try().training_id), str(a_try().session_id)):
        assert told not in shown
        assert not [row["whole"] for row in rows if told in row["whole"]]


async def test_a_flag_says_what_to_do_and_leads_to_the_words_of_the_question(running: Running) -> None:
    await deliver(running, *missed(30), *[a_try("q2") for _ in range(30)])
    async with as_(AUTHOR, running) as browser:
        html = (await browser.get(PAGE)).text
        page = words(html)
        assert "Most miss it: 100% of the first tries. Is the right answer really right" in page
        assert page.index("number 1") < page.index("number 2")
        assert f'href="{OF_MODULE}#q1"' in html
        whole = words((await browser.get(OF_MODULE)).text)
    assert an_item().stem in whole and "“Why was it bad today?” Asks instead · taken first by 100%" in whole
    assert "“A long, hard day.” Right · taken first by 0%" in whole


async def test_the_list_is_narrowed_to_a_language_and_to_what_needs_a_look(running: Running) -> None:
    await deliver(running, *missed(30), *missed(30, locale="es"), *[a_try("q3") for _ in range(10)])
    narrowed = await said(running, f"{PAGE}?locale=es&flagged=true")
    assert f"{MODULE} q1 (es, version 1)" in narrowed and "(en, version 1)" not in narrowed
    assert f"{MODULE} q3 (en, version 1)" in await said(running)
    assert f"{MODULE} q3 (en, version 1)" not in await said(running, f"{PAGE}?flagged=true")


async def test_where_nothing_needs_a_look_it_says_so(running: Running) -> None:
    await deliver(running, *[a_try() for _ in range(10)])
    assert "No question needs a look." in await said(running, f"{PAGE}?flagged=true")
    assert "No question has 10 answers yet." not in await said(running)


async def test_a_new_version_counts_from_nothing_and_the_old_one_keeps_its_figures(running: Running) -> None:
    await deliver(running, *missed(30))
    await publishing.publish(running, [a_module(title="Say it back")], "run 2")
    assert "No question has 10 answers yet." in await said(running)
    assert "30 answers. 0% right" in await said(running, f"{OF_MODULE}?version=1")
    await deliver(running, *missed(10, version=2))
    assert "10 answers. 0% right" in await said(running, OF_MODULE)


async def test_a_withdrawn_module_is_not_listed_and_still_has_a_page(running: Running) -> None:
    await deliver(running, *missed(30))
    await publishing.withdraw(running, MODULE, "en", None, "run 2")
    async with running.connection() as conn:
        assert [edition.module.locale for edition in await list_newest(conn)] == ["es"]
    assert "30 answers" in await said(running, OF_MODULE)


@pytest.mark.parametrize(("role", "status"), [(AUTHOR, 200), (PLATFORM, 200), ("supervisor", 403), ("site_lead", 403)])
async def test_authors_and_those_who_run_the_network_may_look_and_nobody_else(running: Running, role: str, status: int) -> None:
    async with as_(role, running) as browser:
        for address in (PAGE, OF_MODULE):
            answer = await browser.get(address)
            assert answer.status_code == status
            assert ("It is for the people who write trainings." in answer.text) is (status == 403)


async def test_authors_see_no_page_of_those_who_run_the_network(running: Running) -> None:
    async with as_(AUTHOR, running) as browser:
        refused = await browser.get("/platform/dead")
        menu = (await browser.get(PAGE)).text
    assert (refused.status_code, "you are signed in to write trainings" in refused.text) == (403, True)
    assert "Dead letters" not in menu and "Signed in as an author." in menu


async def test_whoever_is_signed_out_is_sent_to_sign_in_and_back_to_this_page(running: Running) -> None:
    async with a_browser(running) as browser:
        sent = await browser.get(f"{PAGE}?flagged=true")
    assert sent.status_code == 303
    assert sent.headers["location"].endswith("/sign-in/again?service=content&path=%2Fauthors%2Fstatistics%3Fflagged%3Dtrue")


async def test_a_module_that_nobody_published_is_not_found(running: Running) -> None:
    async with as_(AUTHOR, running) as browser:
        assert (await browser.get(f"{PAGE}/nothing_1/en")).status_code == 404
