"""`jitt publisher`: who may announce sessions, and for which sites. Words in, words out."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.trigger import commands_logins, publishers, tenants
from services.trigger.app import SERVICE
from services.trigger.messages import (
    OldTokensRevoked,
    PublisherAdded,
    PublisherPaused,
    PublisherRemoved,
    PublisherSitesChanged,
    TokenIssued,
)
from services.trigger.tenants import Credential
from shared.commands import AsJson, fail, on
from shared.contracts.event import Event
from shared.running import Running
from shared.settings import settings
from shared.tokens import hashed, new_token

REFUSED = {
    "name_taken": "There is a publisher of that name already. `jitt publisher list` shows them all; choose another name, "
    "or give it a new token with `jitt publisher token`.",
    "unknown_publisher": "There is no publisher of that name. `jitt publisher list` shows them all.",
    "no_old_token": "It has no older token: nothing to end. A new one comes from `jitt publisher token NAME`.",
    "not_its_site": "One of the sites to remove is not among its sites. `jitt publisher sites NAME` shows them.",
    "no_sites_left": "It would have no site left. To stop it, use `jitt publisher pause`.",
    "too_many_sites": f"A publisher has {tenants.MOST_SITES:,} sites at most. Add a second publisher.",
}
NO_TOPIC_LEFT = (
    f"{tenants.MOST_TOPICS} publishers have a topic of their own, and there can be no more. "
    "Let this one announce its sessions over HTTPS: leave out --kafka."
)
Uses = Mapping[bytes, datetime]
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
    """Let a system announce sessions. Over HTTPS it gets a token, over Kafka a topic and a login; each is shown once.

    Example: jitt publisher add lakeside-calendar --site lakeside
    """
    if kafka:
        _add_over_kafka(name, site, as_json)
        return
    token = new_token()
    _tell(lambda: PublisherAdded(name=name, sites=tuple(site), token_sha256=hashed(token).hex()))
    if as_json:
        typer.echo(json.dumps({"name": name, "sites": sorted(set(site)), "kafka": False, "token": token}))
    else:
        typer.echo(f"{name} may announce sessions of {_listed(site)}. Its token, shown this once:\n\n{token}\n\n{_how(token)}")


def _add_over_kafka(name: str, sites: list[str], as_json: bool) -> None:
    _fail_if_there_is_no_topic_left()
    way = commands_logins.way_in()
    _tell(lambda: PublisherAdded(name=name, sites=tuple(sites), kafka=True))
    given = commands_logins.opened(way, name, min(sites))
    if as_json:
        said = {"name": name, "sites": sorted(set(sites)), "kafka": True, "token": None}
        typer.echo(json.dumps(said | commands_logins.as_json(given)))
    else:
        typer.echo(f"{name} may announce sessions of {_listed(sites)} on the topic in.{name}, read within ten seconds.\n")
        typer.echo(commands_logins.in_words(way, given, name, min(sites)))


def _fail_if_there_is_no_topic_left() -> None:
    there = on(SERVICE, lambda running: publishers.list_credentials(running.pool))
    if sum(one.kafka for one in there) >= tenants.MOST_TOPICS:
        fail(NO_TOPIC_LEFT)


@publisher_app.command("list")
def list_publishers(as_json: AsJson = False) -> None:
    """Every publisher, with its sites. Tokens are not shown: nobody has them.

    Example: jitt publisher list --json
    """
    found, uses = on(SERVICE, _all_publishers)
    if as_json:
        typer.echo(json.dumps([_as_json(c, uses) for c in found]))
    elif not found:
        typer.echo("No publishers yet. The first one: jitt publisher add NAME --site SITE")
    else:
        Console().print(_table(found, uses), markup=False)


@publisher_app.command("token")
def token(
    name: Name,
    only: Annotated[bool, typer.Option("--only", help="Earlier tokens stop working at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give a publisher a new token, or a new login at Kafka. Earlier ones go on working (four at most) until you say --only.

    Example: jitt publisher token lakeside-calendar --only
    """
    if (known := _known(name)).kafka:
        way = commands_logins.way_in()
        given = commands_logins.opened(way, name, site := min(known.sites), only=only)
        as_said = {"name": name, "token": None} | commands_logins.as_json(given)
        typer.echo(json.dumps(as_said) if as_json else commands_logins.in_words(way, given, name, site))
        return
    new = new_token()
    _tell(lambda: TokenIssued(name=name, token_sha256=hashed(new).hex(), only=only))
    typer.echo(json.dumps({"name": name, "token": new}) if as_json else f"The new token of {name}, shown this once:\n\n{new}")


@publisher_app.command("revoke")
def revoke(
    name: Name,
    old: Annotated[bool, typer.Option("--old", help="All tokens but the newest.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Although the newest has not been used yet.")] = False,
) -> None:
    """End a publisher's older tokens or logins, once it uses the newest: so one is changed without a gap.

    Example: jitt publisher token lakeside-calendar, then, when it is in use: jitt publisher revoke lakeside-calendar --old
    """
    if not old:
        fail("Say --old: all tokens but the newest end. To replace them all at once: jitt publisher token NAME --only", 2)
    if _known(name).kafka:
        typer.echo(commands_logins.old_ended(name, anyway))
        return
    found, uses = on(SERVICE, _all_publishers)
    newest = next((c.token_hashes[-1] for c in found if c.name == name and len(c.token_hashes) > 1), None)
    if newest and newest not in uses and not anyway:
        fail(f"The newest token of {name} has not been used yet, so this could cut it off. Nothing was ended. "
             "Put the new token to use first, or add --anyway.")  # fmt: skip
    _tell(lambda: OldTokensRevoked(name=name))
    typer.echo(f"Only the newest token of {name} works now.")


@publisher_app.command("remove")
def remove(name: Name) -> None:
    """Let a publisher announce nothing more: every token or login ends at once. What it announced stays.

    Example: jitt publisher remove lakeside-calendar
    """
    if _known(name).kafka:
        commands_logins.all_ended(name)
    _tell(lambda: PublisherRemoved(name=name))
    typer.echo(f"{name} can announce nothing any more. What it announced stays, and what stands on its topic is still read.\n"
               f"To let it in again: jitt publisher token {name}")  # fmt: skip


@publisher_app.command("sites")
def sites(
    name: Name,
    add: Annotated[list[str] | None, typer.Option("--add", help="A site it may speak for from now on; repeat it.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A site it may speak for no more; repeat it.")] = None,
) -> None:
    """Show or change for which sites a publisher speaks. What it announced before stays.

    Example: jitt publisher sites lakeside-calendar --add harbor --remove lakeside
    """
    if both := {*(add or ())} & {*(remove or ())}:
        fail(f"To be added and removed at once: {_listed(list(both))}. Say one of the two.", 2)
    if add or remove:
        _tell(lambda: PublisherSitesChanged(name=name, added=tuple(add or ()), removed=tuple(remove or ())))
    typer.echo(f"{name} may announce sessions of {_listed(list(_known(name).sites))}.")


@publisher_app.command("pause")
def pause(name: Name, why: Annotated[str, typer.Option(help="For whoever asks later.")] = "") -> None:
    """Listen to a publisher no more, until `jitt publisher resume`. Nothing that it said is lost.

    Example: jitt publisher pause lakeside-calendar
    """
    _tell(lambda: PublisherPaused(name=name, paused=True, why=why))
    waits = f" What it writes waits on in.{name}, {commands_logins.DAYS} days at most; its login goes on working."
    typer.echo(f"{name} is paused." + (waits if _known(name).kafka else ""))


@publisher_app.command("resume")
def resume(name: Name) -> None:
    """Listen to a paused publisher again.

    Example: jitt publisher resume lakeside-calendar
    """
    _tell(lambda: PublisherPaused(name=name, paused=False))
    typer.echo(f"{name} is heard again.")


def _known(name: str) -> Credential:
    found, _ = on(SERVICE, _all_publishers)
    return next((c for c in found if c.name == name), None) or fail(REFUSED["unknown_publisher"])


async def _all_publishers(running: Running) -> tuple[list[Credential], Uses]:
    found = await publishers.list_credentials(running.pool)
    return found, await publishers.load_uses(running.pool, found)


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


def _as_json(c: Credential, uses: Uses) -> dict[str, Any]:
    return {
        "name": c.name,
        "sites": list(c.sites),
        "kafka": c.kafka,
        "tokens": len(c.token_hashes),
        "last_used": [f"{uses[token]:%Y-%m-%d}" if token in uses else None for token in c.token_hashes],
        "added_at": c.added_at.isoformat(),
        "paused_at": c.paused_at.isoformat() if c.paused_at else None,
        "paused_why": c.paused_why,
    }


def _state(c: Credential) -> str:
    if c.paused_at is None:
        return "heard"
    return f"paused since {c.paused_at:%Y-%m-%d %H:%M} UTC" + (f": {c.paused_why}" if c.paused_why else "")


def _used(c: Credential, uses: Uses) -> str:
    """The day, in UTC, for each token, the newest last."""
    return ", ".join(f"{uses[token]:%Y-%m-%d}" if token in uses else "never" for token in c.token_hashes)


def _table(found: Sequence[Credential], uses: Uses) -> Table:
    table = Table("Publisher", "Sites", "Speaks", "Tokens last used", "State", box=None)
    for c in found:
        sites = ", ".join(c.sites[:5]) + (f" and {len(c.sites) - 5} more" if len(c.sites) > 5 else "")
        table.add_row(c.name, sites, f"topic in.{c.name}" if c.kafka else "HTTPS", _used(c, uses), _state(c))
    return table
