"""Signed links, cookies and internal tokens. Each kind has its own salt and keys; the first key signs, the others still read.

Nothing here reads a clock: `now` and `expires_at` are arguments.
"""

import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID

from itsdangerous import BadData, Signer, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode
from pydantic import SecretStr

from shared.settings import settings

Kind = Literal["training", "check_in", "record", "calendar", "mail"]
KINDS: tuple[Kind, ...] = ("training", "check_in", "record", "calendar", "mail")  # a link says its place in here: only ever add
SESSION_COOKIE = "jitt_session"  # supervision signs it; every service reads it (its full name: `cookie_name`)
PLATFORM = "platform"  # the role of those who run the network; bound to no site, it opens no page about people
LEAD = "site_lead"
AUTHOR = "author"  # the role of those who write trainings; of no site either
FIGURES = "network"  # the role of those who look at figures of the whole network, and at nothing else
OF_NO_SITE = frozenset({PLATFORM, AUTHOR, FIGURES})
LAYOUT = struct.Struct(">B16s16sIQ")  # kind, id, mentor, epoch, expiry: binary keeps a link in one line of a mail


def cookie_name(name: str, url: str) -> str:
    """Of a cookie, where the console is at `url`. Over https browsers then refuse one that another host has set."""
    return f"__Host-{name}" if url.startswith("https:") else name


@dataclass(frozen=True, slots=True)
class Link:
    """What a mentor's link opens; `epoch` is the roster's, so that a new one revokes every link before it.

    `id` is that of the training or check-in; a record, a calendar and what mails one gets are the mentor's, and have that id.
    """

    kind: Kind
    id: UUID
    mentor_id: UUID
    epoch: int


@dataclass(frozen=True, slots=True)
class Expired:
    link: Link


@dataclass(frozen=True, slots=True)
class Forged:
    """Not one of ours, or not whole."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed in to the console, and what they may see."""

    person_id: UUID
    roles: frozenset[str]
    sites: frozenset[str]


@dataclass(frozen=True, slots=True)
class Internal:
    """One service asks another for one thing about one training, on behalf of one person."""

    subject: str
    training_id: UUID
    by: UUID


def mint_link(link: Link, expires_at: datetime) -> str:
    """About 100 characters, all safe in a path; always holds one dot."""
    body = LAYOUT.pack(KINDS.index(link.kind), link.id.bytes, link.mentor_id.bytes, link.epoch, _seconds(expires_at))
    return _link_signer().sign(base64_encode(body)).decode()


def read_link(token: str, now: datetime) -> Link | Expired | Forged:
    if not _as_signed(token):
        return Forged()
    try:
        kind, id_, mentor, epoch, expiry = LAYOUT.unpack(base64_decode(_link_signer().unsign(token)))
        link = Link(KINDS[kind], UUID(bytes=id_), UUID(bytes=mentor), epoch)
    except (BadData, struct.error, ValueError, IndexError):
        return Forged()
    return link if _seconds(now) < expiry else Expired(link)


def mint_session(signed: Signed, expires_at: datetime) -> str:
    values = [str(signed.person_id), sorted(signed.roles), sorted(signed.sites), _seconds(expires_at)]
    return _serializer(settings().session_keys, "session").dumps(values)


def read_session(cookie: str, now: datetime) -> Signed | None:
    values = _values(settings().session_keys, "session", cookie, now)
    return Signed(UUID(values[0]), frozenset(values[1]), frozenset(values[2])) if values else None


def mint_begun(values: Sequence[str], expires_at: datetime) -> str:
    """What the browser keeps while its user signs in elsewhere."""
    return _serializer(settings().session_keys, "sign-in").dumps([*values, _seconds(expires_at)])


def read_begun(cookie: str, now: datetime) -> list[str] | None:
    return _values(settings().session_keys, "sign-in", cookie, now)


def form_token(person_id: UUID) -> str:
    """Stands in every form of this person's pages, so that no other site can send one."""
    return _form_token(person_id, settings().session_keys[0])


def is_form_token(token: str, person_id: UUID) -> bool:
    return any(hmac.compare_digest(token.encode(), _form_token(person_id, key).encode()) for key in settings().session_keys)


def mint_internal(subject: str, training_id: UUID, by: UUID, expires_at: datetime) -> str:
    values = [subject, str(training_id), str(by), _seconds(expires_at)]
    return _serializer(settings().internal_keys, "internal").dumps(values)


def read_internal(token: str, now: datetime) -> Internal | None:
    values = _values(settings().internal_keys, "internal", token, now)
    return Internal(values[0], UUID(values[1]), UUID(values[2])) if values else None


def _values(keys: Sequence[SecretStr], salt: str, token: str, now: datetime) -> list[str] | None:
    """What was signed without its expiry; None when it is forged or too old."""
    if not _as_signed(token):
        return None
    try:
        *values, expiry = _serializer(keys, salt).loads(token)
    except (BadData, ValueError):
        return None
    return values if _seconds(now) < expiry else None


def _as_signed(token: str) -> bool:
    """Base64 has several spellings of the same bytes, and itsdangerous reads them all; we only ever wrote one."""
    signature = token.rpartition(".")[2]
    try:
        return base64_encode(base64_decode(signature)).decode() == signature
    except (BadData, ValueError):
        return False


def _form_token(person_id: UUID, key: SecretStr) -> str:
    return hmac.new(key.get_secret_value().encode(), b"jitt.form " + person_id.bytes, sha256).hexdigest()[:40]


def _link_signer() -> Signer:
    return Signer(_oldest_first(settings().link_keys), salt="jitt.link", key_derivation="hmac", digest_method=sha256)


def _serializer(keys: Sequence[SecretStr], salt: str) -> URLSafeSerializer:
    strong = {"key_derivation": "hmac", "digest_method": sha256}
    return URLSafeSerializer(_oldest_first(keys), salt=f"jitt.{salt}", signer_kwargs=strong)


def _oldest_first(keys: Sequence[SecretStr]) -> list[str]:
    return [key.get_secret_value() for key in reversed(keys)]


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
