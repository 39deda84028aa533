"""`jitt publisher`: who may announce sessions, and for which sites. Words in, words out."""

import json
from collections.abc import Callable
from typing import Annotated, Any
from uuid import uuid4

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.trigger import publishers, tenants
from services.trigger.app import SERVICE
from services.trigger.messages import PublisherAdded, PublisherPaused, TokenIssued
from services.trigger.tenants import Credential
from shared.commands import AsJson, fail, on
from shared.contracts.event import Event
from shared.running import Running
from shared.settings import settings

REFUSED = {
    "name_taken": "There is a publisher of that name already. `jitt publisher list` shows them all; choose another name, "
    "or give it a new token with `jitt publisher token`.",
    "unknown_publisher": "There is no publisher of that name. `jitt publisher list` shows them all.",
}

publisher_app = typer.Typer(no_args_is_help=True, help="Publishers: the systems that may announce sessions, and for which sites.")
Name = Annotated[str, typer.Argument(help="Small letters, digits and hyphens, such as lakeside-calendar.")]
Sites = Annotated[list[str], typer.Option("--site", help="A site it may speak for; repeat it for each.")]


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    app.add_typer(publisher_app, name="publisher")


@publisher_app.command("add")
def add(
    name: Name,
    site: Sites,
    kafka: Annotated[bool, typer.Option("--kafka/--http", help="Its own topic, or HTTPS with a token.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a system announce sessions. Over HTTPS it gets a token, which is shown once and kept nowhere.

    Example: jitt publisher add lakeside-calendar --site lakeside
    """
    token = None if kafka else tenants.new_token()
    hashed = tenants.hashed(token).hex() if token else None
    _tell(lambda: PublisherAdded(name=name, sites=tuple(site), kafka=kafka, token_sha256=hashed))
    if as_json:
        typer.echo(json.dumps({"name": name, "sites": sorted(set(site)), "kafka": kafka, "token": token}))
    elif token:
        typer.echo(f"{name} may announce sessions of {_listed(site)}. Its token, shown this once:\n\n{token}\n\n{_how(token)}")
    else:
        typer.echo(
            f"{name} may announce sessions of {_listed(site)} on the topic in.{name}. "
            "Make the topic with `jitt topics apply`; it is read within ten seconds after that."
        )


@publisher_app.command("list")
def list_publishers(as_json: AsJson = False) -> None:
    """Every publisher, with its sites. Tokens are not shown: nobody has them.

    Example: jitt publisher list --json
    """
    found = on(SERVICE, _all_publishers)
    if as_json:
        typer.echo(json.dumps([_as_json(c) for c in found]))
    elif not found:
        typer.echo("No publishers yet. The first one: jitt publisher add NAME --site SITE")
    else:
        Console().print(_table(found), markup=False)


@publisher_app.command("token")
def token(
    name: Name,
    only: Annotated[bool, typer.Option("--only", help="Earlier tokens stop working at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give a publisher a new token. Earlier ones go on working (four at most) until you say --only.

    Example: jitt publisher token lakeside-calendar --only
    """
    new = tenants.new_token()
    _tell(lambda: TokenIssued(name=name, token_sha256=tenants.hashed(new).hex(), only=only))
    typer.echo(json.dumps({"name": name, "token": new}) if as_json else f"The new token of {name}, shown this once:\n\n{new}")


@publisher_app.command("pause")
def pause(name: Name, why: Annotated[str, typer.Option(help="For whoever asks later.")] = "") -> None:
    """Listen to a publisher no more, until `jitt publisher resume`. Nothing that it said is lost.

    Example: jitt publisher pause lakeside-calendar
    """
    _tell(lambda: PublisherPaused(name=name, paused=True, why=why))
    typer.echo(f"{name} is paused.")


@publisher_app.command("resume")
def resume(name: Name) -> None:
    """Listen to a paused publisher again.

    Example: jitt publisher resume lakeside-calendar
    """
    _tell(lambda: PublisherPaused(name=name, paused=False))
    typer.echo(f"{name} is heard again.")


async def _all_publishers(running: Running) -> list[Credential]:
    return await publishers.list_credentials(running.pool)


def _tell(event: Callable[[], Event]) -> None:
    """Submits what the event says, or explains why it cannot be."""
    try:
        said = event()
    except ValidationError as error:
        first = error.errors()[0]
        fail(f"{first['loc'][0]}: {first['msg']}.", 2)
    outcome = on(SERVICE, lambda running: running.submit(said, id=str(uuid4()), source="command"))
    if outcome.kind not in ("applied", "duplicate"):
        fail(REFUSED.get(outcome.reason or "", f"That was refused: {outcome.reason}."))


def _listed(sites: list[str]) -> str:
    names = sorted(set(sites))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _how(token: str) -> str:
    return f"Send events to {settings().trigger_url}/v1/events with the header\nAuthorization: Bearer {token[:9]}…"


def _as_json(c: Credential) -> dict[str, Any]:
    return {
        "name": c.name,
        "sites": list(c.sites),
        "kafka": c.kafka,
        "tokens": len(c.token_hashes),
        "added_at": c.added_at.isoformat(),
        "paused_at": c.paused_at.isoformat() if c.paused_at else None,
        "paused_why": c.paused_why,
    }


def _state(c: Credential) -> str:
    if c.paused_at is None:
        return "heard"
    return f"paused since {c.paused_at:%Y-%m-%d %H:%M} UTC" + (f": {c.paused_why}" if c.paused_why else "")


def _table(found: list[Credential]) -> Table:
    table = Table("Publisher", "Sites", "Speaks", "State", box=None)
    for c in found:
        sites = ", ".join(c.sites[:5]) + (f" and {len(c.sites) - 5} more" if len(c.sites) > 5 else "")
        table.add_row(c.name, sites, f"topic in.{c.name}" if c.kafka else "HTTPS", _state(c))
    return table
