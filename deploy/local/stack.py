"""Kafka and PostgreSQL for one machine: started together, stopped together, or taken from the environment."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Stack:
    kafka: str  # bootstrap, "127.0.0.1:19092"
    postgres: str  # the owner's DSN


@contextmanager
def running(home: Path, report: Callable[[str], None] = print) -> Iterator[Stack]:
    """Both servers, answering, until the block ends. `report` is called from several threads."""
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        kafka = pool.submit(Kafka.start, home, None, report)
        postgres = pool.submit(Postgres.start, home, None, report)
        starts: tuple[Future[Kafka], Future[Postgres]] = (kafka, postgres)
        try:
            yield Stack(kafka.result().bootstrap, postgres.result().dsn)
        finally:
            stops = [pool.submit(start.result().stop) for start in starts if not start.exception()]
            for stop in stops:
                stop.result()
