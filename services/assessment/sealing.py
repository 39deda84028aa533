"""Open answers are sealed (XChaCha20-Poly1305) before they enter a message, and opened only for a brief.

The first of JITT_ANSWER_KEYS seals; the others still open what they sealed. A text cannot be moved to another question.
"""

from base64 import b64encode
from hashlib import blake2b
from uuid import UUID

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from services.assessment.store import SealedAnswer
from services.assessment.training import Sealed
from shared.settings import settings


class CannotOpen(Exception):
    """This answer was sealed with a key that is not in JITT_ANSWER_KEYS, or its row was changed."""


def seal(text: str, training_id: UUID, number: int) -> Sealed:
    key_id = next(iter(settings().answer_keys))
    sealed = _box(key_id).encrypt(text.encode(), _place(training_id, number))
    return Sealed(key_id=key_id, sealed=b64encode(sealed).decode())


def unseal(answer: SealedAnswer, training_id: UUID) -> str:
    if answer.key_id not in settings().answer_keys:
        raise CannotOpen(f"key {answer.key_id} is not in JITT_ANSWER_KEYS")
    try:
        return _box(answer.key_id).decrypt(answer.sealed, _place(training_id, answer.number)).decode()
    except CryptoError:
        raise CannotOpen(f"key {answer.key_id} does not open question {answer.number} of {training_id}") from None


def _box(key_id: str) -> Aead:
    secret = settings().answer_keys[key_id].get_secret_value().encode()
    return Aead(blake2b(secret, digest_size=Aead.KEY_SIZE, person=b"jitt.answers").digest())


def _place(training_id: UUID, number: int) -> bytes:
    return f"{training_id}/{number}".encode()
