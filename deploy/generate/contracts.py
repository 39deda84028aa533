"""Every event type that crosses a topic, with who sends it, who reads it and what an example of it looks like."""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from deploy import topology
from shared import contracts, kafka_rights
from shared.contracts.event import Event
from shared.contracts.topics import TOPICS, Topic, inbound
from shared.service import Service

FOLDER = Path(contracts.__file__).parent
SCHEMAS, EXAMPLES = FOLDER / "schemas", FOLDER / "examples"
IN = "in"  # TOPIC of what publishers send: each has a topic of its own, in.<publisher>
PUBLISHER = "in.{publisher}"


@lru_cache(maxsize=1)
def published() -> dict[str, type[Event]]:
    """type -> class, of every event with a topic in shared/contracts, by name."""
    for module in iter_modules([str(FOLDER)]):
        import_module(f"{contracts.__name__}.{module.name}")
    found = {event.TYPE: event for event in _below(Event) if _crosses_a_topic(event)}
    return dict(sorted(found.items()))


def services() -> list[Service]:
    return [topology.service(name) for name in topology.NAMES]


def topics() -> list[Topic]:
    """The manifest, and one row that stands for every publisher's own topic."""
    return [*TOPICS, inbound("{publisher}")]


def topic_of(event: type[Event]) -> str:
    return PUBLISHER if event.TOPIC == IN else event.TOPIC


def on_topic(topic: str) -> list[type[Event]]:
    return [event for event in published().values() if topic_of(event) == topic]


def senders(event: type[Event]) -> list[str]:
    """Names of services, or `publishers`; empty when nobody sends it."""
    if event.TOPIC == IN:
        return ["publishers"]
    return [service.name for service in services() if event in service.publishes]


def wanted(service: Service, topic: str) -> list[type[Event]]:
    """What the service's handlers take from this topic."""
    return [event for event in on_topic(topic) if event.TYPE in service.events]


def read_topics(service: Service) -> list[str]:
    return [*service.reads, *([PUBLISHER] if service.publishers else [])]


def group(service: Service, topic: str) -> str:
    """The consumer group that reads this topic."""
    return kafka_rights.group(service, publishers=topic == PUBLISHER)


def examples(event: type[Event]) -> list[Path]:
    return sorted((EXAMPLES / event.TYPE).glob("*.json"))


def key_of(event: type[Event]) -> str:
    """The field that is the Kafka key; where it is made of several, an example of it."""
    if event.key is Event.key:
        return event.KEY
    found = examples(event)
    return f"such as {event.model_validate_json(found[0].read_bytes()).key()}" if found else "made of several fields"


def _below(event: type[Event]) -> list[type[Event]]:
    return [one for child in event.__subclasses__() for one in (child, *_below(child))]


def _crosses_a_topic(event: type[Event]) -> bool:
    return event.__module__.startswith(f"{contracts.__name__}.") and bool(event.TOPIC) and hasattr(event, "TYPE")
