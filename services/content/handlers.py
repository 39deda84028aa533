"""Which messages touch which aggregate. Binding only: no SQL, no rules."""

from collections.abc import Iterable
from operator import attrgetter, methodcaller
from pathlib import Path
from uuid import UUID

from services.content import domain, questions, store
from services.content.choices import Facts, ItemKey
from services.content.domain import Learner, Publication
from services.content.messages import ModuleSubmitted, ModuleWithdrawalAsked
from shared import erasing, privacy
from shared.contracts.content import PersonErasureDone
from shared.contracts.event import Event
from shared.contracts.trigger import ContentRequested
from shared.messaging import Handler, Read, Reads


def skills_asked(learner: Learner | None, event: Event) -> Iterable[str]:
    return (need.skill for need in event.needs) if isinstance(event, ContentRequested) else ()


def items_back(learner: Learner | None, event: Event) -> Iterable[ItemKey]:
    return ((ref.module_id, ref.item_id) for ref in event.returning) if isinstance(event, ContentRequested) else ()


def same_request(learner: Learner | None, event: Event) -> Iterable[tuple[UUID, UUID]]:
    return ((event.mentor_id, event.request_id),) if learner and isinstance(event, ContentRequested) else ()


def looking_back(learner: Learner | None, event: Event) -> Iterable[UUID]:
    if learner and isinstance(event, ContentRequested) and questions.looks_back(event, learner.past):
        yield event.mentor_id


def facts(learner: Learner | None, event: Event, reads: Reads) -> Facts | None:
    if not isinstance(event, ContentRequested):
        return None
    items, known = reads.get("items", {}), reads.get("known", {}).get(event.mentor_id)
    before = reads.get("before", {}).get((event.mentor_id, event.request_id))
    return Facts(reads.get("offers", {}), {**items, **known.items} if known else items, before, known.showings if known else ())


PUBLICATION = Handler[Publication](
    name="publication",
    on={
        ModuleSubmitted: (methodcaller("key"), domain.submitted),
        ModuleWithdrawalAsked: (methodcaller("key"), domain.withdrawal_asked),
    },
    load=store.load_publications,
    save=store.save_publications,
)
LEARNER = Handler[Learner](
    name="learner",
    on={ContentRequested: (attrgetter("mentor_id"), domain.requested)},
    load=store.load_learners,
    save=store.save_learners,
    reads={
        "offers": Read(skills_asked, store.load_offers),
        "items": Read(items_back, store.load_items),
        "before": Read(same_request, store.load_chosen),
        "known": Read(looking_back, store.load_known),
    },
    facts=facts,
)
KEEPS = privacy.load(Path(__file__).parent)
ERASURE = erasing.handler(KEEPS, lambda event: [PersonErasureDone(mentor_id=event.mentor_id)])
