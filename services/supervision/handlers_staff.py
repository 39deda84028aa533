"""Which messages touch a supervisor's Mondays and absences. Binding only: no SQL, no rules."""

from typing import Any
from uuid import UUID

from services.supervision import absences, digests, store_absences, store_digests
from services.supervision.absences import Absence
from services.supervision.digests import Digest
from services.supervision.messages import AbsenceEnded, AbsenceSet, PersonLeft, PersonListed
from shared.contracts.event import Due
from shared.messaging import Clock, Handler, Read, Reads


def person_id(event: PersonListed | PersonLeft) -> UUID:
    return event.person_id


def absence_id(event: AbsenceSet | AbsenceEnded) -> UUID:
    return event.absence_id


def whose_monday(state: Digest | None, event: Any) -> list[UUID]:
    return [state.person_id] if state and isinstance(event, Due) else []


def digest_facts(state: Digest | None, event: Any, reads: Reads) -> digests.Facts:
    whose = whose_monday(state, event)
    return digests.Facts(reads["waiting"].get(whose[0], ())) if whose else digests.Facts()


DIGEST = Handler[Digest](
    name="digest",
    on={PersonListed: (person_id, digests.listed), PersonLeft: (person_id, digests.left)},
    load=store_digests.load_digests,
    save=store_digests.save_digests,
    reads={"waiting": Read(whose_monday, store_digests.load_waiting)},
    facts=digest_facts,
    clock=Clock(
        store_digests.due_digests, digests.due, store_digests.rest_digests, lambda d: d.due_at, store_digests.OVERDUE,
    ),
)  # fmt: skip
ABSENCE = Handler[Absence](
    name="absence",
    on={AbsenceSet: (absence_id, absences.entered), AbsenceEnded: (absence_id, absences.ended)},
    load=store_absences.load_absences,
    save=store_absences.save_absences,
)
