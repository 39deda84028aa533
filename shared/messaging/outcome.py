"""What became of one message."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Kind = Literal["applied", "duplicate", "refused", "id_reused", "parked", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`cause` is the message's inbox id; `reason` is a code, or the error's text for `failed`."""

    kind: Kind
    cause: UUID
    reason: str | None = None
