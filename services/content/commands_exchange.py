"""`jitt content import-gift`, `import-qti`, `export-gift`: questions of other systems. Parsing words and printing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.commands import THERE, AsJson, fail, on, save

if TYPE_CHECKING:
    from services.content.exchange import Fault, Imported
    from services.content.gift import Gift
    from services.content.qti import Package
    from shared.contracts.content import Module

UNNAMED = "unnamed"  # the skill of a dry run that was given none
exchange_app = typer.Typer()
File = Annotated[Path, typer.Argument(help="The file to read.")]
Skill = Annotated[str, typer.Option(help="The skill that the questions are about, such as open_questions.")]
Out = Annotated[
    Path | None, typer.Option(help="Where the draft goes. Its name becomes the module's id. [default: SKILL_import.md]")
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and write nothing. Needs no --skill.")]
Locale = Annotated[str, typer.Option(help="The language of the questions, such as en or es.")]


@exchange_app.command("import-gift")
def import_gift(
    file: File,
    *,
    skill: Skill = "",
    out: Out = None,
    force: Force = False,
    locale: Locale = "en",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a draft of a training from questions in Moodle's GIFT format.

    Choices with one or several right options and essays come along; true or false and short answers are changed, and it is
    said how. Numbers, pairs and descriptions cannot be asked here and are refused, each with its line and how to mend it.
    Feedback on an option becomes its reason.

    The draft lacks what GIFT cannot say: cards, mistake codes, cues. `jitt content check` lists it, place by place.

    Try it first:

        jitt content import-gift quiz.gift --dry-run

        jitt content import-gift quiz.gift --skill open_questions --out open_questions_2.md
    """
    from services.content import gift

    found = gift.read(_text(file))
    _import(found, file, _Asked(skill, out, force, locale, dry_run, as_json))


@exchange_app.command("import-qti")
def import_qti(
    file: File,
    *,
    skill: Skill = "",
    out: Out = None,
    force: Force = False,
    locale: Locale = "en",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a draft of a training from a QTI 3 package (a .zip with imsmanifest.xml).

    Choices, orders and text answers come along, with their feedback. Every other kind of question is refused by its file and
    the reason. Nothing in a package is run, fetched or unpacked to disk.

    Example: `jitt content import-qti package.zip --skill open_questions --out open_questions_2.md`
    """
    from services.content import qti

    try:
        found = qti.read(_bytes(file, qti.LARGEST_PACKAGE))
    except qti.NoPackage as problem:
        fail(f"{file} cannot be read: {problem}", 2)
    _import(found, file, _Asked(skill, out, force, locale, dry_run, as_json))


@exchange_app.command("export-gift")
def export_gift(
    module: Annotated[str, typer.Argument(help="A module's file, or the id of a published one.")],
    out: Annotated[Path | None, typer.Option(help="Where it goes. [default: printed]")] = None,
    force: Force = False,
    locale: Annotated[str, typer.Option(help="The language of a published module.")] = "en",
) -> None:
    """A module's questions in GIFT, which Moodle imports.

    What GIFT has no place for (cues, prompts, mistake codes) stands in comments and tags beside each question, so that
    `import-gift` reads it back. The cards are not part of it.

    Example: `jitt content export-gift my-modules/open_questions_2.md --out open_questions_2.gift`
    """
    from services.content import gift_export

    text = gift_export.write(_module(module, locale))
    if out is None:
        typer.echo(text, nl=False)
        return
    save(out, text, force)
    typer.echo(f"Written: {out}.")


@dataclass(frozen=True, slots=True)
class _Asked:
    skill: str
    out: Path | None
    force: bool
    locale: str
    dry_run: bool
    as_json: bool


def _import(found: "Gift | Package", file: Path, asked: _Asked) -> None:
    from services.content import exchange
    from services.content.module import write
    from shared.contracts.vocabulary import vocabulary

    known = vocabulary()
    if asked.skill not in known.skills and (asked.skill or not asked.dry_run):
        fail(f"Say which skill the questions are about: --skill, one of {', '.join(known.skills)}.", 2)
    out = asked.out or Path(f"{asked.skill}_import.md")
    if not asked.dry_run and out.exists() and not asked.force:
        fail(THERE.format(out), 2)
    made = exchange.imported(found.questions, out.stem, asked.skill or UNNAMED, asked.locale, known)
    written = out if made.module and not asked.dry_run else None
    if made.module and written:
        save(written, write(made.module), asked.force)
    if asked.as_json:
        typer.echo(_json(made, found.faults, written))
    else:
        typer.echo("\n".join([*_lines(made, found.faults, file), *_end(written, asked.dry_run)]))
    if made.module is None:
        raise typer.Exit(1)


def _json(made: "Imported", faults: "Sequence[Fault]", written: Path | None) -> str:
    questions, errors = [asdict(each) for each in made.questions], [asdict(each) for each in faults]
    values = {"questions": questions, "errors": errors, "draft": written and str(written)}
    return json.dumps(values, indent=2, ensure_ascii=False)


def _lines(made: "Imported", faults: "Sequence[Fault]", file: Path) -> Iterator[str]:
    for each in made.questions:
        name = f"{each.outcome} as {each.item}" if each.item else each.outcome
        yield f"{_place(file, each.group)}:{each.line}: {name}: {each.title}"
        yield from (f"  {note}" for note in each.notes)
        yield from (f"  line {need.line}: {need.what} {need.mend}" for need in each.needs)
    for fault in faults:
        yield f"{_place(file, fault.group)}:{fault.line}:{fault.column}: not read: {fault.what} {fault.mend}"
    kinds = ("imported", "changed", "refused")
    counts = ", ".join(f"{sum(each.outcome == kind for each in made.questions)} {kind}" for kind in kinds)
    count = len(made.questions)
    yield f"{count} question{'s' * (count != 1)}: {counts}; {len(faults)} not read."


def _place(file: Path, group: str) -> str:
    """A file of a package is named with it; a category of a file of questions is not."""
    return f"{file}:{group}" if file.suffix == ".zip" else str(file)


def _end(written: Path | None, dry_run: bool) -> Iterator[str]:
    if written:
        yield f"The draft is {written}. `jitt content check {written}` lists what is left to write."
    elif dry_run:
        yield "Nothing was written: this was a dry run."
    else:
        yield "Nothing was written: no question could come along."


def _module(name: str, locale: str) -> "Module":
    from services.content import publishing
    from services.content.app import SERVICE
    from services.content.findings import said
    from services.content.module import read
    from services.content.pictures import near

    if Path(name).is_file():
        draft = read(_text(Path(name)), name, near(Path(name)))
        if draft.module is None:
            typer.echo(said(draft.findings, "text"), err=True)
            fail("Nothing was exported: the module cannot be read. Mend what is listed, then run it again.")
        return draft.module
    if name.endswith(".md"):
        fail(f"There is no file {name}. Name a module's file, or the id of a published one.", 2)
    found = on(SERVICE, lambda running: publishing.found(running, name, locale))
    if found is None:
        fail(f"There is no module {name} ({locale}). `jitt content list` shows what there is; a file is named with its .md.")
    return found.module


def _text(file: Path) -> str:
    """Of a file in whatever encoding."""
    from services.content import gift

    raw = _bytes(file, gift.LARGEST)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(raw).best()
        return str(best) if best else raw.decode("cp1252", errors="replace")


def _bytes(file: Path, largest: int) -> bytes:
    if not file.is_file():
        fail(f"There is no file {file}.", 2)
    if file.stat().st_size > largest:
        fail(f"{file} is larger than {largest // 1024**2} MiB, which no set of questions needs. Take it apart.", 2)
    try:
        return file.read_bytes()
    except OSError as problem:
        fail(f"{file} cannot be read: {problem.strerror}.", 2)
