"""`jitt dead`: what could not be read or applied, for the people who run the network."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy import topology
from shared.commands import AsJson, fail, need_network, on
from shared.messaging import dead, letters
from shared.messaging.letters import Which

app = typer.Typer(no_args_is_help=True, help=(
    "Dead letters: records that could not be read or applied. Nothing is lost.\n\n"
    "**dead** is the record that is wrong. **parked** is one that waits behind a dead one of the same mentor, session or "
    "training, so that order is kept.\n\n"
    "What to do: `jitt dead counts` shows where it hurts, `jitt dead list` each letter, `jitt dead show` one of them whole. Mend "
    "the cause (the reason *failed* is a bug of ours, the others are what the publisher sent), then `jitt dead replay`. What "
    "nobody needs: `jitt dead skip`. Letters are kept for 14 days."))
ServiceName = Annotated[str, typer.Argument(help=f"One of: {', '.join(topology.NAMES)}")]
OnlyService = Annotated[str, typer.Option("--service", help="Only this service.")]
Reason = Annotated[str, typer.Option(help="Only this reason, such as schema or failed.")]
Principal = Annotated[str, typer.Option("--principal", "--publisher", help="Only what this publisher or service sent.")]
Concern = Annotated[str, typer.Option(help="Only what is for this: a handler, or one aggregate as handler/key.")]
Since = Annotated[str, typer.Option(help="Buried at this time or later: 2026-11-25, or 2026-11-25T08:30 (UTC).")]
Until = Annotated[str, typer.Option(help="Buried before this time.")]
State = Annotated[str, typer.Option(help="dead, parked, replayed or skipped. Default: the open ones, dead and parked.")]
Ids = Annotated[list[int] | None, typer.Argument(help="Letters, by id. Default: all open ones that the options choose.")]
Why = Annotated[str, typer.Option(help="Kept with each letter, for whoever looks later. Name no person.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
PROGRESS = 100


def add_to(jitt: typer.Typer, _: typer.Typer) -> None:
    jitt.add_typer(app, name="dead")


@app.command("list")
def list_(
    *, service: OnlyService = "", reason: Reason = "", principal: Principal = "", concern: Concern = "", since: Since = "",
    until: Until = "", state: State = "", as_json: AsJson = False,
    limit: Annotated[int | None, typer.Option(min=1, help="So many of each service. Default: 50, with --json all.")] = None,
) -> None:
    """What could not be read or applied, oldest first.

    Example: jitt dead list --publisher district-sis --reason schema
    """
    which = _which(reason=reason, principal=principal, concern=concern, since=since, until=until, state=state)
    most = limit or (1_000_000 if as_json else 50)
    rows, more = [], 0
    for name in _chosen(service):
        found, number = _on(name, lambda conn: _listed(conn, which, most))
        rows += [{"service": name} | row for row in found]
        more += number - len(found)
    if as_json:
        typer.echo(json.dumps(rows, default=str))
    elif not rows:
        typer.echo("No dead letters.")
    else:
        _print(rows, {"service": "service", "id": "id", "state": "state", "reason": "reason", "what is wrong": "detail",
                      "from": "principal", "where": "where"})
        if more:
            typer.echo(f"{more} more: raise --limit, or choose with --service, --reason, --publisher, --since.")


@app.command("counts")
def counts(
    *, service: OnlyService = "", reason: Reason = "", principal: Principal = "", concern: Concern = "", since: Since = "",
    until: Until = "", state: State = "", as_json: AsJson = False,
) -> None:
    """How many letters there are, by service, reason and who sent them, with the oldest and the newest.

    Example: jitt dead counts --since 2026-11-25
    """
    which = _which(reason=reason, principal=principal, concern=concern, since=since, until=until, state=state)
    rows = [{"service": name} | row for name in _chosen(service) for row in _on(name, lambda c: letters.counts(c, which))]
    if as_json:
        typer.echo(json.dumps(rows, default=str))
    elif not rows:
        typer.echo("No dead letters.")
    else:
        same = ("service", "reason", "principal", "state", "letters", "oldest", "newest")
        _print(rows, {name: name for name in same})


@app.command("show")
def show(service: ServiceName, id: int) -> None:
    """One dead letter whole: its bytes as text where they are text, and as hex. It may hold personal data."""
    found = on(topology.service(_chosen(service)[0]), lambda running: dead.list_letters(running, [id]))
    if not found:
        fail(f"{service} has no open dead letter {id}. `jitt dead list --service {service}` shows what there is.")
    typer.echo(json.dumps(found[0].whole(), indent=2, default=str, ensure_ascii=False))


@app.command("replay")
def replay(
    service: ServiceName, ids: Ids = None, *, reason: Reason = "", principal: Principal = "", concern: Concern = "",
    since: Since = "", until: Until = "", yes: Yes = False,
) -> None:
    """Apply dead letters again, in order, after their cause was mended. What was applied before is recognized.

    A chosen one takes along all that wait for the same aggregates. Exit code 1: something failed again.

    Example: jitt dead replay trigger --reason failed
    """
    which = _which(reason=reason, principal=principal, concern=concern, since=since, until=until)
    chosen = _selected(service, ids, which, "Replay", yes)
    done = on(topology.service(service), lambda running: dead.replay(running, chosen, _progress))
    typer.echo(f"{done.applied} applied, {done.failed} failed again" + (f": {done.reason}" if done.reason else "."))
    if done.failed:
        raise typer.Exit(1)


@app.command("skip")
def skip(
    service: ServiceName, ids: Ids = None, *, reason: Reason = "", principal: Principal = "", concern: Concern = "",
    since: Since = "", until: Until = "", why: Why = "", yes: Yes = False,
) -> None:
    """Give dead letters up. The rows stay, marked as skipped; what waited behind them is replayed.

    Example: jitt dead skip trigger --publisher district-sis --reason not_json
    """
    which = _which(reason=reason, principal=principal, concern=concern, since=since, until=until)
    if not ids and which == Which():
        fail("Name the letters to give up, by id or with options such as --reason.", 2)
    chosen = _selected(service, ids, which, "Give up", yes) or []
    done = on(topology.service(service), lambda running: dead.skip(running, chosen, why))
    typer.echo(f"{len(chosen)} skipped; {done.applied} that waited behind them were applied, {done.failed} failed again.")
    if done.failed:
        raise typer.Exit(1)


async def _listed(conn: Any, which: Which, limit: int) -> tuple[list[dict[str, Any]], int]:
    return await letters.list_found(conn, which, limit), await letters.count(conn, which)


def _selected(service: str, ids: list[int] | None, which: Which, verb: str, yes: bool) -> list[int] | None:
    """The letters meant, once somebody agreed to what only options chose; None means all that are open."""
    _chosen(service)
    if ids and which != Which():
        fail("Choose letters by id or by options, not both.", 2)
    if ids:
        return ids
    found: list[int] = _on(service, lambda conn: letters.list_ids(conn, which))
    if not found:
        typer.echo(f"{service} has no such dead letter.")
        raise typer.Exit
    if not yes:
        typer.confirm(f"{verb} {len(found)} of {service} (without this question: --yes)?", abort=True)
    return None if which == Which() else found


def _progress(applied: int, failed: int) -> None:
    if (applied + failed) % PROGRESS == 0:
        typer.echo(f"{applied} applied, {failed} failed so far", err=True)


def _which(*, reason: str, principal: str, concern: str, since: str, until: str, state: str = "") -> Which:
    if state and state not in letters.STATES:
        fail(f"--state is one of: {', '.join(letters.STATES)}.", 2)
    states = (state,) if state else letters.OPEN
    return Which(states, reason, principal, concern, _moment("--since", since), _moment("--until", until))


def _moment(option: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        return letters.moment(text)
    except ValueError as error:
        fail(f"{option}: {error}", 2)


def _chosen(service: str) -> tuple[str, ...]:
    need_network()
    if service and service not in topology.NAMES:
        fail(f"There is no service “{service}”. Choose one of: {', '.join(topology.NAMES)}.", 2)
    return (service,) if service else topology.NAMES


def _on(service: str, work: Callable[[Any], Awaitable[Any]]) -> Any:
    async def inside(running: Any) -> Any:
        async with running.connection() as conn:
            return await work(conn)

    return on(topology.service(service), inside)


def _print(rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_words(row[field]) for field in columns.values()))
    Console().print(table, markup=False)


def _words(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
