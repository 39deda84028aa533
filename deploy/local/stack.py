"""Kafka and PostgreSQL for one machine: started together and stopped together, or taken from the environment."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from deploy.local.errors import StackError
from deploy.local.external import external_kafka, external_postgres, place
from deploy.local.home import announced, locked
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Stack:
    kafka: str  # bootstrap, "127.0.0.1:19092"
    postgres: str  # the owner's DSN, "postgresql://jitt:<password>@127.0.0.1:<port>/jitt"


@contextmanager
def running(home: Path, report: Callable[[str], None] = print) -> Iterator[Stack]:
    """Both servers, answering, until the block ends. `report` is called from two threads.

    SIGTERM ends the block as Ctrl-C does, unless the caller handles it.
    """
    home = _made(home)
    with locked(home, report), _ended_by_sigterm(), ThreadPoolExecutor(2) as pool:
        starts = pool.submit(_kafka, home, report), pool.submit(_postgres, home, report)
        try:
            stack = Stack(starts[0].result()[0], starts[1].result()[0])
            with announced(home, stack.kafka, stack.postgres):
                yield stack
        finally:
            _stop(pool, starts)


Started = tuple[str, Kafka | Postgres | None]  # its address, and the server if it is ours


def _kafka(home: Path, report: Callable[[str], None]) -> Started:
    if address := os.environ.get("JITT_KAFKA"):
        external_kafka(address)
        report(f"Kafka: using the one at {address} (JITT_KAFKA)")
        return address, None
    server = Kafka.start(home, None, report)
    report(f"Kafka: ready on {server.bootstrap}")
    return server.bootstrap, server


def _postgres(home: Path, report: Callable[[str], None]) -> Started:
    if dsn := os.environ.get("JITT_POSTGRES"):
        external_postgres(dsn)
        report(f"PostgreSQL: using the one at {place(dsn)} (JITT_POSTGRES)")
        return dsn, None
    server = Postgres.start(home, None, report)
    report(f"PostgreSQL: ready on 127.0.0.1:{server.port}")
    return server.dsn, server


def _stop(pool: ThreadPoolExecutor, starts: tuple[Future[Started], ...]) -> None:
    servers = [start.result()[1] for start in starts if not start.exception()]
    for stopping in [pool.submit(server.stop) for server in servers if server]:
        stopping.result()


def _made(home: Path) -> Path:
    home = home.absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / "lock").open("a").close()
    except OSError as problem:
        raise StackError(
            f"{home} cannot be written to ({problem.strerror}). If an earlier run as another user made it, "
            "run as that user again; or set JITT_HOME to another directory."
        ) from problem
    return home


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Only where nobody else has decided what SIGTERM does, and where Python allows it."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
