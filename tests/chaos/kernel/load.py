"""What a place is told while a fault goes on: numbers for a few tallies; bells and a sweep at first; a pledge each turn."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic

from tests.chaos.kernel import ground, truth
from tests.chaos.kernel.ground import Place
from tests.chaos.kernel.ledger import Asked, Pledged
from tests.chaos.kernel.truth import Accepted
from tests.chaos.oracle import Verdict
from tests.messaging.tally_service import Added

TALLIES = 6
PAUSE = 0.05
SETTLED_SECONDS = 45.0


@dataclass(slots=True)
class Load:
    place: Place
    accepted: Accepted = field(default_factory=Accepted)
    turns: int = 0
    pledging: bool = True
    _flow: "asyncio.Task[None] | None" = None

    async def turn(self) -> None:
        events: list[Added | Pledged] = [self._added(n) for n in range(TALLIES)]
        if self.pledging:
            events.append(Pledged(pledge=f"{self.place.name}-p{self.turns}", by=datetime.now(UTC) + timedelta(milliseconds=1)))
        self.accepted.heard(*events)
        await self.place.send(*events)
        if self.turns == 0:
            await self._all_made()
            self.accepted.heard(asked := Asked(pledge=f"{self.place.name}-all"))
            await self.place.send(asked)
        self.turns += 1

    def flow(self) -> None:
        """Turn after turn, until it is stopped."""
        self._flow = asyncio.create_task(self._on())

    async def stop(self) -> None:
        if self._flow:
            self._flow.cancel()
            with suppress(asyncio.CancelledError):
                await self._flow

    async def caught_up(self, seconds: float = 60.0) -> float:
        """Seconds until one whole turn that begins after now is in the table, for every tally; where nothing more is said, until
        what was said last is. Raises TimeoutError."""
        begun, next_turn = monotonic(), self.turns + 2  # one may be under way

        async def told() -> bool:
            return self._flow is None or self._flow.done() or self.turns >= next_turn

        if not await ground.until(told, seconds):
            raise TimeoutError(f"{self.place.name}: nothing more could be said within {seconds:.0f} s")
        wanted = {tally: numbers[-1] for tally, numbers in self.accepted.numbers.items()}

        async def there() -> bool:
            rows = await self.place.running.pool.fetch("SELECT id, seen[cardinality(seen)] AS last FROM tally")
            last = {row["id"]: row["last"] for row in rows}
            return all(last.get(tally, 0) >= number for tally, number in wanted.items())

        if not await ground.until(there, seconds):
            raise TimeoutError(f"{self.place.name}: what was said is not in the table after {seconds:.0f} s")
        return monotonic() - begun

    async def settled(self) -> Verdict:
        """Looks until all is as it must be, or nothing more has come for a while, and once more: what comes twice comes late."""
        missing, moved_at = float("inf"), monotonic()
        while not (found := await truth.verdict(self.place, self.accepted)).sound:
            if found.lost < missing:
                missing, moved_at = found.lost, monotonic()
            elif monotonic() - moved_at > SETTLED_SECONDS:
                break
            await asyncio.sleep(0.3)
        await asyncio.sleep(0.5)
        return await truth.verdict(self.place, self.accepted) if found.sound else found

    def _added(self, n: int) -> Added:
        tally = f"{self.place.name}-{n}"
        return Added(tally=tally, number=self.accepted.next_number(tally), ring_in_ms=1 if self.turns == 0 else None)

    async def _all_made(self) -> None:
        """A sweep raises what is there: asked for earlier, it might come before the first numbers."""

        async def there() -> bool:
            return bool(await self.place.running.pool.fetchval("SELECT count(*) FROM tally") == TALLIES)

        if not await ground.until(there, SETTLED_SECONDS):
            raise TimeoutError(f"{self.place.name}: the first numbers were not read")

    async def _on(self) -> None:
        while True:
            await asyncio.shield(asyncio.create_task(self.turn()))  # what was heard must have been sent
            await asyncio.sleep(PAUSE)
