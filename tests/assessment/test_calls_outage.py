"""A call for help when the database is away: real web processes, a line to Postgres that is cut, and a kill in between."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx2

from deploy.local.ports import free_port
from services.assessment.app import SERVICE
from shared import db
from tests.assessment.building import TRAINING
from tests.assessment.visiting import HTML, arrive, link_to
from tests.conftest import at_database

WAITING, ASKED = "Not delivered yet. Please call.", "Your supervisor has been asked to call you"
CALLS = "SELECT count(*) FROM outbox WHERE type = 'assessment.call_requested.v1'"


class Line:
    """Between a process and Postgres; `cut` ends what is open and lets nothing new through."""

    def __init__(self, host: str, port: int) -> None:
        self.behind, self.is_cut, self.open = (host, port), False, set()

    @asynccontextmanager
    async def laid(self):
        server = await asyncio.start_server(self._through, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            self.cut()
            server.close()

    def cut(self) -> None:
        self.is_cut = True
        for writer in self.open:
            writer.transport.abort()
        self.open.clear()

    async def _through(self, reader, writer):
        if self.is_cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(*self.behind)
        self.open |= {writer, back}
        await asyncio.gather(_pass(reader, back), _pass(there, writer))


async def _pass(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def web_process(environment, port):
    command = ["-m", "deploy.cli", "run", "assessment", "--role", "web", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, env=environment, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def until(ask, seconds=120):
    for _ in range(seconds * 5):
        with suppress(httpx2.HTTPError):
            if found := await ask():
                return found
        await asyncio.sleep(0.2)
    raise AssertionError("it did not come true in time")


async def words_of(asked):
    return (await asked).text


async def test_a_call_in_an_outage_survives_a_kill_and_is_delivered_once_when_the_database_is_back(database, tmp_path):
    running = await database(SERVICE)
    await arrive(running)
    name = await running.pool.fetchval("SELECT current_database()")
    own = urlsplit(at_database(db.service_dsn("assessment"), name))
    line, port = Line(own.hostname, own.port), free_port()
    async with line.laid() as through, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=HTML, timeout=30) as phone:
        dsn = urlunsplit(own._replace(netloc=f"{own.username}:{own.password}@127.0.0.1:{through}"))
        environment = os.environ | {"JITT_ASSESSMENT_POSTGRES": dsn, "JITT_HOME": str(tmp_path)}

        async def page(path, **form):
            asked = phone.post(path, data=form, follow_redirects=True) if form else phone.get(path, follow_redirects=True)
            return await asked

        async def ready():
            return (await phone.get("/health/ready")).status_code == 200

        async def unready():
            return (await phone.get("/health/ready")).status_code == 503

        request = {"request": str(uuid4()), "kind": "now", "site": "east", "lang": "en"}
        look = f"/t/{TRAINING}/call/{request['request']}?kind=now&site=east&lang=en"
        async with web_process(environment, port):
            await until(ready)
            await page(f"/t/{link_to()}")
            await page(f"/t/{link_to()}/start", go="1")
            line.cut()
            asked = await page(f"/t/{TRAINING}/call", **request)
            assert (asked.status_code, WAITING in asked.text) == (202, True)
            assert WAITING in (await page(f"/t/{TRAINING}/call", **request)).text
            assert WAITING in (await page(look)).text
            assert 'href="tel:911"' in (await page("/talk/east")).text
        assert [file.suffix for file in (tmp_path / "calls").iterdir()] == [".json"]
        async with web_process(environment, port):  # begins in the outage
            assert 'href="tel:911"' in await until(lambda: words_of(page("/talk/east")))
            assert WAITING in (await page(look)).text
            assert "there is a problem" in (await page(f"/t/{link_to()}")).text
            assert await until(unready)  # asked again, since a failure ends its connection
            line.is_cut = False
            await until(ready)
            assert await until(lambda: running.pool.fetchval(CALLS)) == 1
            assert WAITING in (await page(look)).text  # Kafka has not taken it
            await running.pool.execute("DELETE FROM outbox")
            assert ASKED in (await page(look)).text
            assert ASKED in (await page(f"/t/{TRAINING}/call", **request)).text
            assert await running.pool.fetchval(CALLS) == 0
    assert list((tmp_path / "calls").iterdir()) == []
