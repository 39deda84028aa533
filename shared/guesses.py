"""Wrong tokens per address. Only further wrong ones are turned away: a district's sites share one address."""

from collections import Counter
from dataclasses import dataclass, field

A_MINUTE = 20


@dataclass(slots=True)
class Guesses:
    """Of the current minute, in this process."""

    minute: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def too_many(self, address: str, at: float) -> bool:
        """Counts one wrong token; `at` in seconds on any clock that only goes forward."""
        if int(at) // 60 != self.minute:
            self.minute, self.counts = int(at) // 60, Counter()
        self.counts[address] += 1
        return self.counts[address] > A_MINUTE
