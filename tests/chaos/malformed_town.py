"""What the malformed records meet: a stack of their own, two services, and publishers with a topic each."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import asyncpg

from deploy.local import children, stack
from deploy.local.ports import free_port
from deploy.network import Network, prepare, wait_until_ready
from deploy.servers import use
from services.trigger.app import SERVICE as TRIGGER
from services.trigger.messages import PublisherAdded
from shared import bus
from shared.contracts.topics import inbound
from shared.running import opened
from shared.settings import settings
from tests.chaos.environment import own_environment
from tests.chaos.sections import Chaos

SPEAKERS = ("bell", "clay", "fern", "reed")  # of the first section
FLOOD, CALM = "flood", ("calm-one", "calm-two")  # of the second: the others have too many letters by then
OWN_READER = "assessment"
STALLED_SECONDS = 30.0

Ends = Mapping[tuple[str, int], int]  # (topic, partition) -> the offset after the last record


class Stalled(Exception):
    """A service has not come any further for half a minute."""


@dataclass(frozen=True, slots=True)
class Town:
    """Each publisher speaks for the site of its own name."""

    network: Network

    def child(self, service: str) -> children.Child:
        return self.network.children[service]

    def log(self, service: str) -> str:
        return self.child(service).log.read_text(errors="replace")

    def with_its_usual_patience(self, service: str) -> None:
        """Started again with the limit that counts everywhere; until then it heard every publisher out."""
        del os.environ["JITT_NOISY_PER_HOUR"]
        settings.cache_clear()
        self.child(service).stop()
        self.network.start(service)
        wait_until_ready(self.network, service)


@contextmanager
def town(chaos: Chaos) -> Iterator[Town]:
    with own_environment(), stack.running(chaos.home / "stack", chaos.say) as servers:
        use(servers.kafka, servers.postgres)
        prepare(chaos.say)
        asyncio.run(_publishers())
        running = Network(chaos.home, chaos.say, {})
        os.environ["JITT_NOISY_PER_HOUR"] = str(10**9)  # publishers are heard out, whatever they say
        try:
            for service in (TRIGGER.name, OWN_READER):
                os.environ[f"JITT_{service.upper()}_URL"] = f"http://127.0.0.1:{free_port()}"
                settings.cache_clear()
                running.start(service)
            for service in running.children:
                wait_until_ready(running, service)
            yield Town(running)
        finally:
            running.stop()


async def _publishers() -> None:
    names = (*SPEAKERS, FLOOD, *CALM)
    async with opened(TRIGGER) as running:
        for name in names:
            await running.submit(PublisherAdded(name=name, sites=(name,), kafka=True), id=name, source="chaos")
    await bus.apply_topics(settings().kafka, [inbound(name) for name in names])


async def rows(service: str, query: str, *values: Any) -> list[asyncpg.Record]:
    """Of a service's schema, as the owner: from outside."""
    conn = await asyncpg.connect(settings().postgres, timeout=10, server_settings={"search_path": service})
    try:
        return list(await conn.fetch(query, *values))
    finally:
        await conn.close()


async def read_to(service: str, ends: Ends) -> None:
    """Until the service's own account says that it has read so far. Raises Stalled."""
    before, since = -1, monotonic()
    while (behind := await _behind(service, ends)) > 0:
        if behind != before:
            before, since = behind, monotonic()
        if monotonic() - since > STALLED_SECONDS:
            raise Stalled(f"{service} stands still {behind} records before the end of {', '.join(sorted({t for t, _ in ends}))}")
        await asyncio.sleep(0.1)


async def _behind(service: str, ends: Ends) -> int:
    read = await rows(service, "SELECT topic, partition, next_offset FROM consumed")
    known = {(row["topic"], row["partition"]): row["next_offset"] for row in read}
    return sum(max(0, end - known.get(place, 0)) for place, end in ends.items())
