"""Servers as child processes: they end with us, stop within a deadline, and write to a file of their own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, Signals

GUARD = Path(__file__).with_name("guard.py")
TAIL = 15  # lines of a server's log that an error shows
NOTICE = 0.02
UTF8 = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
FOREIGN = ("PG", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH")  # meant for other servers

# PR_SET_PDEATHSIG fires when the *thread* that started the child ends, so one thread that never ends starts them all.
_starter = ThreadPoolExecutor(1, thread_name_prefix="starts-servers")


class StackError(Exception):
    """A server of the stack cannot be had; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    farewell: Sequence[tuple[Signals, float]]  # what asks it to stop, and for how many seconds each may take
    lifeline: int = field(default=-1)

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        for signal, seconds in self.farewell:
            self.process.send_signal(signal)
            try:
                self.process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self.kill()

    def kill(self) -> None:
        """SIGKILL, as a crash would; returns when it is gone."""
        self.process.kill()
        self.process.wait()
        if self.lifeline >= 0:
            os.close(self.lifeline)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL:])


def start(
    name: str, command: Sequence[str], directory: Path, farewell: Sequence[tuple[Signals, float]], uid: int | None = None
) -> Child:
    """Starts `command` in `directory`; what it prints goes to `<directory>/<name>.log`, the one before to `.log.1`."""
    return _starter.submit(_start, name, command, directory, farewell, uid).result()


def _start(
    name: str, command: Sequence[str], directory: Path, farewell: Sequence[tuple[Signals, float]], uid: int | None
) -> Child:
    log = directory / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    theirs, ours = os.pipe() if sys.platform != "linux" else (-1, -1)
    signal = farewell[0][0] if farewell else SIGKILL
    guard = [
        sys.executable,
        "-I",
        "-S",
        str(GUARD),
        *(str(n) for n in (os.getpid(), int(signal), -1 if uid is None else uid, theirs)),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*guard, *command],
            cwd=directory,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is for us; we then stop them in order
            pass_fds=(theirs,) if theirs >= 0 else (),
        )
    if theirs >= 0:
        os.close(theirs)
    return Child(name, process, log, farewell, ours)


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Ours without what would redirect the servers, and in UTF-8 whatever the machine's locale."""
    return {name: value for name, value in ours.items() if not name.startswith(FOREIGN)} | {"LC_ALL": UTF8}


def wait_until(ready: Callable[[], bool], child: Child, seconds: float) -> bool:
    """True when `ready`; False when the child ended first. Raises StackError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not child.alive():
            return False
        if time.monotonic() > deadline:
            child.stop()
            raise StackError(
                f"{child.name} did not answer within {seconds:.0f} s. Its log ({child.log}) ends with:\n{child.tail()}"
            )
        time.sleep(NOTICE)
    return True


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that are free now; somebody may still be faster, so whoever uses one must be ready to ask again."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a port in TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def says(child: Child, words: Iterable[str]) -> bool:
    text = child.log.read_text(errors="replace")
    return any(word in text for word in words)
