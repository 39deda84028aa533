import os
import signal
import subprocess
import sys
from pathlib import Path
from signal import SIGINT, SIGTERM, SIGWINCH
from threading import Thread

import pytest

from deploy.local import children
from deploy.local.children import Child, Program
from deploy.local.errors import StackError
from deploy.local.ports import Ports, free_port, is_free
from deploy.local.processes import Process, find_process, this_process
from tests.stack.waiting import until

PLAIN = Program("Plain", "plain", farewell=((SIGTERM, 10.0),))
STUBBORN = Program("Stubborn", "stubborn", farewell=((SIGINT, 0.1), (SIGTERM, 0.1)))
BUSY = Program("Busy", "busy", farewell=((SIGTERM, 10.0),), taken=("Address already in use",))

WAITS = "import threading; print('here', flush=True); threading.Event().wait()"
DEAF = f"import signal; [signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM)]; {WAITS}"
LISTENS = f"import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); {WAITS}"
TELLS = """
import signal
signal.signal(signal.SIGTERM, lambda *_: print("told to end", flush=True))
signal.signal(signal.SIGWINCH, lambda *_: print("asked", flush=True))
print("here", flush=True)
while True:
    signal.pause()
"""
PARENT = """
import sys, threading
from pathlib import Path
from deploy.local import children
from tests.stack.test_children import PLAIN, WAITS
children.start(PLAIN, [sys.executable, "-c", WAITS], Path(sys.argv[1]), watchdog=sys.argv[2] == "True")
threading.Event().wait()
"""


def python(code: str, *words: str) -> list[str]:
    return [sys.executable, "-c", code, *words]


def is_here(child: Child) -> bool:
    return child.said(["here"])


def recorded(directory: Path) -> Process | None:
    file = directory / "plain.pid"
    text = file.read_text() if file.exists() else ""
    return Process(int(text.split()[0]), text.split()[1]) if text else None


WATCHDOGS = [True, False] if children.LINUX else [True]  # False: the kernel does it


@pytest.mark.parametrize("watchdog", WATCHDOGS)
def test_a_server_ends_when_the_process_that_started_it_is_killed(tmp_path: Path, watchdog: bool) -> None:
    parent = subprocess.Popen(python(PARENT, str(tmp_path), str(watchdog)))
    until(lambda: (tmp_path / "plain.log").exists() and "here" in (tmp_path / "plain.log").read_text(), "the child is here")
    child = recorded(tmp_path)
    assert child and child.alive()
    parent.kill()
    parent.wait()
    until(lambda: not child.alive(), "the child has ended")


def test_a_server_is_not_told_to_end_when_the_thread_that_started_it_ends(tmp_path: Path) -> None:
    child, thread = start_in_a_thread(tmp_path)
    until(lambda: not thread_lives(thread), "the thread has ended")
    os.kill(child.pid, SIGWINCH)  # handled after a SIGTERM that came before
    until(lambda: child.said(["asked"]), "the child has answered")
    assert not child.said(["told to end"])
    child.kill()


def start_in_a_thread(directory: Path) -> tuple[Child, Thread]:
    started: list[Child] = []

    def start() -> None:
        started.append(children.start(PLAIN, python(TELLS), directory))
        until(lambda: is_here(started[0]), "the child is here")

    thread = Thread(target=start)
    thread.start()
    thread.join()
    return started[0], thread


def thread_lives(thread: Thread) -> bool:
    """For the system, which is a little longer than for Python."""
    return Path(f"/proc/self/task/{thread.native_id}").exists()


@pytest.mark.parametrize("watchdog", WATCHDOGS)
def test_a_stopped_server_leaves_no_record_and_no_watchdog(tmp_path: Path, watchdog: bool) -> None:
    child = children.start(PLAIN, python(WAITS), tmp_path, watchdog=watchdog)
    until(lambda: is_here(child), "the child is here")
    assert recorded(tmp_path) == find_process(child.pid)
    child.stop()
    assert recorded(tmp_path) is None
    until(lambda: not session_lives(child.pid), "no process of its session is left")


def session_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_server_that_does_not_listen_is_killed_in_the_end(tmp_path: Path) -> None:
    child = children.start(STUBBORN, python(DEAF), tmp_path)
    until(lambda: is_here(child), "the child is here")
    child.stop()
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("watchdog", WATCHDOGS)
def test_stopping_twice_is_no_error(tmp_path: Path, watchdog: bool) -> None:
    child = children.start(PLAIN, python(WAITS), tmp_path, watchdog=watchdog)
    child.stop()
    child.stop()
    assert not child.alive()


def test_a_server_whose_parent_was_gone_before_it_could_ask_does_not_start(tmp_path: Path) -> None:
    somebody_else = str(os.getppid())
    words = [sys.executable, "-I", "-S", str(children.GUARD), somebody_else, "15", "-1", "-1", *python(WAITS)]
    asked = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "already gone" in asked.stderr


def test_a_failure_shows_the_end_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"(?s)Plain failed\. Its log, .*plain\.log, ends with:.*no such luck"):
        children.run(PLAIN, python("import sys; sys.exit('no such luck' + 50 * '\\n\\tat java.Frame')"), tmp_path, seconds=30)


def test_a_command_that_takes_too_long_is_ended_and_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="Plain took longer than 0 s"):
        children.run(PLAIN, python(WAITS), tmp_path, seconds=0.2)


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    for words in ("first", "second"):
        children.run(PLAIN, python(f"print('{words}')"), tmp_path, seconds=30)
    assert ((tmp_path / "plain.log").read_text(), (tmp_path / "plain.log.1").read_text()) == ("second\n", "first\n")


def test_a_server_left_over_from_an_earlier_run_is_stopped_and_said(tmp_path: Path) -> None:
    child = children.start(PLAIN, python(WAITS), tmp_path)
    until(lambda: is_here(child), "the child is here")
    said: list[str] = []
    left = children.clear_left_over(PLAIN, tmp_path, said.append)
    assert said == [f"Plain: waiting for the server of an earlier run to stop (pid {child.pid})"]
    assert left and not left.alive()
    assert children.clear_left_over(PLAIN, tmp_path, said.append) is None
    child.stop()


def test_another_process_with_the_pid_of_a_left_over_server_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "plain.pid").write_text(f"{os.getpid()} not-its-start")
    said: list[str] = []
    children.clear_left_over(PLAIN, tmp_path, said.append)
    assert said == ["Plain: its last run was cut short; its data is recovered"]


def test_a_process_that_has_ended_but_is_not_yet_collected_does_not_run() -> None:
    process = subprocess.Popen(python("pass"))
    until(lambda: find_process(process.pid) is None, "it has ended")
    process.wait()


def test_a_process_is_told_from_another_one_with_its_pid() -> None:
    me = this_process()
    assert me.alive()
    assert not Process(me.pid, "another start").alive()


def test_what_is_meant_for_other_servers_does_not_reach_ours() -> None:
    ours = {"PGDATA": "/elsewhere", "PGPORT": "1", "JAVA_TOOL_OPTIONS": "-Xmx1g", "PATH": "/bin"}
    assert children.environment(ours) == {"PATH": "/bin", "LC_ALL": children.UTF8}


def test_a_port_lost_to_a_faster_program_is_exchanged_and_said(tmp_path: Path) -> None:
    lost = free_port()
    chosen = [lost]  # free when it was chosen, taken when the server begins
    directory = tmp_path / "busy"
    directory.mkdir()
    winner = children.start(PLAIN, python(LISTENS, str(lost)), tmp_path)
    until(lambda: is_here(winner), "the faster one has it")

    def begin(port: int) -> Child:
        return children.start(BUSY, python(LISTENS, str(chosen.pop() if chosen else port)), directory)

    said: list[str] = []
    ports = Ports(BUSY, tmp_path / "port", None, said.append)
    child, port = ports.start(begin, lambda at: "here" in (directory / "busy.log").read_text())
    assert (tmp_path / "port").read_text() == str(port)
    assert not is_free(port) and child.alive()
    child.stop()
    winner.stop()
