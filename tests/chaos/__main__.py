"""`python -m tests.chaos`: breaks a real network in every way we can make, and compares what is left with what must be."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import machine
from tests.chaos import parts, report
from tests.chaos.report import Ran
from tests.chaos.sections import FULL, SHORT, Section

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
HELP = """\
Starts a real Kafka, a real PostgreSQL and jitt's services in a temporary directory, sends them work, and kills, stops,
starves and confuses them meanwhile. Then everything that was accepted is compared with what tables, topics and feeds hold:
nothing lost, nothing doubled, order kept. Nothing that runs already is touched.

Exit 0 when all is as promised, 1 when anything is not: each fault is named, and the logs are kept. What was only slower than
promised is said; in the full form it counts as a fault.
"""


def main() -> None:
    wanted = _wanted()
    if wanted.document:
        sys.exit(_document(wanted.out))
    home = Path(tempfile.mkdtemp(prefix="jitt-chaos-"))
    home.chmod(0o755)  # PostgreSQL, which is never root, keeps its data there
    size, began = FULL if wanted.full else SHORT, time.monotonic()
    names = [name for name in parts.PARTS if name in (wanted.only or parts.PARTS)]
    so_far: list[Section] = []
    facts = machine.facts()
    for sections in parts.run(names, home, size, began):
        so_far += sections
        ran = Ran(so_far, size.name, datetime.now(UTC), time.monotonic() - began, facts)
        written = report.write(ran, wanted.out)  # after each part: the release run takes hours, and may be ended before its end
    report.show(written)
    print(f"Also in {wanted.out}")
    sys.exit(_said(report.wrong(ran), report.slow(ran), home, strict=size is FULL))


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--full", action="store_true", default=os.environ.get("FULL", "") not in ("", "0"),
                        help="the release run: 200,000 events, 400 kills, hours; also by FULL=1")  # fmt: skip
    parser.add_argument("--only", action="append", choices=parts.PARTS, metavar="PART",
                        help=f"one part, and again for more: {', '.join(parts.PARTS)}")  # fmt: skip
    parser.add_argument("--out", type=Path, default=ROOT / ".jitt" / "chaos.json", help="the file for programs")
    parser.add_argument("--document", action="store_true", help=f"run nothing; put the table of --out into {PAGE.name}")
    return parser.parse_args()


def _said(wrong: Sequence[str], slow: Sequence[str], home: Path, *, strict: bool) -> int:
    """A machine that others use too may be slow: that alone ends only a release run with 1."""
    if slow:
        print("\nNot kept, though nothing is lost by it:", *slow, sep="\n")
    if wrong:
        print("\nNot as promised:", *wrong, sep="\n")
    if wrong or (slow and strict):
        print(f"\nLogs, data and servers' files are kept in {home}")
        return 1
    shutil.rmtree(home, ignore_errors=True)
    print("Nothing lost, doubled, out of order or invented." if slow else "All as promised.")
    return 0


def _document(file: Path) -> int:
    if not file.exists():
        print(f"There is no {file}: run `make chaos` first.")
        return 1
    report.fill(PAGE, json.loads(file.read_text()))
    print(f"{PAGE} shows the run of {file}")
    return 0


if __name__ == "__main__":
    main()
