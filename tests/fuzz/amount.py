"""How many cases the fuzz tests try: ten thousand in all, or what FUZZ says. A failure prints how to run that one case again."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

from tests.fuzz.fragments import Dice

SEED = os.environ.get("FUZZ_SEED")
ALL = int(os.environ.get("FUZZ", "10000"))
SLOWLY = [HealthCheck.too_slow, HealthCheck.data_too_large]  # how fast a case is made says nothing about it


def cases(share: float) -> Callable[[Any], Any]:
    """A test's share of all cases. What was found is kept as a test of its own, not in a database."""
    return settings(max_examples=some(share), deadline=None, database=None, print_blob=True, suppress_health_check=SLOWLY)


def some(share: float) -> int:
    return max(1, int(ALL * share))


def dice() -> tuple[int, Dice]:
    """For tests that hypothesis cannot drive: the seed, which FUZZ_SEED sets, and what follows from it."""
    seed = int(SEED) if SEED else Dice().getrandbits(32)
    return seed, Dice(seed)
