"""Rounds of cases 1 to 5, interleaved so that a busy moment of the machine meets all of them, and the figures that follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from tests.bench import naive
from tests.bench.hop import Bench, Hop, hop
from tests.bench.latency import latency
from tests.bench.report import Figure
from tests.bench.series import Phases, Statement, bare, series
from tests.bench.world import Announced

RATE = 1_000


@dataclass(frozen=True, slots=True)
class Burst:
    """What every round takes: the burst, how much of it the naive services get, and the SQL that is asked for it."""

    announced: Sequence[Announced]
    steady: Sequence[Announced]
    naive: int
    naive_16: int
    statements: Sequence[Statement]


@dataclass(frozen=True, slots=True)
class Round:
    """Rates in events per second, latency in milliseconds."""

    hop: Hop
    series: Phases
    series_rate: float
    bare_rate: float
    naive_1: float
    naive_16: float | None
    latency: tuple[float, float]


async def one_round(bench: Bench, burst: Burst, n: int, quiet: Callable[[], None]) -> Round:
    """`quiet` is called before each case."""
    number = len(burst.announced)
    quiet()
    taken = await hop(bench, burst.announced, f"burst{n}")
    quiet()
    phases = await series(bench, burst.announced)
    quiet()
    alone = await bare(bench, burst.statements, number)
    quiet()
    naive_1 = await naive.rate(bench, burst.announced[: burst.naive], 1, n)
    naive_16 = await naive.rate(bench, burst.announced[: burst.naive_16], 16, n) if burst.naive_16 else None
    quiet()
    late = await latency(bench, burst.steady, RATE, f"steady{n}")
    print(f"  events/s: hop {taken.rate:,.0f}, series {number / phases.total:,.0f}, bare SQL {number / alone:,.0f}, "
          f"naive {naive_1:,.0f}", flush=True)  # fmt: skip
    return Round(taken, phases, number / phases.total, number / alone, naive_1, naive_16, late)


def figures(rounds: Sequence[Round], events: int) -> list[Figure]:
    def each(value: Callable[[Round], float]) -> list[float]:
        return [value(one) for one in rounds]

    return [
        Figure("hop.events_per_s", "hop, events/s", each(attrgetter("hop.rate")), 16_000),
        Figure("hop.series_per_s", "Python and SQL in series, events/s", each(attrgetter("series_rate"))),
        Figure("hop.bare_sql_per_s", "bare SQL, events/s", each(attrgetter("bare_rate"))),
        Figure("hop.naive_1_per_s", "naive, 1 worker, events/s", each(attrgetter("naive_1"))),
        Figure("hop.ratio_series", "hop / series", each(lambda r: r.hop.rate / r.series_rate), 0.70),
        Figure("hop.ratio_bare_sql", "hop / bare SQL", each(lambda r: r.hop.rate / r.bare_rate), 0.33),
        Figure("hop.ratio_naive_1", "hop / naive, 1 worker", each(lambda r: r.hop.rate / r.naive_1), 35),
        *_sixteen([(one.hop.rate, one.naive_16) for one in rounds if one.naive_16]),
        Figure("hop.latency_p50_ms", f"latency at {RATE}/s, p50 ms", each(lambda r: r.latency[0]), 12, False),
        Figure("hop.latency_p99_ms", f"latency at {RATE}/s, p99 ms", each(lambda r: r.latency[1]), 30, False),
        *_costs(rounds, events),
    ]


def _sixteen(rates: Sequence[tuple[float, float]]) -> list[Figure]:
    return [
        Figure("hop.naive_16_per_s", "naive, 16 workers, events/s", [naive for _, naive in rates]),
        Figure("hop.ratio_naive_16", "hop / naive, 16 workers", [hop / naive for hop, naive in rates], 14),
    ] if rates else []  # fmt: skip


def _costs(rounds: Sequence[Round], events: int) -> list[Figure]:
    """CPU of the hop by process, wall clock of the series by phase."""
    cpu = {name: [getattr(one.hop, name) for one in rounds] for name in ("python", "postgres", "kafka")}
    phases = {name: [one.series.seconds[name] * 1e6 / events for one in rounds] for name in rounds[0].series.seconds}
    return [
        *(Figure(f"hop.cpu_us.{name}", f"CPU of the hop: {name}, µs/event", one, None, False) for name, one in cpu.items()),
        *(Figure(f"hop.series_us.{name}", f"series: {name}, µs/event", one, None, False) for name, one in phases.items()),
    ]
