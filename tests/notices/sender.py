"""A sender to be killed: `python -m tests.notices.sender` starts one, as a process of its own, for every line it is given.

Each is a copy (fork) of this process, which has everything imported: a kill then costs milliseconds, and is a real SIGKILL.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta

from services.supervision import mailing, sending, store_notices
from services.supervision.app import SERVICE
from shared import db
from shared.pages import languages
from shared.running import Running
from shared.settings import settings

LEASE = timedelta(seconds=1)


def notes_nothing() -> None:
    """The twin that sends first and notes afterwards: who dies in between has sent, and sends again as if it had not."""

    async def hand_over(*_: object) -> bool:
        return True

    store_notices.hand_over = hand_over


def never_again() -> None:
    """The twin that takes a claim for the deed: what it dies with is nobody's any more."""
    for name in ("CLAIM", "CLAIM_ASKS"):
        statement = getattr(store_notices, name).replace("due_at = now() + $2::interval", "due_at = now() + $2::interval * 1e6")
        setattr(store_notices, name, statement)


TWINS: Mapping[str, Callable[[], None]] = {"notes_nothing": notes_nothing, "never_again": never_again}


async def send_for_ever() -> None:
    async def room() -> None:
        return None

    pool = await db.open_pool(db.service_dsn(SERVICE.name), "sender", size=3)
    print(f"sending {os.getpid()}", flush=True)
    await sending.run(Running(SERVICE, pool, settings()), room)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--twin", choices=sorted(TWINS))
    if twin := parser.parse_args().twin:
        TWINS[twin]()
    sending.LEASE, sending.IDLE_SECONDS = LEASE, 0.02
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed need no grave
    for code in languages.codes(mailing.PAGES):
        mailing.environment(code).get_template("mail.txt.jinja")  # read once, for all
    print("ready", flush=True)
    for _ in sys.stdin:
        if os.fork() == 0:
            asyncio.run(send_for_ever())
            os._exit(0)


if __name__ == "__main__":
    main()
