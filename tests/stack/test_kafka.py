import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from deploy.local import kafka, ports
from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from deploy.local.stack import Stack

TOPIC = "kept"


@pytest.fixture(autouse=True)
def quiet_client() -> Iterator[None]:
    """aiokafka prints a line per connection that a stopped broker closes."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)


async def make_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    await admin.close()


async def send(bootstrap: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(TOPIC, value)


async def read(bootstrap: str, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(
        TOPIC, bootstrap_servers=bootstrap, group_id="readers", auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        return [(await consumer.getone()).value for _ in range(count)]


async def test_records_survive_a_stop_and_a_crash_on_the_same_port(home: Path) -> None:
    said: list[str] = []
    server = Kafka.start(home)  # which may say that it gets its files: on a new machine this can be the first one
    await make_topic(server.bootstrap)
    for value, end in ((b"before the stop", Kafka.stop), (b"before the crash", Kafka.kill)):
        await send(server.bootstrap, value)
        end(server)
        server = Kafka.start(home, server.port, said.append)
    assert await read(server.bootstrap, 2) == [b"before the stop", b"before the crash"]
    assert said == []
    server.stop()


async def test_a_topic_that_nobody_made_does_not_come_into_being(embedded: Stack) -> None:
    async with AIOKafkaProducer(bootstrap_servers=embedded.kafka, request_timeout_ms=2_000) as producer:
        with pytest.raises(KafkaError):
            await producer.send_and_wait("misspelled", b"lost")


def test_a_broker_is_known_by_the_cluster_it_belongs_to(embedded: Stack, shared_home: Path) -> None:
    port = int(embedded.kafka.rpartition(":")[2])
    found = kafka.cluster(port)
    assert found and f"cluster.id={found}" in (shared_home / "kafka" / "data" / "meta.properties").read_text().splitlines()


def test_where_nothing_or_something_else_listens_there_is_no_broker(embedded: Stack) -> None:
    postgres = int(embedded.postgres.rpartition(":")[2].partition("/")[0])
    assert [kafka.cluster(free_port()), kafka.cluster(postgres)] == [None, None]


def test_ports_that_are_chosen_together_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    one = free_port()
    monkeypatch.setattr(ports, "SERVERS", [one])
    assert free_port(one) != one
