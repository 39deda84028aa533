"""Which process is which: a pid is given to another process one day, a pid with its start time is not."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, Signals

PROC = Path("/proc")
PAUSE = 0.02
KILL_SECONDS = 10.0

Farewell = Sequence[tuple[Signals, float]]  # what asks a process to stop, and for how many seconds each may take


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started: str  # ticks since boot where there is /proc, else what `ps` says; only good for comparing

    def alive(self) -> bool:
        return find_process(self.pid) == self

    def gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE)
        return True

    def end(self, farewell: Farewell) -> Signals | None:
        """Asks, then insists. Returns the signal it took, None when it was gone already."""
        for signal, seconds in (*farewell, (SIGKILL, KILL_SECONDS)):
            if not self.alive():
                return None
            os.kill(self.pid, signal)
            if self.gone_within(seconds):
                return signal
        raise TimeoutError(f"process {self.pid} does not end, not even by SIGKILL")


def find_process(pid: int) -> Process | None:
    """None when no such process runs; one that has ended and waits for its parent to notice does not run."""
    return _from_proc(pid) if PROC.joinpath("self", "stat").exists() else _from_ps(pid)


def this_process() -> Process:
    found = find_process(os.getpid())
    if found is None:
        raise RuntimeError("this machine does not tell about its processes: neither /proc nor `ps` works")
    return found


def _from_proc(pid: int) -> Process | None:
    try:
        stat = PROC.joinpath(str(pid), "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()  # the name before it may hold spaces: proc_pid_stat(5)
    state, started = fields[0], fields[19]
    return None if state in "ZX" else Process(pid, started)


def _from_ps(pid: int) -> Process | None:
    asked = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = asked.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else Process(pid, started.strip())
