"""Worker processes of one place, and what can be done to them."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from deploy.local import children
from deploy.local.children import Child, Program
from deploy.local.ports import free_port
from tests.chaos.kernel import ground

READY_SECONDS = 60.0
ROOT = Path(__file__).parents[3]  # of the project; a child process runs in the directory of its log


@dataclass(frozen=True, slots=True)
class Member:
    child: Child
    port: int

    @property
    def stopped(self) -> bool:
        """By SIGSTOP, whoever sent it."""
        return Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return b'"consuming":true' in connection.getresponse().read()
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    async def stops_itself(self) -> None:
        """At the seam that it was hired for. Raises TimeoutError when it does not come there."""
        self.child.process.send_signal(signal.SIGUSR1)

        async def stopped() -> bool:
            return self.stopped

        if not await ground.until(stopped, 30.0):
            raise TimeoutError(f"{self.child.program.title} did not come to where it was to stop")

    def goes_on(self) -> None:
        self.child.process.send_signal(signal.SIGCONT)


@dataclass(slots=True)
class Crew:
    name: str
    logs: Path
    members: list[Member] = field(default_factory=list)

    async def hire(self, *words: str, number: int = 1) -> list[Member]:
        """So many more, reading. `words`: what else the worker's command line says."""
        hired = [self._start(words) for _ in range(number)]
        await asyncio.gather(*(asyncio.to_thread(self._wait, member) for member in hired))
        return hired

    async def leave(self, member: Member) -> None:
        """SIGTERM: it finishes its batch and says goodbye."""
        self.members.remove(member)
        await asyncio.to_thread(member.child.stop)

    async def kill(self, member: Member) -> None:
        self.members.remove(member)
        await asyncio.to_thread(member.child.kill)

    def _start(self, words: tuple[str, ...]) -> Member:
        port = free_port()
        title = f"{self.name}-{port}"
        program = Program(title=title, name=title, farewell=((signal.SIGTERM, 15.0),))
        python = ("/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable)
        command = (*python, "-m", "tests.chaos.kernel.worker", self.name, str(port), *words)
        member = Member(children.start(program, command, self.logs), port)
        self.members.append(member)
        return member

    def _wait(self, member: Member) -> None:
        if not member.child.answers_within(READY_SECONDS, member.ready):
            raise member.child.failure("ended while starting")


@asynccontextmanager
async def crew(name: str, home: Path) -> AsyncIterator[Crew]:
    """Nobody yet; whoever is there at the end is told to leave."""
    logs = home / "workers"
    logs.mkdir(exist_ok=True)
    hired = Crew(name, logs)
    try:
        yield hired
    finally:
        for member in hired.members:
            if member.child.alive():
                member.goes_on()
                member.child.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*(asyncio.to_thread(member.child.stop) for member in hired.members))
