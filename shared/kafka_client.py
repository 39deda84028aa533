"""How our own processes sign in at Kafka, from the settings; aiokafka and kafka-python have the same names for it."""

from functools import lru_cache
from ssl import SSLContext, create_default_context
from typing import Any

from shared.settings import Settings, settings

MECHANISM = "SCRAM-SHA-512"


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


@lru_cache(maxsize=1)
def _context(ca: str) -> SSLContext:
    """Without a file, whoever this machine trusts may have signed the brokers' certificates."""
    return create_default_context(cafile=ca or None)
