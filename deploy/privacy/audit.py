"""`jitt audit`: what was done from the command line, by whom and about whom. Looking is written down, too."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy import topology
from deploy.privacy import asking
from deploy.privacy.asking import All, everywhere
from shared.commands import AsJson
from shared.messaging import store_operated

Limit = Annotated[int, typer.Option(min=1, help="So many of them.")]


def add_to(jitt: typer.Typer, _: typer.Typer) -> None:
    jitt.command("audit")(audit)


def audit(
    *,
    site: Annotated[str, typer.Option(help="Only what named this site.")] = "",
    id: Annotated[str, typer.Option("--about", help="Only what was about this person or thing: jitt's own id.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Who has run which command, when, and about whom: newest first, for three years. Nobody can change it.

    Who opened which page about a mentor stands on the console, under Site.

    Example: jitt audit --site eastfield --limit 20
    """
    found = everywhere(lambda services: _done(services, site, id, limit))
    if as_json:
        typer.echo(json.dumps(found, default=str))
        return
    table = Table(box=None, pad_edge=False)
    for head in ("When (UTC)", "Who", "Command", "Site", "About"):
        table.add_column(head, overflow="fold")
    for one in found:
        at: datetime = one["at"]
        about = "\n".join(map(str, one["about"]))
        table.add_row(f"{at:%Y-%m-%d %H:%M}", one["operator"], f"jitt {one['command']}", one["site_id"], about)
    Console().print(table)


async def _done(services: All, site: str, about: str, limit: int) -> list[dict[str, Any]]:
    """Each service has what was done in it."""
    whom = asking.an_id(about) if about else None
    found: list[dict[str, Any]] = []
    for name in topology.NAMES:
        async with services[name].connection() as conn:
            found += [{"service": name} | one for one in await store_operated.list_last(conn, site, whom, limit)]
    return sorted(found, key=lambda one: one["at"], reverse=True)[:limit]
