"""What a person submits while somebody else holds what it needs: it waits for them, and is not lost."""

import asyncio
from contextlib import asynccontextmanager

import asyncpg
import pytest

from services.supervision import importing
from shared import running as running_module
from shared.messaging.batch import Applied
from shared.messaging.outcome import Outcome
from shared.running import ATTEMPTS, Running
from shared.settings import settings
from tests.messaging.tally_service import SERVICE, Added

HELD = asyncpg.LockNotAvailableError("canceling statement due to lock timeout")


class Nothing:
    """A pool, its connection and a transaction in one, as far as submitting needs them."""

    def acquire(self, timeout):
        return self.transaction()

    @asynccontextmanager
    async def transaction(self):
        yield self


def holding(times, error, monkeypatch):
    """So often the database says this instead of applying anything; answers what was tried."""
    tries = []

    async def apply(conn, service, handlers, batch):
        tries.append(batch)
        if len(tries) <= times:
            raise error
        return Applied([Outcome("applied", batch.messages[0].cause)])

    monkeypatch.setattr(running_module, "apply", apply)
    return tries


async def test_a_form_that_meets_an_erasure_is_tried_again(monkeypatch):
    tries = holding(2, HELD, monkeypatch)
    outcome = await Running(SERVICE, Nothing(), settings()).submit(Added(tally="a", number=1), id="1", source="page")
    assert (outcome.kind, len(tries)) == ("applied", 3)


async def test_what_stays_held_and_what_takes_too_long_is_said(monkeypatch):
    for error, most in ((HELD, ATTEMPTS), (asyncpg.QueryCanceledError("statement timeout"), 1)):
        tries = holding(99, error, monkeypatch)
        with pytest.raises(type(error)):
            await Running(SERVICE, Nothing(), settings()).submit(Added(tally="a", number=1), id="1", source="page")
        assert len(tries) == most


async def test_a_list_that_the_database_had_no_time_for_is_brought_in_later_and_not_thrown_away(monkeypatch):
    ended = []

    async def claimed(conn):
        return {"import_id": 1, "file": b""}

    async def nothing(conn):
        """Nothing is old enough."""

    async def end(conn, import_id, state):
        ended.append(state)

    async def no_time(running, found):
        raise HELD

    for name, twin in (("claim", claimed), ("forget", nothing), ("end", end)):
        monkeypatch.setattr(importing.store_uploads, name, twin)
    monkeypatch.setattr(importing, "_bring_in", no_time)
    with pytest.raises(asyncpg.LockNotAvailableError):
        await importing.bring_in_one(Running(SERVICE, Nothing(), settings()))
    assert ended == []


async def test_a_list_is_held_on_to_after_the_database_was_away_for_once(monkeypatch):
    tries, twice = [], asyncio.Event()

    async def hold(conn, import_id):
        tries.append(import_id)
        if len(tries) == 1:
            raise HELD
        twice.set()

    monkeypatch.setattr(importing, "HOLD_SECONDS", 0.01)
    monkeypatch.setattr(importing.store_uploads, "hold", hold)
    async with importing._held(Running(SERVICE, Nothing(), settings()), 1), asyncio.timeout(5):
        await twice.wait()
