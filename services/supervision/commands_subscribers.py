"""`jitt subscriber`: which systems read alerts from a Kafka topic of their own. A password is shown once."""

import asyncio
import json
from typing import Annotated
from uuid import uuid4

import typer
from pydantic import ValidationError

from services.supervision import store_subscribers, store_tokens
from services.supervision.app import SERVICE
from services.supervision.subscribers import Subscriber, SubscriberAdded, SubscriberRemoved
from shared import bus, kafka_client, kafka_logins
from shared.commands import AsJson, fail, on
from shared.contracts import ids
from shared.contracts.event import Event
from shared.contracts.topics import outbound
from shared.kafka_logins import SUBSCRIBER, Entrance, Failed, Lacking, Login
from shared.running import Running
from shared.settings import settings

REFUSED = {
    "name_taken": "There is a subscriber of that name already. `jitt subscriber list` shows them all.",
    "unknown_subscriber": "There is no subscriber of that name. `jitt subscriber list` shows them all.",
}
BAD_NAME = "A name is small letters, digits and hyphens, such as eastfield-sis; 60 characters at most."
NO_KAFKA = "No jitt is running here. Start one with `jitt up`, or set JITT_KAFKA."
NOT_ANSWERED = "Kafka did not give what is needed ({}). Once it does: jitt subscriber login {}"
LACKING = "It gets no login, for this Kafka cannot keep anybody out: {}. After that: jitt subscriber login {}"
GIVEN = """\
{name} reads the topic {topic} with the group {topic}, and nothing else. The password stands below, this once.

For librdkafka (Python's confluent-kafka, Go, Node, .NET, kcat):
{bar}
{settings}{bar}"""
BAR = "-" * 8
subscriber_app = typer.Typer(no_args_is_help=True, help="Subscribers: systems that read alerts from a Kafka topic of their own.")
Name = Annotated[str, typer.Argument(help="Small letters, digits and hyphens, such as eastfield-sis.")]


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    """Adds `jitt subscriber`."""
    app.add_typer(subscriber_app, name="subscriber")


@subscriber_app.command("add")
def add(
    name: Name,
    site: Annotated[list[str], typer.Option("--site", help="A site whose alerts it reads; repeat it for each.")],
    kafka: Annotated[bool, typer.Option("--kafka", help="On a topic of its own; for HTTPS there is `jitt webhook`.")] = False,
    supervisor: Annotated[str, typer.Option(help="Only alerts of this supervisor's mentors: the site's reference.")] = "",
    as_json: AsJson = False,
) -> None:
    """Copy the alerts of some sites to a topic that only this system reads, from now on.

    Example: jitt subscriber add eastfield-sis --site eastfield --kafka
    """
    if not kafka:
        fail("Say --kafka for a topic of its own. Over HTTPS: jitt webhook add.", 2)
    if supervisor and len(site) != 1:
        fail("A supervisor's reference belongs to one site: name one --site.", 2)
    if not settings().kafka:
        fail(NO_KAFKA, 2)
    by = ids.supervisor(site[0], supervisor) if supervisor else None
    on(SERVICE, lambda running: _check(running, site))
    try:
        event = SubscriberAdded(name=name, sites=tuple(site), supervisor_id=by)
    except ValidationError:
        fail(BAD_NAME, 2)
    try:
        asyncio.run(bus.apply_topics(settings().kafka, [outbound(name)]))  # first: rows for a topic that is missing would wait
    except bus.Error as error:
        fail(f"Kafka did not make the topic ({error}). Nothing was changed; run this again once it does.")
    _tell(event)
    _give(name, only=True, as_json=as_json)


@subscriber_app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Every subscriber, with its sites and its topic."""
    found = on(SERVICE, _all)
    if as_json:
        told = [{"name": one.name, "sites": list(one.sites), "topic": outbound(one.name).name} for one in found]
        typer.echo(json.dumps(told))
        return
    for one in found:
        typer.echo(f"{one.name}   {outbound(one.name).name}   {', '.join(one.sites)}")
    if not found:
        typer.echo("No subscribers yet. The first one: jitt subscriber add NAME --site SITE --kafka")


@subscriber_app.command("login")
def login(
    name: Name,
    only: Annotated[bool, typer.Option("--only", help="Earlier logins stop working at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give it a new login. Earlier ones go on working until you say --only."""
    if name not in [one.name for one in on(SERVICE, _all)]:
        fail(REFUSED["unknown_subscriber"])
    _give(name, only=only, as_json=as_json)


@subscriber_app.command("remove")
def remove(name: Name) -> None:
    """End its logins and copy nothing more. What is on its topic stays there for 14 days."""
    _tell(SubscriberRemoved(name=name))
    try:
        kafka_logins.end_all(settings().kafka, name, SUBSCRIBER)
    except Failed as error:
        fail(f"It is sent nothing more. Kafka did not end its logins ({error}): add it again and remove it once Kafka answers.")
    typer.echo(f"{name} reads no more.")


def _give(name: str, *, only: bool, as_json: bool) -> None:
    try:
        entrance = kafka_logins.find_entrance(settings().kafka, settings().kafka_publishers)
        given = kafka_logins.issue(settings().kafka, name, kafka_logins.quota(settings()), only=only, kind=SUBSCRIBER)
    except Lacking as lacking:
        typer.echo(LACKING.format(lacking, name))
        return
    except Failed as error:
        fail(NOT_ANSWERED.format(error, name))
    topic = outbound(name).name
    if as_json:
        typer.echo(json.dumps({"name": name, "topic": topic, "group": topic, "user": given.user, "password": given.password}))
    else:
        typer.echo(GIVEN.format(name=name, topic=topic, settings=_settings(entrance, given, topic), bar=BAR))


def _settings(entrance: Entrance, given: Login, topic: str) -> str:
    return f"""\
bootstrap.servers={entrance.brokers}
security.protocol={entrance.protocol}
sasl.mechanism={kafka_client.MECHANISM}
sasl.username={given.user}
sasl.password={given.password}
group.id={topic}
auto.offset.reset=earliest
"""


async def _check(running: Running, sites: list[str]) -> None:
    async with running.connection() as conn:
        if unknown := await store_tokens.list_unknown_sites(conn, sites):
            fail(f"Nothing is known of the site “{unknown[0]}”. `jitt site list` shows those that are.")


async def _all(running: Running) -> list[Subscriber]:
    async with running.connection() as conn:
        return await store_subscribers.list_subscribers(conn)


def _tell(event: Event) -> None:
    outcome = on(SERVICE, lambda running: running.submit(event, id=str(uuid4()), source="command"))
    if outcome.kind == "refused":
        fail(REFUSED.get(outcome.reason or "", f"That was refused: {outcome.reason}."))
