"""What each login at Kafka may do, and nothing else: a publisher's, a subscriber's, and a service's, from what it says of itself.

Reading and writing allow to describe, as Kafka has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shared.contracts.topics import TOPICS, inbound, outbound
from shared.service import Service

Resource = Literal["topic", "group", "transactional-id"]
May = Literal["read", "write"]
INBOUND, OUTBOUND = inbound(""), outbound("")  # how the names of publishers' and of subscribers' topics begin


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """`prefixed`: for everything whose name begins so."""

    resource: Resource
    name: str
    may: May
    prefixed: bool = False


def of_publisher(name: str) -> list[Right]:
    return [Right("topic", inbound(name).name, "write")]


def of_subscriber(name: str) -> list[Right]:
    own = outbound(name).name
    return [Right("topic", own, "read"), Right("group", own, "read")]


def of_service(service: Service) -> list[Right]:
    return [*_reading(service), *_writing(service)]


def group(service: Service, *, publishers: bool = False) -> str:
    """The consumer group that reads its topics, or those of publishers."""
    return f"{service.name}.ingest" if publishers else service.name


def transactional_id(service: str, shard: int | str) -> str:
    """Of the relay's producer for compacted topics."""
    return f"{service}.relay.{shard}"


def _reading(service: Service) -> Iterator[Right]:
    yield Right("group", group(service), "read")
    for topic in sorted(service.reads):
        yield Right("topic", topic, "read")
    if service.publishers:
        yield Right("group", group(service, publishers=True), "read")
        yield Right("topic", INBOUND.name, "read", prefixed=True)


def _writing(service: Service) -> Iterator[Right]:
    published = {event.TOPIC for event in service.publishes}
    for topic in sorted(published):
        yield Right("topic", topic, "write")
    if OUTBOUND.owner == service.name:
        yield Right("topic", OUTBOUND.name, "write", prefixed=True)
    if any(topic.compacted for topic in TOPICS if topic.name in published):
        yield Right("transactional-id", transactional_id(service.name, ""), "write", prefixed=True)
