"""`jitt content new` and `diff`: a module's first draft, and what changed since. Parsing words and printing."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from textwrap import fill, indent
from typing import Annotated, NoReturn

import typer

from services.content import fresh, publishing
from services.content.app import SERVICE
from services.content.changes import Change, changes, correctable, keeping_ids
from services.content.corrections import corrections
from services.content.findings import said
from services.content.lint import LIBRARY, check
from services.content.store import Shown
from shared.commands import AsJson, fail, on, save
from shared.contracts.content import Module
from shared.contracts.vocabulary import Skill, vocabulary
from shared.running import Running

WIDTH = 94
authoring_app = typer.Typer()
Version = Annotated[int | None, typer.Option(min=1, help="Which version.")]


@authoring_app.command("new")
def new(
    skill: Annotated[str, typer.Argument(help="The skill that it trains, such as showing_up.")],
    locale: Annotated[str, typer.Option(help="The language that you write in, such as en or es.")] = "en",
    out: Annotated[
        Path | None,
        typer.Option(help="Where it goes. A file's name becomes the module's id. [default: the next free SKILL_N.md]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Begin a training: writes a file that has every part, and says TO WRITE wherever only you can write.

    On top stand the skill, and the codes of its mistakes with their meaning. Needs no network.

    Example: `jitt content new showing_up`
    """
    known = the_skill(skill)
    file = _free_file(known.code, out)
    save(file, fresh.fresh(known, file.stem, locale, vocabulary()), force)
    typer.echo(f"Written: {file}, a training on “{known.title}”.")
    typer.echo(f"  jitt content preview {file}   shows it while you write")
    typer.echo(f"  jitt content check {file}     lists what is left to write")


@authoring_app.command("diff")
def diff(
    module: Annotated[str, typer.Argument(help="A module's file, or the id of a published one.")],
    locale: Annotated[str, typer.Option(help="The language of a published module.")] = "en",
    from_: Annotated[int | None, typer.Option("--from", min=1, help="The older side. [default: the version before]")] = None,
    to: Annotated[int | None, typer.Option(min=1, help="The newer side of a published module. [default: the newest]")] = None,
    as_json: AsJson = False,
) -> None:
    """What changed: between a file and the published version, or between two versions of a module.

    Examples: `jitt content diff my-modules/showing_up_9.md`, `jitt content diff showing_up_9 --from 1 --to 3`
    """
    found = _of_file(module, from_, to) if Path(module).is_file() else _of_versions(module, locale, from_, to)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        typer.echo("\n".join(_lines(found)))


@dataclass(frozen=True, slots=True)
class Compared:
    """The newer side is a file, or another version. A file that was never published has no older side."""

    module: Module
    before: Shown | None
    version: int | None
    file: str | None
    changes: tuple[Change, ...]
    correctable: bool = False

    def as_json(self) -> dict[str, object]:
        what = {"from": self.before and self.before.version, "to": self.version, "file": self.file}
        named = {"module_id": self.module.module_id, "locale": self.module.locale}
        return named | what | {"changes": [asdict(each) for each in self.changes], "correctable": self.correctable}


def the_skill(word: str) -> Skill:
    """That skill, or an end that names those it may mean."""
    known = vocabulary()
    if word in known.skills:
        return known.skills[word]
    if near := fresh.near(word, known):
        fail(f"There is no skill “{word}”. Did you mean {' or '.join(near)}?", 2)
    fail(f"There is no skill “{word}”. There are: {', '.join(known.skills)}.", 2)


def must_find(module_id: str, locale: str, version: int | None = None) -> Shown:
    """That version, or an end that names modules it may mean."""

    async def look(running: Running) -> Shown | list[str]:
        found = await publishing.found(running, module_id, locale, version)
        return found or [f"{each.module_id} ({each.locale})" for each in await publishing.listed(running, withdrawn=True)]

    found = on(SERVICE, look)
    return found if isinstance(found, Shown) else _unknown(module_id, locale, version, found)


def which(module_id: str, locale: str, version: int | None) -> str:
    return f"{module_id} ({locale}{f', version {version}' if version else ''})"


def _unknown(module_id: str, locale: str, version: int | None, known: list[str]) -> NoReturn:
    name = f"{module_id} ({locale})"
    if name in known:
        fail(f"{name} has no version {version}. `jitt content list --withdrawn` shows what there is.")
    near = get_close_matches(name, known, n=2, cutoff=0.7)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`jitt content list --withdrawn` shows what there is."
    fail(f"There is no module {which(module_id, locale, version)}. {hint}")


def _free_file(skill: str, out: Path | None) -> Path:
    if out and not out.is_dir():
        return out
    folder = out or Path()
    taken = [file.stem for place in (LIBRARY, folder) for file in place.rglob(f"{skill}_*.md")]
    return folder / f"{fresh.next_id(skill, taken)}.md"


def _of_file(name: str, from_: int | None, to: int | None) -> Compared:
    if to:
        fail("A file is compared with a version: leave --to out, or name a published module instead of a file.", 2)
    module = module_of(Path(name))
    before = _before(module.module_id, module.locale, from_)
    if before is None:
        return Compared(module, None, None, name, ())
    return Compared(module, before, None, name, changes(before.module, module), _corrects(before, module))


def _corrects(before: Shown, module: Module) -> bool:
    """Whether what is right or why changed, and nothing that makes it another question."""
    new = (before.version + 1, keeping_ids(before.module, module))
    found = corrections([(before.version, before.module)], new, "", datetime.now(UTC))
    return correctable(before.module, module) and any(found)


def _before(module_id: str, locale: str, version: int | None) -> Shown | None:
    if version:
        return must_find(module_id, locale, version)
    return on(SERVICE, lambda running: publishing.found(running, module_id, locale))


def module_of(file: Path) -> Module:
    """The one in this file, or an end that says what cannot be read."""
    (draft,) = check(file, datetime.now(UTC).date()).drafts
    if draft.module is None:
        typer.echo(said(draft.findings, "text"), err=True)
        fail("The module cannot be read. Mend what is listed, then run it again.")
    return draft.module


def _of_versions(module_id: str, locale: str, from_: int | None, to: int | None) -> Compared:
    if module_id.endswith(".md"):
        fail(f"There is no file {module_id}. Name a module's file, or the id of a published one.", 2)
    newer = must_find(module_id, locale, to)
    if newer.version == 1 and not from_:
        fail(f"{module_id} ({locale}) has only version 1: there is nothing to compare it with.")
    older = must_find(module_id, locale, from_ or newer.version - 1)
    return Compared(newer.module, older, newer.version, None, changes(older.module, newer.module))


def _lines(found: Compared) -> Iterator[str]:
    name = f"{found.module.module_id} ({found.module.locale})"
    newer = found.file or f"version {found.version}"
    if found.before is None:
        yield f"{name} was never published. Published, {newer} becomes version 1."
        return
    yield f"{name}: from version {found.before.version} to {newer}"
    yield from (line for change in found.changes for line in _told(change))
    yield from _meaning(found)


def _told(change: Change) -> Iterator[str]:
    yield f"  {change.words}"
    for when, text in (("was", change.before), ("now", change.after)):
        if text:
            yield indent(fill(f"{when}: {' '.join(text.split())}", WIDTH, subsequent_indent="     "), "      ")


def _meaning(found: Compared) -> Iterator[str]:
    count = len(found.changes)
    if count == 0:
        yield "Nothing changed."
        return
    yield f"{count} {'change' if count == 1 else 'changes'}."
    if found.file:
        yield "Published, it is a new version. Answers stay with the version that was answered."
    if found.correctable:
        yield f'It could be published as a correction: jitt content publish {found.file} --correction "why"'
