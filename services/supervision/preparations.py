"""A mentor's preparation for one session: plan, training, answers, and the moment its brief is ready. Pure.

Trigger's word on the start wins over every other, in whatever order they come; its clock is the plan's quiz_by.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.supervision import causes
from services.supervision.notices import Notice
from shared.contracts import ids
from shared.contracts.assessment import AnswerRegraded, ItemAnswered, OpenAnswer, TrainingCompleted, TrainingOpened
from shared.contracts.content import AssignedItem, NothingSuitable, TrainingAssigned, TrainingShared
from shared.contracts.event import Due, Event, Refused
from shared.contracts.supervision import BriefReady
from shared.contracts.trigger import SessionPlanned


@dataclass(frozen=True, slots=True)
class Plan:
    """Trigger's word on the session."""

    status: str
    activity: str
    function: str
    mode: str
    minutes: int
    session_no: int
    stage: str
    time_zone: str
    revision: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """Content's word on the training."""

    locale: str
    module_id: str | None
    module_version: int | None
    items: tuple[AssignedItem, ...]


@dataclass(frozen=True, slots=True)
class Preparation:
    """`answers`, `regrades` and `notices` are those of this batch: each is one row, saved once and not loaded again.

    A training that was assigned for another session of the day is known here by its id; what became of it is kept there.
    """

    preparation_id: UUID
    session_id: UUID
    mentor_id: UUID
    site_id: str
    starts_at: datetime
    quiz_by: datetime | None = None
    plan: Plan | None = None
    training_id: UUID | None = None
    assigned: Assigned | None = None
    nothing_suitable: bool = False
    opened_at: datetime | None = None
    last_answer_at: datetime | None = None
    completed_at: datetime | None = None
    late: bool = False
    open_answers: tuple[OpenAnswer, ...] = ()
    ready_at: datetime | None = None
    complete_when_ready: bool | None = None
    answers: tuple[ItemAnswered, ...] = ()
    regrades: tuple[AnswerRegraded, ...] = ()
    notices: tuple[Notice, ...] = field(default=(), compare=False)  # of what was told when, not of what is known

    @property
    def on(self) -> bool:
        return self.plan is None or self.plan.status in ("planned", "held")

    @property
    def due_at(self) -> datetime | None:
        """The brief waits for the answers until quiz_by, and no longer."""
        return self.quiz_by if self.training_id and self.ready_at is None and self.on else None


@dataclass(frozen=True, slots=True)
class Facts:
    """Where a brief becomes ready. `supervisor_id`: whose caseload the mentor is in; `done`: the training is."""

    supervisor_id: UUID | None = None
    done: bool = False


Decided = tuple[Preparation, list[Event]] | Refused


def preparation_id(event: Any) -> UUID:
    """One for each mentor of a session: a session that changes its mentor is prepared twice."""
    return ids.after(event.session_id, str(event.mentor_id))


def begun(found: Preparation | None, event: Any, starts_at: datetime) -> Preparation:
    return found or Preparation(preparation_id(event), event.session_id, event.mentor_id, event.site_id, starts_at)


def planned(found: Preparation | None, event: SessionPlanned, now: datetime, _: Facts) -> Decided:
    if found and found.plan and found.plan.revision >= event.revision:
        return Refused("stale_revision")
    plan = Plan(
        status=event.status,
        activity=event.activity,
        function=event.function,
        mode=event.mode,
        minutes=event.minutes,
        session_no=event.session_no,
        stage=event.stage,
        time_zone=event.time_zone,
        revision=event.revision,
    )
    new = replace(begun(found, event, event.starts_at), plan=plan, starts_at=event.starts_at, quiz_by=event.quiz_by)
    return replace(new, notices=(*new.notices, *causes.of_plan(found, new, now))), []


def assigned(found: Preparation | None, event: TrainingAssigned, now: datetime, _: Facts) -> Decided:
    module_id, version = (event.module.module_id, event.module.version) if event.module else (None, None)
    new = replace(
        begun(found, event, event.starts_at),
        training_id=event.training_id,
        assigned=Assigned(event.locale, module_id, version, event.items),
        nothing_suitable=False,
    )
    return new if new.plan else replace(new, starts_at=event.starts_at, quiz_by=event.quiz_by), []


def shared(found: Preparation | None, event: TrainingShared, now: datetime, _: Facts) -> Decided:
    """Trigger's plan, where it is known, has the better times."""
    new = replace(begun(found, event, event.starts_at), training_id=event.training_id, nothing_suitable=False)
    return new if new.plan else replace(new, starts_at=event.starts_at, quiz_by=event.quiz_by), []


def nothing_suitable(found: Preparation | None, event: NothingSuitable, now: datetime, _: Facts) -> Decided:
    if found and found.assigned:
        return found, []
    return replace(begun(found, event, now), nothing_suitable=True), []


def opened(found: Preparation | None, event: TrainingOpened, now: datetime, _: Facts) -> Decided:
    new = begun(found, event, event.starts_at)
    first = min(new.opened_at, event.opened_at) if new.opened_at else event.opened_at
    return replace(new, training_id=event.training_id, opened_at=first), []


def answered(found: Preparation | None, event: ItemAnswered, now: datetime, _: Facts) -> Decided:
    new = begun(found, event, event.starts_at)
    last = max(new.last_answer_at, event.received_at) if new.last_answer_at else event.received_at
    return replace(new, training_id=event.training_id, last_answer_at=last, answers=(*new.answers, event)), []


def regraded(found: Preparation | None, event: AnswerRegraded, now: datetime, _: Facts) -> Decided:
    """Our partition keeps the order: the answer is here."""
    if found is None:
        return Refused("unknown_answer")
    return replace(found, regrades=(*found.regrades, event)), []


def completed(found: Preparation | None, event: TrainingCompleted, now: datetime, facts: Facts) -> Decided:
    new = replace(
        begun(found, event, event.starts_at),
        training_id=event.training_id,
        completed_at=event.completed_at,
        late=event.late,
        open_answers=event.open_answers,
    )
    return _ready(new, now, facts, complete=True) if new.ready_at is None and new.on else (new, [])


def due(found: Preparation, _: Due, now: datetime, facts: Facts) -> Decided:
    return _ready(found, now, facts, complete=facts.done)


def _ready(found: Preparation, now: datetime, facts: Facts, *, complete: bool) -> tuple[Preparation, list[Event]]:
    assert found.training_id
    ready = BriefReady(
        mentor_id=found.mentor_id,
        site_id=found.site_id,
        supervisor_id=facts.supervisor_id,
        session_id=found.session_id,
        training_id=found.training_id,
        at=now,
        complete=complete,
    )
    told = (*found.notices, *causes.of_brief(found, facts.supervisor_id, now))
    return replace(found, ready_at=now, complete_when_ready=complete, notices=told), [ready]
