"""Work that needs an event loop of its own, done in a thread that has none; and waiting for facts with a deadline."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

T = TypeVar("T")
ASIDE = ThreadPoolExecutor(1, thread_name_prefix="flow")
SECONDS = 60.0


def aside(work: Callable[..., T], *values: Any) -> T:
    """`work` may call asyncio.run, as commands do."""
    return ASIDE.submit(work, *values).result()


def awaited(work: Coroutine[Any, Any, T]) -> T:
    def run() -> T:
        return asyncio.run(work)

    return aside(run)


def eventually(fact: Callable[[], T | None], what: str, seconds: float = SECONDS) -> T:
    """The first answer that is true. Fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (found := fact()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        Event().wait(0.05)
    return found
