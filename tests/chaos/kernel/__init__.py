"""Faults of the messaging kernel, judged to the last effect: named failpoints, broken twins, frozen and stopped processes."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.sections import Chaos, Section


def run(chaos: "Chaos") -> "list[Section]":
    """All of it, on servers of its own."""
    from tests.chaos.kernel import failpoints, faults, ground, twins  # a worker with a wrong clock sets it before such imports

    with ground.servers(chaos.home):
        return [asyncio.run(failpoints.run(chaos)), asyncio.run(twins.run(chaos)), *asyncio.run(faults.run(chaos))]
