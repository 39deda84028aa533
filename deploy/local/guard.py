"""Becomes a server that ends with the process that started it. Run as a script: `guard.py PARENT SIGNAL UID LIFELINE COMMAND...`.

Linux sends SIGNAL when the parent is gone (PR_SET_PDEATHSIG). Elsewhere a watchdog process reads LIFELINE, a pipe
whose other end only the parent holds: it ends when the parent does, however that happens.
"""

import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PATIENCE = 20.0  # seconds between SIGNAL and SIGKILL
NOTICE = 0.05


def main() -> None:
    parent, dying_signal, uid, lifeline = (int(word) for word in sys.argv[1:5])
    command = sys.argv[5:]
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    become(uid)
    if libc:
        if libc.prctl(PR_SET_PDEATHSIG, dying_signal, 0, 0, 0):  # after become(): a change of user clears it
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    elif lifeline >= 0:
        watch(lifeline, os.getpid(), dying_signal)
    if os.getppid() != parent:
        sys.exit("The process that asked for this server is already gone.")
    os.execv(command[0], command)  # noqa: S606


def become(uid: int) -> None:
    if uid >= 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)


def watch(lifeline: int, server: int, dying_signal: int) -> None:
    """Leaves a watchdog behind, forked twice so that it is no child of the server."""
    if os.fork():
        os.wait()
        return
    if os.fork():
        os._exit(0)
    os.read(lifeline, 1)
    end(server, dying_signal)
    os._exit(0)


def end(server: int, dying_signal: int) -> None:
    deadline = time.monotonic() + PATIENCE
    try:
        os.kill(server, dying_signal)
        while time.monotonic() < deadline:
            os.kill(server, 0)
            time.sleep(NOTICE)
        os.kill(server, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main()
