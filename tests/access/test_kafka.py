"""The leak matrix at Kafka: every kind of login tries everything on every topic, group and transactional id, and may do what it
should and nothing else. In tests/flow the services do their whole work with such logins.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from deploy import topology
from deploy.generate import contracts
from deploy.local.stack import Stack
from deploy.topics import SERVICE
from shared import bus, kafka_logins
from shared.contracts.topics import TOPICS, inbound, outbound
from shared.kafka_logins import PUBLISHER, SUBSCRIBER, Entrance, Kind, Login
from shared.kafka_rights import Right
from shared.settings import settings
from tests.access import kafka_asking
from tests.access.kafka_asking import Did, Things, signed_in
from tests.flow.running import eventually

PUBLISHERS, SUBSCRIBERS = ("matrix-north", "matrix-south"), ("matrix-east", "matrix-west")
INTERNAL = ("__consumer_offsets", "__transaction_state")
NOT_THERE = 99  # a shard: nobody's transaction is cut off
STRANGER = Kind("stranger", lambda _: [])
NAMES = {SERVICE: topology.NAMES, PUBLISHER: PUBLISHERS, SUBSCRIBER: SUBSCRIBERS, STRANGER: ("matrix-nobody",)}
EVERYBODY = [name for names in NAMES.values() for name in names]


@dataclass(frozen=True, slots=True)
class Kafka:
    bootstrap: str
    entrance: Entrance
    logins: dict[str, Login]
    things: Things

    def found(self, name: str) -> set[Did]:
        with signed_in(self.entrance, self.logins[name]) as asking:
            return asking.everything(self.things)

    def settled(self, name: str, expected: set[Did]) -> set[Did]:
        """What is found once Kafka has heard of a change; or what is found in the end."""
        found: set[Did] = set()

        def same() -> bool:
            nonlocal found
            found = self.found(name)
            return found == expected

        with suppress(AssertionError):
            eventually(same, f"{name} may do what is expected", 15)
        return found

    def apply(self, name: str, kind: Kind) -> None:
        kafka_logins.apply_rules(self.bootstrap, [name], kafka_logins.quota(settings()), kind)

    def wrong(self, name: str, kind: Kind) -> list[str]:
        """Of this name's logins; other tests have some as well."""
        found = kafka_logins.wrong_rules(self.bootstrap, NAMES[kind], kind)
        return [words for words in found if words.startswith(f"User:{kind.prefix}.{name}.")]


@pytest.fixture(scope="module")
def kafka(stack: Stack) -> Kafka:
    """With whatever other tests have left there: topics, groups, logins."""
    topics = [*TOPICS, *map(inbound, PUBLISHERS), *map(outbound, SUBSCRIBERS)]
    asyncio.run(bus.apply_topics(stack.kafka, topics))
    limit = kafka_logins.quota(settings())
    logins = {name: kafka_logins.issue(stack.kafka, name, limit, kind=kind) for kind, names in NAMES.items() for name in names}
    groups = [name for service in topology.NAMES for name in (service, f"{service}.ingest")]
    ids = [f"{service}.relay.{NOT_THERE}" for service in topology.NAMES]
    things = Things(
        (*(topic.name for topic in topics), *INTERNAL), (*groups, *map(own_topic, SUBSCRIBERS), "anybody"), (*ids, "anything")
    )
    with signed_in(Entrance("PLAINTEXT", stack.kafka), None) as asking:
        eventually(lambda: asking.woken() >= set(INTERNAL), "Kafka has made its own topics", 30)
    return Kafka(stack.kafka, kafka_logins.find_entrance(stack.kafka), logins, things)


def own_topic(subscriber: str) -> str:
    return outbound(subscriber).name


def wanted(name: str) -> set[Did]:
    """By what a service's handlers take, and by who owns a topic; never by the rules themselves."""
    if name in PUBLISHERS:
        return writing(inbound(name).name)
    if name in SUBSCRIBERS:
        return reading(own_topic(name)) | of_group(own_topic(name))
    if name not in topology.NAMES:
        return set()
    service, own = topology.service(name), [topic for topic in TOPICS if topic.owner == name]
    may = reading(*(topic.name for topic in TOPICS if contracts.wanted(service, topic.name))) | of_group(name)
    may |= writing(*(topic.name for topic in own))
    if name == "trigger":
        may |= reading(*(inbound(one).name for one in PUBLISHERS)) | of_group("trigger.ingest")
    if name == "supervision":
        may |= writing(*map(own_topic, SUBSCRIBERS))
    return may | ({("transact", f"{name}.relay.{NOT_THERE}")} if any(topic.compacted for topic in own) else set())


def reading(*topics: str) -> set[Did]:
    return {(what, topic) for topic in topics for what in ("see", "read")}


def writing(*topics: str) -> set[Did]:
    return {(what, topic) for topic in topics for what in ("see", "write")} | {("begin to write", "")}


def of_group(group: str) -> set[Did]:
    return {(what, group) for what in kafka_asking.OF_GROUPS}


def test_who_may_do_everything_is_found_to_do_everything(kafka: Kafka) -> None:
    """So nothing is refused to others because it was asked for wrongly."""
    with signed_in(Entrance("PLAINTEXT", kafka.bootstrap), None) as asking:
        found = asking.everything(kafka.things)
    assert kafka_asking.all_of(kafka.things) - found == set()


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_login_may_do_what_it_should_and_nothing_else(kafka: Kafka, name: str) -> None:
    found = kafka.settled(name, wanted(name))
    assert (sorted(found - wanted(name)), sorted(wanted(name) - found)) == ([], []), "too much, and too little"


def test_what_there_is_to_do_is_not_little(kafka: Kafka) -> None:
    assert len(kafka_asking.all_of(kafka.things)) * len(EVERYBODY) > 1_000


TOO_MUCH = {
    "content": (
        SERVICE,
        Right("topic", "supervision.roster", "read"),
        reading("supervision.roster"),
        "may read topic supervision.roster and should not",
    ),
    "matrix-north": (
        PUBLISHER,
        Right("topic", "in.matrix-", "read", prefixed=True),
        {("read", "in.matrix-north"), *reading("in.matrix-south")},
        "may read topics that begin with in.matrix- and should not",
    ),
    "matrix-west": (
        SUBSCRIBER,
        Right("group", "alerts.", "read", prefixed=True),
        of_group("alerts.matrix-east"),
        "may read groups that begin with alerts. and should not",
    ),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_rule_too_many_is_noticed_and_taken_away(kafka: Kafka, name: str) -> None:
    kind, right, more, words = TOO_MUCH[name]
    kafka.apply(name, Kind(kind.prefix, also(kind, right), kind.rate))
    assert kafka.settled(name, wanted(name) | more) - wanted(name) == more
    assert [said.partition(" ")[2] for said in kafka.wrong(name, kind)] == [words]
    kafka.apply(name, kind)
    assert kafka.settled(name, wanted(name)) == wanted(name)
    assert kafka.wrong(name, kind) == []


def also(kind: Kind, right: Right) -> Callable[[str], list[Right]]:
    return lambda name: [*kind.rights(name), right]


def test_a_rule_that_is_missing_is_noticed_and_given_back(kafka: Kafka) -> None:
    name = SUBSCRIBERS[0]
    kafka.apply(name, Kind(SUBSCRIBER.prefix, lambda _: [], SUBSCRIBER.rate))
    assert kafka.settled(name, set()) == set()
    assert [said.partition(" ")[2] for said in kafka.wrong(name, SUBSCRIBER)] == [
        f"may read group alerts.{name} not, and should",
        f"may read topic alerts.{name} not, and should",
    ]
    kafka.apply(name, SUBSCRIBER)
    assert kafka.settled(name, wanted(name)) == wanted(name)
