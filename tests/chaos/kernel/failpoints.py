"""Named failpoints in process: the worker's real loops on real servers, struck again and again at one seam each.

All points are tried side by side, each in a place of its own: most of the time goes into the waits between attempts.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import monotonic

from shared.process import WorkerProcess
from tests.chaos.kernel import ground, strikes, truth
from tests.chaos.kernel.ground import Place
from tests.chaos.kernel.ledger import Asked, Pledged
from tests.chaos.kernel.strikes import Deed, Strikes, breaks, drops, ends_backend, times_out
from tests.chaos.kernel.truth import Accepted
from tests.chaos.oracle import Verdict
from tests.chaos.sections import Chaos, Section
from tests.messaging.tally_service import Added

TALLIES = 4
SECONDS_EACH = 1.5  # for one strike and what follows from it, while all points are tried at once on two cores
SETTLED_SECONDS = 30.0
POSTGRES_SEAMS = ("before the commit", "in the middle of folding", "in the middle of saving", "reading the outbox",
                  "after publishing, before the delete")  # fmt: skip
POINTS: tuple[tuple[str, str, Deed], ...] = (
    *((seam, seam, breaks) for seam in (*POSTGRES_SEAMS, "before publishing", "after the commit, before the offset commit",
                                        "after the offset commit")),
    *((f"backend ended {seam}", seam, ends_backend) for seam in POSTGRES_SEAMS),
    *((f"connection dropped {seam}", seam, drops) for seam in POSTGRES_SEAMS),
    *((seam, seam, times_out) for seam in ("a send times out before it went", "a send times out although it went")),
)  # fmt: skip


@dataclass(slots=True)
class Tried:
    name: str
    struck: int
    verdict: Verdict
    told: int = 0
    problems: list[str] = field(default_factory=list)


async def run(chaos: Chaos) -> Section:
    with ground.quiet(), ground.states_compacted(), strikes.seams():
        await ground.make_topics(*ground.OUT)
        tried = await asyncio.gather(*(_try(*point, chaos.size.each) for point in POINTS))
    verdict = sum((one.verdict for one in tried), Verdict())
    figures = {"failpoints": {one.name: one.struck for one in tried}, "events": sum(one.told for one in tried)}
    problems = [f"{one.name}: {problem}" for one in tried for problem in one.problems]
    chaos.say(f"{len(tried)} failpoints, {sum(one.struck for one in tried)} strikes")
    return Section("named failpoints", verdict, problems=problems, figures=figures)


async def _try(name: str, seam: str, deed: Deed, times: int) -> Tried:
    point = Strikes(seam, deed, times)
    accepted = Accepted()
    async with ground.place() as place, AsyncExitStack() as stack:
        strikes.HERE.set(point)  # inherited by every task that is begun from here
        process = WorkerProcess(place.running)
        stack.push_async_callback(process.close)
        loops = [asyncio.create_task(loop) for loop in process.tasks()]
        stack.push_async_callback(_end, loops)
        await _until_struck_out(place, accepted, point, monotonic() + times * SECONDS_EACH + 20)
        settled = await _settled(place, accepted)
        ended = [repr(loop.exception()) for loop in loops if loop.done()]
    left = [f"struck {times - point.left} of {times} times only"] if point.left else []
    return Tried(name, times - point.left, settled, place.sent, [*left, *(f"a loop ended: {error}" for error in ended)])


async def _end(loops: list[asyncio.Task[None]]) -> None:
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


async def _until_struck_out(place: Place, accepted: Accepted, point: Strikes, deadline: float) -> None:
    turn = 0
    while point.left and monotonic() < deadline:
        events = [_added(place, accepted, n, turn) for n in range(TALLIES)]
        pledge = Pledged(pledge=f"{place.name}-p{turn}", patience_ms=1)
        accepted.heard(*events, pledge)
        await place.send(*events, pledge)
        if turn == 0:
            await _all_made(place)
        if turn == 1:
            accepted.heard(asked := Asked(pledge=f"{place.name}-all"))
            await place.send(asked)
        turn += 1
        point.struck.clear()
        try:
            await asyncio.wait_for(point.struck.wait(), 0.3)
        except TimeoutError:
            continue


def _added(place: Place, accepted: Accepted, n: int, turn: int) -> Added:
    tally = f"{place.name}-{n}"
    return Added(tally=tally, number=accepted.next_number(tally), ring_in_ms=1 if turn == 0 else None)


async def _all_made(place: Place) -> None:
    """A sweep raises what is there: asked for earlier, it might come before the first numbers."""

    async def there() -> bool:
        return bool(await place.running.pool.fetchval("SELECT count(*) FROM tally") == TALLIES)

    await ground.until(there)


async def _settled(place: Place, accepted: Accepted) -> Verdict:
    """Looks until all is as it must be, and once more: what comes twice comes late."""
    deadline = monotonic() + SETTLED_SECONDS
    while not (found := await truth.verdict(place, accepted)).sound and monotonic() < deadline:
        await asyncio.sleep(0.3)
    await asyncio.sleep(0.3)
    return await truth.verdict(place, accepted) if found.sound else found
