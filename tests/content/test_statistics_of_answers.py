"""From ten mentors' phones to the authors' page: what assessment tells of answers is what content adds up."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import httpx2
from fastapi import FastAPI

from services.assessment.app import SERVICE as ASSESSMENT
from services.content import publishing
from services.content.app import SERVICE as CONTENT
from shared.process import application_of
from shared.running import Running
from shared.service import Service
from tests.assessment.building import CARDS, OPEN, SINGLE, assigned, planned, published
from tests.assessment.visiting import Phone, arrive, link_to, soon
from tests.content.test_pages_statistics import PAGE, said
from tests.driving import deliver, outgoing

Database = Callable[[Service], Awaitable[Running]]
ITEMS = (SINGLE, SINGLE.model_copy(update={"id": "q2"}), OPEN)


async def walk(running: Running, app: FastAPI, number: int) -> None:
    """The first question is missed, recovered by every other mentor, and reported by three; the second is right for half."""
    training = UUID(int=1000 + number)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://jitt.test") as client:
        phone = Phone(client, running)
        await phone.open(f"/t/{link_to(training)}")
        await phone.press("/start")
        for card in range(1, len(CARDS) + 1):
            await phone.press(f"/cards/{card}")
        await phone.press("/questions/1", option="a", confidence="sure")
        if number < 3:
            await phone.press("/questions/1/report", kind="unclear")
        await phone.press("/questions/1/retry", option="b" if number % 2 else "c")
        await phone.open(f"/t/{training}/questions/2")
        await phone.press("/questions/2", option="b" if number % 2 else "a", confidence="guess")
        if number % 2 == 0:
            await phone.press("/questions/2/retry", show="1")
        await phone.open(f"/t/{training}/questions/3")
        await phone.press("/questions/3", text="It sounds like a lot.")
        assert "not_here" not in phone.path


async def ten_walked(running: Running) -> None:
    await arrive(running, *ITEMS, training_id=UUID(int=1000))
    for number in range(1, 10):
        own = {"session_id": uuid4(), **soon()}
        await deliver(running, planned(**own), assigned(*ITEMS, training_id=UUID(int=1000 + number), **own))
    app = application_of(running)
    for number in range(10):
        await walk(running, app, number)


async def test_ten_mentors_answers_are_on_the_authors_page_and_nine_are_not(database: Database) -> None:
    assessment, content = await database(ASSESSMENT), await database(CONTENT)
    await publishing.publish(content, [published(*ITEMS).module], "run 1")
    await ten_walked(assessment)
    events = [event for event in await outgoing(assessment) if event.TYPE in CONTENT.events]
    last = {event.training_id for event in events[-3:]}
    await deliver(content, *(event for event in events if event.training_id not in last))
    assert "No question has 10 answers yet." in await said(content)
    await deliver(content, *(event for event in events if event.training_id in last))
    page = await said(content, f"{PAGE}/reflective_listening_1/en")
    assert "10 answers. 0% right at the first try; of those who tried again, 50%. Half answered within 5 seconds." in page
    assert "Mentors say that something is off: unclear (3)." in page
    assert "10 answers. 50% right at the first try. Half answered within 5 seconds." in page
    assert page.count("10 answers.") == 3
