"""Who may say what on which topic: the principal of a record is the topic it came on, never a header."""

from collections.abc import Mapping

from shared.contracts.event import Event
from shared.contracts.topics import TOPICS
from shared.messaging.message import Decoded, Record, Unreadable, Unwanted, decode
from shared.service import Publisher, Service

INBOUND = "in."
OWNERS = {topic.name: topic.owner for topic in TOPICS}
COMPACTED = frozenset(topic.name for topic in TOPICS if topic.compacted)


def inbound_topics(publishers: Mapping[str, Publisher]) -> tuple[str, ...]:
    """The topics to read: of publishers that speak Kafka and are not paused (a paused one's records wait)."""
    return tuple(sorted(INBOUND + p.name for p in publishers.values() if p.kafka and not p.paused))


class OwnTopics:
    """Decodes records of our own services' topics."""

    def __init__(self, service: Service) -> None:
        self._wanted = {event.TYPE: event for event in service.events.values() if event.TOPIC != "in"}

    def __call__(self, record: Record) -> Decoded:
        if record.value is None and record.topic in COMPACTED:
            return Unwanted("tombstone")  # for compaction: whoever copied the key was told by an event
        return decode(record, OWNERS.get(record.topic, record.topic), self._wanted)


class PublishersTopics:
    """Decodes records of the publishers' topics; each may speak for its own sites only."""

    def __init__(self, service: Service, publishers: Mapping[str, Publisher]) -> None:
        self._wanted = {event.TYPE: event for event in service.events.values() if event.TOPIC == "in"}
        self._known = frozenset(self._wanted)
        self.publishers = publishers

    def __call__(self, record: Record) -> Decoded:
        name = record.topic.removeprefix(INBOUND)
        publisher = self.publishers.get(name)
        if publisher is None:
            return Unreadable("unknown_publisher", f"nobody is registered as “{name}”", name, record)
        return decode(record, name, self._wanted, lambda event: may_announce(publisher, event), self._known)


def may_announce(publisher: Publisher, event: Event) -> str | None:
    """None, or the reason why this publisher may not send this event."""
    return None if getattr(event, "site_id", None) in publisher.sites else "not_your_site"
