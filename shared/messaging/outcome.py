"""What became of one message."""

from typing import Literal
from uuid import UUID

from shared.values import value_object

Kind = Literal["applied", "duplicate", "refused", "id_reused", "parked", "failed"]


@value_object(frozen=True, slots=True)
class Outcome:
    """`cause` is the message's inbox id; `reason` is a code, or the error's text for `failed`."""

    kind: Kind
    cause: UUID
    reason: str | None = None
