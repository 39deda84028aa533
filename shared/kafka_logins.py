"""Logins at Kafka: each is a principal with a password, what it may do (shared/kafka_rights.py), and how much.

Kafka keeps them, nobody else: publisher NAME has in.NAME.1, in.NAME.2 …, the newest last; subscriber NAME has alerts.NAME.1 and
so on, and service NAME has service.NAME.1. Only this module knows kafka-python.
"""

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError, SecurityDisabledError
from kafka.protocol.admin import AlterClientQuotasRequest

from shared import kafka_client
from shared.kafka_client import MECHANISM
from shared.kafka_rights import Right, of_publisher, of_subscriber
from shared.settings import Settings, settings

MOST_LOGINS = 4  # of one publisher at once, as of tokens
ANSWER_MS = 15_000
PROTOCOLS = ("SASL_SSL", "SASL_PLAINTEXT")  # the better first
EVERYBODY = "User:*"
logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what fails is raised, and said once


class Failed(Exception):
    """Kafka could not be asked, or said no; its own words."""


class Lacking(Exception):
    """What this Kafka does not have, so that a login would be no use."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where publishers sign in: `protocol` as clients name it, `brokers` as host:port with commas."""

    protocol: str
    brokers: str


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Kind:
    """Whose logins begin so, and what each of them may do, by name. `rate`: the quota that counts its bytes; "" for none."""

    prefix: str
    rights: Callable[[str], Sequence[Right]]
    rate: str = ""

    @property
    def user(self) -> re.Pattern[str]:
        return re.compile(rf"{self.prefix}\.([a-z0-9-]+)\.(\d{{1,9}})")


PUBLISHER = Kind("in", of_publisher, "producer_byte_rate")
SUBSCRIBER = Kind("alerts", of_subscriber, "consumer_byte_rate")


@dataclass(frozen=True, slots=True)
class Quota:
    """Of one login, at each broker."""

    bytes_per_second: float
    request_percent: float  # of one thread's time


def quota(settings: Settings) -> Quota:
    return Quota(settings.publisher_kafka_bytes_per_second, settings.publisher_kafka_request_percent)


def find_entrance(bootstrap: str, named: str = "") -> Entrance:
    """`named`, PROTOCOL://host:port,…, goes before what the brokers say of themselves. Raises Lacking and Failed."""
    with _admin(bootstrap) as admin:
        _need_authorizer(admin)
        protocol, _, brokers = named.partition("://")
        return Entrance(protocol, brokers) if named else _advertised(_settings_of_brokers(admin))


def issue(bootstrap: str, name: str, limit: Quota, *, only: bool = False, kind: Kind = PUBLISHER) -> Login:
    """One more login, which works when this returns. Earlier ones go on, MOST_LOGINS in all, unless it is the `only` one."""
    with _admin(bootstrap) as admin:
        there = _logins(admin, kind).get(name, [])
        login = Login(f"{kind.prefix}.{name}.{_number(there[-1]) + 1 if there else 1}", secrets.token_urlsafe(24))
        _allow(admin, name, [login.user], limit, kind)
        _keep(admin, [UserScramCredentialUpsertion(login.user, MECHANISM, login.password)])
        _end(admin, there if only else there[: 1 - MOST_LOGINS])
        return login


def end_old(bootstrap: str, name: str, kind: Kind = PUBLISHER) -> Sequence[str]:
    """All but the newest; what they have open is cut off too. Returns which."""
    with _admin(bootstrap) as admin:
        old = _logins(admin, kind).get(name, [])[:-1]
        _end(admin, old)
        return old


def end_all(bootstrap: str, name: str, kind: Kind = PUBLISHER) -> Sequence[str]:
    with _admin(bootstrap) as admin:
        there = _logins(admin, kind).get(name, [])
        _end(admin, there)
        return there


def list_logins(bootstrap: str, kind: Kind = PUBLISHER) -> dict[str, list[str]]:
    """By whose they are, the newest last."""
    with _admin(bootstrap) as admin:
        return _logins(admin, kind)


def apply_rules(bootstrap: str, names: Iterable[str], limit: Quota, kind: Kind = PUBLISHER) -> dict[str, int]:
    """Makes the rules and quotas of the logins that there are what they should be; answers how many each of these has.

    Also takes away what they may do and should not; what somebody has forbidden them stays.
    """
    with _admin(bootstrap) as admin:
        there = _logins(admin, kind)
        having = {name: there[name] for name in names if name in there}
        for name, users in having.items():
            _allow(admin, name, users, limit, kind)
        return {name: len(users) for name, users in having.items()}


def wrong_rules(bootstrap: str, names: Iterable[str], kind: Kind) -> list[str]:
    """In words: what logins of this kind may do and should not, may not and should; and what everybody who signs in may."""
    with _admin(bootstrap) as admin:
        there = _logins(admin, kind)
        wanted = {acl for name in names for user in there.get(name, ()) for acl in _rules(user, kind.rights(name))}
        having = {acl for acl in _allowed(admin, None) if _is_of(acl.principal, kind) or acl.principal == EVERYBODY}
        return [*(f"{_words(acl)} and should not" for acl in sorted(having - wanted, key=_words)),
                *(f"{_words(acl)} not, and should" for acl in sorted(wanted - having, key=_words))]  # fmt: skip


@contextmanager
def _admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    options = {"client_id": "jitt logins", "request_timeout_ms": ANSWER_MS, "bootstrap_timeout_ms": ANSWER_MS,
               **kafka_client.options()}  # fmt: skip
    try:
        if kafka_client.tls(settings()) and (why := kafka_client.obstacle(bootstrap)):
            raise Failed(why)  # this client would only try for as long as it may
        try:
            admin = KafkaAdminClient(bootstrap_servers=bootstrap.split(","), **options)
        except KafkaError as error:
            raise Failed(kafka_client.refused(bootstrap)) from error
        try:
            yield admin
        finally:
            admin.close()
    except KafkaError as error:
        raise Failed(f"{type(error).__name__} {error}".strip()) from error


def _need_authorizer(admin: KafkaAdminClient) -> None:
    try:
        admin.describe_acls(_rules_of("User:nobody"))
    except SecurityDisabledError:
        raise Lacking("it has no authorizer (authorizer.class.name), so whoever reaches it may do anything") from None


def _settings_of_brokers(admin: KafkaAdminClient) -> list[dict[str, str]]:
    brokers = [ConfigResource("BROKER", str(broker["broker_id"])) for broker in admin.describe_cluster()["brokers"]]
    found = admin.describe_configs(brokers, config_filter="all")["broker"].values()
    return [{name: one["value"] or "" for name, one in settings.items()} for settings in found]


def _advertised(brokers: Sequence[dict[str, str]]) -> Entrance:
    """The first listener, by protocol, that every broker has and that takes our kind of password."""
    for protocol in PROTOCOLS:
        addresses = [_address(settings, protocol) for settings in brokers]
        if all(addresses):
            return Entrance(protocol, ",".join(addresses))
    raise Lacking(f"none of its listeners is for signing in ({' or '.join(PROTOCOLS)} with {MECHANISM})")


def _address(settings: dict[str, str], protocol: str) -> str:
    protocols = dict(pair.split(":") for pair in settings["listener.security.protocol.map"].split(","))
    for listener in (settings["advertised.listeners"] or settings["listeners"]).split(","):
        name, _, address = listener.strip().partition("://")
        mechanisms = settings.get(f"listener.name.{name.lower()}.sasl.enabled.mechanisms", settings["sasl.enabled.mechanisms"])
        if protocols.get(name) == protocol and MECHANISM in mechanisms.split(","):
            return address
    return ""


def _logins(admin: KafkaAdminClient, kind: Kind = PUBLISHER) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for user in admin.describe_user_scram_credentials():
        if match := kind.user.fullmatch(user):
            found.setdefault(match[1], []).append(user)
    return {name: sorted(users, key=_number) for name, users in found.items()}


def _number(user: str) -> int:
    return int(user.rpartition(".")[2])


def _allow(admin: KafkaAdminClient, name: str, users: Sequence[str], limit: Quota, kind: Kind) -> None:
    wanted = {acl for user in users for acl in _rules(user, kind.rights(name))}
    for error in admin.create_acls(list(wanted))["failed"]:
        _raise(error)
    having = {acl for user in users for acl in _allowed(admin, f"User:{user}")}
    if extra := [_exactly(acl) for acl in having - wanted]:
        for _, _, error in admin.delete_acls(extra):
            _raise(error)
    if kind.rate:
        _set_quotas(admin, users, {kind.rate: limit.bytes_per_second, "request_percentage": limit.request_percent})


def _rules(user: str, rights: Iterable[Right]) -> list[ACL]:
    allow = ACLPermissionType.ALLOW
    return [ACL(f"User:{user}", "*", ACLOperation[right.may.upper()], allow, _pattern(right)) for right in rights]


def _pattern(right: Right) -> ResourcePattern:
    kind = ACLResourcePatternType.PREFIXED if right.prefixed else ACLResourcePatternType.LITERAL
    return ResourcePattern(ResourceType[right.resource.replace("-", "_").upper()], right.name, kind)


def _allowed(admin: KafkaAdminClient, principal: str | None) -> list[ACL]:
    found: list[ACL] = admin.describe_acls(_rules_of(principal))[0]
    return [acl for acl in found if acl.permission_type is ACLPermissionType.ALLOW]


def _exactly(acl: ACL) -> ACLFilter:
    what = acl.resource_pattern
    pattern = ResourcePatternFilter(what.resource_type, what.resource_name, what.pattern_type)
    return ACLFilter(acl.principal, acl.host, acl.operation, acl.permission_type, pattern)


def _is_of(principal: str, kind: Kind) -> bool:
    return bool(kind.user.fullmatch(principal.removeprefix("User:")))


def _words(acl: ACL) -> str:
    what = acl.resource_pattern
    begins = " that begin with" if what.pattern_type is ACLResourcePatternType.PREFIXED else ""
    kind = what.resource_type.name.lower().replace("_", " ") + ("s" if begins else "")
    return f"{acl.principal} may {acl.operation.name.lower()} {kind}{begins} {what.resource_name}"


def _end(admin: KafkaAdminClient, users: Sequence[str]) -> None:
    """The rules first: a password that is gone keeps nobody out who is inside."""
    if users:
        for _, _, error in admin.delete_acls([_rules_of(f"User:{user}") for user in users]):
            _raise(error)
        _keep(admin, [UserScramCredentialDeletion(user, MECHANISM) for user in users])
        _set_quotas(admin, users, dict.fromkeys((PUBLISHER.rate, SUBSCRIBER.rate, "request_percentage")))


def _keep(admin: KafkaAdminClient, changes: Sequence[Any]) -> None:
    for user, error in admin.alter_user_scram_credentials(changes).items():
        if error:
            raise Failed(f"{user}: {error}")


def _set_quotas(admin: KafkaAdminClient, users: Sequence[str], values: dict[str, float | None]) -> None:
    """kafka-python has this request but no method for it; its own methods send theirs in this way. None: no quota."""
    wanted = [(key, value or 0.0, value is None) for key, value in values.items()]
    request = AlterClientQuotasRequest(entries=[([("user", user)], wanted) for user in users], validate_only=False)
    for entry in admin._manager.run(admin._manager.send, request).entries:
        if entry.error_code:
            raise Failed(f"quota of {entry.entity[0].entity_name}: {entry.error_message}")


def _rules_of(principal: str | None) -> ACLFilter:
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(principal, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)


def _raise(error: type[KafkaError]) -> None:
    if getattr(error, "errno", 0):
        raise error()
