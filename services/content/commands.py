"""`jitt content`: check, publish, list, show and withdraw modules. Parsing words and printing; the work is elsewhere."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from services.content import correcting, publishing, withdrawing
from services.content.app import SERVICE
from services.content.commands_authoring import authoring_app, must_find, the_skill, which
from services.content.commands_exchange import exchange_app
from services.content.commands_statistics import statistics_app
from services.content.commands_why import why_app
from services.content.correcting import NotACorrection
from services.content.findings import Format, errors, said
from services.content.lint import LIBRARY, Checked, NothingToCheck, check
from services.content.module import write
from services.content.publishing import Done, Overtaken, Plan
from services.content.reviews import is_overdue, read_by, state
from services.content.store import Listed
from shared.commands import AsJson, fail, on
from shared.contracts.content import ItemCorrected
from shared.running import Running

content_app = typer.Typer(
    no_args_is_help=True,
    help="Modules: the bite-sized trainings. Write them, look at them, check them, publish them, take one back.\n\n"
    "A module is one Markdown file, such as `showing_up_9.md`. From the first draft to mentors:\n\n"
    "    jitt content new showing_up\n\n    jitt content preview showing_up_9.md\n\n"
    "    jitt content check showing_up_9.md\n\n    jitt content publish showing_up_9.md",
)
content_app.add_typer(authoring_app)
content_app.add_typer(exchange_app)
content_app.add_typer(why_app)
content_app.add_typer(statistics_app)
SHOWN = 6  # changes of one module that publishing tells; a diff tells all
Folder = Annotated[
    Path | None, typer.Argument(help="A folder of modules (*.md), or one file. Default: those that ship with jitt.")
]
Locale = Annotated[str, typer.Option(help="The module's language, such as en or es.")]
Version = Annotated[int | None, typer.Option(min=1, help="Which version.")]
ModuleId = Annotated[str, typer.Argument(help="The module's id, as in `jitt content list`.")]


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    app.add_typer(content_app, name="content")


@content_app.command("check")
def check_modules(
    folder: Folder = None,
    form: Annotated[
        Format, typer.Option("--format", help="text for people, json for programs, github for annotations.")
    ] = "text",
) -> None:
    """Check modules by the rules for authors; every finding says where it is and how to mend it.

    Needs no network. Exit code 1 when there are errors; warnings alone pass.

    Example: `jitt content check my-modules --format github`
    """
    checked = _checked(folder)
    if checked.findings or form == "json":
        typer.echo(said(checked.findings, form))
    if form == "text":
        typer.echo(_count(checked))
    if errors(checked.findings):
        raise typer.Exit(1)


@content_app.command("publish")
def publish(
    folder: Folder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and publish nothing.")] = False,
    correction: Annotated[
        str | None,
        typer.Option(metavar="WHY", help="The last version was wrong: grade its answers again. One sentence that mentors read."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish modules: all of them, or none when one has an error. Says what changed since the last version.

    A module whose content has not changed keeps its version; any other becomes the next one. A second run changes nothing.

    Examples: `jitt content publish my-modules --dry-run`, `jitt content publish showing_up_9.md --correction "Calling first is
    right, too."`
    """
    checked = _checked(folder)
    if found := errors(checked.findings):
        typer.echo(said(found, "text"), err=True)
        fail(f"Nothing was published: {len(found)} {_plural(len(found), 'error')}. Mend what is listed, then run it again.")
    modules = [draft.module for draft in checked.drafts if draft.module]
    if correction is not None and len(modules) != 1:
        fail("A correction is of one module in one language: name its file.", 2)
    corrected: list[ItemCorrected] = []

    async def work(running: Running) -> tuple[list[Plan], list[Done]]:
        plans = await publishing.plan(running, modules)
        why = None if correction is None else correcting.sentence(correction)
        corrected.extend(correcting.corrected(plans[0], why) if why else ())
        if dry_run:
            return plans, []
        await publishing.keep(running, [blob for draft in checked.drafts for blob in draft.blobs])
        done = await publishing.publish(running, modules, uuid4().hex, why)
        return [await publishing.as_done(running, *each) for each in zip(plans, done, strict=True)], done

    try:
        plans, done = on(SERVICE, work)
    except (NotACorrection, Overtaken) as problem:
        fail(f"Nothing was published. {problem}")
    if as_json:
        items = {"corrected": [one.item_id for one in corrected]} if corrected else {}
        typer.echo(json.dumps([_as_json(*each, dry_run) | items for each in zip_longest(plans, done)]))
        return
    for each in plans:
        typer.echo("\n".join([*_published(each, dry_run), *correcting.told(corrected)]))
    if dry_run:
        typer.echo("Nothing was published: this was a dry run.")


@content_app.command("list")
def list_modules(
    *,
    skill: Annotated[str, typer.Option(help="Only this skill, such as showing_up.")] = "",
    locale: Annotated[str, typer.Option(help="Only this language, such as en or es.")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those that should have been reviewed again by now.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Also versions that were withdrawn.")] = False,
    as_json: AsJson = False,
) -> None:
    """The published modules, and when each is to be reviewed again. A module in use never vanishes because a review is late.

    Examples: `jitt content list --skill crisis_response`, `jitt content list --overdue`
    """
    wanted = the_skill(skill).code if skill else ""
    today = datetime.now(UTC).date()
    listed = on(SERVICE, lambda running: publishing.listed(running, withdrawn))
    found = [each for each in listed if wanted in ("", each.skill) and locale in ("", each.locale)]
    if overdue:  # of older versions, which are not chosen, no review is asked
        newest = {(each.module_id, each.locale): each for each in found if each.status == "published"}
        found = [each for each in newest.values() if is_overdue(each.review_due, today)]
    if as_json:
        rows = [asdict(each) | {"review": state(each.review_due, today)} for each in found]
        typer.echo(json.dumps(rows, default=str))
    elif found:
        Console().print(_table(found, today, withdrawn), markup=False)
    elif overdue and listed:
        typer.echo("No review is overdue.")
    elif listed:
        typer.echo("No module is like that. `jitt content list` shows all of them.")
    else:
        typer.echo("No modules yet. `jitt content publish` publishes those that ship with jitt.")


@content_app.command("show")
def show(module_id: ModuleId, locale: Locale = "en", version: Version = None, as_json: AsJson = False) -> None:
    """One module as Markdown, ready to edit: save it, change it, publish it.

    Without --version: the newest published.

    Example: `jitt content show reflective_listening_1 > reflective_listening_1.md`
    """
    found = must_find(module_id, locale, version)
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"module": found.module.model_dump(mode="json")}, default=str))
        return
    review = read_by(found.module.reviewed_by, found.module.review_due, datetime.now(UTC).date())
    about = f"{which(module_id, locale, found.version)}, {found.status}{f'; {review}' if found.module.reviewed_by else ''}"
    typer.echo(about, err=True)
    typer.echo(write(found.module), nl=False)


@content_app.command("withdraw")
def withdraw(
    module_id: ModuleId,
    locale: Locale = "en",
    version: Version = None,
    undo: Annotated[bool, typer.Option("--undo", help="Bring the newest version back.")] = False,
) -> None:
    """Take a module back: it is not chosen again. Trainings that mentors have already been given stay as they are.

    Without --version: every published version.

    Examples: `jitt content withdraw reflective_listening_1 --version 2`, `jitt content withdraw reflective_listening_1 --undo`
    """
    if undo:
        typer.echo(withdrawing.undone(module_id, locale, version))
    else:
        typer.echo("\n".join(withdrawing.withdrawn(module_id, locale, version)))


def _checked(folder: Path | None) -> Checked:
    if folder and not folder.exists():
        fail(f"There is no {folder}. Name a folder of modules (*.md), or one file.", 2)
    try:
        return check(folder or LIBRARY, datetime.now(UTC).date())
    except NothingToCheck as problem:
        fail(f"{problem} Name a folder that holds some.", 2)


def _count(checked: Checked) -> str:
    bad = len(errors(checked.findings))
    soft = len(checked.findings) - bad
    files = len(checked.drafts)
    counts = f"{bad} {_plural(bad, 'error')}, {soft} {_plural(soft, 'warning')}"
    return f"{files} {_plural(files, 'module')} checked: {counts}."


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


def _published(plan: Plan, dry_run: bool) -> Iterator[str]:
    """A module's line, what changed since its last version, and who has read it if it is about safety."""
    module, today = plan.module, datetime.now(UTC).date()
    name = f"{module.module_id} ({module.locale})"
    done = Done(module.module_id, module.locale, plan.version, plan.outcome)
    would = dry_run and plan.outcome == "published"
    yield f"{name}: {f'would be published, version {plan.version}' if would else done.words}"
    yield from (f"  {change.words}" for change in plan.changes[:SHOWN])
    if (more := len(plan.changes) - SHOWN) > 0:
        yield f"  and {more} more {_plural(more, 'change')}: `jitt content diff` shows all of them"
    if plan.outcome == "published" and any(item.safety for item in module.items):
        yield f"  {read_by(module.reviewed_by, module.review_due, today)}"


def _as_json(plan: Plan, done: Done | None, dry_run: bool) -> dict[str, object]:
    told = done or Done(plan.module.module_id, plan.module.locale, plan.version, plan.outcome)
    outcome = f"would_be_{told.outcome}" if dry_run and told.outcome == "published" else told.outcome
    return asdict(told) | {"outcome": outcome, "changes": [asdict(change) for change in plan.changes]}


def _table(found: list[Listed], today: date, withdrawn: bool) -> Table:
    """Ids whole, so that they can be copied; a title is cut where the terminal is narrow."""
    names = ("module", "language", "version", "minutes", "review", *(["status"] * withdrawn))
    rows = [_cells(each, today, withdrawn) for each in found]
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, no_wrap=True, min_width=max(len(name), *(len(row[place]) for row in rows)))
    table.add_column("title", no_wrap=True, overflow="ellipsis")
    for row, each in zip(rows, found, strict=True):
        table.add_row(*row, each.title)
    return table


def _cells(each: Listed, today: date, withdrawn: bool) -> list[str]:
    review, status = state(each.review_due, today), [each.status] * withdrawn
    return [each.module_id, each.locale, str(each.version), str(each.minutes), review, *status]
