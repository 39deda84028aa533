"""The leak matrix at Kafka: every login there is tries everything on every topic, group and transactional id, and may do what it
should and nothing else. The services of this folder do all their work with these logins.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from deploy import topology
from deploy.generate import contracts
from deploy.topics import SERVICE
from shared import kafka_logins
from shared.contracts.topics import TOPICS, inbound, outbound
from shared.kafka_logins import PUBLISHER, SUBSCRIBER, Entrance, Kind, Login
from shared.kafka_rights import Right
from shared.settings import settings
from tests.access import kafka_asking
from tests.access.kafka_asking import Did, Things, signed_in
from tests.flow.commands import jitt, tried
from tests.flow.running import eventually
from tests.flow.town import HARBOR, KAFKA_PUBLISHER, LAKESIDE, Town

PUBLISHERS = (KAFKA_PUBLISHER, "harbor-bus")
SUBSCRIBERS = ("lakeside-reader", "harbor-reader")
INTERNAL = ("__consumer_offsets", "__transaction_state")
NOT_THERE = 99  # a shard: nobody's transaction is cut off
STRANGER = Kind("stranger", lambda _: [])
WHOLE_TOPICS = {topic.name for topic in TOPICS}


@dataclass(frozen=True, slots=True)
class Kafka:
    entrance: Entrance
    logins: dict[str, Login]
    things: Things

    def found(self, name: str) -> set[Did]:
        with signed_in(self.entrance, self.logins[name]) as asking:
            return asking.everything(self.things)


@pytest.fixture(scope="module")
def kafka(town: Town) -> Iterator[Kafka]:
    jitt("publisher", "add", "harbor-bus", "--site", HARBOR, "--kafka")
    for name, site in zip(SUBSCRIBERS, (LAKESIDE, HARBOR), strict=True):
        jitt("subscriber", "add", name, "--site", site, "--kafka")
    logins = {name: Login(given["JITT_KAFKA_USER"], given["JITT_KAFKA_PASSWORD"]) for name, given in town.network.logins.items()}
    for names, kind in ((PUBLISHERS, PUBLISHER), (SUBSCRIBERS, SUBSCRIBER), (("nobody",), STRANGER)):
        for name in names:
            logins[name] = kafka_logins.issue(settings().kafka, name, kafka_logins.quota(settings()), kind=kind)
    yield Kafka(kafka_logins.find_entrance(settings().kafka), logins, things())
    for name in SUBSCRIBERS:
        jitt("subscriber", "remove", name)
    jitt("publisher", "remove", "harbor-bus")


def things() -> Things:
    owned = [inbound(name).name for name in PUBLISHERS] + [outbound(name).name for name in SUBSCRIBERS]
    groups = [name for service in topology.NAMES for name in (service, f"{service}.ingest")]
    ids = [f"{service}.relay.{NOT_THERE}" for service in topology.NAMES]
    groups += [outbound(name).name for name in SUBSCRIBERS]
    return Things((*sorted(WHOLE_TOPICS), *owned, *INTERNAL), (*groups, "anybody"), (*ids, "anything"))


def wanted(name: str) -> set[Did]:
    """By what a service's handlers take, and by who owns a topic; never by the rules themselves."""
    if name in PUBLISHERS:
        return writing([inbound(name).name])
    if name in SUBSCRIBERS:
        own = outbound(name).name
        return reading([own]) | of_group(own) - {("see group", own)}  # nobody has read yet
    if name not in topology.NAMES:
        return set()
    service, own = topology.service(name), [topic for topic in TOPICS if topic.owner == name]
    may = reading([topic.name for topic in TOPICS if contracts.wanted(service, topic.name)]) | of_group(name)
    may |= writing([topic.name for topic in own])
    if name == "trigger":
        may |= reading([inbound(one).name for one in PUBLISHERS]) | of_group("trigger.ingest")
    if name == "supervision":
        may |= writing([outbound(one).name for one in SUBSCRIBERS])
    return may | ({("transact", f"{name}.relay.{NOT_THERE}")} if any(topic.compacted for topic in own) else set())


def reading(topics: list[str]) -> set[Did]:
    return {(what, topic) for topic in topics for what in ("see", "read")}


def writing(topics: list[str]) -> set[Did]:
    return {(what, topic) for topic in topics for what in ("see", "write")} | {("begin to write", "")}


def of_group(group: str) -> set[Did]:
    return {(what, group) for what in (*kafka_asking.OF_GROUPS, "see group")}


def test_who_may_do_everything_is_found_to_do_everything(kafka: Kafka) -> None:
    """So nothing is refused to others because it was asked for wrongly."""
    with signed_in(Entrance("PLAINTEXT", settings().kafka), None) as asking:
        found = asking.everything(kafka.things)
    assert kafka_asking.all_of(kafka.things, kafka.things.topics, topology.NAMES) - found == set()


def test_every_login_may_do_what_it_should_and_nothing_else(kafka: Kafka) -> None:
    for name in kafka.logins:
        found = _settled(kafka, name, wanted(name))
        assert (sorted(found - wanted(name)), sorted(wanted(name) - found)) == ([], []), f"{name}: too much, and too little"
    assert "Every login may do what it should, and nothing else" in jitt("topics", "acls", "--check")


TOO_MUCH = {
    "content": (
        SERVICE,
        Right("topic", "supervision.roster", "read"),
        {("read", "supervision.roster"), ("see", "supervision.roster")},
        "may read topic supervision.roster and should not",
    ),
    "harbor-bus": (
        PUBLISHER,
        Right("topic", "in.", "read", prefixed=True),
        {("read", "in.harbor-bus"), ("read", f"in.{KAFKA_PUBLISHER}"), ("see", f"in.{KAFKA_PUBLISHER}")},
        "may read topics that begin with in. and should not",
    ),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_rule_too_many_is_noticed_and_taken_away(kafka: Kafka, name: str) -> None:
    kind, right, more, words = TOO_MUCH[name]
    twin = Kind(kind.prefix, lambda one: [*kind.rights(one), right], kind.rate)
    kafka_logins.apply_rules(settings().kafka, [name], kafka_logins.quota(settings()), twin)
    assert _settled(kafka, name, wanted(name) | more) - wanted(name) == more
    checked = tried("topics", "acls", "--check")
    assert (checked.code, words in checked.out) == (1, True), checked
    jitt("topics", "apply")
    assert _settled(kafka, name, wanted(name)) == wanted(name)


def test_a_rule_that_is_missing_is_noticed_and_given_back(kafka: Kafka) -> None:
    name = SUBSCRIBERS[0]
    twin = Kind(SUBSCRIBER.prefix, lambda _: [], SUBSCRIBER.rate)
    kafka_logins.apply_rules(settings().kafka, [name], kafka_logins.quota(settings()), twin)
    assert _settled(kafka, name, set()) == set()
    checked = tried("topics", "acls", "--check")
    assert (checked.code, f"may read topic alerts.{name} not, and should" in checked.out) == (1, True), checked
    jitt("topics", "apply")
    assert _settled(kafka, name, wanted(name)) == wanted(name)


def _settled(kafka: Kafka, name: str, expected: set[Did]) -> set[Did]:
    """What is found once Kafka has heard of a change; or what is found in the end."""
    found: set[Did] = set()

    def same() -> bool:
        nonlocal found
        found = kafka.found(name)
        return found == expected

    with suppress(AssertionError):
        eventually(same, f"{name} may do what is expected", 15)
    return found
