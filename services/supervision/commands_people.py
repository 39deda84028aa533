"""`jitt import people` and `jitt import oneroster`. Parsing words and printing; the work is elsewhere."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bar

from services.supervision import oneroster_mapping, people_import
from services.supervision.app import SERVICE
from services.supervision.oneroster_mapping import DEFAULT, Unfit
from services.supervision.people import Known
from services.supervision.people_file import Compared, Parsed, Progress
from services.supervision.people_import import Before, Imported, Job
from shared.commands import AsJson, fail, on

SHOWN = 100  # problems; the rest are counted
NAMED = 20  # people who would leave
SiteId = Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")]
Force = Annotated[bool, typer.Option("--force", help="Go on, although more than 20 % of the site's people would leave.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what the list holds and what an import would do.")]
Partial = Annotated[bool, typer.Option("--partial", help="Import the good rows, although others have errors.")]
MAPPING_HELP = (
    "A TOML file that says what the site's roles, classes and agents mean; --show-mapping prints the one for most sites."
)


def show_mapping(wanted: bool) -> None:
    if wanted:
        typer.echo(DEFAULT, nl=False)
        raise typer.Exit


ShowMapping = Annotated[
    bool,
    typer.Option("--show-mapping", callback=show_mapping, is_eager=True, help="Only print the default mapping."),
]


def people(
    file: Annotated[Path, typer.Argument(help="The list, as .csv.", exists=True, dir_okay=False, readable=True)],
    site: SiteId,
    *,
    dry_run: DryRun = False,
    partial: Partial = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Enter or change a site's mentors, supervisors and site leads from a CSV file. A second run changes nothing.

    The first line names the columns: ref, role (mentor, supervisor or site_lead), name, email, phone, supervisor_ref,
    back_up_ref, time_zone (empty: the site's), locale, mentee_ref, match_started_on (2026-09-01), match_ends_on, closing (yes
    or no), cleared, status. Only ref, role and name are needed.

    back_up_ref is for supervisors: who takes their mentors over. Of a mentee_ref only an opaque id is kept.

    status is “left” for somebody who has left: nothing is deleted, and they can come back. Who is missing from the file stays.

    cleared lists functions with their last day: "base:2027-06-30;academic_help:2027-06-30"; base is both base functions. A
    function that is left out keeps the clearance it has. A mentor's supervisor may come later in the file.

    Look first:  jitt import people people.csv --site eastfield --dry-run

    Then import: jitt import people people.csv --site eastfield
    """
    _bring_in(Job(site, file, dry_run=dry_run, partial=partial, force=force), as_json=as_json)


def oneroster(
    source: Annotated[Path, typer.Argument(help="The set: a folder or a .zip with manifest.csv.", exists=True, readable=True)],
    site: Annotated[str, typer.Option(help="The site's id. Without it (with --dry-run) only the set itself is checked.")] = "",
    *,
    mapping: Annotated[Path | None, typer.Option(help=MAPPING_HELP, exists=True, dir_okay=False, readable=True)] = None,
    _show_mapping: ShowMapping = False,
    dry_run: DryRun = False,
    partial: Partial = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Enter or change a site's people from OneRoster 1.1 or 1.2 CSV, complete (bulk) or changes (delta). A second run changes
    nothing.

    Who works here comes in with name, mail and phone; of young people only an opaque reference does. A row that is
    tobedeleted, or is in no complete set any more, makes a person “left”: nothing is deleted, and they can come back.

    Look first:  jitt import oneroster set.zip --site eastfield --dry-run

    Then import: jitt import oneroster set.zip --site eastfield

    Which role is what is data. Take the default, change it, and give it:

    jitt import oneroster --show-mapping > roles.toml

    jitt import oneroster set.zip --site eastfield --mapping roles.toml
    """
    if not site and not dry_run:
        fail("Say whose people they are: --site. To look at the set alone, add --dry-run.", 2)
    try:
        known = oneroster_mapping.read(mapping.read_text("utf-8-sig") if mapping else "")
    except (Unfit, UnicodeDecodeError) as unfit:
        fail(f"{unfit} Nothing was read.", 2)
    _bring_in(Job(site, source, "oneroster", known, dry_run, partial, force), as_json=as_json)


def _bring_in(job: Job, *, as_json: bool) -> None:
    with _bars(as_json) as bar:
        job = replace(job, reading=_stage(bar, "Reading"), writing=_stage(bar, "Importing"))
        try:
            imported = _imported(job)
        except people_import.UnknownSite:
            fail(f"Nothing is known of the site “{job.site_id}” yet. `jitt site list` shows those that are; "
                 "`jitt site add` adds one.")  # fmt: skip
    if as_json:
        typer.echo(json.dumps(_as_json(imported)))
    else:
        _show(imported)
    if not (job.dry_run or imported.done):
        _say_why(job, imported)
    if not as_json and not job.dry_run:
        typer.echo(_done(imported.compared))


def _imported(job: Job) -> Imported:
    if not job.site_id:
        return Imported(people_import.looked_at(job, Before(datetime.now(UTC))), done=False)
    return on(SERVICE, lambda running: people_import.bring_in(running, job))


def _say_why(job: Job, imported: Imported) -> None:
    if imported.parsed.problems and not job.partial:
        fail("Nothing was imported. Mend these rows, or add --partial to import the rest.")
    gone, active = imported.compared.gone, imported.compared.active
    fail(f"Nothing was imported. {len(gone):,} of {active:,} people would leave, which is more than 20 %. Look whether this is "
         "the whole list; if it is, add --force.")  # fmt: skip


@contextmanager
def _bars(quiet: bool) -> Iterator[Bar]:
    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        yield bar


def _stage(bar: Bar, doing: str) -> Progress:
    task = bar.add_task(doing, total=None)
    return lambda done, of: bar.update(task, completed=done, total=of)


def _as_json(imported: Imported) -> dict[str, Any]:
    found = imported.compared
    counts = {"new": len(found.new), "changed": len(found.changed), "unchanged": found.unchanged, "gone": len(found.gone)}
    errors = [asdict(problem) for problem in imported.parsed.problems]
    leaving = [{"reference": person.reference, "role": person.role} for person in found.gone]
    told = {"notes": imported.parsed.notes, "leaving": leaving, "errors": errors}
    return {"imported": imported.done, **counts, **imported.looked.counts, **told}


def _show(imported: Imported) -> None:
    parsed, found = imported.parsed, imported.compared
    parts = [f"{len(found.new):,} new", f"{len(found.changed):,} changed", f"{found.unchanged:,} unchanged"]
    gone = [f"{len(found.gone):,} leaving"] if found.gone else []
    wrong = [f"{len(parsed.problems):,} with errors"] if parsed.problems else []
    if counts := imported.looked.counts:
        typer.echo(f"Read: {', '.join(f'{file} {count:,}' for file, count in counts.items())}.")
    total = len(parsed.rows) + len(parsed.problems)
    whole = "People" if imported.looked.counts else f"{total:,} row{'' if total == 1 else 's'}"
    typer.echo(f"{whole}: {', '.join([*parts, *gone, *wrong])}.")
    for line in (*parsed.notes, *_leaving(found.gone)):
        typer.echo(line)
    _show_problems(parsed)


def _show_problems(parsed: Parsed) -> None:
    for problem in parsed.problems[:SHOWN]:
        typer.echo(str(problem))
    if (more := len(parsed.problems) - SHOWN) > 0:
        typer.echo(f"And {more:,} more: --json lists them all.")


def _leaving(gone: Iterable[Known]) -> list[str]:
    """By reference: a name in a log would stay there."""
    named = [f"“{person.reference}” ({person.role.replace('_', ' ')})" for person in gone]
    more = [f"{len(named) - NAMED:,} more"] if len(named) > NAMED else []
    return [f"Leaving: {', '.join([*named[:NAMED], *more])}."] if named else []


def _done(found: Compared) -> str:
    entered, gone = len(found.new) + len(found.changed), len(found.gone)
    if not entered and not gone:
        return "Nothing changed."
    left = f" {gone:,} {'person has' if gone == 1 else 'people have'} left." if gone else ""
    return f"Imported {entered:,} {'person' if entered == 1 else 'people'}.{left}"
