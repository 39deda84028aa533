"""A real browser on a real server: Debian's Chromium, driven by Playwright, against the service's own web application."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, async_playwright, expect

from services.assessment.app import SERVICE
from services.supervision.app import SERVICE as SUPERVISION
from shared.process import application_of
from shared.running import Running
from tests.assessment.visiting import link_to
from tests.browser import chromium
from tests.browser.visits import Visit
from tests.provider import certificate, started
from tests.provider.walking import DANA, DISTRICTS, OMAR, PRIYA, Setting, a_port, address_of, in_production, with_addresses
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, a_full_afternoon, an_afternoon

expect.set_options(timeout=15_000)  # a busy machine is no broken page


@pytest_asyncio.fixture(scope="session")
async def _chromium() -> AsyncIterator[Browser]:
    found = await asyncio.to_thread(chromium.find)
    if found is None:
        pytest.fail(chromium.BY_HAND)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to start as root with it
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=found, args=sandbox)
        yield started
        await started.close()


@pytest_asyncio.fixture
async def browser(_chromium: Browser) -> AsyncIterator[Browser]:
    """Without a page of the test before, whose worker would go on asking its server."""
    yield _chromium
    for context in _chromium.contexts:
        await context.close()


@pytest_asyncio.fixture
async def served(database: Callable[..., Awaitable[Running]], tmp_path: Any) -> AsyncIterator[tuple[Running, str]]:
    """The assessment service on a database of its own, and its address."""
    running = await database(SERVICE)
    running = replace(running, settings=running.settings.model_copy(update={"home": tmp_path}))
    async with serving(running) as address:
        yield running, address


@pytest.fixture
async def visit(database: Callable[..., Awaitable[Running]], browser: Browser) -> AsyncIterator[Visit]:
    running = await database(SUPERVISION)
    day = await a_full_afternoon(running)
    async with serving(running) as address:
        yield Visit(day, address, browser)
        for context in browser.contexts:
            await context.close()


@pytest.fixture
def link() -> Callable[..., str]:
    return link_to


@asynccontextmanager
async def serving(running: Running) -> AsyncIterator[str]:
    async with on_a_port(application_of(running)) as address:
        yield address


@asynccontextmanager
async def on_a_port(app: Any) -> AsyncIterator[str]:
    options: dict[str, Any] = {"log_config": None, "access_log": False, "timeout_graceful_shutdown": 5}  # else perhaps for ever
    config = uvicorn.Config(app, host="127.0.0.1", port=0, **options)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@pytest_asyncio.fixture(scope="module")
async def setting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Setting]:
    """Two districts' real providers; where the console will be is known before it is there."""
    tls, port = certificate(tmp_path_factory.mktemp("tls")), a_port()
    async with started(tls, address_of(port), DISTRICTS) as issuers:
        yield Setting(tls, port, issuers)
    port.close()


@pytest.fixture
async def eastfield(database: Callable[..., Awaitable[Running]], setting: Setting, monkeypatch: pytest.MonkeyPatch) -> Afternoon:
    """Dana, Omar and Priya have addresses now."""
    monkeypatch.setenv("SSL_CERT_FILE", str(setting.tls.file))  # what our own calls trust
    day = await an_afternoon(await database(SUPERVISION))
    people = (("dana", "Dana Ortiz", DANA), ("omar", "Omar Haddad", OMAR), ("priya", "Priya Nair", PRIYA))
    await with_addresses(day, [(SITE, *person) for person in people])
    return day


@pytest.fixture
async def production(eastfield: Afternoon, setting: Setting) -> AsyncIterator[Afternoon]:
    """On a console that runs as in production."""
    async with in_production(eastfield.running, setting):
        yield eastfield
