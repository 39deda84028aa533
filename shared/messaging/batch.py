"""The batch transaction: claim, lock, fold, save, outbox and offsets, together or not at all.

Both functions run inside the caller's transaction, and raise Conflict when it has to be rolled back and run again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Connection

from shared import db
from shared.contracts.event import Due
from shared.messaging import store
from shared.messaging.fold import Aggregates, Fold, Target, concern, in_order, routes
from shared.messaging.handler import Handler
from shared.messaging.message import Message
from shared.messaging.outcome import Outcome
from shared.messaging.store import Dead

DUE_LIMIT = 1_000
PARKED_LIMIT = 20
ERASED = "erased"  # the reason why what is about an erased person is refused


class Conflict(Exception):
    """Somebody else created one of our new rows meanwhile."""


class TooManyFailures(Exception):
    """Twenty keys were parked within a minute: this is no single bad record, so the service stops."""


@dataclass(slots=True)
class Batch:
    """What one transaction applies. `claimed`: an earlier one claimed these messages (a replay of dead letters)."""

    messages: Sequence[Message]
    letters: Sequence[Dead] = ()
    offsets: Mapping[tuple[str, int], int] = field(default_factory=dict)
    claimed: bool = False
    visible: bool = False  # a decide that raises is the caller's to see (HTTP), instead of a dead letter
    broken: str = ""  # why Postgres refuses this one message: it is set aside without being decided


@dataclass(slots=True)
class Applied:
    """What a transaction did: an outcome per message, the earliest `due_at` saved per handler, and counts."""

    outcomes: Sequence[Outcome] = ()
    due: dict[str, datetime] = field(default_factory=dict)
    events_out: int = 0
    rows_due: int = 0
    oldest_due: datetime | None = None
    letters: Sequence[Dead] = ()


async def apply(conn: Connection, service: str, handlers: Sequence[Handler[Any]], batch: Batch) -> Applied:
    fold, fresh = await _claim(conn, service, batch)
    aggregates = [Aggregates(handler) for handler in handlers]
    table = routes(aggregates)
    placed = ((message, fold.targets(message, table)) for message in fresh)
    work = [(message, targets) for message, targets in placed if targets is not None]
    await (_lock_if_possible if batch.broken else _lock)(conn, aggregates, work)
    if not batch.claimed:  # only now: what another worker parked while we waited for its ids and rows
        fold.parked |= await store.parked(conn)
    if not batch.broken:
        await _read(conn, aggregates, work)
    for message, targets in work:
        fold.message(message, targets, batch.broken)
    if refused := {o.cause: o.reason or "" for o in fold.outcomes.values() if o.kind == "refused"}:
        await store.refuse(conn, refused)
    due = await save(conn, aggregates)
    await finish(conn, aggregates, fold, batch.offsets)
    return Applied([fold.outcomes[m.cause] for m in batch.messages], due, len(fold.outgoing), letters=fold.letters)


async def apply_due(conn: Connection, service: str, handler: Handler[Any], since: datetime, *,
                    limit: int = DUE_LIMIT, broken: str = "") -> Applied:
    """Claims, locks and loads what is due in one statement, folds `Due` on each row, and saves.

    `broken`: why what is claimed cannot be saved; it is set aside without being decided.
    """
    clock = handler.clock
    assert clock is not None, f"{handler.name} has no clock"
    one = Aggregates(handler)
    one.have(await clock.claim(conn, limit, since))
    if not one.loaded:
        return Applied()
    fold = Fold(service, await conn.fetchval("SELECT now()"))
    if not broken:
        one.reads = await load_reads(conn, one, [(state, Due()) for state in one.loaded.values()])
    oldest = min((at for state in one.loaded.values() if (at := clock.at(state))), default=None)
    for key, state in one.loaded.items():
        fold.due(one, key, state, broken)
    due = await save(conn, [one])
    await finish(conn, [one], fold, {})
    return Applied((), due, len(fold.outgoing), len(one.loaded), oldest, fold.letters)


async def _claim(conn: Connection, service: str, batch: Batch) -> tuple[Fold, list[Message]]:
    """The fold at the database's now, and the messages that were never applied before."""
    if any(message.event.erases() for message in batch.messages):  # before anything is locked, so that nobody waits for us
        await store.wait_for_others(conn)
    people = list({who for message in batch.messages if (who := message.event.whom())})
    if batch.claimed:
        known = await store.claimed(conn, people)
        fold = Fold(service, known.now, visible=batch.visible, letters=list(batch.letters))
        return fold, _of_others(fold, batch.messages, known.erased)
    letters = list(batch.letters)
    first: dict[UUID, Message] = {}
    for message in batch.messages:
        same = first.setdefault(message.cause, message)
        if same is not message:
            letters += _reused(message, same.sha)
    ids = in_order(first)
    known = await store.claim(conn, ids, [first[id].sha for id in ids], people)
    fold = Fold(service, known.now, await store.parked(conn) if known.any_parked else set(), batch.visible, letters=letters)
    if known.only is not None:
        for id, sha in (await store.stored_shas(conn, first.keys() - known.only)).items():
            again = _reused(message := first.pop(id), sha)
            fold.letters += again
            fold.outcomes[id] = Outcome("id_reused" if again else "duplicate", id)
    return fold, _of_others(fold, first.values(), known.erased)


def _of_others(fold: Fold, messages: Iterable[Message], erased: Iterable[UUID]) -> list[Message]:
    """Without those about somebody who was erased, also by a message before them."""
    gone, left = set(erased), []
    for message in messages:
        if message.event.whom() in gone:
            fold.outcomes[message.cause] = Outcome("refused", message.cause, ERASED)
        else:
            left.append(message)
        if person := message.event.erases():
            gone.add(person)
    return left


def _reused(message: Message, sha: bytes) -> list[Dead]:
    """On our own topics the same id with other bytes is v1 and v2 of one event; from anyone else it is a mistake."""
    if message.sha == sha or message.event.TOPIC not in ("in", ""):
        return []
    return [Dead("dead", "id_reused", "this id was used before with other content", message.principal, (), message.raw)]


async def _lock(conn: Connection, aggregates: Sequence[Aggregates], work: Iterable[tuple[Message, Sequence[Target]]]) -> None:
    keys: dict[int, set[Any]] = {}
    for _, targets in work:
        for one, key, _ in targets:
            keys.setdefault(id(one), set()).add(key)
    for one in aggregates:  # in the service's order, the same everywhere
        if wanted := keys.get(id(one)):
            one.have(await one.handler.load(conn, in_order(wanted)))


async def _lock_if_possible(conn: Connection, aggregates: Sequence[Aggregates],
                            work: Sequence[tuple[Message, Sequence[Target]]]) -> None:
    """For a message that is set aside undecided: loading its rows may be what cannot be done."""
    try:
        async with conn.transaction():
            await _lock(conn, aggregates, work)
    except Exception as error:
        if db.is_transient(error) or db.is_timeout(error):
            raise


async def _read(conn: Connection, aggregates: Sequence[Aggregates], work: Iterable[tuple[Message, Sequence[Target]]]) -> None:
    pairs: dict[int, list[tuple[Any, Any]]] = {}
    for message, targets in work:
        for one, key, _ in targets:
            if one.handler.reads:
                pairs.setdefault(id(one), []).append((one.loaded.get(key), message.event))
    for one in aggregates:
        if id(one) in pairs:
            one.reads = await load_reads(conn, one, pairs[id(one)])


async def load_reads(conn: Connection, one: Aggregates, pairs: Sequence[tuple[Any, Any]]) -> dict[str, Mapping[Any, Any]]:
    loaded: dict[str, Mapping[Any, Any]] = {}
    for name, read in one.handler.reads.items():
        keys = {key for state, event in pairs for key in read.keys(state, event)}
        loaded[name] = await read.load(conn, list(keys)) if keys else {}  # no locks, so in any order
    return loaded


async def save(conn: Connection, aggregates: Sequence[Aggregates]) -> dict[str, datetime]:
    due: dict[str, datetime] = {}
    for one in aggregates:
        changed, new = one.changed(), one.new()
        if not changed and not new:
            continue
        if not await one.handler.save(conn, changed, new):
            raise Conflict(one.handler.name)
        if clock := one.handler.clock:
            moments = [at for state in (*changed, *new) if (at := clock.at(state))]
            if moments:
                due[one.handler.name] = min(moments)
    return due


async def finish(conn: Connection, aggregates: Sequence[Aggregates], fold: Fold, offsets: Mapping[tuple[str, int], int]) -> None:
    if fold.outgoing:
        for copies in {one.handler.copies for one in aggregates if one.handler.copies}:
            fold.outgoing += await copies(conn, fold.outgoing)
        await store.send(conn, fold.outgoing)
    if fold.sweeps:
        await store.begin_sweeps(conn, fold.sweeps)
    if fold.letters:
        await store.bury(conn, fold.letters)
    if fold.stopped:
        await _park(conn, aggregates, fold.stopped)
    if offsets:
        await store.consumed(conn, offsets)


async def _park(conn: Connection, aggregates: Sequence[Aggregates], stopped: set[str]) -> None:
    """After the save: a parked key's clock stands until its dead letters are replayed or skipped."""
    await store.park(conn, stopped)
    if await store.failed_lately(conn) >= PARKED_LIMIT:
        raise TooManyFailures(f"{PARKED_LIMIT} keys were parked within a minute: see `jitt dead list`")
    for one in aggregates:
        keys = [key for key in one.loaded.keys() | one.current.keys() if concern(one.handler, key) in stopped]
        if keys and one.handler.clock:
            await one.handler.clock.rest(conn, sorted(keys))
