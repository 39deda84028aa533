"""The Kafka side of the bench: loading a publisher's topic, and counting what came out."""

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from shared import bus
from shared.contracts.topics import KEPT, TOPICS, Topic
from tests.bench.world import PARTITIONS, Announced

OUT = "trigger.events"
OUT_PARTITIONS = next(topic.small for topic in TOPICS if topic.name == OUT)
Ends = dict[TopicPartition, int]


async def make(bootstrap: str, publisher: str) -> str:
    topic = f"in.{publisher}"
    await bus.apply_topics(bootstrap, [Topic(topic, "trigger", PARTITIONS, PARTITIONS, KEPT)])
    return topic


async def load(bootstrap: str, topic: str, announced: Sequence[Announced]) -> None:
    """All of them are in the topic when this returns, spread evenly."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5, max_batch_size=256 * 1024)
    await producer.start()
    try:
        for n, one in enumerate(announced):
            key = one.event.session_ref.encode()
            await producer.send(topic, one.body, key=key, partition=n % PARTITIONS, headers=list(one.headers))
        await producer.flush()
    finally:
        await producer.stop()


async def forget(bootstrap: str) -> None:
    """What is on trigger's own topic is gone, so that nobody reads what earlier cases left there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(OUT, n): RecordsToDelete(before_offset=-1) for n in range(OUT_PARTITIONS)})
    finally:
        await admin.close()


async def ends(bootstrap: str) -> Ends:
    """Where trigger's own topic ends now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        return dict(await consumer.end_offsets([TopicPartition(OUT, n) for n in range(OUT_PARTITIONS)]))
    finally:
        await consumer.stop()


async def count(bootstrap: str, since: Ends) -> tuple[int, int]:
    """(records, distinct event ids) that were published after `since`."""
    until = await ends(bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        consumer.assign(list(since))
        for partition, offset in since.items():
            consumer.seek(partition, offset)
        seen: list[bytes] = []
        while [p for p in since if await consumer.position(p) < until[p]]:
            for records in (await consumer.getmany(timeout_ms=200, max_records=5_000)).values():
                seen += [dict(record.headers)["ce_id"] for record in records]
        return len(seen), len(set(seen))
    finally:
        await consumer.stop()
