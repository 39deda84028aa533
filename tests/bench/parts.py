"""The parts of a run in their order: how long each takes, how often it is repeated, and the figures it answers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from services.trigger.app import SERVICE
from shared.running import opened
from tests.bench import choosing, deciding, due, loop, machine, memory, mentors, rebuild, rounds, rows, series, world
from tests.bench.budget import Share, repeated
from tests.bench.hop import Bench
from tests.bench.latency import WARM_UP, latency
from tests.bench.peers import peers
from tests.bench.report import Figure, Found
from tests.bench.scaling import Scaled, scaled, stops
from tests.bench.world import Announced, burst

HIGH_RATE = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    """`seconds` for the whole run. `rounds`, `repeats`, `fast`: how often, when there is time."""

    name: str
    seconds: float
    rounds: int
    repeats: int  # of what more processes do, and of due rows a second
    fast: int  # of the latency at a high rate, and of the loop
    events: int
    naive: int
    naive_16: int
    steady_seconds: int
    memory: int
    patience: float  # seconds that each case waits for a quiet machine
    pending: int  # sessions that wait, in the cases of due rows
    due: int
    overdue: int
    within: float  # seconds in which 12,000 come due, or as many in proportion
    dead: int  # dead entries at the head of the index
    workers: tuple[int, ...]
    rebuilt: int  # events that a projection is made again from
    chosen: int  # requests for a training


PLAIN = Size("plain", seconds=900, rounds=3, repeats=3, fast=2, events=60_000, naive=2_000, naive_16=4_000, steady_seconds=10,
             memory=20_000, patience=10, pending=1_000_000, due=60_000, overdue=200_000, within=60, dead=1_000_000,
             workers=(1, 2, 4), rebuilt=100_000, chosen=20_000)  # fmt: skip
QUICK = Size("quick", seconds=300, rounds=1, repeats=1, fast=1, events=20_000, naive=1_000, naive_16=0, steady_seconds=5,
             memory=4_000, patience=2, pending=50_000, due=10_000, overdue=20_000, within=10, dead=50_000,
             workers=(1, 2), rebuilt=100_000, chosen=5_000)  # fmt: skip
FULL = replace(PLAIN, name="full", seconds=4 * 3_600, pending=10_000_000, rebuilt=1_000_000)


@dataclass(frozen=True, slots=True)
class Run:
    """What every part is given. `seconds`: what it may take, all repeats together."""

    bench: Bench
    size: Size
    announced: Sequence[Announced]
    found: Found
    seconds: float

    def quiet(self) -> None:
        self.found.others = max(self.found.others, machine.quiet(self.size.patience))


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    share: Share
    run: Callable[[Run], Awaitable[list[Figure]]]
    sizes: Sequence[str] = field(default=("plain", "quick", "full"))


async def _memory(run: Run) -> list[Figure]:
    held = await memory.memory(run.bench, run.announced[: run.size.memory])
    most = {name: one["most"] for name, one in held.items() if "most" in one}  # of services
    whole = sum(most.get(name, one["rest"]) for name, one in held.items())
    return [
        *(Figure(f"memory_mb.{name}", f"{name}: memory at most, MiB", [mib], 150, False) for name, mib in most.items()),
        *(Figure(f"rest_mb.{name}", f"{name}: memory at rest, MiB", [one["rest"]], None, False) for name, one in held.items()),
        Figure("stack_mb", "memory of the whole stack, MiB", [whole], 1_229, False),
    ]


async def _choosing(run: Run) -> list[Figure]:
    async def once(n: int) -> tuple[choosing.Chosen, float]:
        asked = await choosing.settle(run.bench, run.size.chosen)
        run.quiet()
        return await choosing.chosen(run.bench, asked), await choosing.pure(asked)

    ran = await repeated(once, run.size.repeats, run.seconds)
    await choosing.leave(run.bench)
    said = f"trainings chosen by one process, each mentor with {choosing.BEFORE} before"
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(ran[0][0].kinds.items()))
    run.found.said.append(f"Chosen of {run.size.chosen:,} requests: {kinds}.")
    return [Figure("choosing.per_s", f"{said}, requests/s", [one.per_s for one, _ in ran], 2_000),
            Figure("choosing.cpu_us", "CPU of a chosen training: python, µs", [one.cpu_us for one, _ in ran], None, False),
            Figure("choosing.pure_per_s", "the ranking alone, requests/s", [pure for _, pure in ran])]  # fmt: skip


async def _rebuild(run: Run) -> list[Figure]:
    await rebuild.fill(run.bench, run.size.rebuilt)
    made = await repeated(lambda n: rebuild.remade(run.bench), run.size.repeats, run.seconds)
    said = f"a projection made again from {run.size.rebuilt:,} events"
    return [Figure("rebuild.rows_per_s", f"{said}, events/s", [one.per_s for one in made], 20_000),
            Figure("rebuild.locked_s", f"{said}: nobody could write, s", [one.locked for one in made], None, False)]  # fmt: skip


async def _deciding(run: Run) -> list[Figure]:
    return deciding.figures()


async def _rounds(run: Run) -> list[Figure]:
    size, statements = run.size, list[series.Statement]()
    await series.series(run.bench, run.announced, statements)
    steady = burst(rounds.RATE * (size.steady_seconds + WARM_UP), "steady")
    given = rounds.Burst(run.announced, steady, size.naive, size.naive_16, statements)
    ran = await repeated(lambda n: rounds.one_round(run.bench, given, n, run.quiet), size.rounds, run.seconds)
    return rounds.figures(ran, size.events)


async def _fast(run: Run) -> list[Figure]:
    told = burst(HIGH_RATE * (run.size.steady_seconds // 2 + WARM_UP) + 1, "fast")
    async with opened(SERVICE) as running:
        await world.seed(running, len(told))

    async def once(n: int) -> tuple[float, float]:
        run.quiet()
        return await latency(run.bench, told, HIGH_RATE, f"fast{n}")

    p50, p99 = zip(*await repeated(once, run.size.fast, run.seconds), strict=True)
    return [Figure("latency_5000.p50_ms", f"latency at {HIGH_RATE}/s, p50 ms", p50, 60, False),
            Figure("latency_5000.p99_ms", f"latency at {HIGH_RATE}/s, p99 ms", p99, 120, False)]  # fmt: skip


async def _scaling(run: Run) -> list[Figure]:
    async def once(n: int) -> list[Scaled]:
        ran = []
        for workers in run.size.workers:
            run.quiet()
            ran.append(one := await scaled(run.bench, run.announced, workers, f"by{workers}-{n}"))
            print(f"  {workers} processes: {one.rate:,.0f} events/s, cores {one.busy:.0%} at work", flush=True)
        return ran

    by_workers = list(zip(*await repeated(once, run.size.repeats, run.seconds), strict=True))
    run.found.said.append(stops([one for ran in by_workers for one in ran]))
    return [figure for ran in by_workers for figure in _by(ran)]


def _by(ran: Sequence[Scaled]) -> list[Figure]:
    workers, target = ran[0].workers, 18_000 if ran[0].workers == 2 else None
    said = f"{workers} process{'' if workers == 1 else 'es'}"
    return [Figure(f"scaling.{workers}.events_per_s", f"{said}, events/s", [one.rate for one in ran], target),
            Figure(f"scaling.{workers}.lag_at_half", f"{said}, records left at half time", [one.lag_at_half for one in ran],
                   None, False)]  # fmt: skip


async def _due_per_s(run: Run) -> list[Figure]:
    size = run.size

    async def once(n: int) -> due.Rate:
        run.quiet()
        return await due.per_second(run.bench, size.pending, size.due)

    rates = await repeated(once, size.repeats, run.seconds)
    return [Figure("due.per_s", f"due rows worked off, {size.pending:,} wait, rows/s", [one.per_s for one in rates], 18_000),
            Figure("due.cpu_us", "CPU of a due row: python, µs", [one.cpu_us for one in rates], None, False)]  # fmt: skip


async def _due_assign(run: Run) -> list[Figure]:
    rate = await due.per_second(run.bench, run.size.pending, run.size.due // 4, "assign")
    return [Figure("due.assign_per_s", f"the same at the assign moment, {run.size.pending:,} wait, rows/s", [rate.per_s])]


async def _due_burst(run: Run) -> list[Figure]:
    many, within = int(12_000 * run.size.within / 60), run.size.within
    late = await due.burst(run.bench, run.size.pending, many, within)
    said = f"{many:,} of {run.size.pending:,} due within {within:.0f} s: late by, p99 ms"
    return [Figure(f"due.burst_{many}_lateness_p99_ms", said, [late.p99_ms], 1_000, False)]


async def _due_overdue(run: Run) -> list[Figure]:
    over = await due.overdue(run.bench, run.size.pending, run.size.overdue)
    said = f"{run.size.overdue:,} of {run.size.pending:,} overdue at start"
    most = 12 * run.size.overdue / PLAIN.overdue
    return [Figure("due.overdue_s", f"{said}, seconds", [over.seconds], most, False),
            Figure("due.fresh_p99_ms", f"{said}: fresh events meanwhile, p99 ms", [over.fresh_p99_ms], 80, False)]  # fmt: skip


async def _due_dead(run: Run) -> list[Figure]:
    dead = await due.dead_rows(run.bench, run.size.pending, run.size.due, run.size.dead)
    said = f"{run.size.dead:,} dead entries before {run.size.pending:,} rows / clean"
    return [Figure("due.dead_rows_ratio", said, [dead.ratio], 0.5)]


async def _due_flat(run: Run) -> list[Figure]:
    flat = await due.flat(run.bench, (PLAIN.pending // 10, run.size.pending))
    return [Figure(f"due.flat_{name}_ratio", f"{name} among {run.size.pending:,} / among {PLAIN.pending // 10:,}",
                   [flat.ratio(name)], 1.5, False) for name in ("insert", "reschedule", "cancel")]  # fmt: skip


async def _loop(run: Run) -> list[Figure]:
    async def once(n: int) -> loop.Loop:
        run.quiet()
        return await loop.loop(run.bench, loop.PROMISED_PER_S, run.size.steady_seconds * 2)

    figures = loop.figures(await repeated(once, run.size.fast, run.seconds))
    filled = await rows.measured(run.bench.owner)  # the loop is what fills every table
    return figures + [Figure(f"bytes_per_row.{one.table}", f"{one.table}, bytes a row", [one.bytes], None, False)
                      for one in filled]  # fmt: skip


async def _mentors(run: Run) -> list[Figure]:
    async def once(n: int) -> mentors.Ran:
        run.quiet()
        return await mentors.mentors(run.bench)

    return mentors.figures(await repeated(once, run.size.fast, run.seconds))


async def _peers(run: Run) -> list[Figure]:
    return [Figure(f"peers.{one.name}", f"{one.name} {one.version}, jobs/s", [one.per_s])
            for one in await peers(run.bench, PLAIN.pending, PLAIN.due)]  # fmt: skip


# In this order, so that sessions that wait are written once. Seconds are those of the plain form on a quiet machine.
PARTS = (
    Part("memory", Share(50, 50), _memory),
    Part("deciding", Share(10, 10), _deciding),
    Part("rebuild", Share(45, 30), _rebuild),
    Part("rounds", Share(240, 80), _rounds),
    Part("latency_5000", Share(50, 25), _fast),
    Part("scaling", Share(210, 70), _scaling),
    Part("due.flat", Share(900, 900), _due_flat, ("full",)),
    Part("due.per_s", Share(70, 35), _due_per_s),
    Part("due.assign", Share(20, 20), _due_assign),
    Part("due.burst", Share(85, 85), _due_burst),
    Part("due.overdue", Share(45, 45), _due_overdue),
    Part("due.dead_rows", Share(80, 80), _due_dead),
    Part("loop", Share(120, 60), _loop),  # adds sites and mentors, which the parts before it do not expect
    Part("mentors", Share(180, 90), _mentors),
    Part("choosing", Share(60, 25), _choosing),  # what content says then is read by trigger's workers
    Part("peers", Share(300, 300), _peers, ("full",)),
)
