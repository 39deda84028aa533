"""A test that hangs fails and says where it waited, and the tests after it run.

pytest's own `faulthandler_timeout` shows threads, not tasks, and is over once a test has failed, before what it opened is closed.
"""

import asyncio
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

LIMIT_S, AGAIN_S = 600.0, 60.0  # the longest takes a minute; a cold machine downloads Kafka in its first


@contextmanager
def fails_when_overdue(limit_s: float = LIMIT_S, again_s: float = AGAIN_S) -> Iterator[None]:
    """Again and again, as closing what a test opened may hang, too."""

    def overdue(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail(f"not over after {limit_s:.0f} s. Its tasks waited here:\n{waiting()}")

    before = signal.signal(signal.SIGALRM, overdue)
    signal.setitimer(signal.ITIMER_REAL, limit_s, again_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def waiting() -> str:
    """For each task of the loop that runs, the lines at which its coroutines wait, the innermost last."""
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return "(no event loop is running)"
    return "\n".join("\n  ".join((task.get_name(), *lines_of(task.get_coro()))) for task in tasks)


def lines_of(awaited: Any) -> Iterator[str]:
    """`Task.print_stack` stops at the outermost one. What awaits an asynchronous generator does not say which, but holds it."""
    while awaited is not None:
        frame, awaited = next((at for at in map(_place, (awaited, *gc.get_referents(awaited))) if at[0]), (None, None))
        if frame:
            yield f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def _place(awaited: Any) -> tuple[FrameType | None, Any]:
    for kind, inner in (("cr", "await"), ("ag", "await"), ("gi", "yieldfrom")):
        if hasattr(awaited, f"{kind}_frame"):
            return getattr(awaited, f"{kind}_frame"), getattr(awaited, f"{kind}_{inner}")
    return None, None
