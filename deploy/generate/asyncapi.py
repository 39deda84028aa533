"""docs/asyncapi.json: FastStream describes each service's topics and payloads; here they become one document.

FastStream knows neither headers nor keys nor what is read behind our raw parser: those are added, from the same code.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from faststream.specification.asyncapi.factory import AsyncAPI

from deploy.generate import contracts
from shared import bus
from shared.contracts.event import Event
from shared.contracts.topics import Topic
from shared.service import Service

Node = dict[str, Any]
SCHEMA_REF = re.compile(r'"#/components/schemas/([^"]+)"')
HEADERS = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {"type": "string", "description": "unique with ce_source; the same id is applied once"},
    "ce_source": {"type": "string"},
    "ce_time": {"type": "string", "format": "date-time"},
    "ce_subject": {"type": "string"},
    "traceparent": {"type": "string", "description": "W3C trace context"},
    "content-type": {"const": "application/json"},
}
REQUIRED = ["ce_specversion", "ce_id", "ce_source", "ce_type"]
DESCRIBED = {"retention.ms", "delete.retention.ms", "max.message.bytes"}  # the settings that a Kafka binding can hold


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who sends: a service, or the publishers together."""

    name: str
    events: tuple[type[Event], ...]

    def spec(self) -> Node:
        """As FastStream tells it."""
        broker = bus.broker("localhost:9092", self.events, self.name)
        made: Node = AsyncAPI(broker, title=self.name, version="1").to_specification().to_jsonable()
        return made


def document() -> Node:
    sent = [Speaker(one.name, one.publishes) for one in contracts.services()]
    publishers = Speaker("publishers", tuple(contracts.on_topic(contracts.PUBLISHER)))
    unsent = Speaker("unsent", tuple(event for event in contracts.published().values() if not contracts.senders(event)))
    schemas = {name: one for speaker in (*sent, publishers, unsent) for name, one in _schemas(speaker).items()}
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": "localhost:9092", "protocol": "kafka", "description": "as JITT_KAFKA says"}},
        "channels": {topic.name: _channel(topic) for topic in contracts.topics()},
        "operations": _sends((*sent, publishers)) | _receives(contracts.services()),
        "components": {
            "messages": {name: _message(event) for name, event in contracts.published().items()},
            "schemas": dict(sorted(schemas.items())),  # FastStream keeps publishers in a set
        },
    }


def _info() -> Node:
    words = "Events of a mentoring network, as CloudEvents 1.0 in Kafka's binary mode: attributes are headers, the value is " \
            "the event's JSON. No personal data: ids are opaque. A field with a default may be added to a version; readers " \
            "ignore fields that they do not know."
    return {"title": "jitt", "version": "1", "description": words}


def _schemas(speaker: Speaker) -> Node:
    """FastStream's schemas under names that are unique in the whole document."""
    types = {event.__name__: event.TYPE for event in speaker.events}

    def unique(name: str) -> str:
        return types.get(name, f"{speaker.name}.{name}")

    found = speaker.spec()["components"]["schemas"]
    parts = {unique(name): one for name, one in found.items() if ":" not in name}  # with a colon: a whole channel's union
    text = SCHEMA_REF.sub(lambda ref: f'"#/components/schemas/{unique(ref[1])}"', json.dumps(parts))
    renamed: Node = json.loads(text)
    return renamed


def _channel(topic: Topic) -> Node:
    events = contracts.on_topic(topic.name)
    made: Node = {
        "address": topic.name,
        "description": _policy(topic),
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {event.TYPE: {"$ref": f"#/components/messages/{event.TYPE}"} for event in events},
        "bindings": {"kafka": _topic_binding(topic)},
    }
    if topic.name == contracts.PUBLISHER:
        made["parameters"] = {"publisher": {"description": "a publisher's name; it alone may write to its topic"}}
    return made


def _policy(topic: Topic) -> str:
    return "Compacted: the newest of each key stays." if topic.compacted else "Kept for 14 days, in order per key."


def _topic_binding(topic: Topic) -> Node:
    settings: Node = {"cleanup.policy": [topic.settings["cleanup.policy"]]}
    settings |= {name: int(value) for name, value in topic.settings.items() if name in DESCRIBED}
    return {"partitions": topic.partitions, "topicConfiguration": settings, "bindingVersion": "0.4.0"}


def _message(event: type[Event]) -> Node:
    made: Node = {
        "name": event.TYPE,
        "title": event.__name__,
        "contentType": "application/json",
        "headers": {"type": "object", "required": REQUIRED, "properties": HEADERS | {"ce_type": {"const": event.TYPE}}},
        "payload": {"$ref": f"#/components/schemas/{event.TYPE}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": contracts.key_of(event)}, "bindingVersion": "0.4.0"}},
        "examples": [{"name": file.stem, "payload": json.loads(file.read_bytes())} for file in contracts.examples(event)],
    }
    return made | ({"summary": " ".join(event.__doc__.split())} if event.__doc__ else {})


def _sends(speakers: Iterable[Speaker]) -> Node:
    return {
        f"{speaker.name}.send.{topic.name}": _operation("send", speaker.name, topic.name, events)
        for speaker in speakers
        for topic in contracts.topics()
        if (events := [event for event in contracts.on_topic(topic.name) if event in speaker.events])
    }


def _receives(services: Iterable[Service]) -> Node:
    return {
        f"{service.name}.receive.{topic}": _operation("receive", service.name, topic, contracts.wanted(service, topic))
        | {"bindings": {"kafka": {"groupId": {"const": contracts.group(service, topic)}, "bindingVersion": "0.4.0"}}}
        for service in services
        for topic in contracts.read_topics(service)
    }


def _operation(action: str, who: str, topic: str, events: Iterable[type[Event]]) -> Node:
    channel = f"#/channels/{topic}"
    messages = [{"$ref": f"{channel}/messages/{event.TYPE}"} for event in events]
    return {"action": action, "channel": {"$ref": channel}, "messages": messages, "tags": [{"name": who}]}
