"""The tally service as a process of its own: `python -m tests.messaging.health_worker PORT SILENT_SECONDS TOPIC`."""

import sys
from dataclasses import replace

import uvloop

from shared import process
from tests.messaging.tally_service import SERVICE

if __name__ == "__main__":
    port, silent, topic = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    uvloop.run(process.run(replace(SERVICE, reads=(topic,)), "worker", port, silent))
