"""One real PostgreSQL 18 on a free loopback port; data in `<home>/postgres`, its password in `<home>/postgres.password`."""

import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGQUIT

from deploy.local import children, psql
from deploy.local.binaries import binaries, readable_binaries
from deploy.local.children import Child, Program
from deploy.local.errors import StackError
from deploy.local.places import SYSTEM, place
from deploy.local.ports import Ports
from deploy.local.processes import Process, find_process

OWNER = "jitt"
INITDB_SECONDS = 120.0
POSTGRES = Program(
    "PostgreSQL",
    "postgres",
    farewell=((SIGINT, 20.0), (SIGQUIT, 5.0)),  # its fast shutdown, then its immediate one
    taken=("Address already in use",),
    held=('lock file "postmaster.pid" already exists', "pre-existing shared memory block"),
)
INITDB = Program("PostgreSQL's preparation of its directory", "initdb", farewell=())
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "fsync": "on",
    "wal_level": "replica",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
MAKING = (
    f"--username={OWNER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)


@dataclass(frozen=True, slots=True)
class Postgres:
    child: Child
    port: int
    password: str

    @property
    def dsn(self) -> str:
        return dsn(self.port, self.password)

    @property
    def pid(self) -> int:
        return self.child.pid

    @staticmethod
    def start(home: Path, port: int | None = None, report: Callable[[str], None] = print, system: Path = SYSTEM) -> "Postgres":
        """Returns when the database answers. `port` insists; without it, the last port of this home if free, else any."""
        home.mkdir(parents=True, exist_ok=True)
        directory, uid = place(home, system, report)
        server = Server(directory, binaries() if uid is None else readable_binaries(system), uid, _password(home, directory))
        _let_go(directory, children.clear_left_over(POSTGRES, directory, report))
        server.prepare()
        child, port = Ports(POSTGRES, home / "postgres.port", port, report).start(server.begin, server.answers)
        server.create_database(port)
        return Postgres(child, port, server.password)

    def stop(self) -> None:
        self.child.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.child.kill()


@dataclass(frozen=True, slots=True)
class Server:
    directory: Path
    binaries: Path
    uid: int | None
    password: str

    def prepare(self) -> None:
        """Makes the data directory aside and moves it into place whole."""
        if (self.directory / "data").exists():
            return
        fresh, secret = self.directory / "data.new", self.directory / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        write_secret(secret, self.password)
        if self.uid is not None:
            os.chown(fresh, self.uid, self.uid)
            os.chown(secret, self.uid, self.uid)
        command = (str(self.binaries / "initdb"), "--pgdata=data.new", "--pwfile=password", *MAKING)
        try:
            children.run(INITDB, command, self.directory, INITDB_SECONDS, self.uid)
        finally:
            secret.unlink()
        fresh.rename(self.directory / "data")

    def begin(self, port: int) -> Child:
        settings = (f"--{name}={value}" for name, value in (SETTINGS | {"port": str(port)}).items())
        command = (str(self.binaries / "postgres"), "-D", "data", *settings)
        return children.start(POSTGRES, command, self.directory, self.uid)

    def answers(self, port: int) -> bool:
        return psql.run(dsn(port, self.password, "postgres"), "SELECT 1").returncode == 0

    def create_database(self, port: int) -> None:
        """On every start: the first may have been cut short before it came to this."""
        server = dsn(port, self.password, "postgres")
        if OWNER not in psql.run(server, "SELECT datname FROM pg_database").stdout.split():
            made = psql.run(server, f"CREATE DATABASE {OWNER}")
            if made.returncode:
                raise StackError(f"PostgreSQL could not make the database {OWNER}: {made.stderr}")


def dsn(port: int, password: str, database: str = OWNER) -> str:
    return f"postgresql://{OWNER}:{password}@127.0.0.1:{port}/{database}"


def write_secret(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)


def _password(home: Path, directory: Path) -> str:
    file = home / "postgres.password"
    if not file.exists():
        if (directory / "data").exists():
            raise StackError(
                f"{file} is missing, and without it the database in {directory} cannot be opened. "
                f"Put the file back, or remove {directory} to begin with an empty database."
            )
        write_secret(file, secrets.token_urlsafe(24))
    return file.read_text()


def _let_go(directory: Path, cut_short: Process | None) -> None:
    """Removes the lock of a server that is gone and whose pid another process has now, which PostgreSQL cannot tell apart."""
    if cut_short and find_process(cut_short.pid):
        (directory / "data" / "postmaster.pid").unlink(missing_ok=True)
