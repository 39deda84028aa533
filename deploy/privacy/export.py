"""`jitt export`: everything that is kept about one person, for that person: to read, and as data."""

import json
import os
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import typer
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.privacy import asking
from deploy.privacy.asking import All, AsRole, Person, Site, Who, everywhere
from services.assessment import handing_out
from shared.commands import THERE, fail
from shared.messaging import store_erasing
from shared.privacy import Kept

WORDS = "words that a mentor wrote"
NOTHING = "Nothing is kept about this person."


def add_to(jitt: typer.Typer, _: typer.Typer) -> None:
    jitt.command("export")(export)


def export(
    who: Who,
    *,
    site: Site = "",
    role: AsRole = "",
    out: Annotated[Path, typer.Option(help="A folder that is made, or a file that ends in .zip.")] = Path("export"),
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
) -> None:
    """Everything about one person: a page to read, and the same as JSON. Give it to that person, and to nobody else.

    Example: jitt export m-17 --site eastfield --out m-17.zip
    """
    if out.exists() and not force:
        fail(THERE.format(out), 2)
    person, kept = everywhere(lambda services: _gathered(services, who, site, role))
    if not kept:
        fail(NOTHING)
    files = {"read-me.html": page(person, kept), "everything.json": json.dumps(kept, indent=2, ensure_ascii=False) + "\n"}
    try:
        _write(out, files)
    except OSError as problem:
        fail(f"{out} cannot be written: {problem.strerror}.", 2)
    rows = sum(len(table["rows"]) for group in kept.values() for table in group)
    typer.echo(f"{out}: {rows:,} rows in {len(kept)} parts. It names the person: keep it as you would keep a letter to them.")


async def _gathered(services: All, who: str, site: str, role: str) -> tuple[Person, dict[str, list[dict[str, Any]]]]:
    """By what it is, in the order of the services; the same fact may be known to several."""
    person = await asking.find(services, who, site, role)
    found: dict[str, list[dict[str, Any]]] = {}
    for name in ("supervision", "assessment", "trigger", "content"):
        for kept in services[name].service.keeps:
            if rows := await _rows(services, name, kept, person.person_id):
                about = {"service": name, "table": kept.table, "what": kept.what, "why": kept.why, "how_long": kept.how_long}
                found.setdefault(kept.group, []).append(about | {"rows": rows})
    return person, found


async def _rows(services: All, name: str, kept: Kept, person_id: UUID) -> list[dict[str, Any]]:
    if kept.group == WORDS:
        return await handing_out.own_words(services[name], person_id)
    async with services[name].connection() as conn:
        return await store_erasing.hand_out(conn, kept, person_id)


def page(person: Person, kept: dict[str, list[dict[str, Any]]]) -> str:
    env = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
                      trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    env.filters |= {"words": lambda name: name.replace("_", " "), "said": _said}
    return env.get_template("export.jinja").render(person=person, kept=kept, at=datetime.now(UTC))


def _said(value: Any) -> str:
    """A value as somebody reads it; times are UTC."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _instant(value)
    if isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
        return ", ".join(_said(one) for one in value)
    return json.dumps(value, indent=1, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _instant(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at.astimezone(UTC):%B %-d, %Y, %H:%M} UTC" if at.tzinfo else text


def _write(out: Path, files: dict[str, str]) -> None:
    """For the owner's eyes only."""
    if out.suffix == ".zip":
        packed = BytesIO()
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        _private(out, packed.getvalue())
        return
    out.mkdir(mode=0o700, exist_ok=True)
    for name, text in files.items():
        _private(out / name, text.encode())


def _private(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
