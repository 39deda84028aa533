"""The guide for sites: its clients in curl, Python and Node run as they stand, against a real server and a real Postgres."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from deploy.local.ports import free_port
from services.trigger.app import SERVICE
from shared.contracts import ids
from shared.process import application_of
from shared.running import Running
from tests.conftest import Database
from tests.driving import deliver
from tests.trigger.building import enrolled, site_described
from tests.trigger.test_http import a_token

GUIDE = Path(__file__).parents[2] / "docs/guides/sites.md"
ADDRESS = "http://127.0.0.1:8101"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (curl (?:.*\\\n)*.*)$", re.MULTILINE)
NODE = "Node is not here. The guide's client for it was not tried: install Node 18 or newer."


@dataclass
class Server:
    """A trigger service on a port of its own, and what it answered so far."""

    running: Running
    address: str
    token: str
    answered: list[int] = field(default_factory=list)


@asynccontextmanager
async def serving(database: Database, requests: float = 1_000) -> AsyncIterator[Server]:
    running = await database(SERVICE)
    slow = {"publisher_requests_per_second": requests}
    running = replace(running, settings=running.settings.model_copy(update=slow))
    await deliver(running, site_described(site_id="eastfield"))
    await deliver(running, enrolled(mentor_id=ids.mentor("eastfield", "ines"), site_id="eastfield"))
    port = free_port()
    served = Server(running, f"http://127.0.0.1:{port}", await a_token(running, "eastfield-office", "eastfield"))
    server = uvicorn.Server(uvicorn.Config(noting(served), host="127.0.0.1", port=port, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(20):
            while not server.started:
                await asyncio.sleep(0)
        yield served
    finally:
        server.should_exit = True
        await task


def noting(served: Server) -> Any:
    app = application_of(served.running)

    async def noted(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        async def told(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                served.answered.append(message["status"])
            await send(message)

        await app(scope, receive, told)

    return noted


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCK.findall(GUIDE.read_text()) if name == language]


def curls() -> list[str]:
    """Every curl command of the guide, in order."""
    return [command for text in blocks("console") for command in COMMAND.findall(text)]


async def run(server: Server, folder: Path, *words: str, **more: str) -> str:
    known = os.environ | {"JITT_TOKEN": server.token} | more
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*words, cwd=folder, env=known, stdout=pipe, stderr=pipe)
    async with asyncio.timeout(60):
        out, err = await child.communicate()
    assert child.returncode == 0, err.decode()
    return out.decode()


def written(folder: Path, name: str, text: str, server: Server) -> str:
    (folder / name).write_text(text.replace(ADDRESS, server.address))
    return name


def clients() -> dict[str, tuple[str, str, str]]:
    """By language: the program that runs it, its file, and its text in the guide."""
    [python] = blocks("python")
    [node] = blocks("javascript")
    return {
        "curl": ("bash", "announce.sh", curls()[0]),
        "python": (sys.executable, "announce.py", python),
        "node": ("node", "announce.mjs", node),
    }


@pytest.mark.parametrize("language", ["curl", "python", "node"])
async def test_each_client_waits_when_it_is_told_to_and_its_session_is_planned(
    database: Database, tmp_path: Path, language: str
) -> None:
    program, file, text = clients()[language]
    if not shutil.which(program):
        assert program == "node" and not os.environ.get("CI"), NODE
        pytest.skip(NODE)
    async with serving(database, requests=0.15) as server:
        written(tmp_path, "event.json", next(text for text in blocks("json") if "specversion" in text), server)
        await run(server, tmp_path, "curl", "-sS", f"{server.address}/v1/rejected", "-H", f"Authorization: Bearer {server.token}")
        said = await run(server, tmp_path, program, written(tmp_path, file, text, server))
        assert server.answered == [200, 429, 202]
        assert (
            said.strip().endswith("202 applied")
            if language != "curl"
            else json.loads(said[said.rindex('{"id"') :])["code"] == 202
        )
        assert await server.running.pool.fetch("SELECT status, activity FROM session") == [("planned", "first_meeting")]


async def test_every_curl_command_of_the_guide_works_as_it_stands(database: Database, tmp_path: Path) -> None:
    """In order: announced, asked for, cancelled with its day, and taken back; then the site's holidays."""
    async with serving(database) as server:
        written(tmp_path, "event.json", next(text for text in blocks("json") if "specversion" in text), server)
        told: dict[str, Any] = {}
        became = []
        for n, command in enumerate(curls()):
            id = next((one["id"] for one in told.get("cancellations", ())), "")
            told = json.loads(await run(server, tmp_path, "bash", written(tmp_path, f"{n}.sh", command, server), ID=id))
            assert "error" not in told, f"{command}: {told}"
            became.append((told.get("state"), told.get("sessions")))
        assert server.answered == [202, 200, 200, 200, 200, 202, 200, 202, 200, 200]
        assert became[7] == ("being_undone", 1)
        assert [one["name"] for one in told["holidays"]] == ["Winter break", "Christmas Day"]
