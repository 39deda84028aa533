"""`jitt webhook`: which systems are told of alerts over HTTPS, and what became of it. A secret is shown once."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import httpx2
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.supervision import effects_webhooks, reading_feed, store_tokens, store_webhooks, told, webhook_secrets
from services.supervision.app import SERVICE
from services.supervision.webhook_messages import (
    WebhookAdded,
    WebhookPaused,
    WebhookRemoved,
    WebhookReplayed,
    WebhookSecretChanged,
)
from services.supervision.webhook_sending import allowed
from services.supervision.webhooks import Webhook, place_of
from shared.commands import AsJson, fail, on
from shared.contracts import ids
from shared.contracts.event import Event
from shared.running import Running
from shared.settings import settings

REFUSED = {
    "name_taken": "There is a webhook of that name already. Choose another name, or remove that one first.",
    "unknown_webhook": "There is no webhook of that name. `jitt webhook list` shows them all.",
    "not_active": "It is not active now. `jitt webhook resume NAME` lets it go on.",
    "active_already": "It is active already.",
    "none_dead": "None of these is among its dead ones. `jitt webhook dead NAME` shows them.",
}
ADDED = """\
{name} is told of alerts of {sites} from now on, at {host}. Its secret, shown this once:

{secret}

How a receiver checks a signature: docs/guides/feeds.md"""
BAD_NAME = "A name is small letters, digits and hyphens, such as eastfield-sis; 60 characters at most."
STATES = {"active": "active", "paused": "paused", "failing": "given up: nobody answered for three days", "gone": "ended by a 410"}
webhook_app = typer.Typer(no_args_is_help=True, help="Webhooks: systems that are told of alerts over HTTPS (Standard Webhooks).")
Name = Annotated[str, typer.Argument(help="Small letters, digits and hyphens, such as eastfield-sis.")]


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    """Adds `jitt webhook`."""
    app.add_typer(webhook_app, name="webhook")


@webhook_app.command("add")
def add(
    name: Name,
    url: Annotated[str, typer.Option(help="Where it listens; begins with https://.")],
    site: Annotated[list[str], typer.Option("--site", help="A site whose alerts it is told of; repeat it for each.")],
    supervisor: Annotated[str, typer.Option(help="Only alerts of this supervisor's mentors: the site's reference.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell a system of alerts from now on, in order. The secret that it checks signatures with is shown this once.

    Example: jitt webhook add eastfield-sis --site eastfield --url https://sis.example.org/jitt
    """
    if supervisor and len(site) != 1:
        fail("A supervisor's reference belongs to one site: name one --site.", 2)
    secret, sites = webhook_secrets.new(), sorted(set(site))
    host = _host(url)
    by = ids.supervisor(sites[0], supervisor) if supervisor else None
    place = on(SERVICE, lambda running: _here(running, sites))
    try:
        event = WebhookAdded(name=name, url=url, sites=tuple(sites), supervisor_id=by, secret=_sealed(secret, name), place=place)
    except ValidationError:
        fail(BAD_NAME, 2)
    _tell(event)
    if as_json:
        typer.echo(json.dumps({"name": name, "sites": sites, "url": url, "secret": secret}))
        return
    typer.echo(ADDED.format(name=name, sites=", ".join(sites), host=host, secret=secret))


@webhook_app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Every webhook: its state, the last answer, and how many changes were given up. Secrets are not shown."""
    found = on(SERVICE, lambda running: store_webhooks.list_webhooks(running.pool))
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in found]))
    elif not found:
        typer.echo("No webhooks yet. The first one: jitt webhook add NAME --site SITE --url https://…")
    else:
        Console().print(_table(found), markup=False)


@webhook_app.command("rotate")
def rotate(
    name: Name,
    at_once: Annotated[bool, typer.Option("--at-once", help="The old secret signs no more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give it a new secret. For a day both sign, so that the receiver can change over; --at-once ends the old one now."""
    secret = webhook_secrets.new()
    _tell(WebhookSecretChanged(name=name, secret=_sealed(secret, name), at_once=at_once))
    if as_json:
        typer.echo(json.dumps({"name": name, "secret": secret}))
        return
    old = "The old one signs no more." if at_once else "The old one signs too, for another day."
    typer.echo(f"The new secret of {name}, shown this once:\n\n{secret}\n\n{old}")


@webhook_app.command("pause")
def pause(name: Name) -> None:
    """Send it nothing until `jitt webhook resume`. What happens meanwhile is told then."""
    _tell(WebhookPaused(name=name, paused=True))
    typer.echo(f"{name} is told nothing for now. `jitt webhook resume {name}` goes on where it stopped.")


@webhook_app.command("resume")
def resume(name: Name) -> None:
    """Go on where it stopped: after a pause, or after nobody answered."""
    _tell(WebhookPaused(name=name, paused=False))
    typer.echo(f"{name} is told again, from where it stopped.")


@webhook_app.command("remove")
def remove(name: Name) -> None:
    """End it. Its secret and its dead ones are forgotten."""
    _tell(WebhookRemoved(name=name))
    typer.echo(f"{name} is told no more.")


@webhook_app.command("dead")
def dead(name: Name, as_json: AsJson = False) -> None:
    """The changes that did not arrive within three days, with the last answer."""
    found = _find(name)
    if as_json:
        typer.echo(json.dumps([{"place": one.place, "id": _id(name, one.place), "at": one.at.isoformat(), "answer": one.answer,
                                "again": one.again} for one in found.dead]))  # fmt: skip
        return
    if not found.dead:
        typer.echo(f"Nothing was given up for {name}.")
    for one in found.dead:
        waits = "   is sent again now" if one.again else ""
        typer.echo(f"{one.place}   {_id(name, one.place)}   given up {one.at:%Y-%m-%d %H:%M} UTC   {one.answer}{waits}")
    if found.dead:
        typer.echo(f"\nSend them once more: jitt webhook replay {name}")


@webhook_app.command("replay")
def replay(
    name: Name, place: Annotated[list[str] | None, typer.Argument(help="As in `jitt webhook dead`; none: all.")] = None
) -> None:
    """Send dead ones once more, with the ids that they had. They arrive after what came later: `at` says when each was."""
    _tell(WebhookReplayed(name=name, places=tuple(place or ())))
    typer.echo(f"They are sent once more. `jitt webhook dead {name}` shows what is left.")


def _host(url: str) -> str:
    try:
        found, _ = asyncio.run(effects_webhooks.check(url, allowed(settings())))
    except effects_webhooks.NotAllowed as error:
        fail(effects_webhooks.WORDS[str(error)], 2)
    return found.host


def _sealed(secret: str, name: str) -> str:
    try:
        return webhook_secrets.seal(secret, name)
    except webhook_secrets.NoKey as error:
        fail(str(error), 2)


async def _here(running: Running, sites: Sequence[str]) -> str:
    async with running.connection() as conn:
        if unknown := await store_tokens.list_unknown_sites(conn, sites):
            fail(f"Nothing is known of the site “{unknown[0]}”. `jitt site list` shows those that are.")
        return str(await reading_feed.here(conn))


def _tell(event: Event) -> None:
    outcome = on(SERVICE, lambda running: running.submit(event, id=str(uuid4()), source="command"))
    if outcome.kind == "refused":
        fail(REFUSED.get(outcome.reason or "", f"That was refused: {outcome.reason}."))


def _find(name: str) -> Webhook:
    found = on(SERVICE, lambda running: store_webhooks.find(running.pool, name))
    return found if found and found.state != "removed" else fail(REFUSED["unknown_webhook"])


def _id(name: str, place: str) -> str:
    return told.webhook_id(name, place_of(place))


def _table(found: Sequence[Webhook]) -> Table:
    table = Table("name", "sites", "host", "state", "last answer", "arrived last", "dead", box=None, pad_edge=False)
    for one in found:
        state = f"{STATES[one.state]}, try {one.tries}" if one.tries else STATES[one.state]
        host, dead = httpx2.URL(one.url).host, str(len(one.dead) or "")
        table.add_row(one.name, _sites(one.sites), host, state, one.answer or "none yet", _when(one.delivered_at), dead)
    return table


def _sites(sites: Sequence[str]) -> str:
    return ", ".join(sites[:3]) + (f" and {len(sites) - 3:,} more" if len(sites) > 3 else "")


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"


def _as_json(one: Webhook) -> dict[str, Any]:
    instants = ("added_at", "delivered_at", "failing_since")
    times = {name: at.isoformat() if (at := getattr(one, name)) else None for name in instants}
    return {"name": one.name, "sites": list(one.sites), "url": one.url, "state": one.state, "place": str(one.place),
            "tries": one.tries, "answer": one.answer, "dead": len(one.dead), "secrets": len(one.secrets), **times}  # fmt: skip
