"""Which port a server gets: the one asked for, the one it had, or a free one; and trying again when it is taken."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.local.children import Child, StackError, free_ports, is_free, says, wait_until

TRIES = 5
HELD_SECONDS = 20.0  # how long the data's last owner may take to let go
PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Ports:
    name: str
    directory: Path
    wanted: int | None
    report: Callable[[str], None]

    def start(
        self,
        begin: Callable[[int], Child],
        answers: Callable[[int], bool],
        seconds: float,
        taken: Sequence[str],
        held: Sequence[str],
    ) -> tuple[Child, int]:
        """Begins on one port after the other until one answers. `taken` and `held` are what the server's log says then."""
        port, tries, patience = self.first(), TRIES, time.monotonic() + HELD_SECONDS
        while True:
            child = begin(port)
            if wait_until(partial(answers, port), child, seconds):
                self._file.write_text(str(port))
                return child, port
            if says(child, taken) and tries and self.wanted is None:
                port, tries = self.another(port), tries - 1
            elif says(child, held) and time.monotonic() < patience:
                time.sleep(PAUSE)
            else:
                raise StackError(f"{self.name} did not start. Its log ({child.log}) ends with:\n{child.tail()}")

    def first(self) -> int:
        port = self.wanted or self.last()
        if port is None:
            return free_ports(1)[0]
        if is_free(port):
            return port
        if self.wanted:
            raise StackError(
                f"{self.name} cannot use port {port}: another program has it. Choose another port, or end that program."
            )
        return self.another(port)

    def another(self, port: int) -> int:
        (free,) = free_ports(1)
        self.report(f"{self.name}: port {port} is taken by another program; using {free}")
        return free

    def last(self) -> int | None:
        return int(self._file.read_text()) if self._file.exists() else None

    @property
    def _file(self) -> Path:
        return self.directory / "port"
