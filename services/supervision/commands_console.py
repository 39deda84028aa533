"""`jitt sign-in`: prints the address that opens the console for staff of a site, or for people of none."""

import json
from typing import Annotated

import typer

from services.supervision import http_sign_in, store_console
from services.supervision.app import SERVICE
from shared.commands import AsJson, fail, on
from shared.running import Running
from shared.security import AUTHOR, FIGURES, PLATFORM
from shared.settings import settings

WHO = (
    "Say who signs in: --site and --person for staff of a site, --platform alone for those who run the network, "
    "--author alone for those who write trainings, or --network alone for those who look at its figures."
)


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    """Adds `jitt sign-in`."""
    app.command("sign-in")(sign_in)


def sign_in(
    *,
    site: Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")] = "",
    person: Annotated[str, typer.Option(help="The reference of a supervisor or site lead, as in the people's file.")] = "",
    platform: Annotated[bool, typer.Option("--platform", help="For those who run the network.")] = False,
    author: Annotated[bool, typer.Option("--author", help="For those who write trainings.")] = False,
    network: Annotated[bool, typer.Option("--network", help="For those who look at figures of the whole network only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print a link that opens the console once, within 15 minutes. Development only.

    Example: jitt sign-in --site eastfield --person dana
    """
    if settings().mode == "production":
        fail(str(http_sign_in.DevelopmentOnly.__doc__))
    if [bool(site or person), platform, author, network].count(True) != 1 or bool(site) is not bool(person):
        fail(WHO, 2)
    url = _of_staff(site, person) if site else _of_no_site(AUTHOR if author else FIGURES if network else PLATFORM)
    typer.echo(json.dumps({"url": url}) if as_json else url)


def _of_no_site(role: str) -> str:
    return on(SERVICE, lambda running: http_sign_in.mint_platform_sign_in(running.pool, role))


def _of_staff(site: str, person: str) -> str:
    url = on(SERVICE, lambda running: _minted(running, site, person))
    if url is None:
        fail(f"Nobody at site “{site}” has the reference “{person}” as a supervisor or site lead. Import people first.")
    return url


async def _minted(running: Running, site: str, person: str) -> str | None:
    async with running.connection() as conn:
        person_id = await store_console.find_staff_id(conn, site, person)
    return await http_sign_in.mint_sign_in(running.pool, person_id) if person_id else None

