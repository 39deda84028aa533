"""Which messages touch which aggregate. Binding only: no SQL, no rules."""

from collections.abc import Iterable
from operator import attrgetter, methodcaller

from services.content import domain, questions, store
from services.content.choices import Facts, ItemKey
from services.content.domain import Learner, Publication
from services.content.messages import ModuleSubmitted, ModuleWithdrawalAsked
from shared.contracts.event import Event
from shared.contracts.supervision import PersonErased
from shared.contracts.trigger import ContentRequested
from shared.messaging import Handler, Read, Reads


def skills_asked(learner: Learner | None, event: Event) -> Iterable[str]:
    return (need.skill for need in event.needs) if isinstance(event, ContentRequested) else ()


def items_asked(learner: Learner | None, event: Event) -> Iterable[ItemKey]:
    choices = learner.choices if learner else ()
    return questions.items_asked(event, choices) if isinstance(event, ContentRequested) else ()


def facts(learner: Learner | None, event: Event, reads: Reads) -> Facts:
    return Facts(reads.get("offers", {}), reads.get("items", {}))


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
    on={
        ContentRequested: (attrgetter("mentor_id"), domain.requested),
        PersonErased: (attrgetter("mentor_id"), domain.erased),
    },
    load=store.load_learners,
    save=store.save_learners,
    reads={
        "offers": Read(skills_asked, store.load_offers),
        "items": Read(items_asked, store.load_items),
    },
    facts=facts,
)
