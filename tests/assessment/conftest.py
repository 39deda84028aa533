"""The assessment service on a real database, and a mentor's phone to visit it with."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from services.assessment.app import SERVICE
from shared.process import application_of
from shared.running import Running
from tests.assessment.visiting import Phone, link_to


@pytest_asyncio.fixture
async def phone(database: Callable[..., Awaitable[Running]], tmp_path: Any) -> AsyncIterator[Phone]:
    running = await database(SERVICE)
    running = replace(running, settings=running.settings.model_copy(update={"home": tmp_path}))
    app = application_of(running)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://jitt.test") as client:
        yield Phone(client, running, pages=app.state.running)


@pytest.fixture
def link() -> Callable[..., str]:
    return link_to
