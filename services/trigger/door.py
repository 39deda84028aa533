"""From an HTTP request to events: CloudEvents 1.0 in binary, structured and batch mode, and plain words for what is wrong.

What can be seen to be wrong before an event is accepted is answered at once and claims nothing, so that the same id may be
sent again, corrected.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache, partial
from json import loads
from typing import TypeGuard
from urllib.parse import unquote
from zoneinfo import available_timezones

from pydantic_core import to_json

from services.trigger import zones
from services.trigger.tenants import Publisher
from shared.contracts.event import Event, Refused
from shared.contracts.site import SessionCancelled, SessionHeld, SessionScheduled
from shared.contracts.vocabulary import vocabulary
from shared.messaging.message import LARGEST, Bad, checked, parse, structured

TYPES: dict[str, type[Event]] = {event.TYPE: event for event in (SessionScheduled, SessionCancelled, SessionHeld)}
STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
MOST = 1_000  # events in one batch
ATTRIBUTES = ("specversion", "id", "source", "type")


@dataclass(frozen=True, slots=True)
class Sent:
    """One readable event with its CloudEvents attributes."""

    id: str
    source: str
    event: SessionScheduled | SessionCancelled | SessionHeld


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why an event is not accepted: an HTTP status, a code for programs, and a sentence that says what to do."""

    status: int
    reason: str
    words: str
    id: str | None = None
    source: str | None = None


def read_one(headers: Mapping[str, str], body: bytes, publisher: Publisher) -> Sent | Wrong:
    """Structured or binary mode, as the content type says."""
    if media_type(headers) == STRUCTURED:
        return _read(partial(structured, body), publisher, _named(body))
    return _read(lambda: (_binary(headers), body), publisher, headers)


def read_batch(body: bytes, publisher: Publisher) -> list[Sent | Wrong] | Wrong:
    """Each event on its own: one that is wrong does not hold up the others."""
    try:
        found = loads(body)
    except (ValueError, RecursionError):
        return Wrong(422, "schema", "This is not JSON. A batch is a JSON array of events.")
    if not isinstance(found, list):
        return Wrong(422, "schema", f"A batch is a JSON array of events. For a single event use {STRUCTURED}.")
    if len(found) > MOST:
        return Wrong(413, "too_large", f"{len(found)} events in one batch; at most {MOST}. Send them in several.")
    return list(_each(found, publisher))


def media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _each(found: list[object], publisher: Publisher) -> Iterator[Sent | Wrong]:
    for one in found:
        try:
            body = to_json(one)
        except ValueError:
            yield Wrong(422, "schema", "A text is not valid Unicode.")
        else:
            yield _read(partial(structured, body), publisher, _attributes(one))


def _read(take: Callable[[], tuple[dict[str, str], bytes]], publisher: Publisher, named: Mapping[str, str]) -> Sent | Wrong:
    try:
        attributes, data = take()
        if not all(_unicode(value) for value in attributes.values()):
            raise Bad("no_cloudevent", "an attribute is not valid Unicode")
        return _accepted(attributes, data, publisher)
    except Bad as bad:
        status = 413 if bad.reason == "too_large" else 422
        name = named.get("ce-id"), named.get("ce-source")
        return Wrong(status, bad.reason, _sentence(bad), *name)


def _accepted(attributes: Mapping[str, str], data: bytes, publisher: Publisher) -> Sent | Wrong:
    id, source = attributes["id"], attributes["source"]
    wants = TYPES.get(attributes["type"])
    if wants is None:
        words = f"type: “{attributes['type']}” is no type that a publisher can send. Use one of {', '.join(sorted(TYPES))}."
        return Wrong(422, "unknown_type", words, id, source)
    event = parse(wants, data)
    assert isinstance(event, SessionScheduled | SessionCancelled | SessionHeld)
    if event.site_id not in publisher.sites:
        return Wrong(403, "not_your_site", not_your_site(publisher.name, event.site_id), id, source)
    fault = unplannable(event) if isinstance(event, SessionScheduled) else None
    return Wrong(422, *fault, id, source) if fault else Sent(id, source, event)


def not_your_site(publisher: str, site_id: str) -> str:
    return f"site_id: {publisher} may not speak for “{site_id}”. Check the id, or ask for the site to be added."


def unplannable(event: SessionScheduled) -> tuple[str, str] | None:
    """Why no session like this can ever be planned, whatever else we know."""
    words = vocabulary()
    if event.activity not in words.activities and event.activity not in words.scope_3:
        like = get_close_matches(event.activity, words.activities, 1)
        hint = f"Did you mean {like[0]}?" if like else f"Use one of {', '.join(words.activities)}."
        return "unknown_activity", f"activity: “{event.activity}” is not an activity we know. {hint}"
    start = zones.told(event.starts_at, event.time_zone)
    if start == zones.UNKNOWN_ZONE:
        like = get_close_matches(event.time_zone, _zone_names(), 1, 0.7)
        hint = f"Did you mean {like[0]}?" if like else "Use an IANA name such as America/Chicago."
        return "unknown_time_zone", f"time_zone: “{event.time_zone}” is not a time zone we know. {hint}"
    if isinstance(start, Refused):
        return "start_out_of_range", "starts_at: the year must lie between 1971 and 2199."
    return None


@lru_cache(maxsize=1)
def _zone_names() -> list[str]:
    return sorted(available_timezones())


def _binary(headers: Mapping[str, str]) -> dict[str, str]:
    attributes = {name: unquote(headers.get(f"ce-{name}", "")) for name in ATTRIBUTES}
    checked(attributes)
    return attributes


def _named(body: bytes) -> dict[str, str]:
    """The id and source of a structured event, for an answer about one that is wrong elsewhere."""
    if len(body) > LARGEST:
        return {}
    try:
        return _attributes(loads(body))
    except (ValueError, RecursionError):
        return {}


def _attributes(one: object) -> dict[str, str]:
    found = one if isinstance(one, dict) else {}
    return {f"ce-{name}": value for name in ("id", "source") if _unicode(value := found.get(name))}


def _unicode(value: object) -> TypeGuard[str]:
    """JSON can write half of a character, which nothing else can hold."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _sentence(bad: Bad) -> str:
    hints = {
        "no_cloudevent": " Send a CloudEvent 1.0: its attributes as ce-… headers, or the content type " + STRUCTURED + ".",
        "too_large": " Send less in one event.",
        "nul_in_text": " Leave it out.",
    }
    return f"{bad.detail}.{hints.get(bad.reason, '')}"
