"""What a person reads after a file of sessions was looked at or imported; and the same for programs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from services.trigger.sheet_import import Checked, Earlier, Job, Told
from services.trigger.sheet_parts import Alike, Problems

KINDS = ("planned", "moved", "changed", "cancelled", "unchanged")


def show_reading(name: str, job: Job) -> None:
    columns = job.columns
    typer.echo(f"Read {name} as {_how(job)}.")
    named = (ours if ours == theirs else f"{ours} is “{theirs}”" for ours, theirs in columns.theirs.items())
    typer.echo(f"Columns: {', '.join(named)}.")
    if columns.unused:
        typer.echo(f"Not used: {', '.join(f'“{one}”' for one in columns.unused)}.")
    typer.echo(f"Times of the site: {job.asked.site.key}.")


def show_rows(checked: Checked) -> None:
    wrong = checked.problems.wrong_rows
    typer.echo(f"{many(checked.rows, 'row')}: {checked.rows - wrong:,} can be imported, {wrong:,} cannot." if wrong else
               f"{many(checked.rows, 'row')}, and every one can be imported.")  # fmt: skip
    show_problems(checked.problems)


def show_problems(problems: Problems) -> None:
    for title, several in (("To mend", problems.of("error")), ("Please check", problems.of("warning"))):
        if several:
            typer.echo(f"{title}:")
        for alike in several:
            for problem in alike.first:
                typer.echo(f"  {problem.said()}")
            if more := alike.count - len(alike.first):
                typer.echo(f"  … and {more:,} more like this.")


def show_told(told: Told, kept: int, before: str) -> None:
    if kept:
        verb = "is" if kept == 1 else "are"
        typer.echo(f"{many(kept, 'session')} to come from earlier files {verb} not in this one and {verb} kept. "
                   "If the file holds everything: --complete cancels them.")  # fmt: skip
    for reason, count in told.refused.items():
        typer.echo(f"Refused: {many(count, 'session')} ({reason}). They are told again with the next import.")
    typer.echo(f"{before}{summary(told.counts)}.")


def summary(counts: Mapping[str, int]) -> str:
    """12 sessions planned, 1 moved, 1 canceled, 30 unchanged."""
    return ", ".join(_counted(Counter(counts)))


def as_json(job: Job, checked: Checked, told: Told | None, before: Earlier | None, *, imported: bool) -> dict[str, Any]:
    problems = checked.problems
    counts = {kind: told.counts[kind] for kind in KINDS} | {"summary": summary(told.counts)} if told else {}
    return {
        "imported": imported,
        "read": _how(job),
        "columns": dict(job.columns.theirs),
        "not_used": job.columns.unused,
        "rows": checked.rows,
        "wrong_rows": problems.wrong_rows,
        **counts,
        "not_in_file": before.missing if before else 0,
        "refused": dict(told.refused) if told else {},
        "errors": [_alike_json(alike) for alike in problems.of("error")],
        "warnings": [_alike_json(alike) for alike in problems.of("warning")],
    }


def many(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def _how(job: Job) -> str:
    return f"{job.sheet.said}, {many(len(job.columns.headers), 'column')}, headers on line {job.columns.line}"


def _counted(counts: Counter[str]) -> Iterator[str]:
    yield f"{many(counts['planned'], 'session')} planned"
    for kind, word in (("moved", "moved"), ("changed", "changed"), ("cancelled", "canceled")):
        if counts[kind]:
            yield f"{counts[kind]:,} {word}"
    yield f"{counts['unchanged']:,} unchanged"


def _alike_json(alike: Alike) -> dict[str, Any]:
    one = alike.first[0]
    first = [{"line": problem.line, "value": problem.value, "said": problem.said()} for problem in alike.first]
    return {"column": one.property, "what": one.what, "how": one.how, "rows": alike.count, "first": first}
