"""What the loops of a process have in common: how they wait, how they end, and what the collector leaves alone."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

LOG = logging.getLogger("jitt.process")
T = TypeVar("T")
STOP_SECONDS = 6.0
ROUND_SECONDS = 3  # how long a stop waits for the relay's round


async def patiently(work: Callable[[], Awaitable[Any]], words: str) -> Any:
    """Until it succeeds, two seconds apart; says so once a minute."""
    attempt = 0
    while True:
        try:
            return await work()
        except Exception as error:
            if attempt % 30 == 0:
                LOG.warning(words, extra={"error": f"{type(error).__name__}: {error}"})
            attempt += 1
            await asyncio.sleep(2)


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Also when told to stop meanwhile: rows that Kafka has acknowledged are deleted, or they would be sent again."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=ROUND_SECONDS)
        raise


async def until_one_ends(*loops: Coroutine[Any, Any, None]) -> None:
    """The web server ending is a stop that was asked for; any other loop ending is an error that ends them all."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STOP_SECONDS)  # saying goodbye to a Kafka that is frozen takes 40 s otherwise


def spare_what_stays() -> None:
    """The collector no longer walks through what a process has loaded and keeps: a fifth of the cost of a batch or a page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
