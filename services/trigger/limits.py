"""How fast a publisher may send: two token buckets for each, kept in this process; another web process counts for itself
(docs/decisions/0016)."""

from dataclasses import dataclass, field
from math import ceil

BURST_SECONDS = 5  # so much of the rate may come at once, and always one


@dataclass(slots=True)
class Bucket:
    """Fills at `rate` a second. A batch larger than what is left passes whole, and is paid off before the next."""

    rate: float
    left: float
    at: float

    def take(self, many: int, at: float) -> int:
        """0: taken. Else nothing was, and so many seconds later it can be."""
        self.left = min(full(self.rate), self.left + (at - self.at) * self.rate)
        self.at = at
        if self.left < 1:
            return max(1, ceil((1 - self.left) / self.rate))
        self.left -= many
        return 0


@dataclass(slots=True)
class Limit:
    """Of one kind of thing, for each publisher by itself."""

    rate: float
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def take(self, publisher: str, many: int, at: float) -> int:
        """`at` in seconds on any clock that only goes forward. Answers as a bucket does."""
        return self.buckets.setdefault(publisher, Bucket(self.rate, full(self.rate), at)).take(many, at)


def full(rate: float) -> float:
    return max(1, rate * BURST_SECONDS)
