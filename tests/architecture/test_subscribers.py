"""No batch is lost to an acknowledgement that came too early: every subscriber of every service is made in one place."""

import ast

import pytest
from faststream import AckPolicy

from deploy.generate import contracts
from deploy.topology import NAMES
from shared import bus
from tests.architecture.reading import modules, named, tree


async def nothing_taken(records):
    raise AssertionError("nothing is consumed here")


async def no_offsets(topics):
    return {}


@pytest.mark.parametrize("service", contracts.services(), ids=NAMES)
async def test_every_subscriber_nacks_on_error_answers_nobody_and_starts_at_the_earliest(service):
    broker = bus.broker("localhost:9092", service.publishes, service.name)
    for group in {contracts.group(service, topic) for topic in contracts.read_topics(service)}:
        bus.Subscription(broker, group, ["some.topic"], nothing_taken, no_offsets)
    assert len(broker.subscribers) == (2 if service.publishers else 1)
    for subscriber in broker.subscribers:
        assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
        assert subscriber._no_reply is True
        assert subscriber._connection_args["auto_offset_reset"] == "earliest"


def subscribing(parsed):
    """Line numbers of calls that make a subscriber or a consumer."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("subscriber", "AIOKafkaConsumer"):
                yield node.lineno


def test_nobody_but_the_bus_makes_a_subscriber():
    places = {named(path) for path in modules() if list(subscribing(tree(path)))}
    assert places == {"shared/bus.py"}


def test_a_second_subscriber_would_be_seen():
    assert list(subscribing(ast.parse("broker.subscriber('a')\nAIOKafkaConsumer('b')"))) == [1, 2]
