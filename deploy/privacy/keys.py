"""`jitt keys`: which secrets there are by the id of each key, and how each is replaced. No secret is ever shown."""

import json
import secrets
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from services.assessment import resealing
from services.assessment.app import SERVICE as ASSESSMENT
from services.assessment.sealing import CannotOpen
from shared.commands import AsJson, fail, on
from shared.running import Running
from shared.settings import Settings, settings

app = typer.Typer(no_args_is_help=True, help=(
    "Secrets and how to replace them.\n\n`jitt keys show` lists them by id; `jitt keys rotate NAME` says how one is replaced, "
    "and does what the program can do. Secrets themselves stand in the environment, and are never shown."))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """`wait`: after which nothing is signed or sealed with an old key any more."""

    setting: str
    what: str
    wait: str


KINDS = {
    "answers": Kind("JITT_ANSWER_KEYS", "seal what mentors write in their own words", "after `jitt keys rotate answers`"),
    "links": Kind("JITT_LINK_KEYS", "sign mentors' links", "after 90 days: the longest that a link works"),
    "sessions": Kind("JITT_SESSION_KEYS", "sign who is signed in to the console", "after 15 minutes"),
    "internal": Kind("JITT_INTERNAL_KEYS", "sign what services ask each other", "after a minute"),
    "ids": Kind("JITT_ID_KEY", "make ids of a site's references", "never: every id in every table was made with it"),
    "database": Kind("JITT_DB_KEY", "make the passwords of the services' own logins", "after `jitt migrate`, at once"),
}
OF_A_LIST = """1. Put a new key in front in {setting}, for every service, and leave the old ones behind it.
   A new key: {new}
2. Start the services again, one after the other. Old links and cookies still open.
3. Take the old key out {wait}."""
ALL_SEALED = "Every answer is sealed with the first key already. To replace it:\n"
OF_ANSWERS = """1. Put a new key in front in JITT_ANSWER_KEYS under an id of its own, and leave the old ones behind it.
   A new key: {new}
2. Start assessment again.
3. Run `jitt keys rotate answers` again: it seals every answer anew with the first key.
4. Take the old key out once `jitt keys show` counts nothing for it."""
NEVER = """JITT_ID_KEY cannot be replaced. Every id of a mentor, a student and a session was made with it: with another key nobody
would be known again, and erased people would no longer be barred. Keep it in two safe places. If it becomes known, somebody who
also has a site's references could tell which id is whose; ids alone still say nothing."""
OF_DATABASE = """1. Set another JITT_DB_KEY for every service and for `jitt migrate`. A new key: {new}
2. Run `jitt migrate`: it gives the services' logins their new passwords. Services that run keep their connections.
3. Start the services again."""
Name = Annotated[str, typer.Argument(help=f"One of: {', '.join(KINDS)}.")]


def add_to(jitt: typer.Typer, _: typer.Typer) -> None:
    jitt.add_typer(app, name="keys")


@dataclass(frozen=True, slots=True)
class Shown:
    """`id`: a name for answers' keys, else a few digits by which a key is known again. `sealed`: rows that need it."""

    name: str
    id: str
    used: str
    sealed: int | None = None


@app.command()
def show(as_json: AsJson = False) -> None:
    """Every key by its id, whether it is used for new things, and how many open answers still need it."""
    found = listed(settings(), on(ASSESSMENT, resealing.by_key))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found]))
        return
    table = Table(box=None, pad_edge=False)
    for head in ("Keys", "Id", "They", "Use", "Answers sealed with it"):
        table.add_column(head, justify="right" if head.startswith("Answers") else "left")
    for one in found:
        sealed = "" if one.sealed is None else f"{one.sealed:,}"
        table.add_row(one.name, one.id, KINDS[one.name].what, one.used, sealed)
    Console().print(table)


@app.command()
def rotate(name: Name) -> None:
    """How to replace a key. For answers: seals what is sealed with an old key anew with the first one."""
    if name not in KINDS:
        fail(f"There are no keys “{name}”. Choose one of: {', '.join(KINDS)}.", 2)
    kind, new = KINDS[name], secrets.token_urlsafe(32)
    if name == "answers":
        done = on(ASSESSMENT, _resealed)
        newest = next(iter(settings().answer_keys))
        typer.echo(f"{done:,} answers were sealed anew with “{newest}”." if done else ALL_SEALED + OF_ANSWERS.format(new=new))
    elif name == "ids":
        typer.echo(NEVER)
    else:
        steps = OF_DATABASE if name == "database" else OF_A_LIST
        typer.echo(steps.format(setting=kind.setting, new=new, wait=kind.wait))


async def _resealed(running: Running) -> int:
    try:
        return await resealing.reseal(running)
    except CannotOpen as problem:
        fail(f"{problem}. Put that key back behind the first one, and run this again. Nothing is lost.")


def listed(chosen: Settings, sealed: dict[str, int]) -> list[Shown]:
    """Also keys that are missing although something is sealed with them."""
    newest = next(iter(chosen.answer_keys))
    found = [Shown("answers", id, "new and old" if id == newest else "old", sealed.get(id, 0)) for id in chosen.answer_keys]
    found += [Shown("answers", id, "missing", rows) for id, rows in sorted(sealed.items()) if id not in chosen.answer_keys]
    for name, keys in (("links", chosen.link_keys), ("sessions", chosen.session_keys), ("internal", chosen.internal_keys)):
        found += [Shown(name, mark(key), "old" if place else "new and old") for place, key in enumerate(keys)]
    return [*found, Shown("ids", mark(chosen.id_key), "for ever"), Shown("database", mark(chosen.db_key), "now")]


def mark(key: SecretStr) -> str:
    """Enough to tell two keys apart, too little to find one."""
    return sha256(b"jitt.mark/" + key.get_secret_value().encode()).hexdigest()[:8]
