"""Erasing people: the receipts of all services, and supervision's own part. Binding only."""

from operator import attrgetter
from pathlib import Path

from services.supervision import erasures, store_erasures
from services.supervision.erasures import Erasure
from services.supervision.messages import ErasureAsked
from shared import erasing, privacy
from shared.contracts import assessment, content, trigger
from shared.contracts.event import Event
from shared.contracts.supervision import MentorForgotten, PersonErased, PersonErasureDone
from shared.messaging import Clock, Handler

KEEPS = privacy.load(Path(__file__).parent)


def receipt(event: PersonErased) -> list[Event]:
    """The roster forgets a mentor at once."""
    done = PersonErasureDone(mentor_id=event.mentor_id)
    return [done, MentorForgotten(mentor_id=event.mentor_id)] if event.role == "mentor" else [done]


RECEIPTS = Handler[Erasure](
    name="erasure_receipts",
    on={
        ErasureAsked: (attrgetter("person_id"), erasures.asked),
        PersonErased: (attrgetter("mentor_id"), erasures.erased),
        trigger.PersonErasureDone: (attrgetter("mentor_id"), erasures.done_by("trigger")),
        content.PersonErasureDone: (attrgetter("mentor_id"), erasures.done_by("content")),
        assessment.PersonErasureDone: (attrgetter("mentor_id"), erasures.done_by("assessment")),
    },
    load=store_erasures.load,
    save=store_erasures.save,
    clock=Clock(store_erasures.due, erasures.due, store_erasures.rest, attrgetter("due_at"), store_erasures.OVERDUE),
)
ERASURE = erasing.handler(KEEPS, receipt, store_erasures.erase_inside)
