"""Whom a command means, and every service's database at once: only the command line may look into all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

import asyncpg
import typer

from deploy import topology
from services.supervision import store_erasures
from shared import operating
from shared.commands import fail, need_network, why
from shared.contracts import ids
from shared.running import Running, opened

T = TypeVar("T")
All = Mapping[str, Running]  # by name of the service
Who = Annotated[str, typer.Argument(metavar="PERSON", help="The site's reference of the person (with --site), or jitt's own id.")]
Site = Annotated[str, typer.Option(help="The site whose reference it is.")]
AsRole = Annotated[str, typer.Option("--role", help="mentor, supervisor or site_lead: where a reference is used twice, or is not "
                                     "in the list of people any more.")]  # fmt: skip
NOBODY = "Site “{}” has nobody with the reference “{}”. If they were there once, say what they were: --role mentor or supervisor."


@dataclass(frozen=True, slots=True)
class Person:
    """`reference`: what somebody types to confirm: the site's own, else the id. `names`: name and mail address."""

    person_id: UUID
    site_id: str
    role: str
    reference: str
    names: tuple[str, ...] = ()


def everywhere(work: Callable[[All], Awaitable[T]]) -> T:
    """With every service's own login, as a service itself would have it. That somebody did is written down first, with those
    whom it may be about: in supervision, which knows people."""
    need_network()

    async def inside() -> T:
        async with AsyncExitStack() as stack:
            found = {name: await stack.enter_async_context(opened(topology.service(name))) for name in topology.NAMES}
            await operating.note(found["supervision"])
            return await work(found)

    try:
        return asyncio.run(inside())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(why(error))


async def find(services: All, who: str, site: str, role: str) -> Person:
    """Ends the command with a sentence when nobody, or more than one, is meant."""
    if role not in ("", "mentor", "supervisor", "site_lead"):
        fail("--role is mentor, supervisor or site_lead.", 2)
    wanted = [ids.mentor(site, who), ids.supervisor(site, who)] if site else [an_id(who)]
    async with services["supervision"].connection() as conn:
        known = [one for one in await store_erasures.list_people(conn, wanted) if role in ("", one["role"])]
    if len(known) > 1:
        fail(f"“{who}” is the reference of a mentor and of a member of staff. Say which: --role mentor, or --role supervisor.", 2)
    if known:
        one = known[0]
        names = tuple(name for name in (one["name"], one["email"]) if name)
        return Person(one["person_id"], one["site_id"], one["role"], one["reference"], names)
    if not role:
        fail(NOBODY.format(site, who) if site else "Nobody with this id is in the list of people any more. Say as what they were "
             "there: --role mentor, or --role supervisor.")  # fmt: skip
    return Person(wanted[0] if role == "mentor" else wanted[-1], site, role, who)


def an_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        fail(f"“{text}” is no id. If it is a site's reference, say which site's: --site SITE.", 2)
