"""`python -m tests.chaos.kernel.worker NAME PORT`: one real worker process of a place, with its clock set wrong if asked.

With --stops-at, SIGUSR1 has it stop itself, as SIGSTOP does, when it next comes to that seam.
"""

import argparse
import asyncio
import datetime
import os
import signal
import time
from typing import Any


class _Moved(type(datetime.datetime)):  # type: ignore[misc]
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, REAL)


REAL = datetime.datetime


def set_clock(seconds: float) -> None:
    """Before anything else is imported: whoever asks this process for the time gets a wrong one."""
    now, wrong = time.time, datetime.timedelta(seconds=seconds)

    class Wrong(REAL, metaclass=_Moved):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return REAL.now(tz) + wrong

    time.time = lambda: now() + seconds
    datetime.datetime = Wrong  # type: ignore[misc]


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("name")
    words.add_argument("port", type=int)
    words.add_argument("--clock", type=float, default=0, help="seconds that it is ahead, or behind")
    words.add_argument("--stops-at", default="")
    chosen = words.parse_args()
    if chosen.clock:
        set_clock(chosen.clock)
    import uvloop

    uvloop.run(work(chosen.name, chosen.port, chosen.stops_at))


async def work(name: str, port: int, seam: str) -> None:
    from shared import process
    from shared.observe import setup_logging
    from tests.chaos.kernel import ground, ledger, strikes

    setup_logging(name)
    point = strikes.Strikes(seam, _stop, 0)
    strikes.HERE.set(point)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, point.once_more)
    with ground.states_compacted(), strikes.seams():
        await process.run(ledger.service(name), "worker", port)


async def _stop(conn: Any) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    main()
