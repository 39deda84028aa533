"""How a run keeps to its time: each part has a share of it, repeats while its share lasts, and says when there is none left."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Share:
    """Seconds that a part takes on a quiet machine with all its repeats, and for one of them."""

    all: float
    once: float


@dataclass(slots=True)
class Budget:
    """`seconds` for all parts. What one leaves over is there for those after it, what one takes too much they have less."""

    seconds: float
    shares: Mapping[str, Share]
    clock: Clock = time.monotonic
    began: float = field(init=False)
    ahead: list[str] = field(init=False)  # parts that have not begun, in order

    def __post_init__(self) -> None:
        self.began, self.ahead = self.clock(), list(self.shares)

    @property
    def left(self) -> float:
        return self.began + self.seconds - self.clock()

    def begin(self, part: str) -> float | None:
        """Seconds for this part; None when it and those after it, each done once, would not be done in time."""
        after = self.ahead[self.ahead.index(part) :]
        self.ahead.remove(part)
        if self.left < self._scale * sum(self.shares[one].once for one in after):
            return None
        return self.left * self.shares[part].all / sum(self.shares[one].all for one in after)

    @property
    def _scale(self) -> float:
        """Of a run that has less time than its shares add up to, each takes less, being smaller; never more."""
        return min(1.0, self.seconds / sum(share.all for share in self.shares.values()))


async def repeated(once: Callable[[int], Awaitable[T]], times: int, seconds: float, clock: Clock = time.monotonic) -> list[T]:
    """`once(n)`, at least for n = 0, and again while another one as long as the longest fits in. Says when one does not."""
    until, longest, found = clock() + seconds, 0.0, list[T]()
    for n in range(times):
        if n and clock() + longest > until:
            print(f"No time for more than {n} of {times} repeats: this machine is busy, or slow.", flush=True)
            break
        started = clock()
        found.append(await once(n))
        longest = max(longest, clock() - started)
    return found
