"""Sweeps: one cause folded on many aggregates, 500 to a transaction, by a cursor. Nothing made meanwhile is left out.

After the last key a last look, longer away than any transaction lasts, takes what was made with an older version of the facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import Connection

from shared.contracts.event import Event
from shared.contracts.ids import after
from shared.messaging import store
from shared.messaging.batch import Applied, finish, load_reads, save
from shared.messaging.fold import Aggregates, Fold, key_of
from shared.messaging.handler import Handler, Key, Stretch, Swept
from shared.messaging.message import Message, Raw

STEP = 500
LAST_LOOK = timedelta(seconds=30)
TOPIC = "sweep/"  # where a dead letter of a sweep says it came from


@dataclass(frozen=True, slots=True)
class Cause:
    """A sweep's cause with what it means to the aggregate it is for. `id` is the sweep's: follow-up ids come from it."""

    id: UUID
    event: Event
    handler: Handler[Any]
    swept: Swept[Any]

    def message(self, service: str, key: Key) -> Message:
        headers = (("ce_id", str(self.id).encode()), ("ce_type", self.event.TYPE.encode()))
        body = self.event.model_dump_json().encode()
        raw = Raw(f"{TOPIC}{self.handler.name}", 0, 0, str(key).encode(), body, headers)
        return Message(after(self.id, str(key)), b"", self.event, service, raw)


async def apply_sweep(conn: Connection, service: str, handlers: Sequence[Handler[Any]], *,
                      limit: int = STEP, broken: str = "") -> Applied:
    """One step of one sweep that is due, in the caller's transaction. `broken`: why its rows cannot be saved."""
    row = await store.due_sweep(conn)
    if row is None:
        return Applied()
    cause = _cause(handlers, row["id"], row["handler"], row["type"], row["cause"])
    found = await cause.swept.keys(conn, cause.event, None if row["cursor"] is None else key_of(row["cursor"]), limit)
    keys = found.keys if isinstance(found, Stretch) else found
    fold = Fold(service, await conn.fetchval("SELECT now()"), await store.parked(conn))
    applied = await _over(conn, fold, cause, keys, broken)
    if isinstance(found, Stretch) or len(keys) == limit:
        until = found.until if isinstance(found, Stretch) else keys[-1]
        await store.move_sweep(conn, row["id"], str(until), row["last_look"], timedelta(0))
    elif not row["last_look"]:
        await store.move_sweep(conn, row["id"], None, True, LAST_LOOK)
    else:
        await store.end_sweep(conn, row["id"])
    applied.rows_due = max(len(keys), 1)
    return applied


async def replay_swept(conn: Connection, service: str, handlers: Sequence[Handler[Any]], raw: Raw) -> None:
    """A dead letter of a sweep, again. Raises what its decide raises."""
    headers = {name: value.decode() for name, value in raw.headers}
    cause = _cause(handlers, UUID(headers["ce_id"]), raw.topic.removeprefix(TOPIC), headers["ce_type"], raw.value or b"")
    fold = Fold(service, await conn.fetchval("SELECT now()"), visible=True)
    await _over(conn, fold, cause, [key_of((raw.key or b"").decode())])


async def _over(conn: Connection, fold: Fold, cause: Cause, keys: Sequence[Key], broken: str = "") -> Applied:
    one = Aggregates(cause.handler)
    one.have(await cause.handler.load(conn, sorted(keys)) if keys else {})
    if not broken:
        one.reads = await load_reads(conn, one, [(state, cause.event) for state in one.loaded.values()])
    for key in keys:
        fold.message(cause.message(fold.service, key), [(one, key, cause.swept.decide)], broken)
    due = await save(conn, [one])
    await finish(conn, [one], fold, {})
    return Applied(list(fold.outcomes.values()), due, len(fold.outgoing), letters=fold.letters)


def _cause(handlers: Sequence[Handler[Any]], id: UUID, name: str, type_: str, body: bytes) -> Cause:
    handler = next(one for one in handlers if one.name == name)
    event_class, swept = next((event, swept) for event, swept in handler.sweeps.items() if type_ == event.TYPE)
    return Cause(id, event_class.model_validate_json(body), handler, swept)
