"""Topics: services name only those of the manifest, publish on their own, and a consumer group stays small enough to live."""

import re
from dataclasses import replace

import pytest

from deploy.generate import contracts
from deploy.topology import NAMES
from services.trigger.messages import PublisherAdded
from services.trigger.tenants import MOST_TOPICS
from shared.contracts.topics import TOPICS, copied, inbound
from shared.messaging.message import LARGEST

MANIFEST = {topic.name: topic for topic in TOPICS}
GROUP_RECORD = 1_048_588  # bytes: the group is one record of __consumer_offsets
SERVICES = pytest.mark.parametrize("service", contracts.services(), ids=NAMES)


def wrong_topics(service):
    """Everything that a service says of topics and that the manifest does not bear out."""
    for topic in service.reads:
        if topic not in MANIFEST:
            yield f"{service.name} reads {topic}, which is not in the manifest"
        elif not contracts.wanted(service, topic):
            yield f"{service.name} reads {topic}, but no handler wants an event of it"
    for event in service.publishes:
        if event.TOPIC not in MANIFEST or MANIFEST[event.TOPIC].owner != service.name:
            yield f"{service.name} publishes {event.TYPE} on {event.TOPIC}, which is not its own"
    for event in service.events.values():
        if event.TOPIC == contracts.IN and not service.publishers:
            yield f"{service.name} wants {event.TYPE}, but reads no publisher"
        elif event.TOPIC not in ("", contracts.IN, *service.reads):
            yield f"{service.name} wants {event.TYPE}, but does not read {event.TOPIC}"


def group_bytes(topics, longest, members):
    """How large the group's record may become, in bytes, by names of `longest` characters."""
    return topics * (longest + 2) * members + topics * (longest + 10)


@SERVICES
def test_a_service_says_of_topics_what_the_manifest_says(service):
    assert list(wrong_topics(service)) == []


def test_what_a_service_says_wrongly_is_seen():
    trigger, content, *_ = contracts.services()
    assert list(wrong_topics(replace(content, reads=(*content.reads, "trigger.event")))) == [
        "content reads trigger.event, which is not in the manifest"]
    assert list(wrong_topics(replace(content, reads=(*content.reads, "supervision.sites")))) == [
        "content reads supervision.sites, but no handler wants an event of it"]
    deaf = list(wrong_topics(replace(content, reads=())))
    assert "content wants trigger.content_requested.v1, but does not read trigger.events" in deaf
    assert len(list(wrong_topics(replace(content, publishes=trigger.publishes)))) == len(trigger.publishes)
    assert any("reads no publisher" in words for words in wrong_topics(replace(trigger, publishers=None)))


def test_every_topic_has_an_owner_that_is_deployed_and_something_to_carry():
    assert {topic.owner for topic in TOPICS} == set(NAMES)
    assert [topic.name for topic in TOPICS if not contracts.on_topic(topic.name)] == []


def test_every_published_type_belongs_to_the_owner_of_its_topic_and_has_one_version():
    for name, event in contracts.published().items():
        assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*\.v[1-9]\d*", name)
        assert name.startswith("site." if event.TOPIC == contracts.IN else f"{MANIFEST[event.TOPIC].owner}.")


def test_one_class_speaks_for_each_type():
    classes = [event for service in contracts.services() for event in (*service.publishes, *service.events.values())]
    by_type = {event.TYPE: event for event in classes}
    assert [event.__name__ for event in classes if by_type[event.TYPE] is not event] == []


def test_no_partition_of_a_compacted_topic_is_ever_added_by_the_size_of_the_broker():
    assert [topic.name for topic in TOPICS if topic.compacted and topic.partitions != topic.small] == []


@pytest.mark.parametrize(("brokers", "copies", "insync"), [(1, 1, "1"), (2, 2, "1"), (3, 3, "2"), (9, 3, "2")])
def test_a_topic_is_kept_on_three_brokers_where_there_are_and_one_of_them_may_be_down(brokers, copies, insync):
    assert copied(brokers) == (copies, {"min.insync.replicas": insync})
    assert [topic.partitions_on(brokers) for topic in TOPICS if topic.name.endswith(".events")] == [6 if brokers == 1 else 24] * 4


def test_every_topic_takes_the_largest_event_with_its_headers_and_not_much_more():
    for topic in (*TOPICS, inbound("lakeside")):
        assert LARGEST * 1.5 <= int(topic.settings["max.message.bytes"]) <= LARGEST * 2


def longest_publisher():
    """Characters of the longest topic name that a publisher can get."""
    pattern = next(field.pattern for field in PublisherAdded.model_fields["name"].metadata if hasattr(field, "pattern"))
    most = int(re.search(r"\{\d+,(\d+)\}", pattern)[1]) + 1
    assert re.fullmatch(pattern, "a" * most)
    assert not re.fullmatch(pattern, "a" * (most + 1))
    return len("in.") + most


def test_as_many_publishers_as_may_have_a_topic_with_the_longest_names_fit_into_one_group_during_a_rolling_update():
    workers = max(topic.partitions for topic in TOPICS)  # more would have nothing to read
    assert group_bytes(MOST_TOPICS, longest_publisher(), members=2 * workers) <= GROUP_RECORD


def test_four_thousand_topics_break_the_group_at_the_fifth_worker():
    assert group_bytes(4_000, 41, members=5) > GROUP_RECORD >= group_bytes(4_000, 41, members=4)


@SERVICES
def test_the_own_topics_of_a_service_fit_into_one_group(service):
    workers = max(MANIFEST[topic].partitions for topic in service.reads)
    assert group_bytes(len(service.reads), max(map(len, service.reads)), members=2 * workers) <= GROUP_RECORD / 10
