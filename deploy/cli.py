"""The command `jitt`: it starts a network, asks it questions, and gives it what people have. Each service's own commands
live with the service; here they are only put together, and imported when they are used so that --help is quick."""

import asyncio
import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import typer

from deploy import topology

if TYPE_CHECKING:
    from shared.process import Role

app = typer.Typer(
    name="jitt", no_args_is_help=True, add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False,
    help="Just-in-time training for mentoring networks.\n\n"
    "First steps: `make demo` shows the whole loop. `jitt up` starts a network on this machine and stays; in a second "
    "terminal `jitt status`, `jitt site add`, `jitt import people`, `jitt import ics`.",
)
import_app = typer.Typer(no_args_is_help=True, help="Give jitt what you already have: calendars and lists of people.")
app.add_typer(import_app, name="import")

OWN = ("up", "down", "status", "run", "migrate")  # need no service's commands
COMMANDS = {  # first word -> where its commands are
    "topics": ("deploy.topics",),
    "dead": ("deploy.dead",),
    "rebuild": ("deploy.rebuild",),
    "erase": ("deploy.privacy.erase",),
    "export": ("deploy.privacy.export",),
    "retention": ("deploy.privacy.retention",),
    "audit": ("deploy.privacy.audit",),
    "keys": ("deploy.privacy.keys",),
    "publisher": ("services.trigger.commands",),
    "policy": ("services.trigger.commands_policy",),
    "session": ("services.trigger.commands_session",),
    "cancel-days": ("services.trigger.commands_days",),
    "holiday": ("services.trigger.commands_days",),
    "feed": ("services.trigger.commands_feeds",),
    "import": ("services.trigger.commands_import", "services.trigger.commands_sheet", "services.supervision.commands"),
    "content": ("services.content.commands", "deploy.preview.command"),
    "site": ("services.supervision.commands",),
    "link": ("services.supervision.commands",),
    "sign-in": ("services.supervision.commands_console",),
    "mail": ("services.supervision.commands_notices",),
    "bounce": ("services.supervision.commands_notices",),
    "sign-out": ("services.supervision.commands_accounts",),
    "account": ("services.supervision.commands_accounts",),
    "token": ("services.supervision.commands_tokens",),
    "webhook": ("services.supervision.commands_webhooks",),
    "subscriber": ("services.supervision.commands_subscribers",),
}
ServiceName = Annotated[str, typer.Argument(help=f"One of: {', '.join(topology.NAMES)}")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def home() -> Path:
    from shared.settings import settings

    return settings().home.absolute()


def fail(words: str, code: int = 1) -> NoReturn:
    """One plain sentence on stderr, and out."""
    typer.echo(words, err=True)
    raise typer.Exit(code)


def need_network() -> None:
    """Commands that ask or write need a running network, or servers named in the environment."""
    from deploy import servers

    if not servers.find(home()):
        fail("No jitt is running here. Start one with `jitt up`, or set JITT_KAFKA and JITT_POSTGRES.", 2)


@app.command()
def up() -> None:
    """Start a whole network here (Kafka, PostgreSQL, four services) and stay until Ctrl-C."""
    from deploy.local.errors import StackError
    from deploy.network import network
    from deploy.servers import url_of

    try:
        with network(home(), typer.echo) as running:
            typer.echo(f"\nMentors' pages  {url_of('assessment')}\nConsole         {url_of('supervision')}\n"
                       f"Events go to    {url_of('trigger')}/v1/events\nLogs            {running.home}/services\n"
                       f"{_mails()}\n\n"
                       "Ctrl-C stops it.")
            while True:
                running.watch()
                time.sleep(1)
    except StackError as problem:
        fail(str(problem))
    except KeyboardInterrupt:
        typer.echo("Stopped")


def _mails() -> str:
    from shared.settings import settings

    host = settings().mail_host
    return f"Mails           go to {host}" if host else f"Mails           {settings().home}/mail (`jitt mail` lists them)"


@app.command()
def demo() -> None:
    """See the whole loop once: a site's calendar in, a training out, a missed answer to the supervisor. Invented people.

    It stays until Ctrl-C. With DEMO_EXIT=1, or without a terminal, it ends with 0 after the brief, or says what failed.
    """
    from deploy.demo.play import play
    from deploy.local.errors import StackError

    try:
        raise typer.Exit(play(home() / "demo", app))
    except StackError as problem:
        fail(str(problem))


@app.command()
def down() -> None:
    """Stop the network that runs here."""
    from deploy.local.errors import StackError
    from deploy.local.home import stop_running

    try:
        stop_running(home(), typer.echo)
    except StackError as problem:
        fail(str(problem))


@app.command()
def status(as_json: AsJson = False) -> None:
    """Is a network running here, and do its parts answer?"""
    from deploy import network, servers
    from deploy.local.home import read_run

    run = read_run(home())
    if run is None:
        if as_json:
            typer.echo(json.dumps({"running": False}))
        else:
            typer.echo(f"Nothing is running in {home()}. Start it with `jitt up`.")
        raise typer.Exit(3)
    servers.find(home())
    parts = {name: network.ready(name) for name in topology.NAMES}
    if as_json:
        typer.echo(json.dumps({"running": True, "pid": run.pid, "since": run.since.isoformat(), "kafka": run.kafka,
                               "services": {name: {"url": servers.url_of(name), "ready": ok} for name, ok in parts.items()}}))
        return
    typer.echo(f"Running since {run.since:%Y-%m-%d %H:%M} UTC, pid {run.pid}. Kafka on {run.kafka}.")
    for name, ok in parts.items():
        typer.echo(f"  {name:<12} {'ready' if ok else 'does not answer'}   {servers.url_of(name)}")


@app.command()
def run(
    service: ServiceName,
    role: Annotated[str, typer.Option(help="web (pages), worker (Kafka, due rows, relay) or all")] = "all",
    port: Annotated[int, typer.Option(help="Port; default: the service's own")] = 0,
    host: Annotated[str, typer.Option(
        help="Address of this machine to listen on. Any but 127.0.0.1 can be reached from the network, with /metrics, /health "
        "and /internal, and without encryption: only where a reverse proxy or a firewall keeps everybody else away.",
    )] = "127.0.0.1",
    instance: Annotated[str, typer.Option(
        envvar="JITT_INSTANCE", help="This process's name among those of its service, the same after a restart: it then takes "
        "its partitions up at once, and no other worker has to stop. Two that run at once need two names.")] = "",
) -> None:
    """Run one service in the foreground (`jitt up` does this four times)."""
    from shared import process
    from shared.observe import setup_logging
    from shared.settings import CannotStart, settings

    if service not in topology.NAMES:
        fail(f"There is no service “{service}”. Choose one of: {', '.join(topology.NAMES)}.", 2)
    if role not in ("web", "worker", "all"):
        fail("--role is web, worker or all.", 2)
    if not _is_address(host):
        fail("--host is an IP address of this machine, such as 127.0.0.1, 10.0.0.5, or 0.0.0.0 for all of them.", 2)
    os.environ["JITT_INSTANCE"] = instance
    settings.cache_clear()
    need_network()
    setup_logging(service)
    own = next(one.port for one in topology.SERVICES if one.name == service)
    try:
        process.start(topology.service(service), cast("Role", role), port or own, host=host)
    except CannotStart as why:
        fail(str(why), 2)


def _is_address(text: str) -> bool:
    from ipaddress import ip_address

    try:
        return bool(ip_address(text))
    except ValueError:
        return False


@app.command()
def migrate() -> None:
    """Make every service's schema, role and tables what this version needs. A second run changes nothing."""
    from shared import db
    from shared.settings import settings

    need_network()
    for done in asyncio.run(db.migrate(settings().postgres, topology.NAMES, topology.migrations)):
        typer.echo(f"{done.schema}: {', '.join(done.applied) or 'up to date'}")


def main() -> None:
    """Adds the commands of the services that are asked for, then hands over to typer."""
    from pydantic import ValidationError

    from deploy import servers

    try:
        servers.find(home())
    except ValidationError as error:
        sys.exit("\n".join(map(_wrong_setting, error.errors())))
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    add_commands(words[0] if words else "")
    app()


def _wrong_setting(error: Any) -> str:
    name = "".join(f"JITT_{str(part).upper()}: " for part in error["loc"][:1])
    return f"The settings are not right. {name}{error['msg'].removeprefix('Value error, ')}."


def add_commands(first: str = "") -> None:
    """The services' own commands; only those behind the first word where that is known, as importing takes a while."""
    if first in OWN:
        return
    modules = COMMANDS.get(first) or dict.fromkeys(module for some in COMMANDS.values() for module in some)
    for module in modules:
        import_module(module).add_to(app, import_app)


if __name__ == "__main__":
    main()
