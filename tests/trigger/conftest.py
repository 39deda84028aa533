"""What the tests of trigger ask for: the service on a database of its own, which its commands find too, and who is known."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import pytest_asyncio

from services.trigger.app import SERVICE
from shared import db
from shared.contracts import ids
from shared.running import Running
from shared.settings import settings
from tests.conftest import Database, at_database
from tests.driving import deliver
from tests.trigger.building import enrolled, site_described
from tests.trigger.calendar_server import CalendarServer, serving


@pytest_asyncio.fixture
async def service(database: Database, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Nothing is known yet."""
    running = await database(SERVICE)
    name = await running.pool.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_TRIGGER_POSTGRES", at_database(db.service_dsn("trigger"), name))
    return running


@pytest.fixture
def running(service: Running) -> Running:
    """A module that needs more says so in a `running` of its own."""
    return service


@pytest_asyncio.fixture
async def east(service: Running) -> Running:
    """The site East and its mentor m1 are known."""
    await deliver(service, site_described(), enrolled("m1"))
    return service


@pytest_asyncio.fixture
async def eastfield(service: Running, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """The site Eastfield and Dana with her address are known, and feeds may be on this machine."""
    monkeypatch.setenv("JITT_FEED_PRIVATE_ADDRESSES", "1")
    settings.cache_clear()
    dana = {"mentor_id": ids.mentor("eastfield", "dana"), "address_hash": ids.address("eastfield", "dana@example.org")}
    await deliver(service, site_described(site_id="eastfield"), enrolled(site_id="eastfield", **dana))
    yield replace(service, settings=settings())
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    """Calendars on the web."""
    with serving() as found:
        yield found
