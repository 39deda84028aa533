"""Named failpoints in process: the worker's real loops on real servers, struck again and again at one seam each.

All points are tried side by side, each in a place of its own: most of the time goes into the waits between attempts.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import monotonic

from shared.working import WorkerProcess
from tests.chaos.kernel import ground, strikes
from tests.chaos.kernel.load import Load
from tests.chaos.kernel.strikes import Deed, Strikes, breaks, drops, ends_backend, times_out
from tests.chaos.oracle import Verdict
from tests.chaos.sections import Chaos, Section

SECONDS_EACH = 12.0  # at most for one strike and what follows: all points are tried at once, and a network is broken beside
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
    async with ground.place() as place, AsyncExitStack() as stack:
        strikes.HERE.set(point)  # inherited by every task that is begun from here
        process = WorkerProcess(place.running)
        stack.push_async_callback(process.close)
        loops = [asyncio.create_task(loop) for loop in process.tasks()]
        stack.push_async_callback(_end, loops)
        load = Load(place)
        await _until_struck_out(load, point, monotonic() + times * SECONDS_EACH + 20)
        missed, point.left = point.left, 0
        settled = await load.settled()
        ended = [repr(loop.exception()) for loop in loops if loop.done()]
    left = [f"struck {times - missed} of {times} times only"] if missed else []
    return Tried(name, times - missed, settled, place.sent, [*left, *(f"a loop ended: {error}" for error in ended)])


async def _end(loops: list[asyncio.Task[None]]) -> None:
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


async def _until_struck_out(load: Load, point: Strikes, deadline: float) -> None:
    while point.left and monotonic() < deadline:
        await load.turn()
        point.struck.clear()
        try:
            await asyncio.wait_for(point.struck.wait(), 0.3)
        except TimeoutError:
            continue
