"""A list that somebody sent in by the console, from the look at it to its end. What names people is sealed meanwhile. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Literal
from uuid import UUID

from nacl.exceptions import CryptoError
from nacl.secret import Aead
from pydantic import TypeAdapter, ValidationError

from services.supervision.people_file import Problem
from services.supervision.people_import import Kind, Looked
from shared.settings import settings

State = Literal["looked_at", "confirmed", "done", "dropped", "failed"]
KEPT = 5_000  # problems that a report holds


@dataclass(frozen=True, slots=True)
class Leaving:
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a look found. `too_many`: more than a fifth of the `active` people would leave."""

    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    leaving: tuple[Leaving, ...] = ()
    too_many: bool = False
    active: int = 0


@dataclass(frozen=True, slots=True)
class Upload:
    """`new` to `wrong`: what the look counted; `written`: how many people are in by now; `in_line`: no worker has begun."""

    import_id: UUID
    site_id: str
    by_person: UUID
    by_name: str
    kind: Kind
    file_name: str
    state: State
    new: int
    changed: int
    unchanged: int
    gone: int
    wrong: int
    written: int
    sent_at: datetime
    ended_at: datetime | None = None
    in_line: bool = False

    @property
    def people(self) -> int:
        """How many will be entered, or leave."""
        return self.new + self.changed + self.gone


REPORT = TypeAdapter(Report)


def report(looked: Looked) -> Report:
    leaving = tuple(Leaving(person.name, person.role) for person in looked.compared.gone)
    compared = looked.compared
    return Report(looked.parsed.problems[:KEPT], looked.parsed.notes, leaving, compared.too_many_gone, compared.active)


def sealed_report(found: Report, import_id: UUID) -> bytes:
    return seal(REPORT.dump_json(found), import_id)


def read_report(sealed: bytes | None, import_id: UUID) -> Report | None:
    data = unseal(sealed, import_id)
    try:
        return REPORT.validate_json(data) if data else None
    except ValidationError:
        return None


def seal(data: bytes, import_id: UUID) -> bytes:
    """XChaCha20-Poly1305, bound to its import. It need not outlive a change of JITT_SESSION_KEYS: the list is sent again."""
    return bytes(next(iter(_boxes())).encrypt(data, import_id.bytes))


def unseal(sealed: bytes | None, import_id: UUID) -> bytes | None:
    return next((data for box in _boxes() if sealed and (data := _opened(box, sealed, import_id))), None)


def _opened(box: Aead, sealed: bytes, import_id: UUID) -> bytes | None:
    try:
        return bytes(box.decrypt(sealed, import_id.bytes))
    except CryptoError:
        return None


def _boxes() -> Iterable[Aead]:
    keys = (key.get_secret_value().encode() for key in settings().session_keys)
    return (Aead(blake2b(key, digest_size=Aead.KEY_SIZE, person=b"jitt.imports").digest()) for key in keys)
