"""A whole network as a platform team runs it: each role of each service a process of its own, on servers that can be killed."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from deploy import network, topology
from deploy.local import children as programs
from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.servers import url_of, use

SESSION_SECONDS = 6  # Kafka's least: how long a killed member without a name would be waited for
READY_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Seat:
    """A process's place in the network, which the process started after it takes again: its name, and its port."""

    service: str
    role: str
    number: int
    port: int

    @property
    def name(self) -> str:
        return f"{self.service}-{self.role}-{self.number}"


@dataclass(slots=True)
class World:
    home: Path
    kafka: Kafka
    postgres: Postgres
    seats: list[Seat]
    children: dict[Seat, programs.Child] = field(default_factory=dict)

    def start(self, seat: Seat) -> None:
        logs = self.home / "services"
        logs.mkdir(exist_ok=True)
        program = programs.Program(title=seat.name, name=seat.name, farewell=((signal.SIGTERM, 15.0),))
        command = (sys.executable, "-m", "deploy.cli", "run", seat.service, "--role", seat.role, "--port", str(seat.port),
                   "--instance", str(seat.number))  # fmt: skip
        self.children[seat] = programs.start(program, command, logs)

    def kill(self, seat: Seat) -> None:
        self.children[seat].kill()

    def wait(self, seat: Seat) -> None:
        child = self.children[seat]
        if not child.answers_within(READY_SECONDS, lambda: ready(seat)):
            raise child.failure("ended while starting")

    def watch(self) -> list[Seat]:
        """Starts again what has ended by itself, as whoever runs it would."""
        ended = [seat for seat, child in self.children.items() if not child.alive()]
        for seat in ended:
            self.children[seat].kill()
            self.start(seat)
        return ended

    def kill_kafka(self) -> None:
        self.kafka.kill()

    def start_kafka(self) -> None:
        self.kafka = Kafka.start(self.home, self.kafka.port, _nothing)

    def kill_postgres(self) -> None:
        """SIGQUIT: it drops everybody and itself at once, and has to recover from its log."""
        self.postgres.child.process.send_signal(signal.SIGQUIT)
        self.postgres.kill()

    def start_postgres(self) -> None:
        self.postgres = Postgres.start(self.home, self.postgres.port, _nothing)


@contextmanager
def running(home: Path, workers: dict[str, int] | None = None) -> Iterator[World]:
    """All four services; `workers`: how many worker processes a service has, one unless said otherwise."""
    home.chmod(0o755)  # PostgreSQL, which is never root, keeps its data there
    os.environ["JITT_HOME"] = str(home)
    os.environ["JITT_KAFKA_SESSION_SECONDS"] = str(SESSION_SECONDS)
    kafka, postgres = Kafka.start(home, None, _nothing), Postgres.start(home, None, _nothing)
    use(kafka.bootstrap, postgres.dsn, {name: f"http://127.0.0.1:{free_port()}" for name in topology.NAMES})
    network.prepare(_nothing)
    world = World(home, kafka, postgres, list(_seats(workers or {})))
    try:
        for seat in world.seats:
            world.start(seat)
        for seat in world.seats:
            world.wait(seat)
        yield world
    finally:
        for child in world.children.values():
            if child.alive():
                child.process.send_signal(signal.SIGTERM)
        for child in world.children.values():
            child.stop()
        world.kafka.stop()
        world.postgres.stop()


def ready(seat: Seat) -> bool:
    """Answers over HTTP, with its database; a worker also reads its topics."""
    connection = HTTPConnection("127.0.0.1", seat.port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        response = connection.getresponse()
        text = response.read()
        return response.status == 200 and (seat.role == "web" or b'"consuming":true' in text)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def shuffled(seats: list[Seat], seed: int) -> Iterator[Seat]:
    """Every seat before any comes again, in an order that the seed decides."""
    chance = random.Random(seed)
    while True:
        yield from chance.sample(seats, len(seats))


def eventually(fact: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _seats(workers: dict[str, int]) -> Iterator[Seat]:
    for name in topology.NAMES:
        yield Seat(name, "web", 0, urlsplit(url_of(name)).port or 0)
        for number in range(workers.get(name, 1)):
            yield Seat(name, "worker", number, free_port())


def _nothing(words: str) -> None:
    pass
