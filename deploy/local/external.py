"""Servers that somebody else runs, named in JITT_KAFKA or JITT_POSTGRES: not started, not stopped, only asked once."""

from urllib.parse import urlsplit

from deploy.local import kafka, psql
from deploy.local.errors import StackError
from shared import kafka_client
from shared.settings import settings

OR_OURS = "Or unset JITT_KAFKA, and jitt starts a Kafka of its own."


def external_kafka(bootstrap: str) -> str:
    """`host:port`, or several with commas. Raises StackError unless one of them answers; where one signs in first, unless it is
    there: only a client can tell more."""
    places, plain = [_address(entry) for entry in bootstrap.split(",")], settings().kafka_protocol == "PLAINTEXT"
    if plain and any(kafka.cluster(port, host) for host, port in places):
        return bootstrap
    if why := kafka_client.obstacle(bootstrap):
        raise StackError(f"{why}. {OR_OURS}")
    if plain:
        raise StackError(f"No Kafka answers at {bootstrap}, which JITT_KAFKA names. Start it, or correct JITT_KAFKA. {OR_OURS}")
    return bootstrap


def external_postgres(dsn: str) -> str:
    """Raises StackError unless it answers to this name and password; the password is not shown."""
    asked = psql.run(dsn, "SELECT 1")
    if asked.returncode:
        raise StackError(
            f"No PostgreSQL answers at {place(dsn)}, which JITT_POSTGRES names: {asked.stderr.strip()} "
            "Start it, or correct JITT_POSTGRES, or unset it, and jitt starts a PostgreSQL of its own."
        )
    return dsn


def place(dsn: str) -> str:
    url = urlsplit(dsn)
    return f"{url.netloc.rpartition('@')[2]}{url.path}"


def _address(entry: str) -> tuple[str, int]:
    host, _, port = entry.strip().rpartition(":")
    if not host or not port.isdecimal():
        raise StackError(f"JITT_KAFKA must be host:port, or several of them with commas between: {entry!r} is not.")
    return host.strip("[]"), int(port)
