"""Bringing a service to life: its pages, its worker, or both in one process.

Kafka or Postgres being away stops nothing for good: pages say so, the worker waits. What cannot be mended ends the process
with an error, so that whoever watches it starts it again.
"""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import uvicorn
import uvloop
from asyncpg import Connection, Pool

from shared import access, bus, db, http_health, kafka_rights, retention
from shared.health import SILENT_SECONDS, Pulse, too_old
from shared.messaging import relay
from shared.messaging.batch import TooManyFailures
from shared.messaging.handler import Handler
from shared.messaging.ingest import OwnTopics, PublishersTopics, inbound_topics
from shared.messaging.relay import Relay
from shared.messaging.worker import Worker
from shared.running import Running
from shared.service import Publisher, Service
from shared.settings import settings

if TYPE_CHECKING:
    from fastapi import FastAPI

LOG = logging.getLogger("jitt.process")
Role = Literal["web", "worker", "all"]
T = TypeVar("T")
LOOPBACK = "127.0.0.1"
WATCH_SECONDS = 5.0
BEAT_SECONDS = 1.0
STOP_SECONDS = 6.0
PUBLISHERS_SECONDS = 2
SHARE_SECONDS = 3
ROUND_SECONDS = 3  # how long a stop waits for the relay's round


class Silent(Exception):
    """Kafka was not polled, or the relay did not come round, for a minute: stuck in a way that only a new process mends."""


def start(service: Service, role: Role, port: int, *, host: str = LOOPBACK) -> None:
    """Runs to its end. A page costs a tenth less CPU on uvloop; a batch of a worker costs the same on either loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if role == "web" else None) as runner:
        runner.run(run(service, role, port, host=host))


async def run(service: Service, role: Role, port: int, silent_seconds: float | None = None, *, host: str = LOOPBACK) -> None:
    """Until it is told to stop. Raises when the process should be started anew, after `silent_seconds` without a sign of life."""
    web = await access.open_pool(service.name) if role in ("web", "all") else None
    pool = await db.open_pool(db.service_dsn(service.name), f"jitt {service.name} web", least=0)
    running = Running(service, pool, settings(), web)
    work = WorkerProcess(running, silent_seconds) if role in ("worker", "all") else None
    app = application_of(running, work) if role in ("web", "all") else http_health.application(running, work)
    server = _Server(uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False,
                                           timeout_graceful_shutdown=5, server_header=False))
    spare_what_stays()
    try:
        await _until_one_ends(server.serve(), *((_worked(pool, work),) if work else ()))
    finally:
        if work:
            await work.close()
        await asyncio.gather(*(db.close_pool(one) for one in (pool, web) if one))


async def _worked(pool: Pool, work: "WorkerProcess") -> None:
    """Once Postgres answers. Pages are served before: some of them need no database, and the others say that it is away."""
    await _patiently(lambda: _reached(pool), "Postgres does not answer yet")
    await _until_one_ends(*work.tasks())


async def _reached(pool: Pool) -> None:
    async with pool.acquire(timeout=5):
        pass


def spare_what_stays() -> None:
    """The collector no longer walks through what a process has loaded and keeps: a fifth of the cost of a batch or a page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


class _Server(uvicorn.Server):
    """uvicorn raises a signal again when it has stopped, which would end us before the consumer has left its group."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def application_of(running: Running, work: "WorkerProcess | None" = None) -> "FastAPI":
    """The service's web application; also what tests open."""
    from fastapi import FastAPI  # with all that belongs to pages, half the time that a worker would need to start again

    from shared import http, http_dead

    pages = running.pages
    own, dead = running.service.routes(pages), http_dead.routes(running, work.subscriptions if work else tuple)
    title, life = f"jitt {running.service.name}", own.lifespan_context
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.state.running = pages  # the one that its routes use
    app.router.routes.extend([*http.joined(own, dead).routes, *http_health.routes(running, work)])
    http.install(app)
    return app


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
        await _patiently(self._find_topics, f"{self.service.name}: its topics cannot be read yet")
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
        await _patiently(lambda: own.note_end(topic), f"{topic}: Kafka does not say where it ends")
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
        existing: set[str] = await _patiently(lambda: bus.list_topics(self.running.settings.kafka), "Kafka does not answer yet")
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
                                        session_seconds=chosen.kafka_session_seconds)
        await _patiently(lambda: _start(broker, subscription), f"{group}: Kafka does not answer yet")
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

        publishers: Mapping[str, Publisher] = await _patiently(once, "the publishers cannot be read yet")
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
            sent = await _to_its_end(self.relay.round(conn))
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


async def _patiently(work: Callable[[], Awaitable[Any]], words: str) -> Any:
    """Until it succeeds, two seconds apart; says so once a minute."""
    attempt = 0
    while True:
        try:
            return await work()
        except Exception as error:
            if attempt % 30 == 0:
                LOG.warning(words, extra={"error": f"{type(error).__name__}: {error}"})
            attempt += 1
            await asyncio.sleep(2)


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Also when told to stop meanwhile: rows that Kafka has acknowledged are deleted, or they would be sent again."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=ROUND_SECONDS)
        raise


async def _until_one_ends(*loops: Coroutine[Any, Any, None]) -> None:
    """The web server ending is a stop that was asked for; any other loop ending is an error that ends them all."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STOP_SECONDS)  # saying goodbye to a Kafka that is frozen takes 40 s otherwise
