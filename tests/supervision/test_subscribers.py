"""Alerts on a subscriber's own topic: copied with the alert, once, in order; read by its login and by nobody else's."""

import asyncio
import json
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from services.supervision.subscribers import Subscriber, SubscriberAdded
from shared.contracts import ids
from shared.messaging.relay import Relay
from shared.running import Running
from shared.settings import settings
from tests.driving import outgoing
from tests.supervision import builders
from tests.supervision.builders import SITE
from tests.supervision.conftest import Jitt
from tests.supervision.console import Afternoon
from tests.supervision.feeding import a_site, raises

PATIENCE = 30


@pytest.fixture
async def day(running: Running) -> Afternoon:
    return await a_site(running)


async def subscribes(running: Running, name: str, *sites: str, **changes: Any) -> None:
    outcome = await running.submit(SubscriberAdded(name=name, sites=sites or (SITE,), **changes), id=name, source="test")
    assert outcome.kind == "applied"


async def rows(running: Running, topic: str) -> list[tuple[str, str, str]]:
    found = await running.pool.fetch("SELECT event_id, type, key FROM outbox WHERE topic = $1 ORDER BY id", topic)
    return [(str(row["event_id"]), row["type"], row["key"]) for row in found]


async def test_an_alert_is_copied_in_its_own_transaction_to_those_who_may_see_it(day: Afternoon) -> None:
    await day.mentor("omars", "Tom Okafor", supervisor="omar")
    await day.session("omars", builders.HOUR * 3)
    await subscribes(day.running, "east")
    await subscribes(day.running, "omar", supervisor_id=ids.supervisor(SITE, "omar"))
    await subscribes(day.running, "west", "westfield")
    await raises(day, "marcus", "omars")
    everything = await rows(day.running, "supervision.alerts")
    assert len(everything) >= 2
    assert await rows(day.running, "alerts.east") == everything, "the same ids, in the same order"
    assert {key for _, _, key in await rows(day.running, "alerts.omar")} == {str(ids.mentor(SITE, "omars"))}
    assert await rows(day.running, "alerts.west") == []


async def test_what_is_due_is_copied_too_and_who_was_removed_is_sent_nothing(day: Afternoon, jitt: Jitt) -> None:
    await subscribes(day.running, "east")
    assert (await jitt("subscriber", "list")).stdout == "east   alerts.east   eastfield\n"
    await jitt("subscriber", "remove", "east")
    await raises(day, "marcus")
    assert await rows(day.running, "alerts.east") == []
    assert await outgoing(day.running)


def test_a_subscriber_sees_its_sites_and_its_supervisors_mentors() -> None:
    dana = ids.supervisor(SITE, "dana")
    some = Subscriber("a", (SITE,), dana, "active", builders.START)
    assert [some.sees(SITE, str(dana)), some.sees(SITE, None), some.sees("westfield", str(dana))] == [True, False, False]


async def test_its_login_reads_its_own_topic_and_no_other(day: Afternoon, jitt: Jitt) -> None:
    name, neighbour = (f"east-{uuid4().hex[:8]}" for _ in range(2))
    added = await jitt("subscriber", "add", name, "--site", SITE, "--kafka")
    assert added.exit_code == 0, added.stderr
    other = await jitt("subscriber", "add", neighbour, "--site", SITE, "--kafka", "--json")
    assert other.exit_code == 0, other.stderr
    try:
        await raises(day, "marcus", "zoe")
        wanted = await published(day.running)
        own = dict(line.split("=", 1) for line in added.stdout.split("--------\n")[1].splitlines())
        got = await asyncio.to_thread(read, own, f"alerts.{name}", len(wanted))
        assert [dict(headers)["ce_id"].decode() for headers, _ in got] == wanted
        assert {json.loads(value)["site_id"] for _, value in got} == {SITE}
        for topic in (f"alerts.{neighbour}", "supervision.alerts"):
            assert await asyncio.to_thread(refused, own, topic), f"{topic} is not its own"
        assert await asyncio.to_thread(refused, own, f"alerts.{name}") == ""
    finally:
        for one in (name, neighbour):
            await jitt("subscriber", "remove", one)


async def published(running: Running) -> list[str]:
    """By the relay itself, until its outbox is empty; answers the ids of the alert events."""
    wanted = [id for id, _, _ in await rows(running, "supervision.alerts")]
    async with running.connection() as conn:
        await conn.execute("DELETE FROM outbox WHERE topic NOT LIKE 'alerts.%'")
        sender = Relay(running.service.name, settings().kafka)
        await sender.share(conn)
        async with asyncio.timeout(PATIENCE):
            while await running.pool.fetchval("SELECT count(*) FROM outbox"):
                await sender.round(conn)
        await sender.close()
    return wanted


def read(options: dict[str, str], topic: str, count: int) -> list[tuple[Any, bytes]]:
    consumer = Consumer(options | {"log_level": "0"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = []
    try:
        while len(found) < count:
            message = consumer.poll(PATIENCE)
            if message is None:
                raise AssertionError(f"{len(found)} of {count} came")
            if message.error():
                raise KafkaException(message.error())
            found.append((message.headers(), message.value()))
        with suppress(KafkaException):
            consumer.commit(asynchronous=False)
    finally:
        consumer.close()
    return found


def refused(options: dict[str, str], topic: str) -> str:
    """Kafka's reason why not; empty where it may be read."""
    consumer = Consumer(options | {"log_level": "0"})
    try:
        consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=PATIENCE)
    except KafkaException as error:
        return str(error.args[0].name())
    finally:
        consumer.close()
    return ""
