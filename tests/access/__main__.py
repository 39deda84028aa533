"""`python -m tests.access --requests 100000`: the leak matrix at length.

JITT_KAFKA and JITT_POSTGRES use servers that run already.
"""

import argparse
import asyncio
import logging
import sys
from time import monotonic

from shared.settings import settings
from tests.access.matrix import report, standing
from tests.browser.standing import servers


async def run(requests: int, seed: int) -> int:
    logging.disable(logging.CRITICAL)
    async with standing(settings().postgres) as matrix:
        began = monotonic()
        found = await matrix.run(requests, seed)
        print(report(matrix, found), f"{found.requests / (monotonic() - began):.0f} requests a second, seed {seed}", sep="\n")
    return 1 if found.leaks or found.faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=40)
    chosen = parser.parse_args()
    with servers():
        sys.exit(asyncio.run(run(chosen.requests, chosen.seed)))
