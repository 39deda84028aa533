"""`jitt up` keeps its services running: what was killed or frozen is started again, and nothing else is touched."""

import os
import signal
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from deploy import network, topology
from deploy.network import Network, wait_until_ready
from deploy.servers import url_of
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


def test_a_service_that_is_frozen_is_started_again_while_a_phones_connection_to_another_rests(
    running: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = HTTPConnection("127.0.0.1", urlsplit(url_of("assessment")).port, timeout=10)
    phone.request("GET", "/t")
    phone.getresponse().read()
    ours = phone.sock
    monkeypatch.setattr(network, "LOOK_SECONDS", 0.0)
    running.watch()
    monkeypatch.setattr(network, "SILENT_SECONDS", 5.0)
    frozen = running.children["content"].pid
    os.kill(frozen, signal.SIGSTOP)
    eventually(lambda: running.watch() or running.children["content"].pid != frozen, "content is another process")
    monkeypatch.setattr(network, "SILENT_SECONDS", 60.0)
    wait_until_ready(running, "content")
    phone.request("GET", "/t")  # more than five seconds later, after which uvicorn would have closed it
    assert phone.getresponse().status == 200
    assert phone.sock is ours
    phone.close()
