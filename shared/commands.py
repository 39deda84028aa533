"""What every command of a service needs: its own database to work on, and one plain sentence when that does not go."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar
from uuid import UUID

import asyncpg
import typer

from shared import db, operating
from shared.contracts import ids
from shared.running import Running, opened
from shared.service import Service
from shared.settings import settings

T = TypeVar("T")
NO_NETWORK = "No jitt is running here. Start one with `jitt up`, or set JITT_POSTGRES."
UNREACHABLE = "The database cannot be reached ({}). `jitt status` says more; run this again later, nothing is half done."
OLD_TABLES = "The tables are not those of this version of jitt ({}). Run `jitt migrate`, and this again."
REFUSED = "PostgreSQL refused that, and nothing was changed: {}"
LOCKED_OUT = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
OTHER_TABLES = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError)
THERE = "{} is there already, and nothing was changed. Name another file with --out, or add --force."
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def fail(words: str, code: int = 1) -> NoReturn:
    """One plain sentence on stderr, and out. Code 2: nothing was tried."""
    typer.echo(words, err=True)
    raise typer.Exit(code)


def need_network() -> None:
    if not settings().postgres:
        fail(NO_NETWORK, 2)


def on(service: Service, work: Callable[[Running], Awaitable[T]]) -> T:
    """Runs `work` on the service's own schema with its own role, as its pages do. That somebody did is written down first."""
    need_network()

    async def inside() -> T:
        async with opened(service) as running:
            await operating.note(running)
            return await work(running)

    try:
        return asyncio.run(inside())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(why(error))


def save(file: Path, text: str, force: bool) -> None:
    """Never over a file that is there, unless forced."""
    try:
        with file.open("w" if force else "x", encoding="utf-8") as opened_file:
            opened_file.write(text)
    except FileExistsError:
        fail(THERE.format(file), 2)
    except OSError as problem:
        fail(f"{file} cannot be written: {problem.strerror}.", 2)


def one_id(id: str, site: str, ref: str, what: str, how: str) -> UUID:
    """Either our own id of `what`, or that of a site's session by the site's reference; `how` says so."""
    if bool(id) == bool(site or ref) or bool(site) != bool(ref):
        fail(how, 2)
    if not id:
        need_network()
        return ids.session(site, ref)
    try:
        return UUID(id)
    except ValueError:
        fail(f"“{id}” is no id of {what}. {how}", 2)


def why(error: Exception) -> str:
    """What is wrong with the database, and what to do."""
    if isinstance(error, OTHER_TABLES):
        return OLD_TABLES.format(error)
    if db.is_transient(error) or isinstance(error, LOCKED_OUT):
        return UNREACHABLE.format(type(error).__name__)
    return REFUSED.format(error)
