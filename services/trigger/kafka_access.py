"""A publisher's way in by Kafka: its topic, its logins, and the settings and the first event that it is given to begin with."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from shlex import quote

from shared import bus, kafka_client, kafka_logins
from shared.contracts.topics import inbound
from shared.kafka_logins import Entrance, Lacking, Login
from shared.settings import settings

JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required"
Way = Entrance | Lacking


@dataclass(frozen=True, slots=True)
class Given:
    """What a publisher is handed once: two files of settings with the same meaning, and a command that sends one event."""

    login: Login
    java: str
    librdkafka: str
    first_event: str


def way_in() -> Way:
    """Where publishers sign in, or what Kafka lacks for that. Raises kafka_logins.Failed."""
    try:
        return kafka_logins.find_entrance(settings().kafka, settings().kafka_publishers)
    except Lacking as lacking:
        return lacking


def make_topic(name: str) -> None:
    """Raises bus.Error."""
    asyncio.run(bus.apply_topics(settings().kafka, [inbound(name)]))


def give(entrance: Entrance, name: str, site: str, *, only: bool) -> Given:
    """A new login; earlier ones go on unless it is the `only` one. Raises kafka_logins.Failed."""
    login = kafka_logins.issue(settings().kafka, name, kafka_logins.quota(settings()), only=only)
    return Given(login, _java(entrance, login), _librdkafka(entrance, login), _first_event(entrance, name, site))


def file_of(name: str) -> str:
    return f"{name}.properties"


def _java(entrance: Entrance, login: Login) -> str:
    return f"""\
bootstrap.servers={entrance.brokers}
security.protocol={entrance.protocol}
sasl.mechanism={kafka_client.MECHANISM}
sasl.jaas.config={JAAS} username="{login.user}" password="{login.password}";
acks=all
"""


def _librdkafka(entrance: Entrance, login: Login) -> str:
    return f"""\
bootstrap.servers={entrance.brokers}
security.protocol={entrance.protocol}
sasl.mechanism={kafka_client.MECHANISM}
sasl.username={login.user}
sasl.password={login.password}
acks=all
enable.idempotence=true
"""


def _first_event(entrance: Entrance, name: str, site: str) -> str:
    """For a shell. The bar between headers and value can be copied from a page, which the tool's own tab cannot."""
    in_two_weeks = (datetime.now(UTC) + timedelta(days=14)).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    headers = f"ce_specversion:1.0,ce_id:try-1,ce_source:{name},ce_type:site.session_scheduled.v1"
    data = {"session_ref": "try-1", "site_id": site, "mentor_ref": "m-17", "activity": "first_meeting",
            "starts_at": f"{in_two_weeks.isoformat()}Z", "time_zone": "UTC", "minutes": 45}  # fmt: skip
    return f"""\
printf '%s\\n' {quote(f"{headers}|{json.dumps(data, ensure_ascii=False)}")} |
kafka-console-producer.sh --bootstrap-server {entrance.brokers} --topic in.{name} --producer.config {file_of(name)} \\
  --property parse.headers=true --property headers.delimiter='|'
"""
