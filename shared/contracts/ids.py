"""Ids made at the door from a site's own references (HMAC with JITT_ID_KEY), and ids that follow from a cause.

Only these opaque ids enter our topics; without the key nobody can go back to a reference.
"""

import hmac
from datetime import date
from functools import lru_cache
from hashlib import sha1, sha256
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as QuickUUID  # a uuid.UUID in C: made, hashed and written at a tenth of the cost

from shared.settings import settings


def mentor(site_id: str, reference: str) -> UUID:
    return keyed("mentor", site_id, reference)


def mentee(site_id: str, reference: str) -> str:
    return str(keyed("mentee", site_id, reference))


def supervisor(site_id: str, reference: str) -> UUID:
    """For every member of staff: supervisors and site leads."""
    return keyed("supervisor", site_id, reference)


def session(site_id: str, reference: str) -> UUID:
    """Without the mentor: a cancellation names none, and a session may change its mentor."""
    return keyed("session", site_id, reference)


def address(site_id: str, address: str) -> str:
    """Of a mail address, in any case: a site's roster says whose it is, and nobody reads it there."""
    return fingerprint("address", site_id, address.strip().casefold())


def fingerprint(kind: str, site_id: str, text: str) -> str:
    """64 hex digits by which the same text is known again. Remembered nowhere, unlike what `keyed` makes ids of."""
    return hmac.digest(_key(), _words(kind, site_id, text), sha256).hex()


def training(mentor_id: UUID, day: date) -> UUID:
    """One for each mentor and day of sessions, on the mentor's own calendar."""
    return after(mentor_id, f"training/{day.isoformat()}")


@lru_cache(maxsize=50_000)
def keyed(kind: str, site_id: str, reference: str) -> UUID:
    return from_digest(hmac.digest(_key(), _words(kind, site_id, reference), sha256), version=8)


def after(cause: UUID, name: str) -> UUID:
    """The id of the thing that `cause` leads to: the same cause and name give the same id (a uuid5)."""
    return from_digest(sha1(cause.bytes + name.encode(), usedforsecurity=False).digest(), version=5)


def _words(kind: str, site_id: str, text: str) -> bytes:
    return "\x00".join((site_id, kind, text)).encode()


@lru_cache(maxsize=1)
def _key() -> bytes:
    return settings().id_key.get_secret_value().encode()


def from_digest(digest: bytes, version: int) -> UUID:
    """The first 16 bytes of a hash as a UUID of that version."""
    number = bytearray(digest[:16])
    number[6] = number[6] & 0x0F | version << 4
    number[8] = number[8] & 0x3F | 0x80
    return QuickUUID(bytes(number))
