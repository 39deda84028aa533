"""Which messages touch which aggregate. Binding only: no SQL, no rules."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from services.assessment import domain, memory, store
from services.assessment.domain import Facts, Training
from services.assessment.memory import Skill
from services.assessment.messages import (
    Answered,
    AnswerShown,
    CallPressed,
    CardRead,
    OpenAnswered,
    Started,
    TalkPreferred,
)
from services.assessment.modules import item_of, module_keys
from services.assessment.store import Catalogued
from shared.contracts.assessment import ItemAnswered
from shared.contracts.content import ModulePublished, ModuleWithdrawn, TrainingAssigned, TrainingShared
from shared.contracts.event import Event, Refused
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.trigger import SessionPlanned
from shared.messaging import Handler, Read, latest
from shared.messaging.handler import Decided, Reads

E = TypeVar("E", bound=Event)


def catalogued(known: Catalogued | None, event: Catalogued, now: datetime, facts: object) -> Decided[Catalogued]:
    """A version never changes, only whether it is withdrawn; its partition keeps the order."""
    return event, []


def kept(known: E | None, event: E, now: datetime, facts: object) -> Decided[E]:
    return (event, []) if latest(known, event) else Refused("stale_revision")


def module_key(event: Catalogued) -> str:
    return event.key()


def training_id(event: Any) -> UUID:
    id_: UUID = event.training_id
    return id_


def skill_id(event: ItemAnswered) -> UUID:
    return memory.skill_id(event.mentor_id, event.skill)


def sessions(training: Training | None, event: Any) -> Iterable[UUID]:
    return training.session_ids if training else ()


def modules(training: Training | None, event: Any) -> Iterable[str]:
    number = getattr(event, "number", None)
    if training is None or number is None or isinstance(event, CardRead):
        return []
    return module_keys(training.assigned, number)


def facts(training: Training | None, event: Any, reads: Reads) -> Facts:
    if training is None:
        return Facts()
    number = getattr(event, "number", None)
    item = item_of(training.assigned, number, reads["modules"]) if number and "modules" in reads else None
    planned = reads.get("sessions", {})
    return Facts(sessions=tuple(planned[id] for id in training.session_ids if id in planned), item=item)


MODULE = Handler[Catalogued](
    name="module",
    on={ModulePublished: (module_key, catalogued), ModuleWithdrawn: (module_key, catalogued)},
    load=store.load_modules,
    save=store.save_modules,
    projection=True,
)
SESSION = Handler[SessionPlanned](
    name="planned_session",
    on={SessionPlanned: (lambda event: event.session_id, kept)},
    load=store.load_sessions,
    save=store.save_sessions,
    projection=True,
)
ROSTER = Handler[MentorEnrolled](
    name="roster",
    on={MentorEnrolled: (lambda event: event.mentor_id, kept)},
    load=store.load_roster,
    save=store.save_roster,
    projection=True,
)
SITE = Handler[SiteDescribed](
    name="site",
    on={SiteDescribed: (lambda event: event.site_id, kept)},
    load=store.load_sites,
    save=store.save_sites,
    projection=True,
)
TRAINING = Handler[Training](
    name="training",
    on={
        TrainingAssigned: (training_id, domain.assigned),
        TrainingShared: (training_id, domain.shared),
        Started: (training_id, domain.started),
        CardRead: (training_id, domain.card_read),
        Answered: (training_id, domain.answered),
        AnswerShown: (training_id, domain.answer_shown),
        OpenAnswered: (training_id, domain.open_answered),
        TalkPreferred: (training_id, domain.talk_preferred),
        CallPressed: (training_id, domain.call_pressed),
    },
    load=store.load_trainings,
    save=store.save_trainings,
    reads={"sessions": Read(sessions, store.find_sessions), "modules": Read(modules, store.find_modules)},
    facts=facts,
)
SKILL = Handler[Skill](
    name="skill",
    on={ItemAnswered: (skill_id, memory.item_answered)},
    load=store.load_skills,
    save=store.save_skills,
)
HANDLERS = (MODULE, SESSION, ROSTER, SITE, TRAINING, SKILL)  # the order in which rows are locked
