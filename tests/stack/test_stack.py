from pathlib import Path
from socket import create_server

import asyncpg
import pytest

from deploy.local import kafka
from deploy.local.errors import StackError
from deploy.local.home import Run, read_run, stop_running
from deploy.local.ports import free_port
from deploy.local.processes import Process
from deploy.local.stack import Stack, running
from tests.stack.conftest import Up
from tests.stack.waiting import until


def servers(home: Path) -> list[Process]:
    records = [home / "kafka" / "kafka.pid", home / "postgres" / "postgres.pid"]
    return [Process(int(pid), started) for pid, _, started in (file.read_text().partition(" ") for file in records)]


async def run_sql(dsn: str, sql: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.execute(sql))
    finally:
        await connection.close()


def test_while_it_runs_both_answer_and_the_run_can_be_found(embedded: Stack, shared_home: Path) -> None:
    run = read_run(shared_home)
    assert run and Stack(run.kafka, run.postgres) == embedded
    assert all(server.alive() for server in servers(shared_home))
    assert kafka.cluster(int(embedded.kafka.rpartition(":")[2]))


def test_a_second_up_in_the_same_home_is_refused(embedded: Stack, shared_home: Path) -> None:
    with (
        pytest.raises(StackError, match=r"jitt is already running here, pid \d+: jitt status, jitt down"),
        running(shared_home),
    ):
        raise AssertionError("two stacks in one home")


async def test_killing_the_parent_ends_both_servers_and_the_next_up_keeps_the_data(home: Path, up: Up) -> None:
    process, first = up(home)
    await run_sql(first.postgres, "CREATE TABLE kept AS SELECT 7 AS n")
    both = servers(home)
    process.kill()
    process.wait()
    until(lambda: not any(server.alive() for server in both), "both servers have ended")
    assert read_run(home) is None

    _, second = up(home)
    assert f"The last run here (pid {first.pid}) was cut short; going on with its data" in (home / "up.log").read_text()
    assert (second.kafka, second.postgres) == (first.kafka, first.postgres)
    assert await run_sql(second.postgres, "SELECT n FROM kept") == "SELECT 1"

    stops(home, second)


def stops(home: Path, run: Run) -> None:
    both, said = servers(home), list[str]()
    assert stop_running(home, said.append)
    assert said == [f"Stopping jitt (pid {run.pid})", "Stopped"]
    assert not any(process.alive() for process in (run.process, *both))
    assert read_run(home) is None
    assert (home / "lock").read_text() == ""


def test_servers_that_the_environment_names_are_used_and_left_running(
    embedded: Stack, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JITT_KAFKA", embedded.kafka)
    monkeypatch.setenv("JITT_POSTGRES", embedded.postgres)
    said: list[str] = []
    with running(home, said.append) as stack:
        assert stack == embedded
    place = embedded.postgres.rpartition("@")[2]
    assert sorted(said) == [
        f"Kafka: using the one at {embedded.kafka} (JITT_KAFKA)",
        f"PostgreSQL: using the one at {place} (JITT_POSTGRES)",
    ]
    assert kafka.cluster(int(embedded.kafka.rpartition(":")[2]))
    assert not (home / "kafka").exists() and not (home / "postgres").exists()


def test_a_kafka_that_the_environment_names_and_that_does_not_answer_is_named(
    embedded: Stack, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("JITT_KAFKA", address)
    monkeypatch.setenv("JITT_POSTGRES", embedded.postgres)
    with pytest.raises(StackError, match=f"No Kafka answers at {address}, which JITT_KAFKA names"), running(home, print):
        raise AssertionError("running without Kafka")


def test_a_postgres_that_the_environment_names_and_that_refuses_us_is_named_without_the_password(
    embedded: Stack, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _, place = embedded.postgres.rpartition("@")
    monkeypatch.setenv("JITT_KAFKA", embedded.kafka)
    monkeypatch.setenv("JITT_POSTGRES", f"{before}-wrong@{place}")
    with (
        pytest.raises(StackError, match=f"No PostgreSQL answers at {place}, which JITT_POSTGRES") as refused,
        running(home, print),
    ):
        raise AssertionError("running without PostgreSQL")
    assert "-wrong" not in str(refused.value)


def test_an_address_that_is_none_is_an_error_that_shows_how_to_write_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITT_KAFKA", "localhost")
    monkeypatch.setenv("JITT_POSTGRES", "postgresql://127.0.0.1:1/none")
    with pytest.raises(StackError, match="JITT_KAFKA must be host:port"), running(home, print):
        raise AssertionError("running without an address")


def test_when_one_server_cannot_start_the_other_is_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITT_KAFKA", f"127.0.0.1:{free_port()}")
    monkeypatch.delenv("JITT_POSTGRES", raising=False)
    with pytest.raises(StackError, match="No Kafka answers"), running(home, print):
        raise AssertionError("running without Kafka")
    port = int((home / "postgres.port").read_text())
    with create_server(("127.0.0.1", port)):
        assert not (home / "postgres" / "postgres.pid").exists()
