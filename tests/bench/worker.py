"""`python -m tests.bench.worker RESULT EVENTS PORT`: one real worker process of trigger, with two marks set.

Nothing else is changed: it is what `jitt run trigger --role worker` runs. RESULT is written when EVENTS were sent on.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop
from asyncpg import Connection

from services.trigger.app import SERVICE
from shared import process
from shared.messaging.relay import Relay
from shared.messaging.worker import Worker
from shared.observe import setup_logging


class Marks:
    """When the first batch was handed to the handler, and when the last outbox row was acknowledged and deleted."""

    def __init__(self, result: Path, events: int) -> None:
        self.result, self.events = result, events
        self.started_at = self.cpu = 0.0
        self.batches: list[int] = []

    def saw(self, records: Sequence[Any]) -> None:
        self.began(len(records))

    def began(self, records: int) -> None:
        if not self.started_at:
            self.started_at, self.cpu = time.monotonic(), time.process_time()
        self.batches.append(records)

    def sent(self, total: int) -> None:
        if self.events and total >= self.events:
            self.events = 0
            found = {"seconds": time.monotonic() - self.started_at, "cpu": time.process_time() - self.cpu,
                     "batches": len(self.batches)}
            fresh = self.result.with_suffix(".new")
            fresh.write_text(json.dumps(found))
            fresh.replace(self.result)


def watch(marks: Marks) -> None:
    take, round_ = Worker.take, Relay.round

    async def taken(self: Worker, records: Sequence[Any], decode: Any) -> None:
        marks.saw(records)
        await take(self, records, decode)

    async def rounded(self: Relay, conn: Connection) -> int:
        went = await round_(self, conn)
        marks.sent(self.sent)
        return went

    Worker.take, Relay.round = taken, rounded  # type: ignore[method-assign]


if __name__ == "__main__":
    setup_logging("trigger")
    watch(Marks(Path(sys.argv[1]), int(sys.argv[2])))
    uvloop.run(process.run(SERVICE, "worker", int(sys.argv[3])))
