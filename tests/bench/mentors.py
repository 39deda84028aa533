"""Five hundred mentors at once, 3 to 8 seconds between two answers of each: how long from the press until the feedback is there.

Two processes serve the pages, each for half of the mentors, beside assessment's worker, PostgreSQL and Kafka; the other services
have made the trainings and rest, since on two cores it would be them that is measured (`loop` has all of them at work). Beside
the mentors, in the same seconds, goes a bare transaction: the statements of one answer, with arguments of its own, by asyncpg
alone, one by one.
"""

import asyncio
import random
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import quantiles
from uuid import uuid4

import asyncpg

from services.assessment.app import SERVICE
from services.assessment.messages import Answered
from shared import db
from shared.contracts.content import TrainingAssigned
from shared.messaging.batch import Batch, apply
from shared.messaging.message import own_message
from tests.bench import machine
from tests.bench.hop import Bench
from tests.bench.loop_town import PAGES, Town, link_of, town, walks
from tests.bench.report import Figure
from tests.bench.series import Recording, Statement
from tests.load.answers import FIRST_TRY, Answer
from tests.load.mentors import THINKS, Walk, walk

MENTORS, BARE = 500, 300
PROCESSES = 2  # that serve the pages
PAGE = (PAGES, "web")
RAMP = THINKS[1]  # seconds over which the mentors come, so that they are spread as their thinking spreads them
EVERY = 0.1  # seconds between two bare transactions
PROMISED_MS = 150
PATIENCE = 60.0
LEFT = "SELECT count(*) FROM assessment.outbox"
DONE = "SELECT count(*) FROM assessment.training WHERE completed_at IS NOT NULL AND id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Ran:
    """Milliseconds, and what was done a second while all were at it."""

    feedback_ms: Sequence[float]
    other_ms: Sequence[float]
    bare_ms: Sequence[float]
    answers_per_s: float
    requests: int
    web_ms: float  # CPU of the pages' processes for a request

    @property
    def ratios(self) -> tuple[float, float]:
        """Of p50 and of p99, to those of the bare transaction."""
        told, bare = p50_p99(self.feedback_ms), p50_p99(self.bare_ms)
        return told[0] / bare[0], told[1] / bare[1]


def p50_p99(values: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


async def mentors(bench: Bench, number: int = MENTORS, bare: int = BARE) -> Ran:
    async with town(bench, more=PROCESSES - 1) as here:
        return await _measured(here, await here.assigned(number + bare), number)


async def _measured(here: Town, assigned: Sequence[TrainingAssigned], number: int) -> Ran:
    ours, others = assigned[:number], assigned[number:]
    statements = await _statements(here, others)
    todo = await walks(ours, _base)
    going = [Walk(link_of(one), todo[n], random.Random(n)) for n, one in enumerate(ours)]
    await here.quiet()
    for seat, child in here.children.items():
        if seat.service != PAGES:
            child.stop()
    serving = [(seat, child) for seat, child in here.children.items() if (seat.service, seat.role) == PAGE]
    webs = {f"http://127.0.0.1:{seat.port}": child.pid for seat, child in serving}
    urls, before, bare_ms = list(webs), _cpu_seconds(webs.values()), list[float]()
    beside = asyncio.create_task(_bare(statements, bare_ms))
    await asyncio.gather(*(walk(one, urls[n % len(urls)], n * RAMP / number) for n, one in enumerate(going)))
    spent = _cpu_seconds(webs.values()) - before
    beside.cancel()
    with suppress(asyncio.CancelledError):
        await beside
    await _check(here, going, ours)
    requests = sum(one.requests for one in going)
    return Ran([ms for one in going for ms in one.feedback_ms], [ms for one in going for ms in one.other_ms], bare_ms,
               busiest([at for one in going for at in one.answered_at]), requests, spent * 1_000 / requests)  # fmt: skip


def _cpu_seconds(pids: Iterable[int]) -> float:
    return sum(machine.cpu_seconds(pid) for pid in pids)


async def _check(here: Town, going: Sequence[Walk], ours: Sequence[TrainingAssigned]) -> None:
    """A figure counts only when every mentor came to the end, and every training is done."""
    refused = [one.refused for one in going if one.refused]
    assert not refused, f"{len(refused)} of {len(going)} mentors got no further: {refused[0]}"
    done = await here.bench.owner.fetchval(DONE, [one.training_id for one in ours])
    assert done == len(ours), f"{done} of {len(ours)} trainings are done"
    deadline = time.monotonic() + PATIENCE
    while left := await here.bench.owner.fetchval(LEFT):
        assert time.monotonic() < deadline, f"after {PATIENCE:.0f} s {left} events are left to send"
        await asyncio.sleep(0.1)


async def _statements(here: Town, others: Sequence[TrainingAssigned]) -> list[list[Statement]]:
    """What the database is asked for one answer of each of these, who have pressed Start; nothing of it is kept yet."""
    await here.start(others)
    conn = await asyncpg.connect(db.service_dsn(PAGES), command_timeout=db.SECONDS, connection_class=Recording)
    try:
        found = []
        for answer in [answers[0] for answers in await walks(others, _base)]:
            conn.statements = []
            transaction = conn.transaction()
            await transaction.start()
            await apply(conn, SERVICE.name, SERVICE.handlers, Batch([own_message(PAGES, "bench", str(uuid4()), _event(answer))]))
            found.append(conn.statements)
            conn.statements = None
            await transaction.rollback()
        return found
    finally:
        await conn.close()


def _event(answer: Answer) -> Answered:
    assert answer.attempt == FIRST_TRY
    number = int(answer.path.rpartition("/")[2])
    return Answered(training_id=answer.training_id, number=number, attempt=1, chosen=tuple(answer.form["option"]),
                    confidence="sure", request_id=uuid4())  # fmt: skip


async def _bare(statements: Sequence[Sequence[Statement]], took: list[float]) -> None:
    """Each in a transaction of its own, on one connection; it is a real answer, and goes the way of all others afterwards."""
    conn = await asyncpg.connect(db.service_dsn(PAGES), command_timeout=db.SECONDS)
    try:
        for asked in statements:
            await asyncio.sleep(EVERY)
            began = time.perf_counter()
            async with conn.transaction():
                for method, args, options in asked:
                    await getattr(conn, method)(*args, **options)
            took.append((time.perf_counter() - began) * 1_000)
    finally:
        await conn.close()


def _base(one: TrainingAssigned) -> str:
    """As for a browser that keeps cookies."""
    return f"/t/{one.training_id}"


def busiest(at: Sequence[float], seconds: float = 10.0) -> float:
    """Answers a second in the ten busiest seconds."""
    ordered = sorted(at)
    return max(bisect_left(ordered, start + seconds) - n for n, start in enumerate(ordered)) / seconds


def figures(runs: Sequence[Ran]) -> list[Figure]:
    told, bare = [p50_p99(one.feedback_ms) for one in runs], [p50_p99(one.bare_ms) for one in runs]
    other = [p50_p99(one.other_ms) for one in runs]
    said = f"{MENTORS} mentors at once, 3-8 s between answers, {PROCESSES} processes for pages: press to feedback"
    return [
        Figure("mentors.feedback_p50_ms", f"{said}, p50 ms", [one for one, _ in told], None, False),
        Figure("mentors.feedback_p99_ms", f"{said}, p99 ms", [one for _, one in told], PROMISED_MS, False),
        Figure("mentors.bare_p50_ms", "  a bare transaction of the same statements beside it, p50 ms", [one for one, _ in bare],
               None, False),
        Figure("mentors.bare_p99_ms", "  the same, p99 ms", [one for _, one in bare], None, False),
        Figure("mentors.ratio_p50", "  press to feedback / bare, of p50", [one.ratios[0] for one in runs], None, False),
        Figure("mentors.ratio_p99", "  the same, of p99", [one.ratios[1] for one in runs], None, False),
        Figure("mentors.other_p99_ms", "  any other page or press, p99 ms", [one for _, one in other], None, False),
        Figure("mentors.answers_per_s", "  answers/s in the busiest ten seconds", [one.answers_per_s for one in runs]),
        Figure("mentors.web_ms", "  CPU of the pages' processes for a request, ms", [one.web_ms for one in runs], None, False),
    ]  # fmt: skip
