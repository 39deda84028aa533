"""What a rule says: that it holds now, of what, and on which evidence."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.contracts.supervision import Severity


@dataclass(frozen=True, slots=True)
class Claim:
    """At most one alert is open per (rule, subject)."""

    subject: str
    evidence: frozenset[str]
    severity: Severity
    session_id: UUID | None = None
    starts_at: datetime | None = None
    time_zone: str = "UTC"
    facts: dict[str, str] = field(default_factory=dict)
