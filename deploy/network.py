"""A whole network on one machine: the stack, the schemas, the topics, and the four services as processes of their own."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from deploy import topics, topology
from deploy.local import children, stack
from deploy.local.errors import StackError
from deploy.local.ports import free_port, is_free
from deploy.servers import url_of, use
from shared import bus, db
from shared.contracts.topics import TOPICS
from shared.settings import settings

Report = Callable[[str], None]
READY_SECONDS = 60.0
RESTART_SECONDS = 1.0
LOOK_SECONDS = 5.0
SILENT_SECONDS = 30.0  # a service that was frozen, or whose loops stand: it is alive, and no good


@dataclass(slots=True)
class Network:
    """The services of one `jitt up`, by name, with the child process that each is now, and its login at Kafka if it has one."""

    home: Path
    report: Report
    children: dict[str, children.Child]
    logins: dict[str, dict[str, str]] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)  # when each last said that it is well
    looked: float = 0.0

    def watch(self) -> None:
        """Starts again what has ended by itself, or is there but does not answer."""
        self._ask()
        for name, child in self.children.items():
            silent = time.monotonic() - self.answered[name]
            if child.alive() and silent < SILENT_SECONDS:
                continue
            what = f"has not answered for {silent:.0f} s" if child.alive() else f"ended ({_words(child.process.returncode)})"
            self.report(f"{name} {what}; starting it again")
            child.kill()
            time.sleep(RESTART_SECONDS)
            self.start(name)
            self.answered[name] = time.monotonic()

    def start(self, name: str) -> None:
        self.children[name] = start_service(self.home, name, self.logins.get(name, {}))

    def _ask(self) -> None:
        if time.monotonic() - self.looked < LOOK_SECONDS:
            return
        for name in self.children:
            if name not in self.answered or _answer(name, "/health/live")[0] == 200:
                self.answered[name] = time.monotonic()
        self.looked = time.monotonic()

    def stop(self) -> None:
        for child in self.children.values():
            if child.alive():
                child.process.send_signal(signal.SIGTERM)
        for child in self.children.values():
            child.stop()


@contextmanager
def network(home: Path, report: Report, *, logins: bool = False) -> Iterator[Network]:
    """Everything running and answering, until the block ends. With `logins`, each service signs in at Kafka, and may do there
    what it needs and nothing else."""
    with stack.running(home, report) as servers:
        use(servers.kafka, servers.postgres)
        prepare(report)
        running = Network(home, report, {})
        try:
            for deployed in topology.SERVICES:
                _choose_port(deployed, report)
                if logins:
                    running.logins[deployed.name] = topics.new_login(deployed.name)
                running.start(deployed.name)
            for name in running.children:
                wait_until_ready(running, name)
            (home / "urls").write_text("".join(f"{name} {url_of(name)}\n" for name in topology.NAMES))
            yield running
        finally:
            (home / "urls").unlink(missing_ok=True)
            running.stop()


def prepare(report: Report) -> None:
    """Schemas, roles and topics, as the manifest and the migrations say."""
    done = asyncio.run(db.migrate(settings().postgres, topology.NAMES, topology.migrations))
    if new := sum(len(one.applied) for one in done):
        report(f"Schemas: {new} migrations applied")
    try:
        made = asyncio.run(bus.apply_topics(settings().kafka, TOPICS))
    except bus.Error as problem:
        raise StackError(f"{problem}.") from problem
    if new := sum(what == "made" for what in made.values()):
        report(f"Topics: {new} made")


def start_service(home: Path, name: str, login: Mapping[str, str]) -> children.Child:
    logs = home / "services"
    logs.mkdir(exist_ok=True)
    program = children.Program(title=name, name=name, farewell=((signal.SIGTERM, 20.0),), settings=login)
    port = str(urlsplit(url_of(name)).port)
    command = (sys.executable, "-m", "deploy.cli", "run", name, "--port", port, "--instance", "up")
    return children.start(program, command, logs)


def wait_until_ready(running: Network, name: str) -> None:
    child = running.children[name]
    if not child.answers_within(READY_SECONDS, lambda: ready(name)):
        raise child.failure(f"ended ({_words(child.process.returncode)}) while starting")


def ready(name: str) -> bool:
    """Answers over HTTP, with its database, and reads its topics."""
    status, body = _answer(name, "/health/ready")
    return status == 200 and b'"consuming":true' in body


def _answer(name: str, path: str) -> tuple[int, bytes]:
    """Status and body; 0 without an answer."""
    address = urlsplit(url_of(name))
    connection = HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=2)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


def _choose_port(deployed: topology.Deployed, report: Report) -> None:
    """Its own port, or a free one when another program has that."""
    port = urlsplit(url_of(deployed.name)).port or deployed.port
    if not is_free(port):
        taken, port = port, free_port()
        report(f"{deployed.name}: port {taken} is taken by another program; using {port}")
    os.environ[f"JITT_{deployed.name.upper()}_URL"] = f"http://127.0.0.1:{port}"
    settings.cache_clear()


def _words(code: int | None) -> str:
    return f"killed by signal {-code}" if code is not None and code < 0 else f"exit {code}"
