"""Every form of the console, in all four services: another site, or a page of somebody else, cannot send it.

The routes are found in the applications themselves, so a new form is tried as soon as it is there.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from deploy import topology
from services.supervision.http_sign_in import mint_platform_sign_in
from shared.contracts import ids
from shared.process import application_of
from shared.running import Running
from shared.security import LEAD, PLATFORM, SESSION_COOKIE, Signed, form_token, mint_session
from shared.service import Service
from tests.supervision.builders import SITE
from tests.supervision.console import ORIGIN, a_browser, an_afternoon, path_of, signed_in

Database = Callable[[Service], Awaitable[Running]]
ELSEWHERE = {  # by the beginning of the path: what stands in for a form's token
    "/v1/": "a system's bearer token",
    "/internal/": "a token of one service for another",
    "/t/": "a mentor's own link, or its cookie for one training",
    "/m/": "a mentor's own link",
    "/c/": "a mentor's own link",
    "/mail/": "a link of its own in the mail",
    "/sign-in/{token}": "a link that works once",
    "/sign-out": "asks first where the token is missing (tests/supervision/test_sessions.py)",
}
ENDS = "/signed-in/end"  # the session, so it comes last
FORGED = (
    ("no token", {}, {}),
    ("a wrong token", {"csrf": "0" * 40}, {}),
    ("the token of somebody else", {"csrf": form_token(uuid4())}, {}),
    ("another site", None, {"origin": "https://elsewhere.example"}),
    ("a page without an origin", None, {"origin": "null"}),
    ("what the browser calls another site", None, {"sec-fetch-site": "cross-site"}),
)


def routes(routes_: Iterable[Any]) -> Iterator[Any]:
    for route in routes_:
        if inner := getattr(route, "original_router", None):
            yield from routes(inner.routes)
        elif getattr(route, "methods", None):
            yield route


def forms(running: Running) -> list[str]:
    """The paths that a page of the console posts to."""
    found = {route.path for route in routes(application_of(running).routes) if route.methods - {"GET", "HEAD"}}
    return sorted(path for path in found if not path.startswith(tuple(ELSEWHERE)))


def filled(path: str) -> str:
    return re.sub(r"\{[^}]+\}", lambda _: str(uuid4()), path)


@asynccontextmanager
async def signed_as(running: Running, role: str, *sites: str) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
    """By the cookie that every service reads; answers with the form token too."""
    signed = Signed(uuid4(), frozenset({role}), frozenset(sites))
    async with a_browser(running) as client:
        client.cookies.set(SESSION_COOKIE, mint_session(signed, datetime.now(UTC) + timedelta(minutes=15)))
        yield client, form_token(signed.person_id)


async def tried(client: httpx2.AsyncClient, path: str, token: str) -> list[str]:
    """What is wrong with the form: a forged one that is not refused, or a real one that is."""
    wrong = []
    for name, data, headers in FORGED:
        sent = {"csrf": token} if data is None else data
        answer = await client.post(filled(path), data=sent, headers=headers)
        wrong += [f"{path} from {name}: {answer.status_code}"] if answer.status_code != 403 else []
    own = await client.post(filled(path), data={"csrf": token}, headers={"origin": ORIGIN})
    return wrong + ([f"{path} of its own page is refused"] if own.status_code == 403 else [])


@pytest.mark.parametrize("name", topology.NAMES)
async def test_no_form_of_the_platforms_pages_is_taken_from_elsewhere(database: Database, name: str) -> None:
    running = await database(topology.service(name))
    own = [path for path in forms(running) if path.startswith("/platform/")]
    async with signed_as(running, PLATFORM) as (client, token):
        assert own and [problem for path in own for problem in await tried(client, path, token)] == []


@pytest.mark.parametrize("name", [name for name in topology.NAMES if name != "supervision"])
async def test_nor_one_that_another_service_has_for_leads_of_a_site(database: Database, name: str) -> None:
    running = await database(topology.service(name))
    others = [path for path in forms(running) if not path.startswith("/platform/")]
    async with signed_as(running, LEAD, SITE) as (client, token):
        assert [problem for path in others for problem in await tried(client, path, token)] == []


async def test_no_form_of_a_sites_pages_is_taken_from_elsewhere(database: Database) -> None:
    running = await database(topology.service("supervision"))
    await an_afternoon(running)
    token = form_token(ids.supervisor(SITE, "priya"))
    own = sorted((path for path in forms(running) if not path.startswith("/platform/")), key=lambda path: path == ENDS)
    async with signed_in(running, "priya") as client:
        wrong = [problem for path in own for problem in await tried(client, path, token)]
    assert len(own) > 10 and wrong == []


async def test_a_printed_link_cannot_be_sent_by_another_site_to_sign_somebody_in_as_somebody_else(database: Database) -> None:
    running = await database(topology.service("supervision"))
    link = path_of(await mint_platform_sign_in(running.pool))
    async with a_browser(running) as client:
        for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
            assert (await client.post(link, headers=headers)).status_code == 403
        assert (await client.post(link)).status_code == 303
