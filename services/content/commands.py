"""`jitt content`: check, publish, list, show and withdraw modules. Parsing words and printing; the work is elsewhere."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from services.content.app import SERVICE
from services.content.commands_exchange import exchange_app
from services.content.commands_statistics import statistics_app
from services.content.commands_why import why_app
from services.content.findings import Format, errors, said
from services.content.lint import LIBRARY, Checked, NothingToCheck, check
from shared.commands import AsJson, fail, on

content_app = typer.Typer(
    no_args_is_help=True,
    help="Modules: the bite-sized trainings. Check them, publish them, look at them, take one back.\n\n"
    "A module is one Markdown file, such as `reflective_listening_1.md`. Write it, then:\n\n"
    "    jitt content check my-modules\n\n    jitt content publish my-modules",
)
content_app.add_typer(exchange_app)
content_app.add_typer(statistics_app)
content_app.add_typer(why_app)
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
def publish(folder: Folder = None, as_json: AsJson = False) -> None:
    """Publish modules: all of them, or none when one has an error.

    A module whose content has not changed keeps its version; any other becomes the next one. A second run changes nothing.

    Example: `jitt content publish my-modules`
    """
    from services.content import publishing

    checked = _checked(folder)
    if found := errors(checked.findings):
        typer.echo(said(found, "text"), err=True)
        fail(f"Nothing was published: {len(found)} {_plural(len(found), 'error')}. Mend what is listed, then run it again.")
    modules = [draft.module for draft in checked.drafts if draft.module]
    done = on(SERVICE, lambda running: publishing.publish(running, modules, uuid4().hex))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in done]))
        return
    for each in done:
        typer.echo(f"{each.module_id} ({each.locale}): {each.words}")


@content_app.command("list")
def list_modules(
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Also versions that were withdrawn.")] = False,
    as_json: AsJson = False,
) -> None:
    """The published modules.

    Example: `jitt content list --json`
    """
    from services.content import publishing

    found = on(SERVICE, lambda running: publishing.listed(running, withdrawn))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], default=str))
        return
    if not found:
        typer.echo("No modules yet. `jitt content publish` publishes those that ship with jitt.")
        return
    table = Table("module", "language", "version", "title", "minutes", "status", box=None, pad_edge=False)
    for each in found:
        table.add_row(each.module_id, each.locale, str(each.version), each.title, str(each.minutes), each.status)
    Console().print(table, markup=False)


@content_app.command("show")
def show(module_id: ModuleId, locale: Locale = "en", version: Version = None, as_json: AsJson = False) -> None:
    """One module as Markdown, ready to edit: save it, change it, publish it.

    Without --version: the newest published.

    Example: `jitt content show reflective_listening_1 > reflective_listening_1.md`
    """
    from services.content import publishing
    from services.content.module import write

    found = on(SERVICE, lambda running: publishing.found(running, module_id, locale, version))
    if found is None:
        fail(f"There is no module {_which(module_id, locale, version)}. `jitt content list --withdrawn` shows what there is.")
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"module": found.module.model_dump(mode="json")}, default=str))
        return
    typer.echo(write(found.module), nl=False)


@content_app.command("withdraw")
def withdraw(module_id: ModuleId, locale: Locale = "en", version: Version = None) -> None:
    """Take a module back: it is not chosen again. Trainings that mentors have begun stay as they are.

    Without --version: every published version.

    Example: `jitt content withdraw reflective_listening_1 --version 2`
    """
    from services.content import publishing

    outcome = on(SERVICE, lambda running: publishing.withdraw(running, module_id, locale, version, uuid4().hex))
    which = _which(module_id, locale, version)
    match outcome.kind, outcome.reason:
        case "applied", _:
            typer.echo(f"Withdrawn: {which}.")
        case "refused", "already_withdrawn":
            typer.echo(f"Already withdrawn: {which}.")
        case _:
            fail(f"There is no module {which}. `jitt content list` shows what there is.")


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


def _which(module_id: str, locale: str, version: int | None) -> str:
    return f"{module_id} ({locale}{f', version {version}' if version else ''})"

