"""`jitt account`: people of no site who may sign in, and accounts that are to be forgotten. And `jitt sign-out`."""

import json
import re
from typing import Annotated
from uuid import uuid4

import typer
from asyncpg import Record
from rich.console import Console
from rich.table import Table

from services.supervision import store_accounts, store_sessions
from services.supervision.app import SERVICE
from services.supervision.screens.sign_in import ROLES
from shared.commands import AsJson, fail, on
from shared.running import Running
from shared.security import AUTHOR, FIGURES, OF_NO_SITE, PLATFORM

EMAIL = re.compile(r"[^\s@\x00]+@[^\s@\x00]+\.[^\s@\x00]+")
NO_ADDRESS = "“{}” is no e-mail address."
THERE = "{} is entered already. `jitt account list` shows what as; remove it first to change that."
NOT_THERE = "Nobody of no site has the address {}. `jitt account list` shows them all."
NOBODY = "No supervisor or site lead {}. With --site, name the reference of the people’s file; without it, the e-mail address."
LATER = " (in pages of the other services within 15 minutes)"
account_app = typer.Typer(no_args_is_help=True, help="Who signs in and is of no site, and accounts that are to be forgotten.")
Email = Annotated[str, typer.Argument(help="The e-mail address of the account.")]
Person = Annotated[str, typer.Argument(help="With --site the site's own reference of a person; else an e-mail address.")]
Site = Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")]


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    """Adds `jitt account` and `jitt sign-out`."""
    app.add_typer(account_app, name="account")
    app.command("sign-out")(sign_out)


@account_app.command("add")
def add(
    email: Email,
    role: Annotated[str, typer.Option(help=f"{PLATFORM} for those who run the network, {AUTHOR} for those who write trainings, "
                                           f"{FIGURES} for those who look at its figures only.")],
    name: Annotated[str, typer.Option(help="The person's name, for this list.")],
) -> None:
    """Let somebody of no site sign in with an account of the network's own (an issuer whose sites are “*”).

    Example: jitt account add ann@network.example --role platform --name "Ann Bly"
    """
    if not EMAIL.fullmatch(email):
        fail(NO_ADDRESS.format(email), 2)
    if role not in OF_NO_SITE:
        fail(f"--role is {PLATFORM}, {AUTHOR} or {FIGURES}. Supervisors and site leads come with their site's list of people.", 2)
    if not on(SERVICE, lambda running: _added(running, role, name.strip(), email.lower())):
        fail(THERE.format(email))
    typer.echo(f"{name.strip()} may sign in with an account that has the address {email.lower()}, and {ROLES[role]}.")


@account_app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show the people of no site who may sign in, and whether they have."""
    found = on(SERVICE, _all)
    if as_json:
        typer.echo(json.dumps([{"email": row["email"], "name": row["name"], "role": row["role"], "issuer": row["issuer"],
                                "added_at": row["added_at"].isoformat()} for row in found]))  # fmt: skip
    elif not found:
        typer.echo("Nobody yet. `jitt account add` enters somebody.")
    else:
        table = Table("e-mail", "name", "role", "account at", box=None, pad_edge=False)
        for row in found:
            table.add_row(row["email"], row["name"], row["role"], row["issuer"] or "has not signed in yet")
        Console().print(table)


@account_app.command("remove")
def remove(email: Email) -> None:
    """End what somebody of no site may do, and sign them out everywhere."""
    if not on(SERVICE, lambda running: _removed(running, email.lower())):
        fail(NOT_THERE.format(email))
    typer.echo(f"{email.lower()} can no longer sign in, and is signed out{LATER}.")


@account_app.command("forget")
def forget(person: Person, site: Site = "") -> None:
    """Let a person sign in with another account than before: the next sign-in goes by the e-mail address again.

    Example: jitt account forget dana --site eastfield
    """
    accounts, _ = on(SERVICE, lambda running: _ended(running, person, site, forgetting=True))
    typer.echo("The account is forgotten, and the person signed out." if accounts else "There was no account to forget.")


def sign_out(person: Person, site: Site = "", as_json: AsJson = False) -> None:
    """Sign a person out in every browser. They may sign in again; to keep somebody out, take them off the list of people.

    Example: jitt sign-out dana --site eastfield, or: jitt sign-out dana@eastfield.example
    """
    _, ended = on(SERVICE, lambda running: _ended(running, person, site, forgetting=False))
    if as_json:
        typer.echo(json.dumps({"signed_out": ended}))
    elif ended:
        typer.echo(f"Signed out in {ended} browser{'' if ended == 1 else 's'}{LATER}.")
    else:
        typer.echo("That person was signed in nowhere.")


async def _added(running: Running, role: str, name: str, email: str) -> bool:
    async with running.connection() as conn:
        return await store_accounts.add_network_person(conn, uuid4(), role, name, email)


async def _all(running: Running) -> list[Record]:
    async with running.connection() as conn:
        return await store_accounts.list_network_people(conn)


async def _removed(running: Running, email: str) -> bool:
    async with running.connection() as conn, conn.transaction():
        person = await store_accounts.remove_network_person(conn, email)
        if person:
            await store_sessions.end_all(conn, [person])
            await store_accounts.forget(conn, [person])
    return person is not None


async def _ended(running: Running, person: str, site: str, *, forgetting: bool) -> tuple[int, int]:
    """How many accounts were forgotten, and how many sessions ended."""
    async with running.connection() as conn, conn.transaction():
        people = await store_accounts.list_staff(conn, person, site)
        if not people:
            fail(NOBODY.format(f"of “{site}” has the reference “{person}”" if site else f"has the address “{person}”"))
        ended = await store_sessions.end_all(conn, people)
        return (await store_accounts.forget(conn, people) if forgetting else 0), ended
