"""`jitt content stats`: how questions do, for authors. Parsing words and printing; no figure is about a person."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.content import statistics_words as words
from services.content.app import SERVICE
from services.content.figures import Edition, Question, questions, worst_first
from shared.commands import AsJson, fail, on
from shared.running import Running

NARROWEST = 90  # columns in which a line of the table is whole
statistics_app = typer.Typer()
ModuleId = Annotated[str | None, typer.Argument(help="The module's id, as in `jitt content list`. Default: all of them.")]
Locale = Annotated[str | None, typer.Option(help="Only this language, such as en or es.")]
Flagged = Annotated[bool, typer.Option("--flagged", help="Only questions that need a look.")]
Version = Annotated[int | None, typer.Option(min=1, help="This version instead of the newest. Needs a module and --locale.")]


@statistics_app.command("stats")
def stats(
    module_id: ModuleId = None,
    locale: Locale = None,
    flagged: Flagged = False,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """How each question does: who finds the answer, which options nobody takes, what mentors report. Worst first.

    Figures appear from 10 answers, are added up over all sites, and say nothing about any person.

    Example: `jitt content stats --flagged`
    """
    if version and not (module_id and locale):
        fail("Versions count for each module and language. Name both: jitt content stats MODULE --locale en --version 1", 2)
    editions = on(SERVICE, lambda running: _editions(running, module_id, locale, version))
    if not editions:
        fail(f"There is no {_asked(module_id, locale, version)}. `jitt content list --withdrawn` shows what there is.")
    found = [question for question in questions(editions) if question.flags or not flagged]
    if as_json:
        typer.echo(json.dumps([_values(question) for question in found], ensure_ascii=False))
        return
    _print(found, flagged)


async def _editions(running: Running, module_id: str | None, locale: str | None, version: int | None) -> list[Edition]:
    from services.content import store_statistics as store

    async with running.connection() as conn:
        if version and module_id and locale:
            found = await store.find_edition(conn, module_id, locale, version)
            return [found] if found else []
        return await store.list_newest(conn, module_id, locale)


def _print(found: list[Question], flagged: bool) -> None:
    shown = worst_first(found)
    if not shown:
        typer.echo("No question needs a look." if flagged else words.NONE_YET)
        return
    Console(width=max(NARROWEST, Console().width)).print(_table(shown), markup=False)
    for question in shown:
        if question.flags:
            typer.echo(f"\n{words.name(question)}: {question.item.topic}")
        for flag in question.flags:
            typer.echo(f"  {words.claim(flag, question)}\n  {words.advice(flag)}")
    if without := len(found) - len(shown):
        typer.echo(f"\n{without} more {'question has' if without == 1 else 'questions have'} fewer than 10 answers.")
    if any(question.figures and question.figures.fit is not None for question in shown):
        typer.echo()
        Console().print(words.ABOUT_FIT, markup=False, highlight=False)


def _table(shown: list[Question]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("question", "version"):
        table.add_column(name)
    for name in ("answers", "right", "again", "fit", "seconds", "reports"):
        table.add_column(name, justify="right")
    for question in shown:
        table.add_row(*_cells(question))
    return table


def _cells(question: Question) -> list[str]:
    found = question.figures
    if found is None:
        return []
    return [
        f"{question.module_id} {question.item.id}",
        f"{question.locale} {question.version}",
        str(found.answered),
        _percent(found.right),
        _percent(found.recovered),
        "-" if found.fit is None else f"{found.fit:.2f}",
        "-" if found.seconds is None else str(found.seconds),
        str(sum(found.reports.values())) if found.reports else "-",
    ]


def _percent(share: int | None) -> str:
    return "-" if share is None else f"{share}%"


def _values(question: Question) -> dict[str, object]:
    """Without the words of the item: `jitt content show` has them."""
    found = question.figures
    return {
        "module_id": question.module_id,
        "locale": question.locale,
        "version": question.version,
        "item_id": question.item.id,
        "topic": question.item.topic,
        "figures": asdict(found) if found else None,
    }


def _asked(module_id: str | None, locale: str | None, version: int | None) -> str:
    what = f"module {module_id}" if module_id else "published module"
    return f"{what}{f' in {locale}' if locale else ''}{f', version {version}' if version else ''}"
