"""Which parts of a chaos run share a network, and which run side by side, in processes of their own."""

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from tests.chaos import network
from tests.chaos.environment import own_environment
from tests.chaos.oracle import Verdict
from tests.chaos.sections import SHORT, Chaos, Run, Section, Size

ALONE = {"kernel": "tests.chaos.kernel", "malformed": "tests.chaos.malformed"}  # each has servers of its own
PARTS = (*network.PARTS, *ALONE)


def run(names: Sequence[str], home: Path, size: Size, began: float) -> Iterator[tuple[int, list[Section]]]:
    """(lane, what was found), as it is found."""
    lanes = lanes_of(names, size)
    if len(lanes) == 1:
        for together in lanes[0]:
            yield 0, _ran(together, home, size, began)
        return
    with ProcessPoolExecutor(len(lanes), mp_context=get_context("spawn")) as processes:
        begun = {processes.submit(_lane, lane, home, size, began): place for place, lane in enumerate(lanes)}
        for lane in as_completed(begun):
            yield begun[lane], lane.result()


def lanes_of(names: Sequence[str], size: Size) -> list[list[list[str]]]:
    """What runs side by side, and in each lane one after the other; parts in one list share a network."""
    whole = [name for name in names if name in network.PARTS]
    alone = [[name] for name in names if name in ALONE]
    lanes = [[whole], alone] if size is SHORT else [[whole, *alone]]
    return [kept for lane in lanes if (kept := [together for together in lane if together])]


def _lane(lane: Sequence[list[str]], home: Path, size: Size, began: float) -> list[Section]:
    return [section for names in lane for section in _ran(names, home, size, began)]


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
