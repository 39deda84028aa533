"""`jitt up` keeps its services running: what was killed is started again, and nothing else is touched."""

import os
import signal

import pytest

from deploy import topology
from deploy.network import Network, wait_until_ready


@pytest.mark.parametrize("service", topology.NAMES)
def test_a_service_that_was_killed_is_started_again_and_no_other(running: Network, service: str) -> None:
    before = {name: child.pid for name, child in running.children.items()}
    os.kill(before[service], signal.SIGKILL)
    running.children[service].process.wait(10)
    running.watch()
    wait_until_ready(running, service)
    after = {name: child.pid for name, child in running.children.items()}
    assert [name for name in topology.NAMES if before[name] != after[name]] == [service]
