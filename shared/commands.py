"""What every command of a service needs: its own database to work on, and one plain sentence when that does not go."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn, TypeVar

import asyncpg
import typer

from shared import db
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
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def fail(words: str, code: int = 1) -> NoReturn:
    """One plain sentence on stderr, and out. Code 2: nothing was tried."""
    typer.echo(words, err=True)
    raise typer.Exit(code)


def need_network() -> None:
    if not settings().postgres:
        fail(NO_NETWORK, 2)


def on(service: Service, work: Callable[[Running], Awaitable[T]]) -> T:
    """Runs `work` on the service's own schema with its own role, as its pages do."""
    need_network()

    async def inside() -> T:
        async with opened(service) as running:
            return await work(running)

    try:
        return asyncio.run(inside())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(_why(error))


def _why(error: Exception) -> str:
    if isinstance(error, OTHER_TABLES):
        return OLD_TABLES.format(error)
    if db.is_transient(error) or isinstance(error, LOCKED_OUT):
        return UNREACHABLE.format(type(error).__name__)
    return REFUSED.format(error)
