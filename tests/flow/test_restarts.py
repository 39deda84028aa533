"""`jitt up` keeps its services running: what was killed or frozen is started again, and nothing else is touched."""

import os
import signal

import pytest

from deploy import network, topology
from deploy.network import Network, wait_until_ready
from tests.flow.running import eventually


@pytest.mark.parametrize("service", topology.NAMES)
def test_a_service_that_was_killed_is_started_again_and_no_other(running: Network, service: str) -> None:
    before = {name: child.pid for name, child in running.children.items()}
    os.kill(before[service], signal.SIGKILL)
    running.children[service].process.wait(10)
    running.watch()
    wait_until_ready(running, service)
    after = {name: child.pid for name, child in running.children.items()}
    assert [name for name in topology.NAMES if before[name] != after[name]] == [service]


def test_a_service_that_is_frozen_is_started_again(running: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LOOK_SECONDS", 0.0)
    running.watch()
    monkeypatch.setattr(network, "SILENT_SECONDS", 5.0)
    frozen = running.children["content"].pid
    os.kill(frozen, signal.SIGSTOP)
    eventually(lambda: running.watch() or running.children["content"].pid != frozen, "content is another process")
    monkeypatch.setattr(network, "SILENT_SECONDS", 60.0)
    wait_until_ready(running, "content")
