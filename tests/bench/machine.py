"""What the figures were measured on, and what processes cost: CPU seconds and memory, from /proc."""

import json
import os
import platform
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

TICK = os.sysconf("SC_CLK_TCK")
MIB = 1024
YARD = UUID(int=0)


def facts() -> dict[str, Any]:
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "yardstick_ms": round(yardstick_ms(), 1),
    }


def yardstick_ms(tries: int = 7) -> float:
    """A fixed piece of plain Python, alone on its core: how fast this machine is today. The best of its tries."""
    return min(_yard() for _ in range(tries))


def _yard() -> float:
    began = time.process_time()
    for number in range(5_000):
        json.loads(json.dumps({"id": str(uuid5(YARD, str(number))), "at": number, "tags": ["a", "b"]}))
    return (time.process_time() - began) * 1000


def server(name: str) -> int:
    """The pid of a server that this process started."""
    found = [pid for pid in _pids() if _parent(pid) == os.getpid() and _text(f"/proc/{pid}/comm").strip() == name]
    assert len(found) == 1, f"{len(found)} children called {name}"
    return found[0]


def cpu_seconds(pid: int) -> float:
    """Of the process, its children, and those of them that have ended."""
    own = sum(int(ticks) for ticks in _stat(pid)[11:15]) / TICK
    return own + sum(cpu_seconds(child) for child in _pids() if _parent(child) == pid)


def memory_mib(pid: int) -> float:
    """Resident now."""
    return _status(pid, "VmRSS")


def peak_mib(pid: int) -> float:
    """Resident at most, since it started."""
    return _status(pid, "VmHWM")


def shared_out_mib(pid: int) -> float:
    """Of the process and its children, pages that they share counted once."""
    own = sum(int(line.split()[1]) for line in _lines(f"/proc/{pid}/smaps_rollup") if line.startswith("Pss:")) / MIB
    return own + sum(shared_out_mib(child) for child in _pids() if _parent(child) == pid)


def busy(seconds: float = 0.5) -> float:
    """The share of all cores that is at work, 0 to 1; while we wait, it is others' work."""
    before = times()
    time.sleep(seconds)
    after = times()
    total, idle = (sum(after) - sum(before)), after[3] + after[4] - before[3] - before[4]
    return 1 - idle / total if total else 0.0


def quiet(patience: float) -> float:
    """Waits for the others to rest, `patience` seconds at most; answers how busy they were in the end."""
    deadline = time.monotonic() + patience
    while (share := busy()) > 0.1 and time.monotonic() < deadline:
        pass
    return share


def times() -> list[int]:
    """Ticks of all cores since the machine began, by kind of work; the fourth and fifth are idle."""
    return [int(ticks) for ticks in _lines("/proc/stat")[0].split()[1:9]]


def _status(pid: int, name: str) -> float:
    return next(int(line.split()[1]) for line in _lines(f"/proc/{pid}/status") if line.startswith(name)) / MIB


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may itself have spaces."""
    return _text(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _lines(file: str) -> list[str]:
    return _text(file).splitlines()


def _text(file: str) -> str:
    """Empty for a process that has just ended."""
    try:
        return Path(file).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
