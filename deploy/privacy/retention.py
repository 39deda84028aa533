"""`jitt retention`: how long each kind of thing is kept, and what was deleted because its time was over."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy import topology
from deploy.privacy.asking import All, everywhere
from shared import privacy, retention
from shared.commands import AsJson
from shared.messaging import store_erasing

app = typer.Typer(no_args_is_help=True, help=(
    "How long things are kept.\n\nWorkers delete once an hour what is too old. `jitt retention show` says how long and why, "
    "`jitt retention run --dry-run` what would go now, `jitt retention log` what went."))  # fmt: skip

EVERYWHERE = {kept.table for kept in privacy.everywhere()}


def add_to(jitt: typer.Typer, _: typer.Typer) -> None:
    jitt.add_typer(app, name="retention")


@app.command()
def show(as_json: AsJson = False) -> None:
    """Every table of every service: what it holds, why, and for how long."""
    found = [
        {"service": name, "table": kept.table, "class": kept.group, "what": kept.what, "why": kept.why, "how_long": kept.how_long}
        for name in topology.NAMES for kept in topology.service(name).keeps
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(found))
        return
    together: dict[tuple[str, str], list[str]] = {}
    for one in found:
        where = together.setdefault((one["class"], one["how_long"]), [])
        name = f"every service: {one['table']}" if one["table"] in EVERYWHERE else f"{one['service']}.{one['table']}"
        where += [] if name in where else [name]
    _print(("What", "How long", "Where"), [(*of, "\n".join(where)) for of, where in sorted(together.items())])


@app.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what is too old.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete now what is too old, instead of within the hour."""
    found = everywhere(_counted if dry_run else _run)
    if as_json:
        typer.echo(json.dumps(found))
    elif found:
        _print(("Service", "Table", "Kept for days", "Rows too old" if dry_run else "Rows deleted"),
               [(one["service"], one["table"], f"{one['days']:,}", f"{one['rows']:,}") for one in found])  # fmt: skip
    else:
        typer.echo("Nothing is too old.")


@app.command()
def log(limit: Annotated[int, typer.Option(min=1, help="So many of each service.")] = 20, as_json: AsJson = False) -> None:
    """What was deleted because its time was over, newest first: counts, never whose."""
    found = everywhere(lambda services: _logged(services, limit))
    if as_json:
        typer.echo(json.dumps(found, default=str))
    elif found:
        _print(("When (UTC)", "Service", "Table", "Rows"),
               [(f"{one['at']:%Y-%m-%d %H:%M}", one["service"], one["name"], f"{one['rows']:,}") for one in found])  # fmt: skip
    else:
        typer.echo("Nothing was deleted yet.")


async def _counted(services: All) -> list[dict[str, Any]]:
    return [
        {"service": name, "table": kept.table, "days": kept.days, "rows": rows}
        for name, running in services.items() for kept, rows in await retention.too_old(running) if rows
    ]  # fmt: skip


async def _run(services: All) -> list[dict[str, Any]]:
    return [
        {"service": name, "table": kept.table, "days": kept.days, "rows": rows}
        for name, running in services.items() async for kept, rows in retention.run(running)
    ]  # fmt: skip


async def _logged(services: All, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, running in services.items():
        async with running.connection() as conn:
            found += [{"service": name} | one for one in await store_erasing.list_forgotten(conn, limit)]
    return sorted(found, key=lambda one: one["at"], reverse=True)


def _print(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if "ow" in head and head != "How long" else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
