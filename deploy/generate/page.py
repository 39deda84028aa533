"""docs/topology.md: who runs, who says what on which topic, and who listens."""

from collections.abc import Iterable, Iterator

from deploy import topology
from deploy.generate import contracts
from shared.contracts.event import Event
from shared.contracts.topics import Topic
from shared.service import Service

HEAD = """# Topology

Written from the code by `make freeze`; `make check` says when it is old. Do not edit it by hand.

Site systems speak to `trigger` through a topic of their own or over HTTPS. Services never call each other, but for one
internal question of supervision to assessment (`openapi/assessment.json`); they meet on the topics below. A service reads and
writes its own PostgreSQL schema only.
"""
MINUTE, DAY = 60_000, 86_400_000


def topology_page() -> str:
    return "\n".join([HEAD, *_flow(), *_services(), *_topics(), *_events()])


def _flow() -> Iterator[str]:
    yield from ("## Flow", "", "```mermaid", "flowchart LR", '  sites(["site systems"])')
    yield from (f'  {_node(topic.name)}[("{_shown(topic.name, "*")}")]' for topic in contracts.topics())
    yield f"  sites --> {_node(contracts.PUBLISHER)}"
    yield "  sites -- HTTPS --> trigger"
    for service in contracts.services():
        yield from (f"  {service.name} --> {_node(topic)}" for topic in _sent_topics(service))
        yield from (f"  {_node(topic)} --> {service.name}" for topic in contracts.read_topics(service))
    yield from ("```", "")


def _services() -> Iterator[str]:
    yield from ("## Services", "", "An aggregate with ⏱ also acts by the clock (`due_at` of its rows).", "")
    ports = {deployed.name: deployed.port for deployed in topology.SERVICES}
    yield from _table("service | port | aggregates | consumer groups | reads | publishes to", (
        (service.name, str(ports[service.name]), _joined(_aggregates(service)), _code(_groups(service)),
         _code(map(_shown, contracts.read_topics(service))), _code(_sent_topics(service)))
        for service in contracts.services()
    ))


def _topics() -> Iterator[str]:
    yield from ("## Topics", "", "Partition counts never change: a new topic and double publishing instead.", "")
    yield from _table("topic | owner | partitions (on one broker) | policy | largest message | written by | read by", (
        (f"`{_shown(topic.name)}`", topic.owner, f"{topic.partitions} ({topic.small})", _policy(topic), _largest(topic),
         _joined(_writers(topic)), _joined(_readers(topic)))
        for topic in contracts.topics()
    ))


def _events() -> Iterator[str]:
    yield from ("## Events", "", "Schemas are in `shared/contracts/schemas`, examples in `shared/contracts/examples`.", "")
    yield from _table("type | topic | key | sent by | read by (its aggregates)", (
        (f"`{name}`", f"`{_shown(contracts.topic_of(event))}`", _key(event), _joined(contracts.senders(event)),
         _joined(_listeners(event)))
        for name, event in contracts.published().items()
    ))


def _aggregates(service: Service) -> list[str]:
    return [f"{handler.name} ⏱" if handler.clock else handler.name for handler in service.handlers]


def _groups(service: Service) -> list[str]:
    return list(dict.fromkeys(contracts.group(service, topic) for topic in contracts.read_topics(service)))


def _sent_topics(service: Service) -> list[str]:
    return [topic.name for topic in contracts.topics() if any(topic.name == event.TOPIC for event in service.publishes)]


def _writers(topic: Topic) -> list[str]:
    return list(dict.fromkeys(sender for event in contracts.on_topic(topic.name) for sender in contracts.senders(event)))


def _readers(topic: Topic) -> list[str]:
    return [service.name for service in contracts.services() if topic.name in contracts.read_topics(service)]


def _listeners(event: type[Event]) -> Iterator[str]:
    topic = contracts.topic_of(event)
    for service in contracts.services():
        names = [handler.name for handler in service.handlers if event in handler.on]
        if names and topic in contracts.read_topics(service):
            yield f"{service.name} ({', '.join(names)})"


def _policy(topic: Topic) -> str:
    if topic.compacted:
        return f"compacted, at the latest after {int(topic.settings['max.compaction.lag.ms']) // (60 * MINUTE)} h"
    return f"deleted after {int(topic.settings['retention.ms']) // DAY} days"


def _largest(topic: Topic) -> str:
    found = topic.settings.get("max.message.bytes")
    return f"{int(found) // 1024} KiB" if found else "broker's default"


def _key(event: type[Event]) -> str:
    key = contracts.key_of(event)
    return f"`{key}`" if key == event.KEY else key


def _table(head: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"| {head} |"
    yield "|" + "---|" * len(head.split("|"))
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _joined(words: Iterable[str]) -> str:
    return ", ".join(words) or "no service"


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _shown(topic: str, publisher: str = "<publisher>") -> str:
    return topic.replace("{publisher}", publisher)


def _node(topic: str) -> str:
    return "in_publisher" if topic == contracts.PUBLISHER else topic.replace(".", "_")
