"""What shared.bus knows of topics themselves: which there are, and making those of the manifest."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from time import monotonic

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError, TopicAlreadyExistsError, for_code

from shared import kafka_client
from shared.contracts.topics import Topic, copied

BROKER_SECONDS = 15  # how long to wait for a broker that answers, and does not count itself in yet


class Failed(Exception):
    """Kafka could not be asked, or said no: why, and where there is something to do, what."""


async def list_topics(bootstrap: str) -> set[str]:
    """The names of the topics that the broker has. Raises Failed."""
    async with _admin(bootstrap) as admin:
        return set(await admin.list_topics())


async def apply_topics(bootstrap: str, topics: Iterable[Topic]) -> dict[str, str]:
    """Makes the broker match the manifest; answers what was done per topic. Raises Failed with the topic's name."""
    async with _admin(bootstrap) as admin:
        existing = set(await admin.list_topics())
        done = {topic.name: "exists" for topic in topics if topic.name in existing}
        new = [topic for topic in topics if topic.name not in existing]
        brokers = len((await admin.describe_cluster())["brokers"])
        copies, settings = copied(brokers)
        answer = await admin.create_topics([
            NewTopic(topic.name, topic.partitions_on(brokers), copies, topic_configs=topic.settings | settings)
            for topic in new
        ]) if new else None
        for name, code, *rest in answer.topic_errors if answer else ():
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise Failed(f"topic {name}: {error.__name__} {rest[0] if rest else ''}")
            done[name] = "made" if not code else "exists"
        return done


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    try:
        admin = await _with_brokers(bootstrap)
        try:
            yield admin
        finally:
            await admin.close()
    except KafkaError as error:
        raise Failed(str(error)) from error


async def _with_brokers(bootstrap: str) -> AIOKafkaAdminClient:
    deadline = monotonic() + BROKER_SECONDS
    while not await _counts_brokers(admin := await _started(bootstrap)):
        await admin.close()  # it would not ask for brokers again
        if monotonic() > deadline:
            raise Failed("Kafka answers, and says that it has no broker")
        await asyncio.sleep(0.2)
    return admin


async def _started(bootstrap: str) -> AIOKafkaAdminClient:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **kafka_client.options())
    try:
        await admin.start()
    except KafkaConnectionError as error:
        raise Failed(await asyncio.to_thread(kafka_client.refused, bootstrap)) from error
    return admin


async def _counts_brokers(admin: AIOKafkaAdminClient) -> bool:
    """One that has just started, or was frozen for longer than its session, says for a moment that there is none."""
    try:
        return bool((await admin.describe_cluster())["brokers"])
    except NodeNotReadyError:
        return False
