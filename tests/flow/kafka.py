"""What a publisher writes and what anybody may read: plain Kafka clients, none of our own code between."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.settings import settings
from tests.flow.running import awaited


@dataclass(frozen=True, slots=True)
class Record:
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """`id` and `at` are the CloudEvent's: a relay that was killed may publish a record twice, and readers drop the second."""

    topic: str
    partition: int
    offset: int
    id: str
    type: str
    data: dict[str, Any]
    at: datetime


def write(topic: str, *records: Record) -> None:
    """In this order, on one partition."""
    awaited(_write(topic, records))


def read(topic: str) -> list[Published]:
    """Everything that is on the topic now, from its beginning."""
    return awaited(everything(topic))


async def _write(topic: str, records: tuple[Record, ...]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings().kafka, acks="all", max_request_size=512 * 1024) as producer:
        for record in records:
            await producer.send_and_wait(topic, record.value, key=b"any", headers=list(record.headers), partition=0)


async def everything(*topics: str) -> list[Published]:
    """All that is on the topics now, as a reader of committed records sees it."""
    found: list[Published] = []
    options = {"auto_offset_reset": "earliest", "isolation_level": "read_committed", "fetch_max_wait_ms": 10}
    async with AIOKafkaConsumer(*topics, bootstrap_servers=settings().kafka, **options) as consumer, asyncio.timeout(60):
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += [_published(record) for record in records if record.value]
    return found


def _published(record: Any) -> Published:
    headers = {name: value.decode() for name, value in record.headers}
    data = json.loads(record.value)
    return Published(record.topic, record.partition, record.offset, headers["ce_id"], headers["ce_type"], data,
                     datetime.fromisoformat(headers["ce_time"]))  # fmt: skip
