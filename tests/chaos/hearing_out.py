"""Runs a service as `jitt run` does, but hears a publisher out, however much of what it says cannot be read.

Usage: python hearing_out.py SERVICE PORT
"""

import asyncio
import sys

from deploy import topology
from shared import process
from shared.messaging import worker
from shared.observe import setup_logging


def main(service: str, port: str) -> None:
    worker.NOISY = sys.maxsize
    setup_logging(service)
    asyncio.run(process.run(topology.service(service), "all", int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
