"""A receiver of webhooks on a real port: it keeps what came, checks it with the reference library, and answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from standardwebhooks import Webhook as Reference

from services.supervision import reading_feed, store_webhooks, webhook_secrets, webhook_sending
from services.supervision.webhook_messages import WebhookAdded
from services.supervision.webhooks import Webhook
from shared.running import Running
from tests.supervision.builders import SITE

PATIENCE = 15
Answering = Callable[["Got"], Awaitable["Reply"]]


@dataclass(frozen=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def news(self) -> dict[str, Any]:
        return json.loads(self.body)["data"]


@dataclass(frozen=True)
class Reply:
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    more: int = 0  # bytes of a body that nobody should read
    silent: bool = False


@dataclass
class Receiver:
    """`answer` may be changed at any time."""

    url: str
    got: list[Got] = field(default_factory=list)
    answer: Reply = field(default_factory=Reply)
    answering: Answering | None = None
    written: int = 0

    async def has(self, count: int) -> list[Got]:
        async with asyncio.timeout(PATIENCE):
            while len(self.got) < count:
                await asyncio.sleep(0.01)
        return self.got

    def checked(self, secret: str) -> list[dict[str, Any]]:
        """What came, each with a good signature."""
        return [Reference(secret).verify(one.body, one.headers)["data"] for one in self.got]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            got = await _read(reader)
            self.got.append(got)
            reply = await self.answering(got) if self.answering else self.answer
            if not reply.silent:
                await self._write(writer, reply)
            else:
                await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _write(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        headers = {"Content-Length": str(reply.more), "Connection": "close"} | reply.headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {reply.status} Answer\r\n{lines}\r\n".encode())
        for _ in range(0, reply.more, 65_536):
            writer.write(b"x" * 65_536)
            await writer.drain()
            self.written += 65_536
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Got:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(head[0].split()[1], headers, body)


@asynccontextmanager
async def receiving(host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    receiver = Receiver("")
    server = await asyncio.start_server(receiver.serve, host, 0)
    receiver.url = f"http://{host}:{server.sockets[0].getsockname()[1]}/jitt"
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()


async def subscribes(running: Running, url: str, name: str = "sis", **changes: Any) -> str:
    """A receiver, told of what comes from now on; answers its secret."""
    secret = webhook_secrets.new()
    async with running.connection() as conn:
        place = str(await reading_feed.here(conn))
    values = {"name": name, "url": url, "sites": (SITE,), "secret": webhook_secrets.seal(secret, name), "place": place}
    outcome = await running.submit(WebhookAdded(**values | changes), id=str(uuid4()), source="test")
    assert outcome.kind == "applied"
    return secret


@asynccontextmanager
async def sending(running: Running) -> AsyncIterator[None]:
    """The sender's own loop, as a worker runs it."""

    async def room() -> None:
        pass

    task = asyncio.create_task(webhook_sending.run(running, room))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def becomes(running: Running, so: Callable[[Webhook], bool], name: str = "sis") -> Webhook:
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await store_webhooks.find(running.pool, name)
            if found and so(found):
                return found
            await asyncio.sleep(0.02)
