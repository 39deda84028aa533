"""What `jitt publisher` says and does about a publisher's logins at Kafka."""

from datetime import timedelta
from typing import Any

from services.trigger import kafka_access
from services.trigger.kafka_access import Given, Way
from shared import bus, kafka_logins
from shared.commands import fail
from shared.contracts.topics import DAYS_14
from shared.kafka_logins import Failed, Lacking
from shared.settings import settings

DAYS = timedelta(milliseconds=DAYS_14).days
NO_KAFKA = "No jitt is running here. Start one with `jitt up`, or set JITT_KAFKA."
NOTHING_DONE = "Kafka was asked first, and did not give what is needed ({}). Nothing was changed; run this again once it does."
NO_LOGIN_YET = "It is a publisher now, but Kafka gave it no login ({}). Once that is mended: jitt publisher token {}"
LACKING = """\
It gets no login, for this Kafka cannot keep anybody out: {}.
Until then, see to it yourself that nobody else reaches Kafka. What it needs is in docs/guides/platform.md, under “Publishers over
Kafka”; after that: jitt publisher token {}"""
CANNOT_SEE = (
    "Kafka does not tell which of its logins {} uses, so this could cut it off. Nothing was ended. "
    "Once its people say that they use {}, add --anyway."
)
GIVEN = """\
Its login at Kafka is {user}. The password stands below, this once, and is kept nowhere.

For Java (Kafka Connect, Flink, Spring, the console tools): save this as {file}
{bar}
{java}{bar}
For librdkafka (Python's confluent-kafka, Go, Node, .NET, Ruby, kcat): save this as {name}.conf, or set these names
{bar}
{librdkafka}{bar}
To try it, with a mentor of yours in place of m-17: type this beside {file}
{bar}
{first_event}{bar}
What became of it: jitt session show --site {site} --ref try-1"""
BAR = "-" * 8


def way_in() -> Way:
    if not settings().kafka:
        fail(NO_KAFKA, 2)
    try:
        return kafka_access.way_in()
    except Failed as error:
        fail(NOTHING_DONE.format(error))


def opened(way: Way, name: str, site: str, *, only: bool = True) -> Given | None:
    """The publisher's topic, and a login where Kafka can keep others out; ends the command when Kafka says no."""
    try:
        kafka_access.make_topic(name)
        return None if isinstance(way, Lacking) else kafka_access.give(way, name, site, only=only)
    except (bus.Error, Failed) as error:
        fail(NO_LOGIN_YET.format(error, name))


def in_words(way: Way, given: Given | None, name: str, site: str) -> str:
    if given is None:
        return LACKING.format(way, name)
    return GIVEN.format(user=given.login.user, java=given.java, librdkafka=given.librdkafka, first_event=given.first_event,
                        file=kafka_access.file_of(name), name=name, site=site, bar=BAR)  # fmt: skip


def as_json(given: Given | None) -> dict[str, Any]:
    if given is None:
        return {"login": None}
    login = {"user": given.login.user, "password": given.login.password}
    return {"login": login, "java": given.java, "librdkafka": given.librdkafka, "first_event": given.first_event}


def old_ended(name: str, anyway: bool) -> str:
    try:
        there = kafka_logins.list_logins(settings().kafka).get(name, [])
        if len(there) < 2:
            fail(f"{name} has no older login: nothing to end. A new one comes from `jitt publisher token {name}`.")
        if not anyway:
            fail(CANNOT_SEE.format(name, there[-1]))
        kafka_logins.end_old(settings().kafka, name)
    except Failed as error:
        fail(NOTHING_DONE.format(error))
    return f"Only the newest login of {name} works now: {there[-1]}."


def all_ended(name: str) -> None:
    try:
        kafka_logins.end_all(settings().kafka, name)
    except Failed as error:
        fail(NOTHING_DONE.format(error))
