"""`jitt sign-in`: prints the address that opens the console for one supervisor or site lead."""

import asyncio
import json
from typing import Annotated, NoReturn

import asyncpg
import typer

from services.supervision import http_sign_in, store_console
from shared.running import opened
from shared.settings import settings

NO_NETWORK = "No jitt is running here. Start one with `jitt up`, or set JITT_POSTGRES."


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    """Adds `jitt sign-in`."""
    app.command("sign-in")(sign_in)


def sign_in(
    site: Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")],
    person: Annotated[str, typer.Option(help="The reference of a supervisor or site lead, as in the people's file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a link that opens the console once, within 15 minutes. Development only.

    Example: jitt sign-in --site eastfield --person dana
    """
    if settings().mode == "production":
        _stop(str(http_sign_in.DevelopmentOnly.__doc__))
    if not settings().postgres:
        _stop(NO_NETWORK, 2)
    try:
        url = asyncio.run(_minted(site, person))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _stop(f"The database cannot be reached ({type(error).__name__}). Run it again later; nothing is half done.")
    if url is None:
        _stop(f"Nobody at site “{site}” has the reference “{person}” as a supervisor or site lead. Import people first.")
    typer.echo(json.dumps({"url": url}) if as_json else url)


async def _minted(site: str, person: str) -> str | None:
    from services.supervision.app import SERVICE

    async with opened(SERVICE) as running:
        async with running.connection() as conn:
            person_id = await store_console.find_staff_id(conn, site, person)
        return await http_sign_in.mint_sign_in(running.pool, person_id) if person_id else None


def _stop(words: str, code: int = 1) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(code)
