"""A site whose mentors have alerts, its web process on a real port, and readers of its feed of alerts."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import uvicorn

from services.supervision import store_tokens
from shared.process import application_of
from shared.running import Running
from shared.tokens import new_token
from tests.supervision.builders import HOUR, SITE
from tests.supervision.console import SECRET, Afternoon, an_afternoon

PATIENCE = 10


@asynccontextmanager
async def serving(running: Running) -> AsyncIterator[str]:
    """The address of a real server: streams never end by themselves, so the in-process client cannot read them."""
    config = uvicorn.Config(application_of(running), host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE):
        while not server.started:
            await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def a_token(running: Running, *sites: str, scope: str = "alerts:read") -> str:
    token = new_token()
    async with running.connection() as conn:
        added = await store_tokens.add_token(
            conn, f"wall-{uuid4().hex[:6]}", token, sites=list(sites or (SITE,)), scopes=[scope], life=timedelta(days=1)
        )
    assert added
    return token


async def a_site(running: Running) -> Afternoon:
    """Dana's three mentors, each with a session and a training to come."""
    day = await an_afternoon(running)
    async with day.together():
        for reference in ("marcus", "zoe", "leah"):
            await day.mentor(reference, reference.title())
            await day.session(reference, 3 * HOUR)
    return day


async def raises(day: Afternoon, *references: str) -> None:
    """Each of them misses a safety question, in a batch of its own: an alert is raised."""
    for reference in references:
        await day.answers(reference, SECRET, "wrong")


@dataclass
class Reader:
    """A system with a token."""

    address: str
    token: str

    async def get(self, path: str) -> httpx2.Response:
        async with self._client() as client:
            return await client.get(path)

    async def all(self, after: str = "") -> list[dict[str, Any]]:
        """Every change from there on, page by page."""
        found, more = [], True
        while more:
            page = (await self.get(f"/v1/alerts?after={after}")).json()
            found, after, more = [*found, *page["changes"]], page["next"], page["more"]
        return found

    @asynccontextmanager
    async def stream(self, last: str = "") -> AsyncIterator[AsyncIterator[dict[str, str]]]:
        """Its events as fields, signs of life among them."""
        headers = {"Last-Event-ID": last} if last else {}
        async with self._client() as client, client.stream("GET", "/v1/alerts/stream", headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            yield _events(response)

    def _client(self) -> httpx2.AsyncClient:
        bearer = {"Authorization": f"Bearer {self.token}"}
        return httpx2.AsyncClient(base_url=self.address, headers=bearer, timeout=PATIENCE, trust_env=False)


async def _events(response: httpx2.Response) -> AsyncIterator[dict[str, str]]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if not line:
            if fields:
                yield fields
            fields = {}
        elif name in ("event", "data", "id"):
            fields[name] = value


async def heard(events: AsyncIterator[dict[str, str]], count: int) -> list[dict[str, Any]]:
    """The next so many changes, with their ids."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE):
        async for event in events:
            if "data" in event:
                found.append(json.loads(event["data"]) | {"id": event["id"]})
            if len(found) == count:
                return found
    raise AssertionError("the stream ended")
