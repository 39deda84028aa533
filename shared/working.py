"""A worker: two consumer groups at most, the clocks, and the relay, as loops of one process.

Imported by processes that have one: what reads from Kafka takes a tenth of the time in which a process with pages starts again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from asyncpg import Connection

from shared import bus, db, kafka_rights, retention
from shared.health import SILENT_SECONDS, Pulse, too_old
from shared.messaging import relay
from shared.messaging.batch import TooManyFailures
from shared.messaging.handler import Handler
from shared.messaging.ingest import OwnTopics, PublishersTopics, inbound_topics
from shared.messaging.relay import Relay
from shared.messaging.worker import Worker
from shared.running import Running
from shared.runtime import patiently, spare_what_stays, to_its_end, until_one_ends
from shared.service import Publisher

LOG = logging.getLogger("jitt.process")
WATCH_SECONDS = 5.0
BEAT_SECONDS = 1.0
PUBLISHERS_SECONDS = 2
SHARE_SECONDS = 3


class Silent(Exception):
    """Kafka was not polled, or the relay did not come round, for a minute: stuck in a way that only a new process mends."""


class _Worker(Worker):
    """Notes when the clocks last came round, also in vain: what failed is logged and tried again."""

    pulse: Pulse

    async def fall_due(self, handler: Handler[Any]) -> int:
        try:
            return await super().fall_due(handler)
        finally:
            self.pulse.beat("clocks")

    async def sweep(self) -> int:
        try:
            return await super().sweep()
        finally:
            self.pulse.beat("clocks")

    async def wait_for_room(self) -> None:
        """Waiting on purpose is a sign of life: a restart would not empty the outbox."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):  # wait_for may swallow the order to stop
                    return await super().wait_for_room()
            self.pulse.beat("clocks")


class WorkerProcess:
    """The loops of one worker: two consumer groups at most, the clocks, and the relay."""

    def __init__(self, running: Running, silent_seconds: float | None = None) -> None:
        self.running, self.service = running, running.service
        self.silent_seconds = silent_seconds or SILENT_SECONDS
        self.pulse, self._answered = Pulse(), Pulse()
        self._answers: dict[str, frozenset[Any]] = {}
        self.dsn = db.service_dsn(self.service.name)
        self.relay = Relay(self.service.name, running.settings.kafka)
        self.worker = _Worker(self.service, self.dsn, self.relay.wake.set, self.relay.caught_up.wait)
        self.worker.pulse = self.pulse
        self.consuming = False
        self._facts = {topic for topic in self.service.reads if topic in relay.COMPACTED}
        self._without_end, self._why_not_reading = set(self._facts), "Kafka does not answer yet"
        self._subscriptions: dict[str, bus.Subscription] = {}
        self._missing: tuple[str, ...] = ()
        self._given_up: TooManyFailures | None = None

    async def run(self) -> None:
        """Once Postgres answers. Pages are served before: some of them need no database, and the others say that it is away."""
        await patiently(self._reach_postgres, "Postgres does not answer yet")
        await until_one_ends(*self.tasks())

    async def _reach_postgres(self) -> None:
        async with self.running.pool.acquire(timeout=5):
            pass

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        loops = [self._read_own_topics(), self._run_relay(), self._watch(), self.worker.tidy(),
                 retention.keep(self.running)]
        self.pulse.beat("relay")
        if any(handler.clock or handler.sweeps for handler in self.service.handlers):
            self.pulse.beat("clocks")
            loops.append(self.worker.run_clocks())
        if self.service.publishers:
            loops.append(self._read_publishers())
        if self.service.aside:
            loops.append(self.service.aside(self.running, self.relay.caught_up.wait))
        return loops

    def seconds_since_poll(self) -> float:
        """Since Kafka last answered a poll of the subscription that waits longest."""
        return max((self._since_answer(group, one) for group, one in self._subscriptions.items()), default=0.0)

    def _since_answer(self, group: str, subscription: bus.Subscription) -> float:
        """A poll returns nothing both when there is nothing and when Kafka is frozen; only the times of its answers differ. No
        partitions at all is an answer too: other workers have them."""
        consumer = subscription.subscriber.consumer
        places = consumer.assignment() if consumer else ()
        answers = frozenset((place, consumer.last_poll_timestamp(place)) for place in places) if consumer else frozenset()
        if subscription.working or not answers or answers != self._answers.get(group):
            self._answers[group] = answers
            self._answered.beat(group)
        return max(subscription.seconds_since_poll(), self._answered.ages()[group])

    def why_not_ready(self) -> str:
        """"" once the facts that this process copies are applied as far as they went when it started. Until then it would
        decide on too little, or on nothing."""
        if (own := self._subscriptions.get(self.service.name)) is None:
            return self._why_not_reading
        return "; ".join([f"{topic}: Kafka does not say where it ends" for topic in sorted(self._without_end)]
                         + [f"{topic}: not applied yet up to where it ended at the start" for topic in own.unread()])

    def subscriptions(self) -> list[bus.Subscription]:
        return list(self._subscriptions.values())

    def ages(self) -> dict[str, float]:
        """Seconds since Kafka was polled, and since the relay and the clocks came round."""
        return {"kafka": self.seconds_since_poll()} | self.pulse.ages()

    async def close(self) -> None:
        await self.worker.close()
        await self.relay.close()

    async def _read_own_topics(self) -> None:
        await patiently(self._find_topics, f"{self.service.name}: its topics cannot be read yet")
        async with self._subscribed(kafka_rights.group(self.service), self.service.reads, OwnTopics(self.service)) as own:
            self.consuming = True
            spare_what_stays()
            await asyncio.gather(*(self._note_end(own, topic) for topic in self._facts))
            await asyncio.Event().wait()

    async def _find_topics(self) -> None:
        """A consumer would wait for one that does not exist, without saying which."""
        try:
            there = await bus.list_topics(self.running.settings.kafka)
        except bus.Error as error:
            self._why_not_reading = str(error)
            raise
        if missing := set(self.service.reads) - there:
            self._why_not_reading = f"no such topic: {', '.join(sorted(missing))}; make it with `jitt topics apply`"
            raise LookupError(self._why_not_reading)

    async def _note_end(self, own: bus.Subscription, topic: str) -> None:
        await patiently(lambda: own.note_end(topic), f"{topic}: Kafka does not say where it ends")
        self._without_end.discard(topic)

    async def _read_publishers(self) -> None:
        """The list of topics is looked at every 2 s; a change restarts this one subscription."""
        while True:
            publishers = await self._load_publishers()
            topics = await self._readable(publishers)
            if not topics:
                await asyncio.sleep(PUBLISHERS_SECONDS / 2)
                continue
            decode = PublishersTopics(self.service, publishers)
            async with self._subscribed(kafka_rights.group(self.service, publishers=True), topics, decode):
                await self._while_same(topics, decode)

    async def _while_same(self, topics: tuple[str, ...], decode: PublishersTopics) -> None:
        """Which sites a publisher may speak for changes at once; which topics are read ends this subscription."""
        while await self._readable(decode.publishers, topics) == topics:
            await asyncio.sleep(PUBLISHERS_SECONDS)
            decode.publishers = await self._load_publishers()

    async def _readable(self, publishers: Mapping[str, Publisher], known: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The publishers' topics that exist: a consumer would wait for one that does not, and nobody would be heard."""
        wanted = inbound_topics(publishers)
        if set(wanted) <= set(known):
            return wanted
        existing: set[str] = await patiently(lambda: bus.list_topics(self.running.settings.kafka), "Kafka does not answer yet")
        missing = tuple(topic for topic in wanted if topic not in existing)
        if missing and missing != self._missing:
            LOG.warning("no such topic yet: make it with `jitt topics apply`", extra={"topics": missing})
        self._missing = missing
        return tuple(topic for topic in wanted if topic in existing)

    @asynccontextmanager
    async def _subscribed(self, group: str, topics: tuple[str, ...], decode: Any) -> AsyncIterator[bus.Subscription]:
        broker = bus.broker(self.running.settings.kafka, self.service.publishes, f"{group}.worker")

        async def take(records: Any) -> None:
            try:
                await self.worker.take(records, decode)
            except TooManyFailures as error:
                self._given_up = error  # FastStream would only deliver it again
                await asyncio.sleep(WATCH_SECONDS)
                raise

        chosen = self.running.settings
        subscription = bus.Subscription(broker, group, topics, take, self.worker.offsets, instance=chosen.instance,
                                        session_seconds=chosen.kafka_session_seconds,
                                        gathers=self.service.gathers and topics == self.service.reads)
        await patiently(lambda: _start(broker, subscription), f"{group}: Kafka does not answer yet")
        self._subscriptions[group] = subscription
        LOG.info("reading", extra={"group": group, "topics": list(topics)})
        try:
            yield subscription
            subscription.leaves()
        finally:
            self._subscriptions.pop(group, None)
            await broker.stop()

    async def _load_publishers(self) -> Mapping[str, Publisher]:
        load = self.service.publishers
        assert load is not None

        async def once() -> Mapping[str, Publisher]:
            async with self.running.connection() as conn:
                return await load(conn)

        publishers: Mapping[str, Publisher] = await patiently(once, "the publishers cannot be read yet")
        return publishers

    async def _run_relay(self) -> None:
        while True:
            conn: Connection | None = None
            try:
                conn = await relay.connect(self.dsn, self.service.name)
                await self._relay_on(conn)
            except Exception as error:
                LOG.warning("relay starts again", extra={"error": f"{type(error).__name__}: {error}"})
                await self.relay.lost()
                self.pulse.beat("relay")
                await asyncio.sleep(0.5)
            finally:
                if conn is not None:
                    conn.terminate()

    async def _relay_on(self, conn: Connection) -> None:
        shared_at = 0.0
        while True:
            if (now := asyncio.get_running_loop().time()) - shared_at > SHARE_SECONDS:
                shared_at = now
                await self.relay.share(conn)
            self.relay.wake.clear()
            sent = await to_its_end(self.relay.round(conn))
            self.pulse.beat("relay")
            if not sent:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await self.relay.wake.wait()

    async def _watch(self) -> None:
        """Clocks are not among what ends the process: they wait while a batch has its budget. `/health/live` names them."""
        while True:
            await asyncio.sleep(min(WATCH_SECONDS, self.silent_seconds / 4))
            if self._given_up:
                raise self._given_up
            if why := too_old({loop: age for loop, age in self.ages().items() if loop != "clocks"}, self.silent_seconds):
                raise Silent(why)


async def _start(broker: bus.Broker, subscription: bus.Subscription) -> None:
    try:
        await broker.connect()
        await subscription.start()
    except BaseException:
        with suppress(Exception):
            await broker.stop()
        raise
