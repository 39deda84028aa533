"""What people do to a mentor's clearances: sign off, revoke, take back. Each leads to roster, ledger and rules. Pure."""

from datetime import datetime

from services.supervision import cases, ledger
from services.supervision.cases import Decided, Facts
from services.supervision.domain import MentorCase
from services.supervision.messages import ClearanceRevoked, ClearanceSignedOff, ClearanceUndone
from shared.contracts.event import Refused


def signed_off(case: MentorCase | None, event: ClearanceSignedOff, now: datetime, facts: Facts) -> Decided:
    if case is None or not case.enrolled or case.status == "left":
        return Refused("unknown_mentor")
    return _settled(case, ledger.signed_off(case, event, now, facts.evidence), now)


def revoked(case: MentorCase | None, event: ClearanceRevoked, now: datetime, _: Facts) -> Decided:
    if case is None or not case.enrolled:
        return Refused("unknown_mentor")
    return _settled(case, ledger.revoked(case, event, now), now)


def undone(case: MentorCase | None, event: ClearanceUndone, now: datetime, _: Facts) -> Decided:
    """By whoever did it."""
    mark = next((m for m in case.history.marks if m.mark_id == event.mark_id and m.by == event.by), None) if case else None
    if case is None or mark is None:
        return Refused("too_late_to_undo")
    return _settled(case, ledger.undone(case, mark, now), now)


def _settled(case: MentorCase, new: ledger.Changed, now: datetime) -> Decided:
    return new if isinstance(new, Refused) else cases.settled(case, new, now)
