"""`jitt topics`: make the broker match the manifest, and give each service a login at Kafka that may do what it does there."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby
from shlex import join
from typing import Annotated

import typer

from deploy import topology
from services.supervision import store_subscribers
from shared import bus, kafka_logins
from shared.commands import fail, on
from shared.contracts.topics import TOPICS, inbound, outbound
from shared.kafka_logins import MOST_LOGINS, PUBLISHER, SUBSCRIBER, Failed, Kind, Lacking
from shared.kafka_rights import Right, of_service
from shared.running import Running
from shared.settings import settings

app = typer.Typer(no_args_is_help=True, help="Kafka topics and what services may do there, as the manifest says.")
SERVICE = Kind("service", lambda name: of_service(topology.service(name)))
ServiceName = Annotated[str, typer.Argument(help=f"One of: {', '.join(topology.NAMES)}")]
NO_NETWORK = "No jitt is running here. Start one with `jitt up`, or set JITT_KAFKA and JITT_POSTGRES."
NOT_MADE = "The topics are not all made, and what is there stays. {}."
NOT_RENEWED = "The topics are made. What logins may do could not be renewed: {}"
NO_LOGINS = "Kafka keeps nobody out: {}. So a login would be of no use, and none was made."
NOT_ANSWERED = "Kafka did not answer as it should ({}). Nothing was changed; run this again."
ENDED = "Ended: {}. What they had open is cut off."
TOOL = ("kafka-acls.sh", "--bootstrap-server", "$JITT_KAFKA", "--command-config", "admin.properties", "--add")


def add_to(jitt: typer.Typer, _: typer.Typer) -> None:
    jitt.add_typer(app, name="topics")


@app.command()
def apply() -> None:
    """Make the topics of the manifest that are missing, publishers' and subscribers' own included, and renew what logins may do.

    Each topic is kept on three brokers, or on as many as there are; a single broker gets fewer partitions.
    """
    need_kafka()
    names = _names()
    topics = [*TOPICS, *map(inbound, names[PUBLISHER]), *map(outbound, names[SUBSCRIBER])]
    try:
        done = asyncio.run(bus.apply_topics(settings().kafka, topics))
    except bus.Error as problem:
        fail(NOT_MADE.format(problem))
    for name, what in sorted(done.items()):
        typer.echo(f"{name}: {what}")
    try:
        for kind, some in names.items():
            _apply_rules(some, kind)
    except Failed as problem:  # a Kafka that knows no logins is no reason to fail: topics are what is needed
        typer.echo(NOT_RENEWED.format(problem), err=True)


@app.command()
def acls(
    service: Annotated[str, typer.Argument(help=f"One of: {', '.join(topology.NAMES)}. Default: all.")] = "",
    principal: Annotated[str, typer.Option(help="Who SERVICE is at your Kafka, such as User:CN=trigger.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Compare with what Kafka has: 1 where that is more or less.")] = False,
) -> None:
    """Print what each service needs at Kafka, as commands of kafka-acls.sh. Needs no network; `--check` asks Kafka.

    Example: jitt topics acls trigger --principal User:CN=trigger
    """
    if check:
        need_kafka()
        return _check()
    if principal and not service:
        fail("A principal is one service's: name that, too.", 2)
    for name in _chosen(service):
        typer.echo(f"# {name}")
        for command in commands(of_service(topology.service(name)), principal or f"User:{SERVICE.prefix}.{name}.1"):
            typer.echo(command)


@app.command()
def login(
    service: ServiceName,
    end_old: Annotated[bool, typer.Option("--end-old", help="Make none; end all of this service but the newest.")] = False,
) -> None:
    """Give a service a login at Kafka, with the rules that it needs and no others. It is shown once; Kafka keeps it.

    Earlier ones go on until you say --end-old, so that each process can be given the new one first; but a service has four at
    most, and one more ends the oldest. All processes of a service can use the same.
    """
    need_kafka()
    [name] = _chosen(service)
    kafka = settings().kafka
    try:
        if end_old:
            ended = kafka_logins.end_old(kafka, name, SERVICE)
            typer.echo(ENDED.format(", ".join(ended)) if ended else f"{name} has no earlier login.")
            return
        ends = kafka_logins.list_logins(kafka, SERVICE).get(name, [])[: 1 - MOST_LOGINS]
        given = new_login(name)
    except Lacking as lacking:
        fail(NO_LOGINS.format(lacking))
    except Failed as problem:
        fail(NOT_ANSWERED.format(problem))
    for setting, value in given.items():
        typer.echo(f"{setting}={value}")
    if ends:
        typer.echo(ENDED.format(", ".join(ends)), err=True)


def new_login(service: str) -> dict[str, str]:
    """The settings with which the service's processes sign in at Kafka. Raises Lacking and Failed."""
    kafka = settings().kafka
    entrance = kafka_logins.find_entrance(kafka, settings().kafka_publishers)
    given = kafka_logins.issue(kafka, service, kafka_logins.quota(settings()), kind=SERVICE)
    return {"JITT_KAFKA": entrance.brokers, "JITT_KAFKA_PROTOCOL": entrance.protocol, "JITT_KAFKA_USER": given.user,
            "JITT_KAFKA_PASSWORD": given.password}  # fmt: skip


def commands(rights: Sequence[Right], principal: str) -> Iterator[str]:
    """For a shell: one for all that differs in its name only."""

    def same(right: Right) -> tuple[str, bool, str]:
        return right.resource, right.prefixed, right.may

    for (resource, prefixed, may), group in groupby(sorted(rights, key=same), same):
        names = [word for right in group for word in (f"--{resource}", right.name)]
        how = ("--resource-pattern-type", "prefixed") if prefixed else ()
        words = join((*TOOL, "--allow-principal", principal, "--operation", may.title(), *names, *how))
        yield words.replace("'$JITT_KAFKA'", '"$JITT_KAFKA"')


def need_kafka() -> None:
    from deploy import servers

    if not servers.find(settings().home.absolute()):
        fail(NO_NETWORK, 2)


def _check() -> None:
    try:
        wrong = [words for kind, names in _names().items() for words in kafka_logins.wrong_rules(settings().kafka, names, kind)]
    except Failed as problem:
        fail(NOT_ANSWERED.format(problem))
    for words in dict.fromkeys(wrong):
        typer.echo(words)
    if wrong:
        fail("`jitt topics apply` mends what logins of ours may do; a rule for everybody (User:*) is yours to remove.")
    typer.echo("Every login may do what it should, and nothing else.")


def _names() -> dict[Kind, Sequence[str]]:
    """Whose logins there may be, by kind."""
    publishers = on(topology.service("trigger"), _over_kafka)
    subscribers = on(topology.service("supervision"), _subscribers)
    return {PUBLISHER: publishers, SUBSCRIBER: subscribers, SERVICE: topology.NAMES}


async def _over_kafka(running: Running) -> list[str]:
    load = running.service.publishers
    assert load is not None
    async with running.connection() as conn:
        return [one.name for one in (await load(conn)).values() if one.kafka]


async def _subscribers(running: Running) -> list[str]:
    async with running.connection() as conn:
        return [one.name for one in await store_subscribers.list_subscribers(conn)]


def _apply_rules(names: Sequence[str], kind: Kind) -> None:
    if names:
        for name, logins in kafka_logins.apply_rules(settings().kafka, names, kafka_logins.quota(settings()), kind).items():
            quota = " and quota" if kind.rate else ""
            typer.echo(f"{kind.prefix}.{name}: rules{quota} of {logins} login{'s' if logins > 1 else ''}")


def _chosen(service: str) -> tuple[str, ...]:
    if service and service not in topology.NAMES:
        fail(f"There is no service “{service}”. Choose one of: {', '.join(topology.NAMES)}.", 2)
    return (service,) if service else topology.NAMES
