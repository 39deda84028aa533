"""A sender of webhooks is killed in the middle of its work, over and over, and what its receiver got is counted.

`python -m tests.receivers.killing --kills 100` does so on servers of its own and prints the count.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from services.supervision.told import Cursor, webhook_id
from services.supervision.webhooks import place_of
from shared.running import Running
from tests.receivers import sender
from tests.supervision.builders import SITE
from tests.supervision.console import ids
from tests.supervision.receiving import Got, Reply, receiving, subscribes

NAME = "sis"
ADD = """
INSERT INTO alert_change (at, kind, alert_id, mentor_id, site_id, document)
SELECT now(), n::text, gen_random_uuid(), $1, $2, jsonb_build_object('rule', 'r', 'rule_version', 1, 'severity', 'info',
  'state', 'open', 'session_id', null, 'supervisor_id', null, 'facts', '{}'::jsonb) FROM generate_series(1, $3) n
"""
PLACES = "SELECT xact::text || '.' || seq FROM alert_change WHERE document ->> 'rule' = 'r' ORDER BY xact, seq"
PATIENCE = 600


@dataclass
class Killed:
    """What came of it: the ids as they arrived, and those that there are, in order."""

    kills: int = 0
    arrived: list[str] = field(default_factory=list)
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    wanted: Sequence[str] = ()

    def faults(self) -> list[str]:
        """In words."""
        first = list(dict.fromkeys(self.arrived))
        at = {id: n for n, id in enumerate(self.wanted)}
        found = []
        if missing := set(self.wanted) - set(first):
            found.append(f"{len(missing)} of {len(self.wanted)} never arrived")
        if strange := [id for id in first if id not in at]:
            found.append(f"{len(strange)} have ids that nobody knows")
        elif any(later < earlier for earlier, later in pairwise(at[id] for id in self.arrived)):
            found.append("some arrived after one that comes later")
        if changed := [id for id, bodies in self.bodies.items() if len(bodies) > 1]:
            found.append(f"{len(changed)} came again with other bytes")
        return found


async def deliveries(running: Running, dsn: str, *, kills: int, changes: int) -> Killed:
    """Sends all changes, by one process after the other: each is killed at some request, before or after its answer."""
    found = Killed()
    async with receiving() as receiver:
        process: asyncio.subprocess.Process | None = None

        async def answering(got: Got) -> Reply:
            """Every third request is the last that this process makes: unanswered, or answered and not written down."""
            found.arrived.append(got.id)
            found.bodies.setdefault(got.id, set()).add(got.body)
            if found.kills < kills and len(found.arrived) % 3 == 0 and process:
                found.kills += 1
                if found.kills % 2:
                    os.kill(process.pid, signal.SIGKILL)
                else:
                    asyncio.get_running_loop().call_later(0.002, os.kill, process.pid, signal.SIGKILL)
            return Reply()

        receiver.answering = answering
        await subscribes(running, receiver.url, NAME)
        async with running.connection() as conn:
            await conn.execute(ADD, ids.mentor(SITE, "marcus"), SITE, changes)
            found.wanted = [webhook_id(NAME, place_of(row[0])) for row in await conn.fetch(PLACES)]
        async with asyncio.timeout(PATIENCE):
            while not await _all_told(running, found):
                if process is None or process.returncode is not None:
                    process = await _started(dsn)
                await asyncio.sleep(0.02)
        if process and process.returncode is None:
            process.kill()
            await process.wait()
    return found


async def _started(dsn: str) -> asyncio.subprocess.Process:
    own = {"JITT_SUPERVISION_POSTGRES": dsn, "JITT_WEBHOOK_PRIVATE_ADDRESSES": "1"}
    return await asyncio.create_subprocess_exec(sys.executable, "-m", sender.__name__, env=os.environ | own)


async def _all_told(running: Running, found: Killed) -> bool:
    if set(found.wanted) - set(found.arrived):
        return False
    row = await running.pool.fetchrow("SELECT xact::text AS xact, seq FROM webhook WHERE name = $1", NAME)
    assert row
    return webhook_id(NAME, Cursor(int(row["xact"]), row["seq"])) == found.wanted[-1]


async def _main(kills: int) -> int:
    from tempfile import TemporaryDirectory

    from deploy.local import stack
    from services.supervision.app import SERVICE
    from shared import db
    from shared.running import opened
    from shared.settings import settings
    from tests.conftest import folder_of, home_in
    from tests.supervision.feeding import a_site

    with TemporaryDirectory(prefix="jitt-kills-") as folder, stack.running(home_in(folder)) as servers:
        os.environ |= {"JITT_POSTGRES": servers.postgres, "JITT_KAFKA": servers.kafka}
        settings.cache_clear()
        await db.migrate(servers.postgres, ["supervision"], folder_of("supervision"))
        async with opened(SERVICE) as running:
            await a_site(running)
            found = await deliveries(running, db.service_dsn("supervision"), kills=kills, changes=kills * 3)
    twice = len(found.arrived) - len(set(found.arrived))
    print(f"{found.kills} kills, {len(found.wanted)} changes, {len(found.arrived)} requests, {twice} of them repeats")
    print("\n".join(found.faults()) or "every change arrived, in order, and repeats had the same id and bytes")
    return 1 if found.faults() else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    sys.exit(asyncio.run(_main(parser.parse_args().kills)))
