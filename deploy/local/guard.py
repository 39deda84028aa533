"""Becomes a server that ends with the process that started it. Run as a script: `guard.py PARENT SIGNAL UID LIFELINE COMMAND...`.

Linux sends SIGNAL when the parent is gone (PR_SET_PDEATHSIG). Elsewhere LIFELINE is a pipe whose other end only the
parent holds, and a watchdog process reads it: that ends when the parent does, in whatever way.
"""

import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PATIENCE = 20.0  # seconds between SIGNAL and SIGKILL
PAUSE = 0.05


def main() -> None:
    parent, last_word, uid, lifeline = (int(word) for word in sys.argv[1:5])
    command = sys.argv[5:]
    if lifeline >= 0:
        become(uid)
        watch(lifeline, os.getpid(), last_word)
    else:
        libc = ctypes.CDLL(None, use_errno=True)  # loaded while we may still read everything
        become(uid)
        tell_at_death(libc, last_word)
    if os.getppid() != parent:
        sys.exit("The process that asked for this server is already gone.")
    os.execv(command[0], command)  # noqa: S606


def become(uid: int) -> None:
    if uid >= 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)


def tell_at_death(libc: ctypes.CDLL, last_word: int) -> None:
    """After become(): a change of user clears it."""
    if libc.prctl(PR_SET_PDEATHSIG, last_word, 0, 0, 0):
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")


def watch(lifeline: int, server: int, last_word: int) -> None:
    """Leaves a watchdog behind, forked twice so that the server has no child it does not know."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os.close(lifeline)
        return
    if os.fork():
        os._exit(0)
    os.read(lifeline, 1)
    end(server, last_word)
    os._exit(0)


def end(server: int, last_word: int) -> None:
    deadline = time.monotonic() + PATIENCE
    try:
        os.kill(server, last_word)
        while time.monotonic() < deadline:
            os.kill(server, 0)
            time.sleep(PAUSE)
        os.kill(server, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main()
