"""`python -m tests.bench.due_worker RESULT ROWS PORT`: one real worker process of trigger that notes when it commits what.

Nothing else is changed. RESULT is written when ROWS rows have been worked off; beside it, a line for each batch from Kafka.
Instants are seconds since 1970.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from services.trigger.app import SERVICE
from shared import process
from shared.messaging.ingest import INBOUND
from shared.messaging.worker import Worker
from shared.observe import setup_logging
from tests.bench import due_fresh


class Notes:
    """Of each batch of due rows: when it began, when it had committed, and how many rows it was."""

    def __init__(self, result: Path, rows: int) -> None:
        self.result, self.left = result, rows
        self.batches: list[tuple[float, float, int]] = []

    def committed(self, began: float, claimed: int) -> None:
        if not claimed or self.left <= 0:
            return
        self.batches.append((began, time.time(), claimed))
        self.left -= claimed
        if self.left <= 0:
            self.write()

    def write(self) -> None:
        fresh = self.result.with_suffix(".new")
        fresh.write_text(json.dumps(self.batches))
        fresh.replace(self.result)


def watch(notes: Notes) -> None:
    fall_due, take = Worker.fall_due, Worker.take
    taken_file = notes.result.with_suffix(".taken").open("w", buffering=1)

    async def fell_due(self: Worker, handler: Any) -> int:
        began = time.time()
        claimed = await fall_due(self, handler)
        notes.committed(began, claimed)
        return claimed

    async def taken(self: Worker, records: Sequence[Any], decode: Any) -> None:
        await take(self, records, decode)
        numbers = [due_fresh.number(record.partition, record.offset) for record in records if record.topic.startswith(INBOUND)]
        taken_file.write(f"{time.time()} {json.dumps(numbers)}\n")

    Worker.fall_due, Worker.take = fell_due, taken  # type: ignore[method-assign]


if __name__ == "__main__":
    setup_logging("trigger")
    watch(Notes(Path(sys.argv[1]), int(sys.argv[2])))
    uvloop.run(process.run(SERVICE, "worker", int(sys.argv[3])))
