"""Health that tells the truth: what stands still is named, what only a restart mends ends, and a stop doubles nothing."""

import asyncio
import os
import re
import signal
import sys
from contextlib import asynccontextmanager, suppress
from time import monotonic
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx2
import psutil
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from typer.testing import CliRunner

from deploy import cli
from deploy.local.ports import free_port
from services.trigger.app import SERVICE as TRIGGER
from shared import bus
from shared.contracts.supervision import MentorEnrolled
from shared.contracts.topics import KEPT, TOPICS, Topic
from shared.health import too_old
from shared.http_health import application
from shared.working import Silent, WorkerProcess
from tests.conftest import at_database
from tests.driving import deliver, fall_due
from tests.messaging.tally_service import SERVICE, Added
from tests.messaging.test_bus import body, dsn_of, headers, until

SILENT = 3.0
START = 120  # seconds, for a process on a machine that is busy


@pytest.fixture
async def topic(stack):
    name = f"health-{uuid4().hex[:8]}"
    await bus.apply_topics(stack.kafka, [Topic(name, "tally", 1, 1, KEPT)])
    return name


@asynccontextmanager
async def worker(running, stack, topic, silent=SILENT):
    """A real worker process, reading."""
    port = free_port()
    async with started(running, stack, "tests.messaging.health_worker", port, silent, topic) as process:
        await until(lambda: consumes(port), START)
        yield process, port


@asynccontextmanager
async def started(running, stack, module, *words):
    """A process on this database; killed at the end where it did not end by itself."""
    env = {**os.environ, f"JITT_{running.service.name.upper()}_POSTGRES": await dsn_of(running), "JITT_KAFKA": stack.kafka}
    command = (sys.executable, "-m", module, *map(str, words))
    process = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def asked(port, path, host="127.0.0.1"):
    async with httpx2.AsyncClient(base_url=f"http://{host}:{port}", timeout=2) as client:
        return await client.get(path)


async def consumes(port):
    with suppress(httpx2.HTTPError):
        return b'"consuming":true' in (await asked(port, "/health/ready")).content
    return False


@asynccontextmanager
async def page(running, work=None):
    transport = httpx2.ASGITransport(app=application(running, work))
    async with httpx2.AsyncClient(transport=transport, base_url="http://health") as client:
        yield client


async def test_a_worker_whose_relay_hangs_is_not_alive_and_ends(database):
    work = WorkerProcess(await database(SERVICE), silent_seconds=1.5)
    for loop in work.tasks():
        loop.close()
    async with page(work.running, work) as client:
        for loop in ("relay", "clocks"):
            work.pulse.beat(loop)
        assert (await client.get("/health/live")).status_code == 200
        watching = asyncio.create_task(work._watch())
        with pytest.raises(Silent, match="relay"):
            await asyncio.wait_for(watching, 10)
        answer = await client.get("/health/live")
    assert answer.status_code == 503
    assert "relay" in answer.json()["why"]
    assert "clocks" in answer.json()["why"]


async def test_clocks_that_wait_for_room_in_the_outbox_are_alive(database):
    """A restart would not empty it. The relay, which has no round here, is what is named."""
    work = WorkerProcess(await database(SERVICE), silent_seconds=SILENT)
    for loop in work.tasks():
        loop.close()
    work.relay.caught_up.clear()
    clocks = asyncio.create_task(work.worker.run_clocks())
    try:
        async with page(work.running, work) as client:
            await until(lambda: _says(client, "relay"))
            assert "clocks" not in (await client.get("/health/live")).json()["why"]
    finally:
        clocks.cancel()


async def _says(client, loop):
    return loop in (await client.get("/health/live")).json()["why"]


def test_only_what_stands_still_is_named():
    assert too_old({"kafka": 1, "relay": 59.9, "clocks": 60.0}) == ""
    assert too_old({"kafka": 75.2, "relay": 1}) == "kafka: last came round 75 s ago"


async def test_a_process_without_loops_is_alive(database):
    async with page(await database(SERVICE)) as client:
        assert (await client.get("/health/live")).json()["alive"] is True


async def test_a_service_whose_tables_are_older_than_its_code_is_not_ready(database, stack):
    running = await database(SERVICE)
    async with page(running) as client:
        assert (await client.get("/health/ready")).json() == {"ready": True, "consuming": False}
        await _as_owner(running, stack, "DELETE FROM tally.migration WHERE name = '0001_letters.sql'")
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert "0001_letters.sql" in answer.json()["why"]
    assert "jitt migrate" in answer.json()["why"]


async def test_a_worker_is_not_ready_until_it_has_applied_the_facts_that_there_were(database, stack):
    running, port = await database(TRIGGER), free_port()
    await bus.apply_topics(stack.kafka, TOPICS)
    mentors = [uuid4() for _ in range(300)]
    await _enroll(stack, mentors)
    async with started(running, stack, "deploy.cli", "run", "trigger", "--role", "worker", "--port", port):
        async with _locked(running, stack, "trigger.mentor"):
            await until(lambda: _not_ready(port, "supervision.roster: not applied yet"), START)
        await until(lambda: consumes(port), START)
        assert await running.pool.fetchval("SELECT count(*) FROM mentor WHERE id = ANY($1)", mentors) == len(mentors)


class Read:
    """What a consumer knows of each place: how far it has read, and that it has asked for all of them."""

    def __init__(self, **positions):
        self.places = {TopicPartition(topic, 0): position for topic, position in positions.items()}

    def assignment(self):
        return self.places.keys()

    def last_poll_timestamp(self, place):
        return 1_000

    async def position(self, place):
        return self.places[place]


async def test_what_a_first_poll_brings_nothing_of_is_read_while_its_batch_is_at_work():
    """A worker that is started again need not be through thousands of other events before it is ready."""
    subscription = bus.Subscription(bus.broker("127.0.0.1:9", [], "test"), "test", ["read", "polled", "behind"], None, None)
    subscription.subscriber.consumer = Read(read=5, polled=7, behind=2)
    subscription._ends = {TopicPartition(topic, 0): end for topic, end in {"read": 5, "polled": 7, "behind": 3}.items()}
    await subscription._note_applied({TopicPartition("polled", 0)})
    assert subscription.unread() == ["behind", "polled"]
    await subscription._note_applied(())
    assert subscription.unread() == ["behind"]


async def test_a_web_process_waits_for_no_facts(database, stack):
    running, port = await database(TRIGGER), free_port()
    async with (started(running, stack, "deploy.cli", "run", "trigger", "--role", "web", "--port", port),
                _locked(running, stack, "trigger.mentor")):  # fmt: skip
        await until(lambda: _answers(port, "/health/ready"), START)
        assert (await asked(port, "/health/ready")).json() == {"ready": True, "consuming": False}


async def test_a_topic_that_does_not_exist_is_named(database, stack):
    running, port = await database(SERVICE), free_port()
    async with started(running, stack, "tests.messaging.health_worker", port, SILENT, "nobody-made-it"):
        await until(lambda: _not_ready(port, "no such topic: nobody-made-it; make it with `jitt topics apply`"), START)


async def _not_ready(port, words):
    with suppress(httpx2.HTTPError):
        answer = await asked(port, "/health/ready")
        return answer.status_code == 503 and words in answer.json()["why"]


async def test_a_process_listens_on_the_address_that_it_is_given_and_on_no_other(database, stack):
    running, port = await database(TRIGGER), free_port()
    async with started(running, stack, "deploy.cli", "run", "trigger", "--role", "web", "--port", port, "--host", "127.0.0.2"):
        await until(lambda: _answers(port, "/health/live", "127.0.0.2"), START)
        with pytest.raises(httpx2.ConnectError):
            await asked(port, "/health/live", "127.0.0.1")


@pytest.mark.parametrize("host", ["", "localhost", "0.0.0.0:8101", "::1/64"])
def test_an_address_that_is_none_is_refused_before_anything_starts(host):
    told = CliRunner().invoke(cli.app, ["run", "trigger", "--host", host])
    assert (told.exit_code, told.stderr.startswith("--host is an IP address of this machine")) == (2, True)


async def _answers(port, path, host="127.0.0.1"):
    with suppress(httpx2.HTTPError):
        return await asked(port, path, host)


async def _enroll(stack, mentors):
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka, transactional_id="enrolls") as producer, producer.transaction():
        for id in mentors:
            event = MentorEnrolled(mentor_id=id, site_id="east", supervisor_id=None, time_zone="America/Chicago", revision=1)
            await producer.send(event.TOPIC, event.model_dump_json().encode(), event.key().encode(),
                                headers=headers(event.TYPE))  # fmt: skip


@asynccontextmanager
async def _locked(running, stack, table):
    """Nobody reads or writes it meanwhile."""
    name = await running.pool.fetchval("SELECT current_database()")
    conn = await asyncpg.connect(at_database(stack.postgres, name))
    try:
        async with conn.transaction():
            await conn.execute(f"LOCK TABLE {table}")
            yield
    finally:
        await conn.close()


async def test_a_worker_that_cannot_poll_ends_with_an_error(database, stack, topic):
    running = await database(SERVICE)
    async with worker(running, stack, topic) as (process, _):
        kafka = _listener(stack.kafka)
        kafka.send_signal(signal.SIGSTOP)
        try:
            _, said = await asyncio.wait_for(process.communicate(), 60)
        finally:
            kafka.send_signal(signal.SIGCONT)
    assert process.returncode not in (0, None)
    assert b"last came round" in said
    # A broker that was frozen for longer than its session says for a moment that there is none.
    assert await bus.apply_topics(stack.kafka, [Topic(topic, "tally", 1, 1, KEPT)]) == {topic: "exists"}


async def test_a_worker_told_to_stop_leaves_in_time_and_applies_nothing_twice(database, stack, topic):
    running = await database(SERVICE)
    sending = asyncio.create_task(_send(stack, topic, 2_000))
    async with worker(running, stack, topic, silent=60) as (process, _):
        await until(lambda: _applied(running, 1))
        told = monotonic()
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 30)
        assert monotonic() - told < 10
        assert process.returncode == 0
    await sending
    async with worker(running, stack, topic, silent=60) as (_, port):
        await until(lambda: _applied(running, 2_000), 60)
        metrics = (await asked(port, "/metrics")).text
    assert await running.pool.fetchval("SELECT total FROM tally WHERE id = 'a'") == 2_000
    assert 'outcome="duplicate"' not in metrics


async def _send(stack, topic, count):
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka)
    await producer.start()
    try:
        for n in range(count):
            await producer.send(topic, body(number=1), key=b"a", headers=headers(id_=f"n{n}"))
            if n % 100 == 0:
                await producer.flush()
    finally:
        await producer.stop()


async def _applied(running, least):
    return await running.pool.fetchval("SELECT count(*) FROM inbox") >= least


async def _as_owner(running, stack, statement):
    name = await running.pool.fetchval("SELECT current_database()")
    conn = await asyncpg.connect(at_database(stack.postgres, name))
    await conn.execute(statement)
    await conn.close()


def _listener(address):
    """The process that listens there: Kafka, as this run's own stack started it."""
    port = urlsplit(f"//{address}").port
    found = {one.pid for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.laddr.port == port}
    assert len(found) == 1, found
    return psutil.Process(found.pop())


async def test_metrics_say_what_waits_and_for_how_long(database):
    running = await database(SERVICE)
    await deliver(running, Added(tally="a", number=1), Added(tally="b", number=666))
    await deliver(running, Added(tally="b", number=2))
    async with page(running) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    assert 'jitt_dead_letters_open{reason="failed",service="tally"} 1.0' in lines
    assert 'jitt_dead_letters_open{reason="behind_a_failed_one",service="tally"} 1.0' in lines
    assert 'jitt_parked_keys{service="tally"} 2.0' in lines
    assert 'jitt_outbox_rows{service="tally"} 1.0' in lines


async def test_metrics_say_what_is_due_while_no_worker_runs(database):
    running = await database(SERVICE)
    await deliver(running, Added(tally="a", number=1, ring_in_ms=-90_000), Added(tally="b", number=1, ring_in_ms=-10))
    await deliver(running, Added(tally="c", number=1, ring_in_ms=60_000), Added(tally="start", number=5000))
    overdue = await _overdue(running)
    assert (overdue["rows", "tally"], overdue["rows", "sweep"]) == (2, 1)
    assert 90 <= overdue["oldest_seconds", "tally"] < 150
    await fall_due(running, "tally")
    overdue = await _overdue(running)
    assert (overdue["rows", "tally"], overdue["oldest_seconds", "tally"]) == (0, 0)


async def _overdue(running):
    """(what, table) -> value."""
    async with page(running) as client:
        text = (await client.get("/metrics")).text
    told = re.findall(r'jitt_(rows)_overdue(?:_(oldest_seconds))?{service="tally",table="(\w+)"} (\S+)', text)
    return {(oldest or rows, table): float(value) for rows, oldest, table, value in told}


async def test_a_worker_that_looks_for_room_hears_the_order_to_stop(database):
    running = await database(SERVICE)
    process = WorkerProcess(running)

    async def looking():
        while True:
            await process.worker.wait_for_room()
            await asyncio.sleep(0)

    for turns in range(20):  # also in the very turn in which there is room
        task = asyncio.create_task(looking())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task}, timeout=1)
        assert task.cancelled()
    await process.close()
