"""A console in production, behind TLS, with two districts' providers; and somebody who signs in there without a browser."""

import asyncio
import html
import re
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import uvicorn

from shared.process import application_of
from shared.running import Running
from shared.settings import Issuer
from tests.provider import Certificate, District
from tests.supervision import builders
from tests.supervision.console import Afternoon

PASSWORD = "any will do"
DANA, OMAR, PRIYA, ANN = "dana@eastfield.example", "omar@eastfield.example", "priya@eastfield.example", "ann@network.example"


def confirmed(email: str) -> dict[str, Any]:
    return {"email": email, "email_verified": True}


LAKE = District("lake", "Lake district", {
    "dana": confirmed(DANA.upper()),  # as some directories write it
    "stranger": confirmed("sam@elsewhere.example"),
    "omar": {"email": OMAR, "email_verified": False},
    "ann": confirmed(ANN),
}, ("eastfield", "lake-*"))  # fmt: skip
HARBOR = District("harbor", "Harbor network", {
    "dana": confirmed(DANA), "priya": confirmed(PRIYA), "ann": confirmed(ANN),
}, ("*",), claims_in_token=True)  # fmt: skip
DISTRICTS = (LAKE, HARBOR)


@dataclass(frozen=True)
class Setting:
    """Where the console is, and which providers it is told of. `socket`: its port, kept for it."""

    tls: Certificate
    socket: socket.socket
    issuers: tuple[Issuer, ...]

    @property
    def console(self) -> str:
        return address_of(self.socket)


def a_port() -> socket.socket:
    """Bound, and nobody else's until it is closed."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("127.0.0.1", 0))
    return found


def free_port() -> int:
    with a_port() as found:
        number: int = found.getsockname()[1]
    return number


def address_of(port: socket.socket) -> str:
    return f"https://127.0.0.1:{port.getsockname()[1]}"


@asynccontextmanager
async def in_production(running: Running, setting: Setting, **changes: Any) -> AsyncIterator[Running]:
    """Serves it as production does: with https, the providers, and no printed links."""
    chosen = {"mode": "production", "supervision_url": setting.console, "sign_in": setting.issuers} | changes
    served = replace(running, settings=running.settings.model_copy(update=chosen))
    config = uvicorn.Config(application_of(served), log_config=None, access_log=False, timeout_graceful_shutdown=2,
                            ssl_certfile=str(setting.tls.file), ssl_keyfile=str(setting.tls.key))  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[setting.socket.dup()]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    try:
        yield served
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def somebody(setting: Setting) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser without scripts: it keeps cookies, and follows no redirects by itself."""
    trusting = ssl.create_default_context(cafile=str(setting.tls.file))
    headers = {"accept": "text/html", "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    async with httpx2.AsyncClient(verify=trusting, base_url=setting.console, headers=headers) as client:
        yield client


async def signs_in(client: httpx2.AsyncClient, district: District, login: str, *, to: str = "") -> httpx2.Response:
    """All the way: to the provider, through its form, and back; answers with the page that one lands on."""
    return await follow(client, await comes_back(client, district, login, to=to))


async def comes_back(client: httpx2.AsyncClient, district: District, login: str, *, to: str = "") -> str:
    """The address that the provider sends the browser back to, not opened yet."""
    asked = {"to": to} if to else {}
    response = await client.get(f"/sign-in/with/{district.id}", params=asked)
    for _ in range(10):
        if response.status_code == 200:
            response = await client.post(_form(response), data={"prompt": "login", "login": login, "password": PASSWORD})
        where = urljoin(str(response.url), response.headers["location"])
        if urlsplit(where).path.startswith("/sign-in/from/"):
            return where
        response = await client.get(where)
    raise AssertionError(f"the provider went round in circles: {response.url}")


async def follow(client: httpx2.AsyncClient, where: str) -> httpx2.Response:
    response = await client.get(where)
    while response.is_redirect:
        response = await client.get(urljoin(str(response.url), response.headers["location"]))
    return response


def asked_for(address: str, name: str) -> str:
    """One value of an address's query."""
    return parse_qs(urlsplit(address).query)[name][0]


async def with_addresses(day: Afternoon, people: Sequence[tuple[str, str, str, str]]) -> None:
    """Staff as a people's file lists them: (site, reference, name, e-mail)."""
    for site, reference, name, email in people:
        role = "site_lead" if reference == "priya" else "supervisor"
        await day.happens(builders.listed(
            site_id=site, reference=reference, role=role, name=name, email=email, supervisor_reference=None, cleared={},
            time_zone=day.zone,
        ))  # fmt: skip


def _form(response: httpx2.Response) -> str:
    found = re.search(r'<form[^>]*action="([^"]+)"', response.text)
    assert found, response.text[:500]
    return urljoin(str(response.url), html.unescape(found[1]))
