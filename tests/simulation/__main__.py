"""`make simulate`: a year of 2,000 mentors, printed as a table and drawn into docs/images/simulated-year.svg."""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulation import plot, table
from tests.simulation.rates import BUSY, Rates
from tests.simulation.year import Year, lived

PICTURE = Path("docs/images/simulated-year.svg")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--mentors", type=int, default=2_000)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--busy", action="store_true", help="two to three times as much of everything but safety")
    parser.add_argument("--no-picture", action="store_true")
    asked = parser.parse_args()
    rates, began = BUSY if asked.busy else Rates(), time.monotonic()
    years = simulated(asked.mentors, asked.weeks, rates, asked.seed, asked.processes)
    print(table.words(years, asked.mentors, asked.weeks, time.monotonic() - began))
    if not asked.no_picture:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(plot.drawn(years, asked.weeks, asked.mentors))
        print(f"Drawn into {PICTURE}.")
    return 0 if table.kept(years) else 1


def simulated(mentors: int, weeks: int, rates: Rates, seed: int, processes: int = 1) -> list[Year]:
    """Each supervisor's year; the same for the same seed, however many processes."""
    each = rates.mentors_each
    sizes = [min(each, mentors - first) for first in range(0, mentors, each)]
    jobs = [(number, size, weeks, rates, seed) for number, size in enumerate(sizes)]
    if processes == 1:
        return [lived(*job) for job in jobs]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(lived, *zip(*jobs, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
