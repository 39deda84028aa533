"""`jitt publisher` and `jitt policy`: who may announce sessions, and what each site has chosen. Words in, words out."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Annotated, Any
from uuid import uuid4

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.trigger import policy_words, publishers, store_copies, tenants
from services.trigger.app import SERVICE
from services.trigger.messages import PolicyChosen, PublisherAdded, PublisherPaused, TokenIssued
from services.trigger.policy import Policy, written
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
policy_app = typer.Typer(no_args_is_help=True, help="What a site has chosen: when mentors hear from us, and when never.")
Name = Annotated[str, typer.Argument(help="Small letters, digits and hyphens, such as lakeside-calendar.")]
SiteId = Annotated[str, typer.Argument(help="The site's id, as in `jitt site list`.")]
Sites = Annotated[list[str], typer.Option("--site", help="A site it may speak for; repeat it for each.")]
Hours = Annotated[float | None, typer.Option(min=0, max=23, help="Hours before the start.")]
Clock = Annotated[str | None, typer.Option(help="A time of the day, such as 21:00.")]


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    app.add_typer(publisher_app, name="publisher")
    app.add_typer(policy_app, name="policy")


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


@policy_app.command("show")
def show(site: SiteId, as_json: AsJson = False) -> None:
    """When mentors of a site hear from us.

    Example: jitt policy show lakeside
    """
    found = on(SERVICE, lambda running: _policy(running, site))
    if as_json:
        typer.echo(written(found))
        return
    for line in policy_words.said(found):
        typer.echo(line)


@policy_app.command("set")
def choose(
    site: SiteId,
    *,
    assign_days: Annotated[int | None, typer.Option(min=1, max=14, help="Training: days before, at the same time.")] = None,
    nudge: Hours = None,
    quiz_by: Hours = None,
    last_call: Annotated[float | None, typer.Option(min=0, max=180, help="Minutes before the start.")] = None,
    check_in: Annotated[float | None, typer.Option(min=0, max=600, help="Minutes after the end.")] = None,
    quiet_from: Clock = None,
    quiet_to: Clock = None,
    training_minutes: Annotated[int | None, typer.Option(min=1, max=5, help="The longest training, in minutes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what a site has chosen. What you do not name stays as it is.

    Sessions whose training has not gone out yet follow at once; the others keep what they were planned with.

    Example: jitt policy set lakeside --quiet-from 20:00 --quiet-to 08:00
    """
    begins, ends = _clock("--quiet-from", quiet_from), _clock("--quiet-to", quiet_to)
    before = on(SERVICE, lambda running: _policy(running, site))
    old = before.timing
    timing = replace(
        old,
        assign_days=old.assign_days if assign_days is None else assign_days,
        nudge=old.nudge if nudge is None else timedelta(hours=nudge),
        quiz_by=old.quiz_by if quiz_by is None else timedelta(hours=quiz_by),
        last_call=old.last_call if last_call is None else timedelta(minutes=last_call),
        check_in=old.check_in if check_in is None else timedelta(minutes=check_in),
        quiet_from=old.quiet_from if begins is None else begins,
        quiet_to=old.quiet_to if ends is None else ends,
    )
    wanted = replace(before, timing=timing, training_minutes=training_minutes or before.training_minutes)
    if faults := timing.faults():
        fail(" ".join(faults))
    _tell(lambda: PolicyChosen(site_id=site, document=written(wanted)))
    show(site, as_json)


async def _all_publishers(running: Running) -> list[Credential]:
    return await publishers.list_credentials(running.pool)


async def _policy(running: Running, site: str) -> Policy:
    return await store_copies.get_policy(running.pool, site)


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


def _clock(option: str, text: str | None) -> time | None:
    if text is None:
        return None
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        fail(f"{option}: “{text}” is no time of the day. Write hours and minutes, such as 21:00.", 2)


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
