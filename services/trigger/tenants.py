"""A publisher is a credential with the list of sites it may speak for: the tenant boundary."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.trigger.messages import (
    OldTokensRevoked,
    PublisherAdded,
    PublisherPaused,
    PublisherRemoved,
    PublisherSitesChanged,
    TokenIssued,
)
from shared.contracts.event import Event, Refused

TOKENS = 4  # as many may be in use at once, so that one can be replaced without an outage
MOST_SITES = 20_000
MOST_TOPICS = 300  # of publishers' own: one consumer group reads them all, and Kafka keeps a group as one record of a megabyte
Decided = tuple["Credential", list[Event]] | Refused


@dataclass(frozen=True, slots=True)
class Publisher:
    """What the door asks: who speaks, for which sites, and whether it is paused."""

    name: str
    sites: frozenset[str]
    kafka: bool  # speaks through a topic of its own, in.<name>; else over HTTPS with a token
    paused: bool


@dataclass(frozen=True, slots=True)
class Credential:
    """A publisher as it is kept; `token_hashes` are sha256, the newest last."""

    name: str
    sites: tuple[str, ...]
    kafka: bool
    token_hashes: tuple[bytes, ...]
    added_at: datetime
    paused_at: datetime | None = None
    paused_why: str = ""


def added(state: Credential | None, event: PublisherAdded, now: datetime, _: object) -> Decided:
    if state is not None:
        return Refused("name_taken")
    tokens = (bytes.fromhex(event.token_sha256),) if event.token_sha256 else ()
    return Credential(event.name, tuple(sorted(set(event.sites))), event.kafka, tokens, now), []


def paused(state: Credential | None, event: PublisherPaused, now: datetime, _: object) -> Decided:
    if state is None:
        return Refused("unknown_publisher")
    if event.paused is (state.paused_at is not None):
        return state, []
    return replace(state, paused_at=now if event.paused else None, paused_why=event.why if event.paused else ""), []


def removed(state: Credential | None, event: PublisherRemoved, now: datetime, _: object) -> Decided:
    return (replace(state, token_hashes=()), []) if state else Refused("unknown_publisher")


def token_issued(state: Credential | None, event: TokenIssued, now: datetime, _: object) -> Decided:
    if state is None:
        return Refused("unknown_publisher")
    before = () if event.only else state.token_hashes
    return replace(state, token_hashes=(*before, bytes.fromhex(event.token_sha256))[-TOKENS:]), []


def old_tokens_revoked(state: Credential | None, event: OldTokensRevoked, now: datetime, _: object) -> Decided:
    if state is None:
        return Refused("unknown_publisher")
    return (replace(state, token_hashes=state.token_hashes[-1:]), []) if len(state.token_hashes) > 1 else Refused("no_old_token")


def sites_changed(state: Credential | None, event: PublisherSitesChanged, now: datetime, _: object) -> Decided:
    if state is None:
        return Refused("unknown_publisher")
    if not set(event.removed) <= set(state.sites):
        return Refused("not_its_site")
    sites = (set(state.sites) | set(event.added)) - set(event.removed)
    if not 0 < len(sites) <= MOST_SITES:
        return Refused("too_many_sites" if sites else "no_sites_left")
    return replace(state, sites=tuple(sorted(sites))), []
