"""`jitt import people` and `jitt link`, beside `jitt site`. Parsing words and printing; the work is elsewhere."""

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress as Bar

from services.supervision import commands_links, people_import, store_cases
from services.supervision.app import SERVICE
from services.supervision.commands_site import site_app
from services.supervision.people_file import Compared, Parsed, Progress
from services.supervision.people_import import Imported, Job
from shared.commands import AsJson, fail, on
from shared.contracts import ids
from shared.running import Running
from shared.security import Link, mint_link
from shared.settings import settings

LINK_LIFE = timedelta(days=14)
SHOWN = 100  # problems; the rest are counted

SiteId = Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")]


def add_to(app: typer.Typer, import_app: typer.Typer) -> None:
    app.add_typer(site_app, name="site")
    app.command("link")(link)
    import_app.command("people")(people)


def people(
    file: Annotated[Path, typer.Argument(help="The list, as .csv.", exists=True, dir_okay=False, readable=True)],
    site: SiteId,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what the file holds and what an import would do.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Import the good rows, although others have errors.")] = False,
    as_json: AsJson = False,
) -> None:
    """Enter or change a site's mentors, supervisors and site leads from a CSV file. A second run changes nothing.

    The first line names the columns: ref, role (mentor, supervisor or site_lead), name, email, phone, supervisor_ref,
    back_up_ref, time_zone (empty: the site's), locale, mentee_ref, match_started_on (2026-09-01), match_ends_on, closing (yes
    or no), cleared. Only ref, role and name are needed.

    back_up_ref is for supervisors: who takes their mentors over. Of a mentee_ref only an opaque id is kept.

    cleared lists functions with their last day: "base:2027-06-30;academic_help:2027-06-30"; base is both base functions. A
    function that is left out keeps the clearance it has. A mentor's supervisor may come later in the file.

    Look first:  jitt import people people.csv --site eastfield --dry-run

    Then import: jitt import people people.csv --site eastfield
    """
    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        job = Job(site, file.read_bytes(), dry_run, partial, _stage(bar, "Reading"), _stage(bar, "Importing"))
        try:
            imported = on(SERVICE, lambda running: people_import.bring_in(running, job))
        except people_import.UnknownSite:
            fail(f"Nothing is known of the site “{site}” yet. `jitt site list` shows those that are; `jitt site add` adds one.")
    if as_json:
        typer.echo(json.dumps(_as_json(imported)))
    else:
        _show(imported.parsed, imported.compared)
    if not (dry_run or imported.done):
        fail("Nothing was imported. Mend these rows, or add --partial to import the rest.")
    if not as_json and not dry_run:
        typer.echo(_done(imported.compared))


def _stage(bar: Bar, doing: str) -> Progress:
    task = bar.add_task(doing, total=None)
    return lambda done, of: bar.update(task, completed=done, total=of)


def _as_json(imported: Imported) -> dict[str, Any]:
    found = imported.compared
    counts = {"new": len(found.new), "changed": len(found.changed), "unchanged": found.unchanged}
    errors = [asdict(problem) for problem in imported.parsed.problems]
    return {"imported": imported.done, **counts, "notes": imported.parsed.notes, "errors": errors}


def _show(parsed: Parsed, found: Compared) -> None:
    total = len(parsed.rows) + len(parsed.problems)
    parts = [f"{len(found.new):,} new", f"{len(found.changed):,} changed", f"{found.unchanged:,} unchanged"]
    wrong = [f"{len(parsed.problems):,} with errors"] if parsed.problems else []
    typer.echo(f"{total:,} row{'' if total == 1 else 's'}: {', '.join([*parts, *wrong])}.")
    for note in parsed.notes:
        typer.echo(note)
    for problem in parsed.problems[:SHOWN]:
        typer.echo(str(problem))
    if (more := len(parsed.problems) - SHOWN) > 0:
        typer.echo(f"And {more:,} more: --json lists them all.")


def _done(found: Compared) -> str:
    entered = len(found.new) + len(found.changed)
    return f"Imported {entered:,} {'person' if entered == 1 else 'people'}." if entered else "Nothing changed."


def link(
    training_id: Annotated[UUID | None, typer.Argument(help="The training's id.")] = None,
    *,
    session: Annotated[str, typer.Option(help="Or: the session, as its id, or with --site as the site's own reference.")] = "",
    mentor: Annotated[str, typer.Option(help="Or: the mentor's reference; the newest training, with --site.")] = "",
    site: SiteId = "",
    record: Annotated[bool, typer.Option("--record", help="The link to the mentor's own record; works for 90 days.")] = False,
    check_in: Annotated[bool, typer.Option("--check-in", help="The link to what a mentor says after the last session.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Instead: end every link that the mentor has.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the link that opens a mentor's training. It works until two weeks after the session's start.

    Example: jitt link --site eastfield --mentor marcus

    Own record: jitt link --record --site eastfield --mentor marcus

    After the session: jitt link --check-in --site eastfield --mentor marcus
    """
    if [record, check_in, revoke].count(True) > 1:
        fail("Choose one of --record, --check-in and --revoke.", 2)
    if record:
        return commands_links.print_record(site, mentor, as_json=as_json)
    if revoke:
        return commands_links.revoke(site, mentor)
    if check_in and not (session or mentor):
        fail("Say which session: --session, or --mentor with --site.", 2)
    if not (training_id or session or mentor):
        fail("Say which training: its id, --session, or --mentor with --site.", 2)
    if mentor and not site:
        fail("A mentor's reference belongs to a site: add --site.", 2)
    mentor_id = ids.mentor(site, mentor) if mentor else None
    if check_in:
        return commands_links.print_check_in(_session(session, site), mentor_id, as_json=as_json)
    found = on(SERVICE, lambda running: _training(running, training_id, _session(session, site), mentor_id))
    if found is None:
        fail("No training is known for that. Usually it is assigned one day before the session; when no module fits, none is.")
    if (ends_at := found["starts_at"] + LINK_LIFE) <= found["now"]:
        fail("The link to that training ended two weeks after its session. The next training has a link of its own.")
    opens = Link("training", found["training_id"], found["mentor_id"], found["link_epoch"])
    url = f"{settings().assessment_url}/t/{mint_link(opens, ends_at)}"
    typer.echo(json.dumps({"url": url, "training_id": str(found["training_id"])}) if as_json else url)


def _session(session: str, site: str) -> UUID | None:
    if not session:
        return None
    try:
        return UUID(session)
    except ValueError:
        pass
    return ids.session(site, session) if site else fail("That is no session id. For the site's own reference, add --site.", 2)


async def _training(running: Running, training_id: UUID | None, session_id: UUID | None, mentor_id: UUID | None) -> Any:
    async with running.connection() as conn:
        return await store_cases.find_training(conn, training_id, session_id, mentor_id)
