"""Waiting for a fact, with a deadline."""

import time
from collections.abc import Callable
from threading import Event


def until(fact: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        Event().wait(0.02)
