"""`python -m tests.access --requests 100000`: the leak matrix at length; `--examples 300`: every API against its description.

JITT_KAFKA and JITT_POSTGRES use servers that run already.
"""

import argparse
import asyncio
import logging
import sys
from time import monotonic, process_time

from shared.settings import settings
from tests.access.described import tried
from tests.access.matrix import Matrix, report, standing
from tests.browser.standing import servers


async def run(requests: int, examples: int, seed: int) -> int:
    logging.disable(logging.CRITICAL)
    async with standing(settings().postgres) as matrix:
        leaks = await _leaks(matrix, requests, seed) if requests else 0
        return 1 if (await _faults(matrix, examples) if examples else 0) + leaks else 0


async def _leaks(matrix: Matrix, requests: int, seed: int) -> int:
    began, worked = monotonic(), process_time()
    found = await matrix.run(requests, seed)
    rate, each = found.requests / (monotonic() - began), 1_000 * (process_time() - worked) / found.requests
    print(report(matrix, found), f"{rate:.0f} requests a second, {each:.1f} ms of processor time each, seed {seed}", sep="\n")
    return len(found.leaks) + len(found.faults)


async def _faults(matrix: Matrix, examples: int) -> int:
    found = await tried(matrix, examples)
    asked = sum(found.operations.values())
    print(f"{asked:,} requests to {len(found.operations)} operations; not as described: {len(found.faults)}")
    print(*found.faults, sep="\n\n")
    return len(found.faults)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--examples", type=int, default=0)
    parser.add_argument("--seed", type=int, default=40)
    chosen = parser.parse_args()
    if not (chosen.requests or chosen.examples):
        parser.error("say how much: --requests 100000, --examples 300, or both")
    with servers():
        sys.exit(asyncio.run(run(chosen.requests, chosen.examples, chosen.seed)))
