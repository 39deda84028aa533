import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local import postgres
from deploy.local.binaries import PACKAGE, binaries, copied, reachable
from deploy.local.errors import StackError
from deploy.local.places import NOBODY, elsewhere
from deploy.local.postgres import Postgres
from deploy.local.stack import Stack
from tests.stack.conftest import temporary_home

AS_NOBODY = """
import os, sys
from pathlib import Path
from deploy.local.postgres import Postgres
server = Postgres.start(Path(sys.argv[1]))
print(os.stat(f"/proc/{server.pid}").st_uid, os.getuid())
server.stop()
"""


@pytest.fixture
def said() -> list[str]:
    return []


async def fetch(dsn: str, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_rows_survive_a_stop_and_a_crash_on_the_same_port(home: Path, said: list[str]) -> None:
    server = Postgres.start(home, report=said.append)
    await fetch(server.dsn, "CREATE TABLE kept (n int)")
    for end in (Postgres.stop, Postgres.kill):
        await fetch(server.dsn, "INSERT INTO kept SELECT count(*) FROM kept")
        end(server)
        server = Postgres.start(home, server.port, said.append)
    assert await fetch(server.dsn, "SELECT n FROM kept ORDER BY n") == [(0,), (1,)]
    assert said == []
    server.stop()
    assert server.child.process.returncode == 0


async def test_the_server_is_set_up_as_promised(embedded: Stack) -> None:
    names = ("server_encoding", "fsync", "max_connections", "shared_buffers", "wal_level", "TimeZone", "listen_addresses")
    assert await fetch(embedded.postgres, "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)) == [
        ("UTF8", "on", "200", "128MB", "replica", "UTC", "127.0.0.1")
    ]
    locale = "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()"
    assert await fetch(embedded.postgres, locale) == [(b"b", "C.UTF-8")]
    assert await fetch(embedded.postgres, "SELECT current_setting('server_version_num')::int / 10000") == [(18,)]


async def test_another_password_is_refused(embedded: Stack) -> None:
    before, _, after = embedded.postgres.rpartition("@")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(f"{before}x@{after}", "SELECT 1")


def test_the_password_is_for_its_owner_only(embedded: Stack, shared_home: Path) -> None:
    file = shared_home / "postgres.password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f":{file.read_text()}@" in embedded.postgres


def test_postgres_never_runs_as_root(embedded: Stack, shared_home: Path) -> None:
    pid = int((shared_home / "postgres" / "postgres.pid").read_text().split()[0])
    shown = subprocess.run(["ps", "-o", "uid=", "-p", str(pid)], capture_output=True, text=True, check=True)
    assert int(shown.stdout) == (os.geteuid() or NOBODY)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home with a database in it whose server is not running."""
    with temporary_home() as home:
        Postgres.start(home, report=lambda words: None).stop()
        yield home


def test_the_lock_of_a_server_whose_pid_another_process_has_now_is_no_obstacle(made: Path, said: list[str]) -> None:
    directory = made / "postgres"
    other = subprocess.Popen(["sleep", "600"], user=None if os.geteuid() else NOBODY)
    (directory / "postgres.pid").write_text(f"{other.pid} not-its-start")
    lock = directory / "data" / "postmaster.pid"
    lock.write_text(f"{other.pid}\n{directory / 'data'}\n1\n1\n\n127.0.0.1\n0 0\nready   \n")
    if os.geteuid() == 0:
        os.chown(lock, NOBODY, NOBODY)
    Postgres.start(made, report=said.append).stop()
    assert said == ["PostgreSQL: its last run was cut short; its data is recovered"]
    assert other.poll() is None
    other.kill()
    other.wait()


def test_when_its_last_port_is_taken_it_takes_another_and_says_so(made: Path, said: list[str]) -> None:
    last = int((made / "postgres.port").read_text())
    with socket.create_server(("127.0.0.1", last)):
        server = Postgres.start(made, report=said.append)
    server.stop()
    assert said == [f"PostgreSQL: port {last} is taken by another program; using {server.port}"]


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(made: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=f"PostgreSQL was to use port {port}, but another program has it"):
            Postgres.start(made, port, print)


def test_a_missing_password_is_an_error_that_says_what_to_do(made: Path) -> None:
    file = made / "postgres.password"
    password = file.read_text()
    file.unlink()
    with pytest.raises(StackError, match="Put the file back, or remove"):
        Postgres.start(made)
    postgres.write_secret(file, password)


def test_data_that_cannot_be_opened_is_an_error_with_the_end_of_the_log(made: Path) -> None:
    version = made / "postgres" / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(StackError, match=r"(?s)PostgreSQL did not start\. Its log, .*not compatible with this version"):
        Postgres.start(made)
    version.write_text("18\n")


def test_a_preparation_that_was_cut_short_is_begun_anew(home: Path) -> None:
    half = home / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("half written")
    Postgres.start(home, report=print).stop()
    assert not half.exists()


def test_it_also_runs_for_a_user_who_is_not_root(home: Path) -> None:
    """By a Python that this user may run, which the environment's own need not be: this part of the stack needs no package."""
    uid = os.geteuid() or NOBODY
    python = next((path for path in map(Path, (sys.executable, "/usr/bin/python3")) if path.exists() and reachable(path)), None)
    code, packages = Path(postgres.__file__).parents[2], binaries().parents[2]
    if python is None or not (reachable(code) and reachable(packages)):
        pytest.skip(f"needs {code}, {packages} and a Python where user {uid} can reach them")
    os.chown(home, uid, uid)
    command = [str(python), "-c", AS_NOBODY, str(home)]
    environment = os.environ | {"PYTHONPATH": f"{code}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
    other = None if os.geteuid() else uid
    asked = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=home, user=other, group=other
    )
    assert (asked.stdout.split(), asked.stderr) == ([str(uid), str(uid)], "")


@pytest.fixture
def narrow_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("narrow_umask")
def test_programs_that_only_we_may_read_are_copied_to_where_everybody_may(tmp_path: Path) -> None:
    with temporary_home() as system:
        copy = copied(binaries().parents[1], system / "copy")
        assert reachable(copy / PACKAGE / "pginstall" / "bin" / "postgres")
        assert copied(tmp_path / "not looked at again", system / "copy") == copy
        shown = subprocess.run(
            [copy / PACKAGE / "pginstall" / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        assert shown.stdout.startswith("postgres (PostgreSQL) 18.")


@pytest.mark.usefixtures("narrow_umask")
def test_a_home_that_its_user_cannot_reach_is_served_from_elsewhere(tmp_path: Path, said: list[str]) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with temporary_home() as system:
        server = Postgres.start(closed / "home", None, said.append, system)
        server.stop()
        if os.geteuid():
            assert (server.child.directory, said) == (closed / "home" / "postgres", [])
        else:
            assert server.child.directory.is_relative_to(system)
            assert said == [
                f"PostgreSQL does not run as root and cannot look into {closed / 'home'}: "
                f"it keeps its data in {server.child.directory}"
            ]


def test_each_closed_home_has_a_place_of_its_own_and_gone_ones_are_tidied(tmp_path: Path) -> None:
    system, first, second = tmp_path / "system", tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    places = [elsewhere(first, system), elsewhere(second, system)]
    assert places == [elsewhere(first, system), elsewhere(second, system)]
    assert places[0] != places[1]
    first.rmdir()
    elsewhere(second, system)
    assert sorted(path.name for path in system.iterdir()) == [places[1].parent.name]
