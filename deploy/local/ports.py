"""Which port a server gets: the one asked for, the one it had, or a free one; and starting again when that was taken."""

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.local.children import Child, Program
from deploy.local.errors import StackError

# Below what Linux and macOS give to outgoing connections: while a server restarts, a client that keeps trying its
# port would sooner or later be given that very port for its own end.
SERVERS = range(20_000, 32_000)
TRIES = 5
START_SECONDS = 120.0  # on a machine that is busy; one that ends before is noticed at once
HELD_SECONDS = 20.0  # how long the data's last user may take to let go
PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Ports:
    program: Program
    memory: Path  # the file that keeps the port for the next start
    wanted: int | None
    report: Callable[[str], None]

    def start(self, begin: Callable[[int], Child], answers: Callable[[int], bool]) -> tuple[Child, int]:
        """Begins on one port after the other until one answers."""
        port, tries, patience = self.first(), TRIES, time.monotonic() + HELD_SECONDS
        while True:
            child = begin(port)
            if child.answers_within(START_SECONDS, partial(answers, port)):
                self.memory.write_text(str(port))
                return child, port
            child.stop()
            if child.said(self.program.taken) and tries:
                port, tries = self.usable(port), tries - 1
            elif child.said(self.program.held) and time.monotonic() < patience:
                time.sleep(PAUSE)
            else:
                raise child.failure("did not start")

    def first(self) -> int:
        port = self.wanted or last_port(self.memory)
        return free_port() if port is None else self.usable(port)

    def usable(self, port: int) -> int:
        """This one if it is free."""
        if is_free(port):
            return port
        if self.wanted:
            raise StackError(
                f"{self.program.title} was to use port {port}, but another program has it. "
                "End that program or choose another port."
            )
        free = free_port()
        self.report(f"{self.program.title}: port {port} is taken by another program; using {free}")
        return free


def last_port(memory: Path) -> int | None:
    text = memory.read_text() if memory.exists() else ""
    return int(text) if text.isdecimal() else None


def free_port(*besides: int) -> int:
    """Free now on 127.0.0.1; somebody may still be faster, so whoever uses it must be ready to ask again.

    `besides`: what was chosen before and is not in use yet.
    """
    for _ in range(TRIES):
        if (port := secrets.choice(SERVERS)) not in besides and is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        anywhere: int = probe.getsockname()[1]
    return anywhere


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: TIME_WAIT does not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
