"""Servers as child processes: they end with us, stop within a deadline, and write to a file of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from signal import SIGKILL

from deploy.local.errors import StackError
from deploy.local.processes import Farewell, Process, find_process

GUARD = Path(__file__).with_name("guard.py")
LINUX = sys.platform == "linux"
UTF8 = "C.UTF-8" if LINUX else "en_US.UTF-8"
FOREIGN = ("PG", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH")  # meant for other servers
FRAMES = ("\tat ", "\t... ")  # of a Java stack trace, which hide what is said above them
TAIL = 15  # lines of a log that an error shows
PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Program:
    """A kind of server, and what its log says when it could not start for a reason that passes."""

    title: str  # as people call it
    name: str  # of its files
    farewell: Farewell
    taken: Sequence[str] = ()  # its port is in use
    held: Sequence[str] = ()  # its data is in use
    settings: Mapping[str, str] = field(default_factory=dict)  # what its environment has besides ours


@dataclass(frozen=True, slots=True)
class Child:
    program: Program
    process: subprocess.Popen[bytes]
    directory: Path
    lifeline: list[int]  # our end of the watchdog's pipe, while it is open

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> Path:
        return self.directory / f"{self.program.name}.log"

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Asks, waits, insists. Stopping what has ended is no error."""
        for signal, seconds in self.program.farewell:
            self.process.send_signal(signal)
            if self._ended_within(seconds):
                break
        self.kill()

    def kill(self) -> None:
        """SIGKILL, as a crash would; returns when it is gone."""
        if self.alive():
            self.process.kill()
        self.process.wait()
        record(self.directory, self.program).unlink(missing_ok=True)
        while self.lifeline:
            os.close(self.lifeline.pop())

    def said(self, words: Sequence[str]) -> bool:
        text = self.log.read_text(errors="replace")
        return any(word in text for word in words)

    def failure(self, what: str) -> StackError:
        lines = self.log.read_text(errors="replace").splitlines()
        tail = "\n".join([line for line in lines if not line.startswith(FRAMES)][-TAIL:])
        return StackError(f"{self.program.title} {what}. Its log, {self.log}, ends with:\n{tail}")

    def answers_within(self, seconds: float, answers: Callable[[], bool]) -> bool:
        """False when it ended first. Raises StackError, and stops it, after `seconds`."""
        deadline = time.monotonic() + seconds
        while not answers():
            if not self.alive():
                return False
            if time.monotonic() > deadline:
                self.stop()
                raise self.failure(f"did not answer within {seconds:.0f} s")
            time.sleep(PAUSE)
        return True

    def _ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def start(program: Program, command: Sequence[str], directory: Path, uid: int | None = None, watchdog: bool = not LINUX) -> Child:
    """Runs `command` in `directory`, where its log, the log before that (`.log.1`) and a record of its pid go."""
    return _starter(os.getpid()).submit(_start, program, command, directory, uid, watchdog).result()


def run(program: Program, command: Sequence[str], directory: Path, seconds: float, uid: int | None = None) -> None:
    """The same for a command that ends by itself. Raises StackError unless it succeeds."""
    child = start(program, command, directory, uid)
    in_time = child._ended_within(seconds)
    child.kill()
    if child.process.returncode:
        raise child.failure("failed" if in_time else f"took longer than {seconds:.0f} s")


def clear_left_over(program: Program, directory: Path, report: Callable[[str], None]) -> Process | None:
    """Sees to it that no server of an earlier run is alive on `directory`. Returns the one that was cut short."""
    file = record(directory, program)
    if not file.exists():
        return None
    pid, _, started = file.read_text().partition(" ")
    left = Process(int(pid), started)
    if left.alive():
        report(f"{program.title}: waiting for the server of an earlier run to stop (pid {left.pid})")
        left.end(program.farewell)
    else:
        report(f"{program.title}: its last run was cut short; its data is recovered")
    file.unlink()
    return left


def record(directory: Path, program: Program) -> Path:
    return directory / f"{program.name}.pid"


@cache
def _starter(process: int) -> ThreadPoolExecutor:
    """PR_SET_PDEATHSIG fires when the *thread* that started the child ends, so one that never does starts them all."""
    return ThreadPoolExecutor(1, thread_name_prefix=f"starts-children-of-{process}")


def _start(program: Program, command: Sequence[str], directory: Path, uid: int | None, watchdog: bool) -> Child:
    log = directory / f"{program.name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    theirs, ours = os.pipe() if watchdog else (-1, -1)
    last_word = program.farewell[0][0] if program.farewell else SIGKILL
    numbers = (os.getpid(), int(last_word), -1 if uid is None else uid, theirs)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), *map(str, numbers), *command],
            cwd=directory,
            env=environment(os.environ) | dict(program.settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is for us; we then stop them in order
            pass_fds=(theirs,) if watchdog else (),
        )
    if watchdog:
        os.close(theirs)
    _remember(process.pid, record(directory, program))
    return Child(program, process, directory, [ours] if watchdog else [])


def _remember(pid: int, file: Path) -> None:
    if found := find_process(pid):
        file.write_text(f"{found.pid} {found.started}")


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Ours without what would redirect the servers, and in UTF-8 whatever the machine's locale."""
    return {name: value for name, value in ours.items() if not name.startswith(FOREIGN)} | {"LC_ALL": UTF8}
