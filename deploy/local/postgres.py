"""One real PostgreSQL 18 on a free loopback port; data in `<home>/postgres`, its password in `<home>/postgres.password`."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT, Signals

from deploy.local import children
from deploy.local.binaries import SYSTEM, binaries, unprivileged
from deploy.local.children import Child, StackError
from deploy.local.places import place
from deploy.local.ports import Ports

OWNER = "jitt"
FAREWELL: tuple[tuple[Signals, float], ...] = ((SIGINT, 20.0), (SIGQUIT, 5.0))  # fast shutdown, then immediate
START_SECONDS = 60.0
TAKEN = ("Address already in use", "could not create any TCP/IP sockets")
HELD = ('lock file "postmaster.pid" already exists', "pre-existing shared memory block")

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


@dataclass(frozen=True, slots=True)
class Postgres:
    child: Child
    port: int
    password: str

    @property
    def dsn(self) -> str:
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{self.port}/{OWNER}"

    @property
    def pid(self) -> int:
        return self.child.pid

    @staticmethod
    def start(home: Path, port: int | None = None, report: Callable[[str], None] = print) -> "Postgres":
        """Returns when the database answers. `port` insists; without it, the last port of this home if free, else any."""
        uid = unprivileged()
        server = Server(place(home, uid, SYSTEM, report), binaries(uid), uid, _password(home))
        server.prepare()
        child, port = Ports("PostgreSQL", home, port, report).start(server.begin, server.answers, START_SECONDS, TAKEN, HELD)
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
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        secret = self.directory / "password"
        secret.write_text(self.password)
        if self.uid is not None:
            os.chown(secret, self.uid, self.uid)
        try:
            self._initdb(fresh, secret)
        finally:
            secret.unlink()
        fresh.rename(self.directory / "data")

    def _initdb(self, fresh: Path, secret: Path) -> None:
        words = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8", "--no-instructions")
        who = (f"--username={OWNER}", f"--pwfile={secret}", "--auth=scram-sha-256")
        command = (str(self.binaries / "initdb"), f"--pgdata={fresh}", *who, *words)
        child = children.start("initdb", command, self.directory, ((SIGKILL, 5.0),), self.uid)
        if child.process.wait(START_SECONDS):
            raise StackError(f"PostgreSQL could not prepare its directory {fresh}. Its log ends with:\n{child.tail()}")

    def begin(self, port: int) -> Child:
        settings = (f"--{name}={value}" for name, value in (SETTINGS | {"port": str(port)}).items())
        command = (str(self.binaries / "postgres"), "-D", "data", *settings)
        return children.start("postgres", command, self.directory, FAREWELL, self.uid)

    def answers(self, port: int) -> bool:
        return self._psql(port, "SELECT 1").returncode == 0

    def create_database(self, port: int) -> None:
        if not self._psql(port, f"SELECT 1 FROM pg_database WHERE datname = '{OWNER}'").stdout.strip():  # noqa: S608
            made = self._psql(port, f"CREATE DATABASE {OWNER}")
            if made.returncode:
                raise StackError(f"PostgreSQL could not make the database {OWNER}: {made.stderr}")

    def _psql(self, port: int, sql: str) -> subprocess.CompletedProcess[str]:
        return psql(self.binaries, f"postgresql://{OWNER}@127.0.0.1:{port}/postgres", sql, self.password)


def psql(directory: Path, dsn: str, sql: str, password: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = children.environment(os.environ) | {"PGCONNECT_TIMEOUT": "5"}
    if password is not None:
        environment["PGPASSWORD"] = password
    command = (str(directory / "psql"), "--no-psqlrc", "--no-password", "-Atc", sql, dsn)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _password(home: Path) -> str:
    file = home / "postgres.password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file.read_text()
