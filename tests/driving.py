"""Driving a service without Kafka: deliver events to it, let its rows fall due, read what it wants to publish."""

from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID, uuid4

from shared.contracts.event import Event
from shared.messaging.batch import Applied, Batch, apply, apply_due
from shared.messaging.message import Message, Raw
from shared.messaging.outcome import Outcome
from shared.running import Running

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def message(event: Event, *, cause: UUID | None = None, principal: str = "test") -> Message:
    body = event.model_dump_json().encode()
    headers = (("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"test"), ("ce_type", event.TYPE.encode()))
    return Message(cause or uuid4(), sha256(body).digest(), event, principal, Raw("test", 0, 0, b"", body, headers))


async def deliver(running: Running, *events: Event) -> list[Outcome]:
    """Folds the events in one batch, as if they had come from Kafka."""
    applied = await commit(running, Batch([message(event) for event in events]))
    return list(applied.outcomes)


async def commit(running: Running, batch: Batch) -> Applied:
    async with running.connection() as conn, conn.transaction():
        return await apply(conn, running.service.name, running.service.handlers, batch)


async def fall_due(running: Running, handler: str) -> int:
    """One due batch of the handler of that name; answers how many rows it claimed."""
    found = next(h for h in running.service.handlers if h.name == handler)
    async with running.connection() as conn, conn.transaction():
        return (await apply_due(conn, running.service.name, found, ALWAYS)).rows_due


async def outgoing(running: Running) -> list[Event]:
    """What the relay would publish, in order."""
    classes = {event.TYPE: event for event in running.service.publishes}
    async with running.connection() as conn:
        rows = await conn.fetch("SELECT type, payload FROM outbox ORDER BY id")
    return [classes[row["type"]].model_validate_json(row["payload"]) for row in rows]
