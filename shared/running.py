"""A service with its database open: what its pages and commands use to read, and to submit what people do."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol, cast

from asyncpg import Connection, Pool

from shared import db
from shared.contracts.event import Event
from shared.messaging.batch import Applied, Batch, Conflict, apply
from shared.messaging.message import own_message
from shared.messaging.observed import counted
from shared.messaging.outcome import Outcome
from shared.service import Service
from shared.settings import Settings, settings

ATTEMPTS = 5


class Submits(Protocol):
    """Whatever takes what a person did on a page: a running service, or a rehearsal of its pages."""

    async def submit(self, event: Event, *, id: str, source: str) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Running:
    """`pool` logs in as the service's own role and sees its own schema only; `web`, for its pages, as the role whose rows are
    those of whoever asks (shared/access.py)."""

    service: Service
    pool: Pool
    settings: Settings
    web: Pool | None = None

    @property
    def pages(self) -> "Running":
        """The same for what a request does: what it reads and submits is held to its caller's scope."""
        return replace(self, pool=self.web, web=None) if self.web else self

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool, for reading."""
        async with self.pool.acquire(timeout=5) as conn:
            yield cast(Connection, conn)

    async def submit(self, event: Event, *, id: str, source: str, principal: str | None = None,
                     by_id: bool = False) -> Outcome:
        """A batch of one: claimed, decided, saved and its events in the outbox when this returns. Raises what `decide` raises.
        `by_id`: a repeat is told by its id, whatever its event says."""
        outcomes = await self.submit_many([(id, event)], source=source, principal=principal, by_id=by_id)
        return outcomes[0]

    async def submit_many(self, events: Sequence[tuple[str, Event]], *, source: str,
                          principal: str | None = None, by_id: bool = False) -> list[Outcome]:
        """(id, event) pairs in one transaction: all of them, or none."""
        who = principal or self.service.name
        batch = Batch([own_message(who, source, id, event, by_id=by_id) for id, event in events], visible=True)
        applied = await self._commit(batch)
        counted(self.service.name, applied)
        return list(applied.outcomes)

    async def _commit(self, batch: Batch) -> Applied:
        for attempt in range(ATTEMPTS):
            try:
                async with self.connection() as conn, conn.transaction():
                    return await apply(conn, self.service.name, self.service.handlers, batch)
            except Exception as error:
                again = isinstance(error, Conflict) or db.is_transient(error) or db.is_locked(error)
                if attempt == ATTEMPTS - 1 or not again:
                    raise
        raise AssertionError("unreachable")


@asynccontextmanager
async def opened(service: Service) -> AsyncIterator[Running]:
    """For commands and web processes. Raises what asyncpg raises when the database cannot be reached."""
    pool = await db.open_pool(db.service_dsn(service.name), f"jitt {service.name} web")
    try:
        yield Running(service, pool, settings())
    finally:
        await db.close_pool(pool)
