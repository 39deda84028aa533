"""What the tests of trigger ask for: the service on a database of its own, which its commands find too."""

import pytest
import pytest_asyncio

from services.trigger.app import SERVICE
from shared import db
from shared.running import Running
from tests.conftest import Database, at_database


@pytest_asyncio.fixture
async def running(database: Database, monkeypatch: pytest.MonkeyPatch) -> Running:
    running = await database(SERVICE)
    name = await running.pool.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_TRIGGER_POSTGRES", at_database(db.service_dsn("trigger"), name))
    return running
