"""`jitt keys`: which secrets there are by the id of each key, and how each is replaced. No secret is ever shown."""

import json
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from services.assessment import resealing, sealing
from services.assessment.app import SERVICE as ASSESSMENT
from services.supervision import webhook_resealing, webhook_secrets
from services.supervision.app import SERVICE as SUPERVISION
from shared.commands import AsJson, fail, on
from shared.running import Running
from shared.service import Service
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
    "webhooks": Kind("JITT_WEBHOOK_KEYS", "seal what webhooks are signed with", "after `jitt keys rotate webhooks`"),
    "links": Kind("JITT_LINK_KEYS", "sign mentors' links", "after 90 days: the longest that a link works"),
    "sessions": Kind("JITT_SESSION_KEYS", "sign who is signed in, and seal lists that wait to be imported", "after a day"),
    "internal": Kind("JITT_INTERNAL_KEYS", "sign what services ask each other", "after a minute"),
    "notices": Kind("JITT_NOTICE_KEYS", "sign text messages' requests and reports", "when the other side knows the new one"),
    "ids": Kind("JITT_ID_KEY", "make ids of a site's references", "never: every id in every table was made with it"),
    "database": Kind("JITT_DB_KEY", "make the passwords of the services' own logins", "after `jitt migrate`, at once"),
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """Keys that seal something at rest: whose it is, how much each key seals, and how all of it is sealed anew."""

    service: Service
    by_key: Callable[[Running], Awaitable[Counter[str]]]
    reseal: Callable[[Running], Awaitable[int]]


SEALED = {
    "answers": Sealed(ASSESSMENT, resealing.by_key, resealing.reseal),
    "webhooks": Sealed(SUPERVISION, webhook_resealing.by_key, webhook_resealing.reseal),
}
OF_A_LIST = """1. Put a new key in front in {setting}, for every service, and leave the old ones behind it.
   A new key: {new}
2. Start the services again, one after the other. Old links and cookies still open.
3. Take the old key out {wait}."""
ALL_SEALED = "Everything is sealed with the first key already. To replace it:\n"
OF_SEALED = """1. Put a new key in front in {setting} under an id of its own, and leave the old ones behind it.
   A new key: {new}
2. Start the services again.
3. Run `jitt keys rotate {name}` again: it seals everything anew with the first key.
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
    """`id`: a name for answers' keys, else a few digits by which a key is known again. `sealed`: how much needs it."""

    name: str
    id: str
    used: str
    sealed: int | None = None


@app.command()
def show(as_json: AsJson = False) -> None:
    """Every key by its id, whether it is used for new things, and how much is sealed with it."""
    found = listed(settings(), {name: on(one.service, one.by_key) for name, one in SEALED.items()})
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found]))
        return
    table = Table(box=None, pad_edge=False)
    for head in ("Keys", "Id", "They", "Use", "Sealed with it"):
        table.add_column(head, justify="right" if head.startswith("Sealed") else "left")
    for one in found:
        sealed = "" if one.sealed is None else f"{one.sealed:,}"
        table.add_row(one.name, one.id, KINDS[one.name].what, one.used, sealed)
    Console().print(table)


@app.command()
def rotate(name: Name) -> None:
    """How to replace a key. For answers and webhooks: seals what is sealed with an old key anew with the first one."""
    if name not in KINDS:
        fail(f"There are no keys “{name}”. Choose one of: {', '.join(KINDS)}.", 2)
    kind, new = KINDS[name], secrets.token_urlsafe(32)
    if name in SEALED:
        done = on(SEALED[name].service, lambda running: _resealed(running, SEALED[name]))
        steps = ALL_SEALED + OF_SEALED.format(setting=kind.setting, name=name, new=new)
        typer.echo(f"{done:,} were sealed anew with the first key of {kind.setting}." if done else steps)
    elif name == "ids":
        typer.echo(NEVER)
    else:
        steps = OF_DATABASE if name == "database" else OF_A_LIST
        typer.echo(steps.format(setting=kind.setting, new=new, wait=kind.wait))


async def _resealed(running: Running, sealed: Sealed) -> int:
    try:
        return await sealed.reseal(running)
    except (sealing.CannotOpen, webhook_secrets.CannotOpen) as problem:
        fail(f"{problem}. Put that key back behind the first one, and run this again. Nothing is lost.")


def listed(chosen: Settings, sealed: Mapping[str, Mapping[str, int]]) -> list[Shown]:
    """Also keys that are missing although something is sealed with them."""
    found: list[Shown] = []
    for name, by_id in (("answers", chosen.answer_keys), ("webhooks", chosen.webhook_keys)):
        newest, rows = next(iter(by_id)), sealed.get(name, {})
        found += [Shown(name, id, "new and old" if id == newest else "old", rows.get(id, 0)) for id in by_id]
        found += [Shown(name, id, "missing", number) for id, number in sorted(rows.items()) if id not in by_id]
    for name, keys in (("links", chosen.link_keys), ("sessions", chosen.session_keys), ("internal", chosen.internal_keys),
                       ("notices", chosen.notice_keys)):  # fmt: skip
        found += [Shown(name, mark(key), "old" if place else "new and old") for place, key in enumerate(keys)]
    return [*found, Shown("ids", mark(chosen.id_key), "for ever"), Shown("database", mark(chosen.db_key), "now")]


def mark(key: SecretStr) -> str:
    """Enough to tell two keys apart, too little to find one."""
    return sha256(b"jitt.mark/" + key.get_secret_value().encode()).hexdigest()[:8]
