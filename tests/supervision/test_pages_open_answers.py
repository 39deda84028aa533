"""“In their own words”: fetched from the real assessment service when a brief is drawn, and said plainly when it is not there."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic

import pytest
import uvicorn

from services.assessment import sealing
from services.assessment.app import SERVICE as ASSESSMENT
from services.supervision.app import SERVICE
from shared.contracts import ids
from shared.process import application_of
from shared.running import Running
from shared.service import Service
from tests.driving import deliver
from tests.supervision import builders
from tests.supervision.builders import SITE
from tests.supervision.console import GOAL, Afternoon, a_full_afternoon, signed_in, words

Database = Callable[[Service], Awaitable[Running]]
WRITTEN = "I’d say: sounds like you put a lot into it. <b>Then wait.</b>"
KEEP = (
    "INSERT INTO open_answer (training_id, number, site_id, mentor_id, item_id, key_id, sealed, answered_at) "
    "VALUES ($1, 3, $2, $3, $4, $5, $6, now())"
)
PATIENCE = 8


@pytest.fixture
async def day(database: Database) -> Afternoon:
    return await a_full_afternoon(await database(SERVICE))


@asynccontextmanager
async def serving(running: Running) -> AsyncIterator[str]:
    config = uvicorn.Config(application_of(running), host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE):
        while not server.started:
            await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


def asking(running: Running, address: str) -> Running:
    return replace(running, settings=running.settings.model_copy(update={"assessment_url": address}))


async def brief(day: Afternoon, address: str, reference: str) -> str:
    async with signed_in(asking(day.running, address), "dana") as dana:
        return words((await dana.get(f"/briefs/{day.trainings[reference]}")).text)


async def test_what_the_mentor_wrote_is_shown_word_for_word_and_the_reading_is_written_down(
    day: Afternoon, database: Database
) -> None:
    training, assessment = day.trainings["marcus"], await database(ASSESSMENT)
    sealed = sealing.seal(WRITTEN, training, 3)
    values = (training, SITE, ids.mentor(SITE, "marcus"), GOAL, sealed.key_id, b64decode(sealed.sealed))
    await deliver(assessment, builders.assigned(**day.of_training("marcus")))
    await assessment.pool.execute(KEEP, *values)
    async with serving(assessment) as address:
        said = await brief(day, address, "marcus")
    assert "What would you say first? I’d say: sounds like you put a lot into it. &lt;b&gt;Then wait.&lt;/b&gt;" in said
    assert await assessment.pool.fetchval("SELECT read_by FROM open_answer_read") == ids.supervisor(SITE, "dana")


async def test_a_mentor_who_would_rather_talk_is_said_without_asking_anybody(day: Afternoon) -> None:
    await day.completes("leah", "rather_talk")
    assert "Would rather talk about it." in await brief(day, "http://127.0.0.1:9", "leah")


async def test_an_assessment_that_hangs_costs_two_seconds_and_the_brief_stays_whole(day: Afternoon) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        began = monotonic()
        said = await brief(day, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "marcus")
    assert "The answer cannot be shown at the moment." in said
    assert "Asked to keep a secret" in said
    assert 1.5 < monotonic() - began < 5
