"""`jitt token`: which systems may ask, what they may do, and for which sites. A token is shown once."""

import json
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, get_args

import typer
from asyncpg import Record
from rich.console import Console
from rich.table import Table

from services.supervision import store_tokens
from services.supervision.app import SERVICE
from services.supervision.tokens import SCOPES, Scope
from shared.commands import AsJson, fail, on
from shared.running import Running
from shared.settings import settings
from shared.tokens import PREFIX, new_token

NAME = re.compile(r"[a-z0-9](-?[a-z0-9])*")
MOST_DAYS = 3_650
PUBLISHERS = "To announce sessions a system is a publisher: `jitt publisher add NAME --site SITE` gives it a token for that."
IN_USE = "There is a token “{}” in use already. Choose another name, or end that one first: `jitt token revoke {}`."
NOT_IN_USE = "No token in use has the name “{}”. `jitt token list` shows them all."
token_app = typer.Typer(no_args_is_help=True, help="Tokens for systems that ask: what each may do, and for which sites.")
Name = Annotated[str, typer.Argument(help="Small letters, digits and hyphens, such as eastfield-wall.")]


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    """Adds `jitt token`."""
    app.add_typer(token_app, name="token")


@token_app.command("add")
def add(
    name: Name,
    site: Annotated[list[str], typer.Option("--site", help="A site whose facts it may see; repeat it for each.")],
    scope: Annotated[list[str], typer.Option("--scope", help=f"What it may do: {', '.join(SCOPES)}; repeat it for each.")],
    days: Annotated[int, typer.Option(help="How long it works.", min=1, max=MOST_DAYS)] = 365,
    as_json: AsJson = False,
) -> None:
    """Give a system a token. It is shown this once, and kept as a hash only.

    Example: jitt token add eastfield-wall --site eastfield --scope alerts:read
    """
    _check(name, scope)
    token, sites, scopes = new_token(), sorted(set(site)), sorted(set(scope))
    ends_at = on(SERVICE, lambda running: _added(running, name, token, sites=sites, scopes=scopes, life=timedelta(days=days)))
    if ends_at is None:
        fail(IN_USE.format(name, name))
    if as_json:
        said = {"name": name, "token": token, "sites": sites, "scopes": scopes, "expires_at": ends_at.isoformat()}
        typer.echo(json.dumps(said))
        return
    may = " and ".join(SCOPES[known] for known in get_args(Scope) if known in scopes)
    typer.echo(f"{name} may {may}, for {', '.join(sites)}, until {ends_at:%Y-%m-%d}. Its token, shown this once:\n\n{token}\n\n"
               f"It sends the token with each request:\n\ncurl -H 'Authorization: Bearer {token[:PREFIX]}…' "
               f"{settings().supervision_url}/v1/alerts")  # fmt: skip


@token_app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show the tokens: how each begins, what it may do, when it was last used and when it ends."""
    found = on(SERVICE, _all)
    if as_json:
        typer.echo(json.dumps([_as_json(row) for row in found]))
    elif not found:
        typer.echo("No system has a token. `jitt token add` gives one.")
    else:
        Console().print(_table(found))


@token_app.command("revoke")
def revoke(name: Name) -> None:
    """End a token at once. A stream that is open ends within 15 seconds."""
    if not on(SERVICE, lambda running: _revoked(running, name)):
        fail(NOT_IN_USE.format(name))
    typer.echo(f"The token of {name} is ended. `jitt token add {name}` gives a new one.")


def _check(name: str, scopes: list[str]) -> None:
    if len(name) > 60 or not NAME.fullmatch(name):
        fail("A name is small letters, digits and hyphens, such as eastfield-wall; 60 characters at most.", 2)
    if "events:write" in scopes:
        fail(PUBLISHERS, 2)
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        fail(f"There is no scope “{unknown[0]}”. Choose from: {', '.join(SCOPES)}.", 2)


async def _added(running: Running, name: str, token: str, *, sites: list[str], scopes: list[str],
                 life: timedelta) -> datetime | None:  # fmt: skip
    async with running.connection() as conn:
        if unknown := await store_tokens.list_unknown_sites(conn, sites):
            fail(f"Nothing is known of the site “{unknown[0]}”. `jitt site list` shows those that are.")
        return await store_tokens.add_token(conn, name, token, sites=sites, scopes=scopes, life=life)


async def _all(running: Running) -> list[Record]:
    async with running.connection() as conn:
        return await store_tokens.list_tokens(conn)


async def _revoked(running: Running, name: str) -> bool:
    async with running.connection() as conn:
        return await store_tokens.revoke_token(conn, name)


def _table(found: list[Record]) -> Table:
    table = Table("name", "begins with", "may", "sites", "last used", "works", box=None, pad_edge=False)
    for row in found:
        used = f"{row['used_at']:%Y-%m-%d %H:00} UTC" if row["used_at"] else "never"
        table.add_row(row["name"], f"{row['prefix']}…", ", ".join(row["scopes"]), _sites(row["sites"]), used, _works(row))
    return table


def _sites(sites: list[str]) -> str:
    return ", ".join(sites[:3]) + (f" and {len(sites) - 3:,} more" if len(sites) > 3 else "")


def _works(row: Record) -> str:
    if row["revoked_at"]:
        return f"ended {row['revoked_at']:%Y-%m-%d}"
    return f"{'until' if row['expires_at'] > row['now'] else 'expired'} {row['expires_at']:%Y-%m-%d}"


def _as_json(row: Record) -> dict[str, Any]:
    times = {name: row[name].isoformat() if row[name] else None for name in ("added_at", "expires_at", "revoked_at", "used_at")}
    return {"name": row["name"], "prefix": row["prefix"], "sites": row["sites"], "scopes": row["scopes"], **times}
