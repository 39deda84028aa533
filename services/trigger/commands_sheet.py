"""`jitt import sessions`: a CSV file or a spreadsheet becomes sessions. Words in, words out; the work is in sheet_import."""

import codecs
import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from services.trigger import sheet_columns, sheet_import, store_imports
from services.trigger.app import SERVICE
from services.trigger.calendar_import import UnknownSite
from services.trigger.calendar_parts import Progress
from services.trigger.calendar_zones import iana
from services.trigger.commands_import import Answer, known_activity
from services.trigger.imports import FEWEST_MINUTES, MOST_MINUTES
from services.trigger.sheet_columns import Words
from services.trigger.sheet_dates import Order
from services.trigger.sheet_import import Checked, Earlier, Job, Told
from services.trigger.sheet_parts import Changed, Unreadable
from services.trigger.sheet_report import as_json as answer_json
from services.trigger.sheet_report import many, show_reading, show_rows, show_told
from services.trigger.sheet_rows import Asked
from services.trigger.store_imports import Source
from shared.commands import AsJson, fail, need_network, on
from shared.running import Running

SOURCE = "sheet"
SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

File = Annotated[Path, typer.Argument(help="The file, as .csv, .xlsx, .xls or .ods.", exists=True, dir_okay=False, readable=True)]
Site = Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")]
ColumnsFile = Annotated[
    Path | None,
    typer.Option("--columns", help="Which of your headers is what, as --print-columns writes it.", exists=True, dir_okay=False),
]
PrintColumns = Annotated[bool, typer.Option("--print-columns", help="Write a list of the file's headers for --columns.")]
Dates = Annotated[str, typer.Option(help="How 3/4/2026 is meant: mdy (March 4), dmy (April 3), or ymd for 26-3-4.")]
Minutes = Annotated[
    int, typer.Option(help="How long sessions are in rows that do not say it.", min=0, max=MOST_MINUTES, show_default=False)
]
ActivityCode = Annotated[str, typer.Option(help="What sessions are for in rows that do not say it, such as check_in.")]
NoRef = Annotated[
    bool, typer.Option("--no-ref", help="Rows without a reference are known by mentor, date and time: moved, they are others.")
]
Encoding = Annotated[str, typer.Option(help="If letters come out wrong: how the text is written, such as windows-1252.")]
Worksheet = Annotated[str, typer.Option(help="Of a workbook: which worksheet. Default: the first.")]
SourceName = Annotated[
    str, typer.Option("--source", help="If several files tell of one site, a name for each: --complete is about one of them.")
]
ZoneName = Annotated[
    str, typer.Option("--zone", help="Dry run only: the site's time zone, such as America/Chicago. No network is needed then.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what is wrong and what an import would do.")]
Partial = Annotated[bool, typer.Option("--partial", help="Import the rows that are right, although others are wrong.")]
Complete = Annotated[
    bool, typer.Option("--complete", help="The file holds all sessions of this source: cancel those to come that are not in it.")
]
YesCancel = Annotated[
    int | None, typer.Option("--yes-cancel", help="Yes, cancel so many, where --complete asks before.", metavar="N", min=1)
]


def add_to(_: typer.Typer, import_app: typer.Typer) -> None:
    import_app.command("sessions")(sessions)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with the file."""

    name: str
    dry_run: bool
    partial: bool
    complete: bool
    yes_cancel: int | None

    def asks_first(self, before: Earlier) -> bool:
        return self.complete and before.too_many and self.yes_cancel != before.missing


@dataclass(frozen=True, slots=True)
class Opening:
    """How to open and understand the file, but for the site's own time zone."""

    path: Path
    encoding: str
    worksheet: str
    order: Order
    minutes: int
    activity: str
    makes_refs: bool
    words: Words
    source: Source

    def job(self, zone: ZoneInfo) -> Job:
        """Raises Unreadable."""
        sheet = sheet_columns.opened(self.path, self.encoding, self.worksheet)
        asked = Asked(zone, self.order, self.minutes, self.activity, self.makes_refs, self.words)
        return sheet_import.job(sheet, self.source, asked)


def sessions(
    file: File,
    *,
    site: Site = "",
    columns: ColumnsFile = None,
    print_columns: PrintColumns = False,
    dates: Dates = "",
    minutes: Minutes = 0,
    activity: ActivityCode = "",
    no_ref: NoRef = False,
    encoding: Encoding = "",
    worksheet: Worksheet = "",
    source: SourceName = "",
    zone: ZoneName = "",
    dry_run: DryRun = False,
    partial: Partial = False,
    complete: Complete = False,
    yes_cancel: YesCancel = None,
    as_json: AsJson = False,
) -> None:
    """Plan sessions from a CSV file or a spreadsheet. Run it as often as you like: a second time changes nothing.

    One row is one session: ref, mentor, date, time, minutes or end, activity; time_zone, mode and status if you like.
    Many other headers are understood, and --columns explains yours.

    Look first:  jitt import sessions october.csv --dry-run --zone America/Chicago

    Then import: jitt import sessions october.csv --site eastfield
    """
    if partial and complete:
        fail("--complete cancels what is not in the file, so every row must be right: leave out --partial.", 2)
    if zone and not dry_run:
        fail("--zone is for a dry run: an import uses the time zone of the site.", 2)
    try:
        if print_columns:
            typer.echo(sheet_columns.written(sheet_columns.opened(file, _encoding(encoding), worksheet)), nl=False)
            return
        words = sheet_columns.words_of(columns) if columns else Words()
        opening = Opening(file, _encoding(encoding), worksheet, _order(dates), _minutes(minutes),
                          known_activity(activity) or "", no_ref, words, _source(site, source))  # fmt: skip
        wish, answer = Wish(file.name, dry_run, partial, complete, yes_cancel), Answer(as_json)
        if zone:
            _look(opening, wish, zone, answer)
        else:
            _need_site(site)
            with _seldom_collecting():
                on(SERVICE, lambda running: _import(running, opening, wish, answer))
    except Unreadable as problem:
        fail(str(problem), 2)
    except Changed as problem:
        fail(str(problem))
    except UnknownSite:
        fail(f"Nothing is known of the site “{site}” yet. `jitt site list` shows those that are; `jitt site add` adds one.")


def _look(opening: Opening, wish: Wish, zone: str, answer: Answer) -> None:
    job = opening.job(iana(zone) or fail(f"“{zone}” is no time zone. Use a name such as America/Chicago.", 2))
    with answer.progress("Checking") as progress:
        checked = sheet_import.check(job, progress)
    answer.give(**answer_json(job, checked, None, None, imported=False))
    if not answer.as_json:
        show_reading(wish.name, job)
        show_rows(checked)


async def _import(running: Running, opening: Opening, wish: Wish, answer: Answer) -> None:
    """Raises UnknownSite and Unreadable before anything is imported."""
    async with running.connection() as conn:
        zone = await store_imports.find_time_zone(conn, opening.source.site_id)
    if zone is None:
        raise UnknownSite(opening.source.site_id)
    job = opening.job(ZoneInfo(zone))
    if not answer.as_json:
        show_reading(wish.name, job)
    with answer.progress("Checking") as progress:
        checked = sheet_import.check(job, progress)
    await sheet_import.find_strangers(running, job, checked)
    if not answer.as_json:
        show_rows(checked)
    before = await sheet_import.earlier(running, job, checked)
    stopped = not wish.dry_run and ((checked.problems.wrong_rows > 0 and not wish.partial) or wish.asks_first(before))
    with answer.progress("Comparing" if wish.dry_run or stopped else "Planning") as progress:
        told = await _tell(running, job, checked, wish, progress, only_count=wish.dry_run or stopped)
    answer.give(**answer_json(job, checked, told, before, imported=not wish.dry_run and not stopped))
    if not answer.as_json:
        kept = 0 if wish.complete or checked.problems.wrong_rows else before.missing
        show_told(told, kept, "An import would say: " if wish.dry_run else "Not imported: " if stopped else "")
    _end(checked, told, before, wish, stopped=stopped)


async def _tell(running: Running, job: Job, checked: Checked, wish: Wish, progress: Progress, *, only_count: bool) -> Told:
    told = await sheet_import.tell(running, job, checked, progress, only_count=only_count)
    if wish.complete and not checked.problems.wrong_rows:
        await sheet_import.cancel_missing(running, job, checked, told, only_count=only_count)
    return told


def _end(checked: Checked, told: Told, before: Earlier, wish: Wish, *, stopped: bool) -> None:
    """Exit code 1 where nothing, or not all that was asked for, was imported. A dry run has nothing to fail at."""
    if stopped and checked.problems.wrong_rows and not wish.partial:
        rest = ", or add --partial to import the rest" if checked.rows > checked.problems.wrong_rows else ""
        fail(f"Nothing was imported. Mend what is wrong{rest}.")
    if wish.asks_first(before):
        words = _would_vanish(before)
        if stopped:
            fail(f"Nothing was imported. {words}")
        typer.echo(words, err=True)
    if told.refused:
        raise typer.Exit(1)


def _would_vanish(before: Earlier) -> str:
    return (f"--complete would cancel {before.missing:,} of the {many(before.coming, 'session')} to come that this source "
            "planned before, which is more than a fifth: was the file cut off, or filtered? "
            f"If they are to be canceled, add --yes-cancel {before.missing}.")  # fmt: skip


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """A third of a large file's time would go into looking at what is still in use."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _need_site(site: str) -> None:
    if not site:
        fail("Say whose sessions these are: --site. To only look into the file: --dry-run --zone America/Chicago.", 2)
    need_network()


def _source(site: str, name: str) -> Source:
    if len(site) > 100:
        fail("A site's id has at most 100 characters.", 2)
    if name and not SOURCE_NAME.fullmatch(name):
        fail("--source takes small letters, digits and hyphens, such as north-office.", 2)
    return Source(site, f"{SOURCE}/{name}" if name else SOURCE)


def _order(dates: str) -> Order:
    match dates.casefold():
        case "" | "dmy" | "mdy" | "ymd" as order:
            return order
    fail(f"--dates is mdy (3/4/2026 is March 4), dmy (April 3) or ymd, and not “{dates}”.", 2)


def _minutes(minutes: int) -> int:
    if 0 < minutes < FEWEST_MINUTES:
        fail(f"A session takes at least {FEWEST_MINUTES} minutes.", 2)
    return minutes


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError:
        fail(f"There is no encoding “{name}”. Common ones are utf-8, windows-1252 and utf-16.", 2)
