"""A thousand systems listen to one web process's feed of alerts: how soon each hears of a change, and what that takes.

`python -m tests.bench.listeners --listeners 1000 --changes 20`, on servers of its own.
"""

import argparse
import asyncio
import json
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import httpx2

from deploy.local import stack
from services.supervision import store_tokens
from services.supervision.app import SERVICE
from shared import db
from shared.contracts import ids
from shared.running import Running, opened
from shared.settings import settings
from shared.tokens import new_token
from tests.conftest import folder_of, home_in
from tests.supervision.builders import SITE
from tests.supervision.console import an_afternoon

ADD = """
INSERT INTO alert_change (at, kind, alert_id, mentor_id, site_id, document)
VALUES (clock_timestamp(), 'raised', gen_random_uuid(), $1, $2, '{"rule": "r", "rule_version": 1, "severity": "info",
        "state": "open", "session_id": null, "supervisor_id": null, "facts": {}}')
"""
LOOKS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'jitt supervision pages'"
EVENT = re.compile(rb"data: (\{.*\})")
EVERY = 1.0  # seconds between two changes: the load
START_SECONDS, PATIENCE = 120, 120


async def listen(port: int, token: str, ready: asyncio.Event, late: list[float], changes: int) -> None:
    """One connection, read as bytes: a thousand HTTP clients would measure themselves."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /v1/alerts/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    await reader.readuntil(b"id: ")
    ready.set()
    heard = 0
    while heard < changes:
        if found := EVENT.search(await reader.readline()):
            at = datetime.fromisoformat(json.loads(found[1])["at"])
            late.append((datetime.now(UTC) - at).total_seconds())
            heard += 1
    writer.close()


def quantile(values: list[float], part: float) -> float:
    return sorted(values)[int(part * (len(values) - 1))]


def memory(pid: int) -> float:
    """Resident, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:"))) / 1024


async def measure(running: Running, port: int, pid: int, listeners: int, changes: int) -> None:
    token = new_token()
    async with running.connection() as conn:
        await store_tokens.add_token(conn, "bench", token, sites=[SITE], scopes=["alerts:read"], life=timedelta(days=1))
    before, began = memory(pid), monotonic()
    late: list[float] = []
    tasks = []
    for _ in range(listeners):
        ready = asyncio.Event()
        tasks.append(asyncio.create_task(listen(port, token, ready, late, changes)))
        await asyncio.wait_for(ready.wait(), PATIENCE)
    connected, with_all = monotonic() - began, memory(pid)
    for _ in range(changes):
        async with running.connection() as conn:
            await conn.execute(ADD, ids.mentor(SITE, "marcus"), SITE)
        await asyncio.sleep(EVERY)
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
    each = (with_all - before) * 1024 / listeners
    print(f"{listeners:,} listeners on one process, connected in {connected:.1f} s")
    print(f"memory {before:.0f} MB, with all {with_all:.0f} MB: {each:.0f} KB each; after {memory(pid):.0f} MB")
    print(f"{len(late):,} of {listeners * changes:,} changes heard; from the change to the listener "
          f"p50 {quantile(late, 0.5) * 1000:.0f} ms, p99 {quantile(late, 0.99) * 1000:.0f} ms, "
          f"longest {max(late) * 1000:.0f} ms")  # fmt: skip
    async with running.connection() as conn:
        print(f"connections to Postgres that the process holds: {await conn.fetchval(LOOKS)}")


async def main(listeners: int, changes: int) -> None:
    with TemporaryDirectory(prefix="jitt-listeners-") as folder, stack.running(home_in(folder)) as servers:
        os.environ |= {"JITT_POSTGRES": servers.postgres, "JITT_KAFKA": servers.kafka}
        settings.cache_clear()
        await db.migrate(servers.postgres, ["supervision"], folder_of("supervision"))
        async with opened(SERVICE) as running:
            day = await an_afternoon(running)
            await day.mentor("marcus", "Marcus Bell")
            port = 18_104
            words = (sys.executable, "-m", "deploy.cli", "run", "supervision", "--role", "web", "--port", str(port))
            process = await asyncio.create_subprocess_exec(*words)
            try:
                await up(port)
                await measure(running, port, process.pid, listeners, changes)
            finally:
                process.terminate()
                await process.wait()


async def up(port: int) -> None:
    async with asyncio.timeout(START_SECONDS), httpx2.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/health/live")).status_code == 200:
                    return
            except httpx2.TransportError:
                await asyncio.sleep(0.2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=1_000)
    parser.add_argument("--changes", type=int, default=20)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.listeners, chosen.changes))
