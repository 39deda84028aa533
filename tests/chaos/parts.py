"""Which parts of a chaos run share a network. One group runs after the other, so that what is measured is its own."""

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from tests.chaos import network
from tests.chaos.environment import own_environment
from tests.chaos.oracle import Verdict
from tests.chaos.sections import Chaos, Run, Section, Size

ALONE = {"kernel": "tests.chaos.kernel", "malformed": "tests.chaos.malformed"}  # each has servers of its own
PARTS = (*network.PARTS, *ALONE)


def run(names: Sequence[str], home: Path, size: Size, began: float) -> Iterator[list[Section]]:
    """What was found, group by group."""
    for together in groups(names):
        yield _ran(together, home, size, began)


def groups(names: Sequence[str]) -> list[list[str]]:
    """Parts in one list share a network."""
    whole = [name for name in names if name in network.PARTS]
    return [group for group in (whole, *([name] for name in names if name in ALONE)) if group]


def _ran(names: Sequence[str], home: Path, size: Size, began: float) -> list[Section]:
    """A part that breaks is a fault like any other, and the parts after it run all the same."""
    logging.disable(logging.CRITICAL)  # servers that we killed do not answer, failpoints fail; the oracle judges
    own = home / "+".join(names)

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {own.name}: {words}", flush=True)

    own.mkdir()
    own.chmod(0o755)
    say("begins")
    try:
        with own_environment():
            sections = _run_of(names)(Chaos(own, size, say))
    except Exception as error:
        (own / "error.log").write_text(traceback.format_exc())
        return [Section(own.name, Verdict(), problems=[f"did not come to its end: {error!r} ({own / 'error.log'})"])]
    say(", ".join(f"{one.name} {'ok' if one.passed else 'WRONG'}" for one in sections))
    return sections


def _run_of(names: Sequence[str]) -> Callable[[Chaos], list[Section]]:
    if names[0] in network.PARTS:
        return lambda chaos: network.run(chaos, names)
    found: Run = import_module(ALONE[names[0]]).run
    return found
