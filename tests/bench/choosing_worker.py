"""`python -m tests.bench.choosing_worker RESULT EVENTS PORT`: one real worker process of content, with two marks set.

Nothing else is changed. Its time begins with the first batch that holds a request, and ends when EVENTS answers were sent on.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from services.content.app import SERVICE
from shared import process
from shared.contracts.trigger import ContentRequested
from shared.observe import setup_logging
from tests.bench import worker
from tests.bench.worker import Marks

REQUEST = ("ce_type", ContentRequested.TYPE.encode())


class Requests(Marks):
    """Other records of the topic, left by other cases, are passed over before."""

    def saw(self, records: Sequence[Any]) -> None:
        if any(REQUEST in record.headers for record in records):
            self.began(len(records))


if __name__ == "__main__":
    setup_logging("content")
    worker.watch(Requests(Path(sys.argv[1]), int(sys.argv[2])))
    uvloop.run(process.run(SERVICE, "worker", int(sys.argv[3])))
