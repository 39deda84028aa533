"""What a soak looks at each minute: memory and CPU of each process, rows and bytes of each table, and how long events were on
their way, as a reader of the topics sees it."""

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared.contracts import ids
from shared.settings import settings
from tests.bench import machine
from tests.chaos.load import SITES
from tests.chaos.world import World
from tests.flow.database import rows

PLAN, BRIEF = "announced -> planned", "answered -> brief ready"
INBOUND = tuple(f"in.{site.bus}" for site in SITES)
TOPICS = (*INBOUND, "trigger.events", "assessment.events", "supervision.events")
BEGINS = {"assessment.training_completed.v1": BRIEF}
ENDS = {"trigger.session_planned.v1": PLAN, "supervision.brief_ready.v1": BRIEF}
TABLES = """SELECT schemaname || '.' || relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid)
    FROM pg_stat_user_tables WHERE schemaname IN ('trigger', 'content', 'assessment', 'supervision')"""


@dataclass(frozen=True, slots=True)
class Table:
    live: int
    dead: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """`ways`: per way, milliseconds of each event since the sample before. `memory`: MiB resident, by process."""

    seconds: float
    memory: dict[str, float]
    cpu_seconds: float
    tables: dict[str, Table]
    ways: dict[str, list[float]]


def sample(world: World, watching: "Watching", began: float) -> Sample:
    pids = {seat.name: child.pid for seat, child in world.children.items()}
    servers = {"kafka": world.kafka.child.pid, "postgres": world.postgres.child.pid}
    memory = {name: machine.memory_mib(pid) for name, pid in pids.items()}
    memory |= {name: machine.shared_out_mib(pid) for name, pid in servers.items()}
    cpu = sum(machine.cpu_seconds(pid) for pid in (pids | servers).values())
    tables = {name: Table(*found) for name, *found in rows(TABLES)}
    return Sample(time.monotonic() - began, memory, cpu, tables, watching.taken())


@dataclass(slots=True)
class Watching:
    """A reader of committed records, in a thread of its own until `finish`: a way is as long as the times that Kafka's records
    carry lie apart, which their writers gave them."""

    _begun: dict[tuple[str, UUID, int], int] = field(default_factory=dict)
    _ways: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> "Watching":
        self._thread = threading.Thread(target=lambda: asyncio.run(self._read()), name="soak-reader", daemon=True)
        self._thread.start()
        return self

    def finish(self) -> None:
        self._over.set()
        if self._thread:
            self._thread.join(30)

    def taken(self) -> dict[str, list[float]]:
        """What was measured since the last time this was asked."""
        ways, self._ways = self._ways, defaultdict(list)
        return dict(ways)

    async def _read(self) -> None:
        options: dict[str, Any] = {"auto_offset_reset": "earliest", "isolation_level": "read_committed"}
        async with AIOKafkaConsumer(*TOPICS, bootstrap_servers=settings().kafka, **options) as consumer:
            while not self._over.is_set():
                try:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        self._note(records)
                except KafkaError:
                    await asyncio.sleep(0.2)

    def _note(self, records: Iterable[Any]) -> None:
        for record in records:
            kind = dict(record.headers)["ce_type"].decode()
            data = json.loads(record.value)
            if record.topic in INBOUND:
                session = ids.session(data["site_id"], data["session_ref"])
                self._begun.setdefault((PLAN, session, data["revision"]), record.timestamp)
            elif kind in BEGINS:
                self._begun.setdefault((BEGINS[kind], UUID(data["session_id"]), 0), record.timestamp)
            elif kind in ENDS:
                self._ended(ENDS[kind], UUID(data["session_id"]), data, record.timestamp)

    def _ended(self, way: str, session: UUID, data: dict[str, Any], at: int) -> None:
        which = data["revision"] - 1 if way == PLAN else 0
        if (begun := self._begun.pop((way, session, which), None)) is not None:
            self._ways[way].append(float(at - begun))
