"""Faults of the messaging kernel, judged to the last effect: named failpoints, broken twins, frozen and stopped processes."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.sections import Chaos, Section


def run(chaos: "Chaos") -> "list[Section]":
    """All of it, on servers of its own."""
    from tests.chaos.kernel import (  # a worker with a wrong clock sets it before such imports
        failpoints,
        faults,
        ground,
        restores,
        twins,
    )

    with ground.servers(chaos.home) as servers:
        sections = [asyncio.run(failpoints.run(chaos)), asyncio.run(twins.run(chaos)), *asyncio.run(faults.run(chaos))]
        return [*sections, *asyncio.run(restores.run(chaos, servers))]
