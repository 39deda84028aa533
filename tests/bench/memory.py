"""Case 6: the whole network on a burst; what each service holds afterwards, and held at most."""

import asyncio
import time
from collections.abc import Sequence

from deploy import network, topology
from deploy.local import children
from tests.bench import machine, topics, world
from tests.bench.hop import Bench
from tests.bench.world import Announced

PUBLISHER = "everyone"
READY, PATIENCE = 60.0, 180.0  # seconds
LEFT = "SELECT (SELECT count(*) FROM trigger.session) < $1 OR EXISTS (SELECT 1 FROM trigger.outbox)"
READ = {  # how far each service has read, by its own account
    "content": "SELECT partition, next_offset FROM content.consumed WHERE topic = $1",
    "assessment": "SELECT partition, next_offset FROM assessment.consumed WHERE topic = $1",
    "supervision": "SELECT partition, next_offset FROM supervision.consumed WHERE topic = $1",
}


async def memory(bench: Bench, announced: Sequence[Announced]) -> dict[str, dict[str, float]]:
    """MiB per service: at most, and at rest. Also of the two servers, pages they share counted once."""
    topic = await topics.make(bench.kafka, PUBLISHER)
    await topics.load(bench.kafka, topic, announced)
    await world.clear(bench.owner, PUBLISHER)
    running = {name: network.start_service(bench.home, name, {}) for name in topology.NAMES}
    try:
        for name, child in running.items():
            if not child.answers_within(READY, lambda name=name: network.ready(name)):  # type: ignore[misc]
                raise child.failure("ended while starting")
        await _worked_off(bench, running, len(announced))
        found = {name: {"most": machine.peak_mib(child.pid), "rest": machine.memory_mib(child.pid)}
                 for name, child in running.items()}
        servers = {"postgres": machine.server("postgres"), "kafka": machine.server("java")}
        return found | {name: {"rest": machine.shared_out_mib(pid)} for name, pid in servers.items()}
    finally:
        for child in running.values():
            child.stop()


async def _worked_off(bench: Bench, running: dict[str, children.Child], number: int) -> None:
    """Every session planned, and every service has read what trigger said of it."""
    deadline = time.monotonic() + PATIENCE
    while await _is_left(bench, number):
        for child in running.values():
            if not child.alive():
                raise child.failure("ended under load")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the services were not done with {number} sessions after {PATIENCE:.0f} s")
        await asyncio.sleep(0.5)


async def _is_left(bench: Bench, number: int) -> bool:
    if await bench.owner.fetchval(LEFT, number):
        return True
    wanted = {(where.partition, end) for where, end in (await topics.ends(bench.kafka)).items() if end}
    far = [{tuple(row) for row in await bench.owner.fetch(query, topics.OUT)} for query in READ.values()]
    return any(reached != wanted for reached in far)
