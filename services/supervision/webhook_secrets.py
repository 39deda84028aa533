"""Secrets that webhooks are signed with: shown once, kept sealed (XChaCha20-Poly1305). Signatures are those of Standard Webhooks.

The first of JITT_WEBHOOK_KEYS seals; the others still open what they sealed.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import blake2b, sha256

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from shared.settings import DEVELOPMENT_KEY, settings

PREFIX = "whsec_"
BYTES = 32


class NoKey(Exception):
    """Production needs a secret of its own to seal with: set JITT_WEBHOOK_KEYS, such as {"2026-11": "a long random text"}."""


class CannotOpen(Exception):
    """This secret was sealed with a key that is not in JITT_WEBHOOK_KEYS, or its row was changed."""


def new() -> str:
    return PREFIX + b64encode(secrets.token_bytes(BYTES)).decode()


def seal(secret: str, name: str) -> str:
    key_id = next(iter(settings().webhook_keys))
    if settings().mode == "production" and settings().webhook_keys[key_id].get_secret_value() == DEVELOPMENT_KEY:
        raise NoKey(NoKey.__doc__)
    return f"{key_id}:{b64encode(_box(key_id).encrypt(secret.encode(), name.encode())).decode()}"


def unseal(sealed: str, name: str) -> str:
    key_id, _, text = sealed.partition(":")
    if key_id not in settings().webhook_keys:
        raise CannotOpen(f"key {key_id} is not in JITT_WEBHOOK_KEYS")
    try:
        return _box(key_id).decrypt(b64decode(text), name.encode()).decode()
    except (CryptoError, ValueError):
        raise CannotOpen(f"key {key_id} does not open the secret of {name}") from None


def signature(opened: Iterable[str], id: str, timestamp: int, body: bytes) -> str:
    """One for each secret, the newest first: a receiver that knows any of them is content."""
    signed = f"{id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{b64encode(hmac.digest(_key(secret), signed, sha256)).decode()}" for secret in opened)


def _key(secret: str) -> bytes:
    return b64decode(secret.removeprefix(PREFIX))


def _box(key_id: str) -> Aead:
    secret = settings().webhook_keys[key_id].get_secret_value().encode()
    return Aead(blake2b(secret, digest_size=Aead.KEY_SIZE, person=b"jitt.webhooks").digest())
