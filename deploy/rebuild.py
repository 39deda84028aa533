"""`jitt rebuild`: copied facts made again from the topics, for the people who run the network."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from asyncpg import InsufficientPrivilegeError, LockNotAvailableError

from deploy import topology
from shared.bus import Unread
from shared.commands import AsJson, fail, need_network, on
from shared.messaging.batch import PARKED_LIMIT, TooManyFailures
from shared.messaging.rebuild import Rebuilt, projections, rebuild
from shared.running import Running

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only compare. Exit code 1 when a row is missing or wrong.")]
Wanted = Annotated[list[str] | None, typer.Argument(metavar="PROJECTION", show_default=False, help=(
    "As service.projection; either word alone means all of that service or that name. Without any: a list of them."))]
EVERY = 100_000  # events between two lines of progress


def add_to(jitt: typer.Typer, _: typer.Typer) -> None:
    jitt.command("rebuild")(rebuild_)


def rebuild_(wanted: Wanted = None, *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Make copied facts again from the topics: rosters, sites, modules, planned sessions, skills.

    A service keeps copies of what others own. If one is in doubt (somebody changed a table by hand, a bug was mended, a new
    copy was added), this reads the topics from their beginning, makes the same rows aside, and replaces those that differ.
    Rows to the byte the same are not touched, nor are those older than the topics (14 days, but rosters, sites and modules are
    kept for ever). The service may go on meanwhile; nobody can write the table while the rows are compared, a second or so.

    What a service itself owns is not here: it is restored from a backup of Postgres.

    Example: jitt rebuild assessment.planned_session --dry-run
    """
    known = dict(_known())
    if not wanted:
        for name in known:
            typer.echo(name)
        return
    chosen = _chosen(wanted, known)
    need_network()
    done = {name: _one(name, known[name], write=not dry_run, quiet=as_json) for name in chosen}
    if as_json:
        typer.echo(json.dumps({name: asdict(one) | {"written": not dry_run} for name, one in done.items()}))
    if dry_run and not all(one.right for one in done.values()):
        raise typer.Exit(1)


def _known() -> Iterator[tuple[str, Any]]:
    for service in map(topology.service, topology.NAMES):
        for name, handler in projections(service).items():
            yield f"{service.name}.{name}", (service, handler)


def _chosen(wanted: list[str], known: dict[str, Any]) -> list[str]:
    chosen: list[str] = []
    for word in wanted:
        found = [name for name in known if word == name or word in name.split(".")]
        if not found:
            fail(f"There is no projection “{word}”. Choose from: {', '.join(known)}.", 2)
        chosen += found
    return list(dict.fromkeys(chosen))


def _one(name: str, where: Any, *, write: bool, quiet: bool) -> Rebuilt:
    service, handler = where
    before = 0

    def told(events: int) -> None:
        nonlocal before
        if events // EVERY > before // EVERY:
            typer.echo(f"{name}: {events:,} events read so far", err=True)
        before = events

    async def work(running: Running) -> Rebuilt:
        try:
            return await rebuild(running, handler, write=write, told=told)
        except Unread as error:
            fail(f"{name}: Kafka does not answer as it should ({error}). Nothing was changed; run this again later.")
        except TooManyFailures:
            fail(f"{name}: {PARKED_LIMIT} of its records fail in our own code, so something is wrong with this version. "
                 "Nothing was changed.")  # fmt: skip
        except LockNotAvailableError:
            fail(f"{name}: the table was in use for ten seconds. Nothing was changed; run this again later.")
        except InsufficientPrivilegeError as error:
            fail(f"{name}: {error}. The role {service.name} needs: GRANT TEMPORARY ON DATABASE … TO {service.name}.")

    done = on(service, work)
    if not quiet:
        typer.echo(words(name, done, write=write))
    return done


def words(name: str, done: Rebuilt, *, write: bool) -> str:
    """What was found and done, in a line or two."""
    each = done.events / max(done.seconds, 0.001)
    found = [f"{done.same:,} rows as they should be"]
    if done.wrong:
        found.append(f"{done.wrong:,} wrong, {'made right' if write else 'would be made right'}")
    if done.missing:
        found.append(f"{done.missing:,} missing, {'put back' if write else 'would be put back'}")
    if done.older:
        found.append(f"{done.older:,} older than the topics, left as they are")
    if done.left:
        found.append(f"{done.left:,} left as they are, because a record of theirs failed: see `jitt dead list`")
    return (f"{name}: {'; '.join(found)}.\n  {done.events:,} events read in {done.seconds:.1f} s ({each:,.0f}/s); writers waited "
            f"{done.locked:.2f} s at most.")  # fmt: skip
