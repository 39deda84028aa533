"""How our own processes sign in at Kafka, from the settings; aiokafka and kafka-python have the same names for it.

And what stands in the way where they cannot: clients say only that there is no connection.
"""

import socket
from functools import lru_cache
from ssl import CERT_NONE, SSLCertVerificationError, SSLContext, SSLError, create_default_context
from typing import Any

from shared.settings import Settings, settings

MECHANISM = "SCRAM-SHA-512"
ANSWER_SECONDS = 5.0
NOBODY = "No Kafka answers at {address}, which JITT_KAFKA names ({why}). Start it, or correct JITT_KAFKA"
NO_TLS = (
    "Kafka at {address} does not answer in TLS, which JITT_KAFKA_PROTOCOL={protocol} asks for. "
    "Name its listener with TLS in JITT_KAFKA, or another JITT_KAFKA_PROTOCOL"
)
ONLY_TLS = (
    "Kafka at {address} answers in TLS only. Set JITT_KAFKA_PROTOCOL to SASL_SSL or SSL, or name another listener in JITT_KAFKA"
)
ANOTHER_NAME = (
    "The certificate of Kafka at {address} is for another name ({why}). "
    "Name Kafka in JITT_KAFKA as its certificate does, or give it a certificate for this name"
)
NOT_NOW = "The certificate of Kafka at {address} does not hold now ({why}). Renew it, or set the clock of this machine"
UNKNOWN_SIGNER = (
    "Kafka at {address} has a certificate that {trusted} does not vouch for ({why}). "
    "Put the certificate of whoever signed it into a file, and name that in JITT_KAFKA_CA"
)
NO_LOGIN = (
    "Kafka at {address} is there, and does not let {user} in. `jitt topics login` makes a login: "
    "set JITT_KAFKA_USER and JITT_KAFKA_PASSWORD to it"
)
NO_SIGN_IN = (
    "Kafka at {address} is there, and does not talk to us. "
    "It may want a sign-in: set JITT_KAFKA_PROTOCOL, JITT_KAFKA_USER and JITT_KAFKA_PASSWORD"
)
NAMES, DATES = (62, 64), (9, 10)  # OpenSSL's codes: the host's name or address is another, not yet or no longer valid


def options() -> dict[str, Any]:
    chosen = settings()
    found: dict[str, Any] = {"security_protocol": chosen.kafka_protocol}
    if (context := tls(chosen)) is not None:
        found["ssl_context"] = context
    if chosen.kafka_user:
        found |= {"sasl_mechanism": MECHANISM, "sasl_plain_username": chosen.kafka_user,
                  "sasl_plain_password": chosen.kafka_password.get_secret_value()}  # fmt: skip
    return found


def tls(chosen: Settings) -> SSLContext | None:
    return _context(chosen.kafka_ca) if chosen.kafka_protocol.endswith("SSL") else None


def refused(bootstrap: str) -> str:
    """Of a Kafka that a client could not get in touch with: why, and what to do. Asks it, for seconds."""
    user = settings().kafka_user
    return obstacle(bootstrap) or (NO_LOGIN if user else NO_SIGN_IN).format(address=bootstrap, user=user)


def obstacle(bootstrap: str) -> str:
    """What keeps us from every one of these brokers before anybody signs in; "" where one can be talked to."""
    found = [_obstacle(address.strip()) for address in bootstrap.split(",")]
    return found[0] if all(found) else ""


def _obstacle(address: str) -> str:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS) as connection:
            return _greeted(connection, address, host.strip("[]"))
    except (OSError, ValueError) as error:
        return NOBODY.format(address=address, why=getattr(error, "strerror", None) or error)


def _greeted(connection: socket.socket, address: str, host: str) -> str:
    """By its first words."""
    chosen = settings()
    context = tls(chosen)
    if context is None:
        return ONLY_TLS.format(address=address) if _speaks_tls(connection) else ""
    try:
        context.wrap_socket(connection, server_hostname=host).close()
    except SSLCertVerificationError as error:
        words = ANOTHER_NAME if error.verify_code in NAMES else NOT_NOW if error.verify_code in DATES else UNKNOWN_SIGNER
        trusted = f"JITT_KAFKA_CA={chosen.kafka_ca}" if chosen.kafka_ca else "this machine"
        return words.format(address=address, why=error.verify_message.rstrip("."), trusted=trusted)
    except TimeoutError:
        raise
    except (SSLError, ConnectionError):
        return NO_TLS.format(address=address, protocol=chosen.kafka_protocol)
    return ""


def _speaks_tls(connection: socket.socket) -> bool:
    """With whatever certificate: nothing is said to it."""
    anybody = create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, CERT_NONE
    try:
        anybody.wrap_socket(connection).close()
    except OSError:
        return False
    return True


@lru_cache(maxsize=1)
def _context(ca: str) -> SSLContext:
    """Without a file, whoever this machine trusts may have signed the brokers' certificates."""
    return create_default_context(cafile=ca or None)
