"""From the bytes of a record to a typed message, or to the reason why it cannot be read. Never raises on bad input."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1, sha256
from json import loads
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json

from shared.contracts import ids
from shared.contracts.event import Event
from shared.values import value_object

LARGEST = 256 * 1024
TRACEPARENT = re.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
UNREADABLE = "jitt-unreadable"  # the header of what stands for records that could not be unpacked
STRUCTURED = "application/cloudevents+json"
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # in JSON: an escape that is not itself escaped
LONGEST_DETAIL = 500
A_TIME = "write it with its offset, as 2026-12-10T16:00:00-06:00, or in UTC with a Z"
PLAIN = {  # by pydantic's name of a fault; its own words do for the others
    "missing": "this is needed, and missing",
    "timezone_aware": f"this time has no offset: {A_TIME}",
    "datetime_type": f"this is no time: {A_TIME}",
    "datetime_parsing": f"this is no time: {A_TIME}",
    "datetime_from_date_parsing": f"this is no time: {A_TIME}",
}
FIRST_YEAR, LAST_YEAR = 2, 9998  # one further, and an instant has no time in some zones, nor a place in Postgres


class Record(Protocol):
    """What Kafka hands over (aiokafka's ConsumerRecord), or what was kept of it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@value_object(frozen=True, slots=True)
class Raw:
    """A record's bytes as they came, wherever from; what a dead letter keeps."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Message:
    """A readable message. `cause` is its inbox id; `sha` tells a repeat from a reused id."""

    cause: UUID
    sha: bytes
    event: Event
    principal: str
    raw: Record
    traceparent: str | None = None


@value_object(frozen=True, slots=True)
class Unreadable:
    """Bad bytes, bad schema, or a tenant that may not say this. Buried alone; its neighbours are applied."""

    reason: str
    detail: str
    principal: str
    raw: Record


@value_object(frozen=True, slots=True)
class Unwanted:
    """A type that no handler of this service names."""

    type: str


Decoded: TypeAlias = Message | Unreadable | Unwanted
MayAnnounce = Callable[[Event], str | None]  # the reason why not, or None


class Bad(Exception):
    """Why these bytes are no message: a reason code, and words for whoever has to mend it.

    The words may quote the record, which must not be able to paint on the terminal of whoever reads them.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        shown = detail if len(detail) <= LONGEST_DETAIL else detail[: LONGEST_DETAIL - 1] + "…"
        self.reason, self.detail = reason, "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def inbox_id(principal: str, source: str, id: str) -> UUID:
    """A uuid5 of who said it (proven by topic or token, never a header), the source and the id."""
    return ids.from_digest(sha1(f"{principal}\x00{source}\x00{id}".encode(), usedforsecurity=False).digest(), version=5)


def own_message(principal: str, source: str, id: str, event: Event, *, by_id: bool = False) -> Message:
    """A message that did not come by Kafka: from a page, a command, or the worker itself. `by_id`: its id alone tells a repeat,
    whose event is made anew (sealed once more, or with another time)."""
    body = event.model_dump_json().encode()
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", event.TYPE.encode()),
    )
    sha = sha256(id.encode() if by_id else body).digest()
    return Message(inbox_id(principal, source, id), sha, event, principal, Raw("", 0, 0, None, body, headers))


def decode(
    record: Record,
    principal: str,
    wanted: Mapping[str, type[Event]],
    may_announce: MayAnnounce | None = None,
    known: frozenset[str] | None = None,
) -> Decoded:
    """`known`, for publishers: the types that may be said at all; another type is unreadable rather than unwanted."""
    try:
        attributes, body = _envelope(record)
        wants = wanted.get(attributes["type"])
        if wants is None:
            if known is not None and attributes["type"] not in known:
                raise Bad("unknown_type", f"“{attributes['type']}” is no type a publisher can send")
            return Unwanted(attributes["type"])
        event = parse(wants, body)
        if may_announce and (reason := may_announce(event)):
            raise Bad(reason, f"{principal} may not announce this")
    except Bad as bad:
        return Unreadable(bad.reason, bad.detail, principal, record)
    cause = inbox_id(principal, attributes["source"], attributes["id"])
    return Message(cause, sha256(body).digest(), event, principal, record, attributes.get("traceparent"))


def parse(wants: type[Event], body: bytes) -> Event:
    if len(body) > LARGEST:
        raise Bad("too_large", f"{len(body)} bytes; at most {LARGEST}")
    try:
        event = wants.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise Bad("schema", f"{where}: {PLAIN.get(first['type'], first['msg'])}") from None
    if b"\\u0000" in body and NUL.search(body):
        raise Bad("nul_in_text", "a text contains the character NUL")
    for name, value in event.__dict__.items():
        if isinstance(value, datetime) and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise Bad("schema", f"{name}: the year must lie between {FIRST_YEAR} and {LAST_YEAR}")
    return event


def _envelope(record: Record) -> tuple[dict[str, str], bytes]:
    if record.value is None:
        raise Bad("tombstone", "a record without a value")
    headers = _headers(record.headers)
    if headers.get(UNREADABLE):
        raise Bad("too_large", "a compressed batch that unpacks to more than 8 MB; its records were not read")
    if headers.get("content-type", "").startswith(STRUCTURED):
        return structured(record.value, headers.get("traceparent"))
    attributes = {
        "specversion": headers.get("ce_specversion", ""),
        "id": headers.get("ce_id", ""),
        "source": headers.get("ce_source", ""),
        "type": headers.get("ce_type", ""),
    }
    checked(attributes)
    if (trace := headers.get("traceparent")) and TRACEPARENT.fullmatch(trace):
        attributes["traceparent"] = trace
    return attributes, record.value


def structured(value: bytes, traceparent: str | None = None) -> tuple[dict[str, str], bytes]:
    """Splits a CloudEvent in structured mode into its attributes and the bytes of its data."""
    if len(value) > LARGEST:
        raise Bad("too_large", f"{len(value)} bytes; at most {LARGEST}")
    try:
        whole = loads(value)
    except (ValueError, RecursionError):
        raise Bad("schema", "the whole: this is not JSON") from None
    if not isinstance(whole, dict):
        raise Bad("schema", "the whole: a CloudEvent in structured mode is a JSON object")
    attributes = {name: whole.get(name) or "" for name in ("specversion", "id", "source", "type")}
    checked(attributes)
    if "data" not in whole:
        raise Bad("schema", "data: missing")
    if traceparent and TRACEPARENT.fullmatch(traceparent):
        attributes["traceparent"] = traceparent
    return attributes, _canonical(whole["data"])


def checked(attributes: Mapping[str, Any]) -> None:
    """Raises Bad unless these are CloudEvents 1.0 attributes that we can keep."""
    for name, value in attributes.items():
        if not isinstance(value, str) or not value:
            raise Bad("no_cloudevent", f"attribute {name} is missing")
        if len(value) > 1_000 or "\x00" in value or (not value.isascii() and not _encodes(value)):
            raise Bad("no_cloudevent", f"attribute {name} is too long, or has a character that no text may have")
    if attributes["specversion"] != "1.0":
        raise Bad("no_cloudevent", f"specversion is “{attributes['specversion'][:20]}”, not “1.0”")


def _encodes(text: str) -> bool:
    """False with a lone surrogate, which JSON can write and nothing can store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _headers(pairs: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    try:
        return {name.lower(): value.decode() for name, value in pairs if value is not None}
    except UnicodeDecodeError as error:
        raise Bad("bad_header", f"a header is not UTF-8: {error.reason}") from None


def _canonical(data: Any) -> bytes:
    try:
        return to_json(data)
    except ValueError:
        raise Bad("schema", "data: nested too deeply, or a text that is not valid Unicode") from None
