"""The receivers of the guide, in Python and in Node, are told by the real sender; and a sender that is killed over and over."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from services.supervision.app import SERVICE
from shared import db
from shared.running import Running
from shared.settings import settings
from tests import node
from tests.conftest import Database, at_database
from tests.receivers.killing import Killed, deliveries
from tests.supervision.console import Afternoon
from tests.supervision.feeding import a_site, raises
from tests.supervision.receiving import becomes, sending, subscribes

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "feeds.md"
PATIENCE = 20
KILLS = 3


@pytest.fixture
async def day(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Afternoon]:
    monkeypatch.setenv("JITT_WEBHOOK_PRIVATE_ADDRESSES", "1")
    settings.cache_clear()
    running: Running = await database(SERVICE)
    yield await a_site(replace(running, settings=settings()))
    settings.cache_clear()


def of_the_guide(language: str) -> str:
    """The first example in that language."""
    code: str = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)[0]
    return code


def a_command(language: str, folder: Path) -> list[str]:
    if language == "python":
        (folder / "receiver.py").write_text(of_the_guide("python"))
        return [sys.executable, str(folder / "receiver.py")]
    (folder / "node_modules").symlink_to(node.installed(Path(__file__).parent) / "node_modules")
    (folder / "receiver.mjs").write_text(of_the_guide("js"))
    return [str(node.BIN / "node"), str(folder / "receiver.mjs")]


@pytest.mark.parametrize("language", ["python", "js"])
async def test_the_receiver_of_the_guide_is_told_and_believes_no_one_else(day: Afternoon, tmp_path: Path, language: str) -> None:
    port = await a_free_port()
    url = f"http://127.0.0.1:{port}/"
    secret = await subscribes(day.running, url)
    receiver = await asyncio.create_subprocess_exec(
        *a_command(language, tmp_path),
        env=os.environ | {"SECRET": secret, "PORT": str(port)},
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        await answers(url)
        await raises(day, "marcus", "zoe")
        async with sending(day.running):
            lines = [await said(receiver), await said(receiver)]
            done = await becomes(day.running, lambda one: one.delivered_at is not None and one.tries == 0)
        async with httpx2.AsyncClient(trust_env=False) as stranger:
            forged = {"webhook-id": "msg_1", "webhook-timestamp": "1614265330", "webhook-signature": "v1,Zm9yZ2Vk"}
            assert (await stranger.post(url, content=b"{}", headers=forged)).status_code == 401
    finally:
        os.killpg(receiver.pid, signal.SIGKILL)  # node is started by a script
        await receiver.wait()
    assert [line.split()[1] for line in lines] == ["alert.raised"] * 2
    assert len({line.split()[0] for line in lines}) == 2
    assert done.answer == "http_204"


async def test_a_sender_that_is_killed_again_and_again_loses_and_reorders_nothing(day: Afternoon) -> None:
    async with day.running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    dsn = at_database(db.service_dsn("supervision"), name)
    found: Killed = await deliveries(day.running, dsn, kills=KILLS, changes=KILLS * 3)
    assert found.kills == KILLS
    assert found.faults() == []


async def a_free_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def answers(url: str) -> None:
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(trust_env=False) as client:
        while True:
            try:
                await client.post(url, content=b"{}")
            except httpx2.ConnectError:
                await asyncio.sleep(0.05)
            else:
                return


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    async with asyncio.timeout(PATIENCE):
        return (await process.stdout.readline()).decode()
