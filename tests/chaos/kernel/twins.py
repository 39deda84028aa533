"""Broken twins: the real code with one function replaced. The oracle must call each unsound, and the sound code sound.

A twin that passes is a hole in the oracle or in its scenario.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from asyncpg import Connection

from shared import bus
from shared.bus import EventProducer, Outbound
from shared.messaging import Handler, message, relay, store
from shared.messaging.batch import Batch
from shared.messaging.relay import Relay
from shared.messaging.worker import Worker
from shared.settings import settings
from tests.chaos.kernel import ground, interleavings, strikes
from tests.chaos.kernel.ground import Handlers
from tests.chaos.kernel.interleavings import Scenario
from tests.chaos.kernel.ledger import HANDLERS, LEDGER, PLEDGE, Pledge, save_pledges
from tests.chaos.oracle import Verdict
from tests.chaos.sections import Chaos, Section
from tests.messaging import tally_service
from tests.messaging.tally_service import SHELF, TALLY, Tally

SECONDS = 60.0
TASKS: set["asyncio.Task[None]"] = set()


@dataclass(frozen=True, slots=True)
class Twin:
    """`broken`: what it does otherwise. `shows`: the scenario. `instead` replaces the function `attribute` of `place`; `also`
    one more, where another precaution would make up for the first."""

    name: str
    broken: str
    shows: Scenario
    place: Any = None
    attribute: str = ""
    instead: Any = None
    handlers: Handlers = HANDLERS  # for what a service's own store gets wrong
    kafka: bool = True
    also: tuple[Any, str, Any] | None = None

    @contextmanager
    def patched(self) -> Iterator[None]:
        own = (self.place, self.attribute, self.instead) if self.place is not None else None
        with pytest.MonkeyPatch.context() as patch:
            for one in (own, self.also):
                if one:
                    patch.setattr(*one)
            yield


@dataclass(slots=True)
class Pair:
    twin: Twin
    sound: Verdict
    broken: Verdict
    problems: list[str] = field(default_factory=list)

    @property
    def caught(self) -> bool:
        return self.sound.sound and not self.broken.sound


async def run(chaos: Chaos) -> Section:
    with ground.quiet(), ground.states_compacted():
        await ground.make_topics(*ground.OUT)
        with strikes.seams():
            sound = await asyncio.gather(*(play(twin) for twin in TWINS))  # at once: they mostly wait
        pairs = [Pair(twin, verdict, await broken(twin)) for twin, verdict in zip(TWINS, sound, strict=True)]
    caught = sum(one.caught for one in pairs)
    away = [f"the oracle does not see this twin: {one.twin.name}" for one in pairs if one.broken.sound]
    chaos.say(f"{caught} of {len(pairs)} broken twins caught")
    return Section("broken twins", sum((one.sound for one in pairs), Verdict()), problems=away,
                   figures={"twins_caught": caught, "twins_total": len(pairs)})  # fmt: skip


async def pair(twin: Twin) -> Pair:
    """The same scenario with the sound code and with the twin."""
    with strikes.seams():
        sound = await play(twin)
    return Pair(twin, sound, await broken(twin))


async def broken(twin: Twin) -> Verdict:
    with twin.patched(), strikes.seams():
        return await play(twin, twin.handlers)


async def play(twin: Twin, handlers: Handlers = HANDLERS) -> Verdict:
    """Its scenario, by the code as it is now."""
    async with ground.place(handlers=handlers, topic=twin.kafka) as place:
        return await asyncio.wait_for(asyncio.create_task(twin.shows(place)), SECONDS)


_take, _commit, _move_sweep, _inbox_id = Worker.take, Worker.commit, store.move_sweep, message.inbox_id
_fences_others = Relay._fences_others


async def acknowledges_first(self: Worker, records: Sequence[Any], decode: Any) -> None:
    task = asyncio.create_task(_take(self, records, decode))
    TASKS.add(task)
    task.add_done_callback(_forget)


async def keeps_what_it_read(self: Relay, rows: Sequence[Any]) -> bool:
    await _fences_others(self, rows)
    return False


async def takes_kafkas_word(self: Any, assigned: Any) -> None:
    pass


def _forget(task: "asyncio.Task[None]") -> None:
    TASKS.discard(task)
    if not task.cancelled():
        task.exception()  # it was killed on purpose, and nobody need hear of it


async def commits_the_offset_first(self: Worker, batch: Batch, deadline: float) -> None:
    if batch.offsets:
        await self._transaction(lambda conn: store.consumed(conn, batch.offsets))
    await _commit(self, batch, deadline)


async def knows_no_repeats(conn: Connection, ids: Sequence[UUID], shas: Sequence[bytes], people: Sequence[UUID]) -> store.Claimed:
    return await store.claimed(conn, people)


async def publishes_at_once(conn: Connection, events: Sequence[store.Outgoing]) -> None:
    producer = EventProducer(settings().kafka, "too early")
    await producer.publish([_outbound(event) for event in events])
    await producer.close()


def _outbound(event: store.Outgoing) -> Outbound:
    row: Any = {"id": 0, **dict(zip(store.OUTBOX_COLUMNS, event, strict=True))}
    return relay._outbound(row)


def looks_at_no_count(save: Callable[..., Any]) -> Callable[..., Any]:
    async def saved(conn: Connection, changed: Sequence[Any], new: Sequence[Any]) -> bool:
        await save(conn, changed, new)
        return True

    return saved


async def claims_without_a_lock(conn: Connection, limit: int, since: datetime) -> dict[str, Tally]:
    rows = await conn.fetch(tally_service.DUE.replace("FOR UPDATE SKIP LOCKED", ""), limit, since)
    return {row["id"]: Tally(**dict(row) | {"seen": tuple(row["seen"])}) for row in rows}


class _Idempotent(EventProducer):
    async def publish_whole(self, rows: Sequence[Outbound]) -> list[int]:
        return await self.publish(rows)


def sends_without_transactions(self: Relay, shard: int) -> EventProducer:
    return self._compacted.setdefault(shard, _Idempotent(self.bootstrap, f"{self.service}.relay.{shard}"))


async def deletes_first(self: Relay, conn: Connection) -> int:
    rows = await store.unsent(conn, self.held, relay.ROWS) if self.held else []
    if rows:
        await store.sent(conn, [row["id"] for row in rows])
        await self._publish(rows)
    return len(rows)


def forgets_who_said_it(principal: str, source: str, id: str) -> UUID:
    return _inbox_id("", source, id)


async def saves_no_due_at(conn: Connection, changed: Sequence[Pledge], new: Sequence[Pledge]) -> bool:
    done = await save_pledges(conn, changed, new)
    await conn.execute("UPDATE pledge SET due_at = NULL WHERE id = ANY($1::text[])", [one.id for one in (*changed, *new)])
    return done


async def ends_without_a_last_look(conn: Connection, id: UUID, cursor: str | None, last_look: bool, wait: timedelta) -> None:
    if last_look:
        await store.end_sweep(conn, id)
    else:
        await _move_sweep(conn, id, cursor, last_look, wait)


def _instead(handler: Handler[Any], **changed: Any) -> Handlers:
    return tuple(replace(one, **changed) if one is handler else one for one in HANDLERS)


assert TALLY.clock is not None
UNCOUNTED = tuple(replace(one, save=looks_at_no_count(one.save)) for one in (TALLY, LEDGER, PLEDGE, SHELF))
UNLOCKED = _instead(TALLY, clock=replace(TALLY.clock, claim=claims_without_a_lock))
CLOCKLESS = _instead(PLEDGE, save=saves_no_due_at)
TWINS = (
    Twin("ack first", "the batch is acknowledged to Kafka before it is applied, and Kafka's offset alone counts",
         interleavings.killed_in_its_first_batch, Worker, "take", acknowledges_first,
         also=(bus._FromOurOffsets, "on_partitions_assigned", takes_kafkas_word)),
    Twin("no inbox", "a message that comes again is applied again",
         interleavings.delivered_again, store, "claim", knows_no_repeats, kafka=False),
    Twin("publish before commit", "what follows from a batch is published before its transaction has committed",
         interleavings.rolled_back_and_overtaken, store, "send", publishes_at_once),
    Twin("commit the offset before the transaction", "our offsets are committed before what they stand for",
         interleavings.killed_while_it_catches_up, Worker, "commit", commits_the_offset_first),
    Twin("insert count not compared", "fewer new rows went in than were given, and nobody looks",
         interleavings.two_make_one_row, handlers=UNCOUNTED, kafka=False),
    Twin("due rows read without FOR UPDATE", "others may change a row between its claim and its save",
         interleavings.due_while_a_number_comes, handlers=UNLOCKED, kafka=False),
    Twin("idempotent instead of transactional relay", "a relay that was replaced can still write to a compacted topic",
         interleavings.a_relay_thaws, Relay, "_producer", sends_without_transactions),
    Twin("a relay fences after it has read its rows", "rows of a compacted topic may be older than what another relay sent",
         interleavings.a_new_relay_thaws, Relay, "_fences_others", keeps_what_it_read),
    Twin("relay deletes before ack", "outbox rows are deleted before Kafka has acknowledged them",
         interleavings.a_send_fails, Relay, "round", deletes_first),
    Twin("principal left out of the inbox key", "who said it is no part of a message's identity",
         interleavings.two_speakers_say_the_same_id, message, "inbox_id", forgets_who_said_it, kafka=False),
    Twin("a waiting row without its own clock", "a row that waits for another event has no due_at of its own",
         interleavings.nobody_keeps_a_pledge, handlers=CLOCKLESS, kafka=False),
    Twin("a sweep without its last look", "a sweep ends with its first pass",
         interleavings.made_behind_a_sweep, store, "move_sweep", ends_without_a_last_look, kafka=False),
)  # fmt: skip
