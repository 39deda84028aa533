"""Runs an async function in a process of its own, with less claim to the processor: what needs it for many seconds must not keep
pages waiting. Its memory goes back with the process, too. Settings are the environment's, as everywhere.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
AT_ONCE = 2  # of one process of ours: each takes a processor, and memory for all that it looks at
FRESH = get_context("spawn")  # nothing is shared: neither connections nor locks of threads
NICE = 5


class Failed(Exception):
    """What went wrong there, in a line; or that it ended without a word."""


class Busy(Failed):
    """As many as there may be are at work, and none of them ended in time."""


TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def run(function: Callable[..., Coroutine[Any, Any, T]], *given: object, patience: float | None = None) -> T:
    """`function` is one of a module, and all that goes there and back can be pickled. Raises Failed, and Busy where it did not
    get its turn within so many seconds. Whoever gives up waiting ends the process."""
    turn = TURNS.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
    try:
        async with asyncio.timeout(patience):
            await turn.acquire()
    except TimeoutError:
        raise Busy("others are at work") from None
    try:
        return await _run(function, given)
    finally:
        turn.release()


async def _run(function: Callable[..., Coroutine[Any, Any, T]], given: tuple[object, ...]) -> T:
    answers, answer = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=_work, args=(answer, function, given), daemon=True)
    starting = asyncio.create_task(asyncio.to_thread(process.start))
    try:
        await asyncio.shield(starting)
        answer.close()
        value, wrong = await asyncio.to_thread(answers.recv)
    except EOFError:
        raise Failed("it ended without an answer") from None
    finally:
        await asyncio.wait([starting])
        if process.pid:
            process.kill()
            await asyncio.to_thread(process.join)
    if wrong:
        raise Failed(wrong)
    done: T = value
    return done


def _work(answer: Connection, function: Callable[..., Coroutine[Any, Any, Any]], given: tuple[object, ...]) -> None:
    os.nice(NICE)
    try:
        answer.send((asyncio.run(function(*given)), ""))
    except Exception as error:
        answer.send((None, f"{type(error).__name__}: {error}"))
