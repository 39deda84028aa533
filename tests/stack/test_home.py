import json
import os
import stat
from pathlib import Path

import pytest

from deploy.local.errors import StackError
from deploy.local.home import announced, locked, read_run, stop_running
from deploy.local.stack import running

WORDS: list[str] = []


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_second_run_in_the_same_home_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with (
        locked(tmp_path, print),
        pytest.raises(StackError, match=f"^jitt is already running here, pid {os.getpid()}: jitt status, jitt down$"),
        locked(tmp_path, print),
    ):
        raise AssertionError("two runs in one home")


def test_a_lock_that_nobody_holds_is_said_and_taken(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4711\n")
    said: list[str] = []
    with locked(tmp_path, said.append):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    assert said == ["The last run here (pid 4711) was cut short; going on with its data"]
    assert (tmp_path / "lock").read_text() == ""


def test_a_run_that_ended_in_order_leaves_nothing_to_say(tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        with locked(tmp_path, said.append):
            pass
    assert said == []


def test_a_run_is_found_while_it_lasts_and_only_by_its_owner(tmp_path: Path) -> None:
    with announced(tmp_path, "127.0.0.1:1", "postgresql://jitt:secret@127.0.0.1:2/jitt"):
        run = read_run(tmp_path)
        assert run and (run.pid, run.kafka) == (os.getpid(), "127.0.0.1:1")
        assert run.since.tzinfo is not None
        assert mode(tmp_path / "run.json") == 0o600
    assert read_run(tmp_path) is None


def test_a_note_of_another_process_with_our_pid_is_no_run(tmp_path: Path) -> None:
    with announced(tmp_path, "", ""):
        values = json.loads((tmp_path / "run.json").read_text())
        (tmp_path / "run.json").write_text(json.dumps(values | {"started": "another start"}))
        assert read_run(tmp_path) is None
        assert not stop_running(tmp_path, WORDS.append)


def test_stopping_where_nothing_runs_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    assert stop_running(tmp_path, said.append) is False
    assert said == [f"Nothing is running in {tmp_path}"]


def test_a_home_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"file/home cannot be written to .* set JITT_HOME"), running(tmp_path / "file" / "home"):
        raise AssertionError("running in a file")
