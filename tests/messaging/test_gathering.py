"""What nobody waits for is taken together: batches begin some time apart, unless they are large, or the first after a rest."""

import asyncio
from time import monotonic

import pytest
from aiokafka import TopicPartition

from deploy import topology
from services.trigger.app import SERVICE as TRIGGER
from shared import bus, working

PLACE = TopicPartition("t", 0)


class Coming:
    """A consumer that always has so many records."""

    def __init__(self, number):
        self.number = number

    def assignment(self):
        return {PLACE}

    def last_poll_timestamp(self, place):
        return None

    async def getmany(self, *, timeout_ms, max_records):
        return {PLACE: [object()] * self.number} if self.number else {}


def reading(number, *, gathers=True):
    subscription = bus.Subscription(bus.broker("127.0.0.1:9", [], "test"), "test", ["t"], None, None, gathers=gathers)
    subscription.subscriber.consumer = Coming(number)
    subscription._watch_polls()
    return subscription


async def polled(subscription, times=2):
    for _ in range(times):
        await subscription.subscriber.consumer.getmany(timeout_ms=10, max_records=2_000)


async def test_the_first_batch_is_taken_at_once_and_the_next_begins_a_fifth_of_a_second_after_it():
    subscription, began = reading(3), monotonic()
    await polled(subscription, 3)
    assert monotonic() - began >= 2 * bus.GATHERED_SECONDS


async def test_after_a_rest_nothing_waits(monkeypatch):
    subscription = reading(3)
    await polled(subscription, 1)
    monkeypatch.setattr(bus, "GATHERED_SECONDS", 0.0)  # it has passed
    assert subscription._gathering() == 0


@pytest.mark.parametrize(("number", "gathers"), [(bus.LARGE_BATCH, True), (0, True), (3, False)])
async def test_nothing_waits_after_a_large_batch_or_none_or_where_somebody_waits(number, gathers, monkeypatch):
    monkeypatch.setattr(bus, "GATHERED_SECONDS", 600.0)
    async with asyncio.timeout(60):
        await polled(reading(number, gathers=gathers), 3)


async def test_what_a_worker_has_to_know_before_it_is_ready_does_not_wait(monkeypatch):
    monkeypatch.setattr(bus, "GATHERED_SECONDS", 600.0)
    subscription = reading(3)
    subscription._ends = {PLACE: 9}
    async with asyncio.timeout(60):
        await polled(subscription)
    subscription._ends = {TopicPartition("t", 1): 9}  # another worker's to read
    assert subscription._gathering() > 500


def test_the_brief_and_alerts_do_not_wait_and_what_the_other_services_hear_of_each_other_does():
    assert {name: topology.service(name).gathers for name in topology.NAMES} == {
        "trigger": True, "content": True, "assessment": True, "supervision": False,
    }  # fmt: skip


@pytest.mark.parametrize(("topics", "gathers"), [(TRIGGER.reads, True), (("in.harbor",), False)])
async def test_a_publishers_sessions_are_never_gathered(database, stack, topics, gathers, monkeypatch):
    given = []

    class Asked(Exception):
        pass

    def subscription(*args, **how):
        given.append(how["gathers"])
        raise Asked

    monkeypatch.setattr(bus, "Subscription", subscription)
    at_work = working.WorkerProcess(await database(TRIGGER))
    with pytest.raises(Asked):
        async with at_work._subscribed("group", topics, None):
            pass
    assert given == [gathers]
    await at_work.close()
