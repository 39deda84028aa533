"""`python -m tests.bench`: what one hop costs here, against its own parts and against what one would write first."""

import argparse
import asyncio
import json
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from deploy import network, topology
from deploy.local import stack
from deploy.local.ports import free_port
from deploy.servers import use
from services.trigger.app import SERVICE
from shared import runtime
from shared.running import opened
from tests import pages
from tests.bench import capacity, compare, machine, report, topics, world
from tests.bench.budget import Budget
from tests.bench.hop import ROOT, Bench
from tests.bench.parts import FULL, PARTS, PLAIN, QUICK, Part, Run, Size
from tests.bench.report import Found

PAGE = ROOT / "docs" / "performance.md"
RELEASE = ROOT / "docs" / "bench.json"
OUT = ROOT / ".jitt" / "bench.json"
NAMES = tuple(part.name for part in PARTS)
HELP = """\
Measures jitt on a real Kafka and PostgreSQL, started for it in a temporary directory, and nothing that runs already is touched.
First one hop of trigger: an announced session comes in by Kafka, becomes a row that knows when it is due, and its plan goes out
by Kafka, nothing lost or doubled. Interleaved with it: the same Python and SQL in series without Kafka; the same SQL alone; and
a naive service (one message, one transaction, publishing in the handler). Then more processes, rows that come due, and more.

In the end the figures are compared with those of the last release run, docs/bench.json.

Each case waits a little for a quiet machine. On a busy one figures per second mean nothing, and ratios only with a small
spread; CPU per event holds best. A part for which there is no time left is left out, and that is said.
"""


def main() -> None:
    wanted = _wanted()
    if wanted.document:
        sys.exit(_document(wanted.out or OUT))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a topic that is a moment old is asked for again
    for name in ("JITT_KAFKA", "JITT_POSTGRES"):  # never on servers that somebody uses
        os.environ.pop(name, None)
    size = QUICK if wanted.quick else FULL if wanted.full else PLAIN
    made = report.document(_found(size, wanted.only), datetime.now(UTC))
    report.show(made)
    print("", *compare.sentences(_read(RELEASE), made), sep="\n")
    _keep(made, wanted)


def _keep(made: dict[str, Any], wanted: argparse.Namespace) -> None:
    if file := wanted.out or (None if wanted.only else OUT):  # some parts alone do not take the place of a whole run
        report.write(made, file)
        print(f"\nAlso in {file}")
    if made["broken"]:
        sys.exit(f"Not all parts came to their end: {', '.join(made['broken'])}.")


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="smaller numbers, one round: five minutes at most")
    parser.add_argument("--full", action="store_true", default=os.environ.get("FULL", "") not in ("", "0"),
                        help="10 M sessions that wait, and other programs doing the same job; also by FULL=1")  # fmt: skip
    parser.add_argument("--only", action="append", choices=NAMES, metavar="PART",
                        help=f"one part, and again for more ({', '.join(NAMES)}); written to an --out that you name")  # fmt: skip
    parser.add_argument("--out", type=Path, help=f"the file for programs (else {OUT})")
    parser.add_argument("--document", action="store_true",
                        help=f"run nothing; put the figures of --out into {RELEASE.name} and {PAGE.name}")  # fmt: skip
    return parser.parse_args()


def _found(size: Size, only: Sequence[str] | None) -> Found:
    began, home = time.monotonic(), Path(tempfile.mkdtemp(prefix="jitt-bench-"))
    parts = [part for part in PARTS if size.name in part.sizes and part.name in (only or NAMES)]
    os.environ["JITT_HOME"] = str(home)
    try:
        with stack.running(home) as servers:
            use(servers.kafka, servers.postgres, {name: f"http://127.0.0.1:{free_port()}" for name in topology.NAMES})
            network.prepare(print)
            return asyncio.run(_measured(servers, home, size, parts, began))
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def _measured(servers: stack.Stack, home: Path, size: Size, parts: Sequence[Part], began: float) -> Found:
    owner = await asyncpg.connect(servers.postgres)
    try:
        bench, announced = Bench(servers.kafka, owner, home), world.burst(size.events)
        async with opened(SERVICE) as running:
            await world.seed(running, size.events)
        _settle(announced)
        found = Found(size.name, machine.facts() | await _versions(bench))
        budget = Budget(size.seconds - (time.monotonic() - began), {part.name: part.share for part in parts})
        for part in parts:
            if seconds := budget.begin(part.name):
                await _part(part, Run(bench, size, announced, found, seconds))
            else:
                found.said.append(f"No time was left for {part.name}: what came before took longer than planned.")
        return found
    finally:
        await owner.close()


def _settle(announced: Sequence[world.Announced]) -> None:
    """As a worker does, whatever parts are measured: what is made once is not looked at again by every collection."""
    for one in announced:
        assert one.body and one.headers
    runtime.spare_what_stays()


async def _part(part: Part, run: Run) -> None:
    """A part that breaks takes nothing from what the others have found; the run ends with 1 all the same."""
    started = time.monotonic()
    try:
        run.found.figures += await part.run(run)
    except Exception as error:
        traceback.print_exc()
        run.found.broken.append(part.name)
        run.found.said.append(f"{part.name} did not come to its end: {error!r:.300}")
    run.found.took[part.name] = time.monotonic() - started
    print(f"{part.name}: {run.found.took[part.name]:.0f} s, of {run.seconds:.0f}", flush=True)


async def _versions(bench: Bench) -> dict[str, str]:
    return {"postgres": await bench.owner.fetchval("SHOW server_version"), "partitions": f"{world.PARTITIONS} in, "
            f"{topics.OUT_PARTITIONS} out"}  # fmt: skip


def _document(file: Path) -> int:
    if (made := _read(file)) is None:
        print(f"There is no {file}: run `make bench` first.")
        return 1
    report.write(made, RELEASE)
    pages.fill(PAGE, "bench", report.markdown(made))
    pages.fill(PAGE, "capacity", capacity.markdown(RELEASE))
    print(f"{PAGE} and {RELEASE} show the run of {file}")
    return 0


def _read(file: Path) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(file.read_text()) if file.exists() else None
    return found


if __name__ == "__main__":
    main()
