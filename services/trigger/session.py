"""What a session is: what its site said of it, what we planned, and what has happened. Values only."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.trigger.cancellations import Cancellation
from services.trigger.copies import Mentor, Site, Training
from services.trigger.moments import Moment
from services.trigger.policy import DEFAULT, Policy
from services.trigger.zones import Start
from shared.contracts import ids
from shared.contracts.assessment import SkillRemembered
from shared.contracts.event import Refused
from shared.contracts.site import Mode, Stage
from shared.contracts.trigger import Need
from shared.values import value_object


class Status(StrEnum):
    WAITING = "waiting"
    PLANNED = "planned"
    CANCELLED = "cancelled"
    HELD = "held"
    NOT_HELD = "not_held"
    UNKNOWN_MENTOR = "unknown_mentor"
    UNKNOWN_SITE = "unknown_site"


ON = (Status.PLANNED, Status.HELD)


class Outcome(StrEnum):
    FIRED = "fired"
    SKIPPED = "skipped"  # its time came, but there was nothing to do, or it was too late
    DROPPED = "dropped"  # it will not come


Said = Literal["scheduled", "cancelled", "held", "not_held"]


class Missing(StrEnum):
    MENTOR = "mentor"
    SITE = "site"


@value_object(frozen=True, slots=True)
class Described:
    """A session as its site last told it. `wall` is the start on the clock in `time_zone`: the truth if zones change."""

    mentor_id: UUID
    mentee_ref: str | None
    starts_at: datetime
    wall: datetime
    time_zone: str
    minutes: int
    activity: str
    focus: tuple[str, ...]
    mode: Mode
    match_stage: Stage | None
    revision: int
    source_updated_at: datetime | None
    warnings: tuple[str, ...] = ()


@value_object(frozen=True, slots=True)
class Verdict:
    """The site's last word on a session: cancelled, held or not held, at a revision.

    `cancellation_id`: it was not said of this session alone, but of its whole day, which can be taken back.
    """

    status: Status
    revision: int
    minutes: int | None = None
    cancellation_id: UUID | None = None


@value_object(frozen=True, slots=True)
class Announcement:
    """One thing that a site said of a session. `at` None: the first, whose time is not kept; `refused`: why it does not count.

    `changed` names fields, never what is in them; `starts_at` is the start that it told.
    """

    said: Said
    revision: int
    at: datetime | None = None
    starts_at: datetime | None = None
    changed: tuple[str, ...] = ()
    refused: str | None = None


@value_object(frozen=True, slots=True)
class Waiting:
    """A fact without a safe default has not arrived; looked for again at `at`."""

    missing: Missing
    since: datetime
    at: datetime
    tries: int = 1


@value_object(frozen=True, slots=True)
class Mark:
    """What became of a moment. `at`: when it was to come; None when it was never going to."""

    moment: Moment
    outcome: Outcome
    at: datetime | None
    acted_at: datetime
    why: str | None = None


@value_object(frozen=True, slots=True)
class Next:
    """What this session waits for; `at` is its row's `due_at`."""

    moment: Moment
    at: datetime


@value_object(frozen=True, slots=True)
class Decision:
    """What was decided at the assign moment and by which facts, kept for the session's story. `assumed`: nobody told us."""

    at: datetime
    available: bool
    reason: str
    arm: str
    policy_version: int
    vocabulary_version: int
    needs: tuple[Need, ...] = ()
    recall_only: bool = False
    stage: Stage | None = None
    session_no: int | None = None
    assumed: tuple[str, ...] = ()
    training_id: UUID | None = None  # that was asked for


@value_object(frozen=True, slots=True)
class Turn:
    """One mentor's part in a session that has changed hands; taken up again when it comes back."""

    mentor_id: UUID
    marks: tuple[Mark, ...]
    decision: Decision | None


@value_object(frozen=True, slots=True)
class Session:
    id: UUID
    site_id: str
    described: Described | None = None  # None: cancelled or held before we heard of it
    verdict: Verdict | None = None
    lost: Missing | None = None  # a fact that had not come a day after the start
    plan: int = 0  # ours: +1 whenever what others know of it changes
    stage: Stage = "start"
    session_no: int = 1
    mentor_zone: str = ""
    policy_version: int = 0
    quiz_by: datetime | None = None
    next: Next | None = None
    waiting: Waiting | None = None
    marks: tuple[Mark, ...] = ()
    decision: Decision | None = None
    earlier: tuple[Turn, ...] = ()
    warnings: tuple[str, ...] = ()
    announcements: tuple[Announcement, ...] = ()  # none for what was said once

    @property
    def status(self) -> Status:
        if self.verdict and (self.described is None or self.verdict.revision >= self.described.revision):
            return self.verdict.status
        if self.lost:
            return Status.UNKNOWN_SITE if self.lost is Missing.SITE else Status.UNKNOWN_MENTOR
        return Status.WAITING if self.waiting else Status.PLANNED

    @property
    def due_at(self) -> datetime | None:
        """The earliest of its clocks."""
        if self.waiting:
            return self.waiting.at
        return self.next.at if self.next else None

    @property
    def training_id(self) -> UUID | None:
        """Also the id of the request for content. It stays, however often the session is moved."""
        if self.decision and self.decision.training_id:
            return self.decision.training_id
        return asked_for_alone(self.id, self.described.mentor_id, self.marks) if self.described else None

    @property
    def on(self) -> bool:
        return self.status in ON

    def done(self, moment: Moment) -> Mark | None:
        return mark_of(moment, self.marks)


def mark_of(moment: Moment, marks: Iterable[Mark]) -> Mark | None:
    for mark in marks:
        if mark.moment is moment:
            return mark
    return None


def asked_for_alone(session_id: UUID, mentor_id: UUID, marks: Iterable[Mark]) -> UUID | None:
    """The training of a session that was decided before sessions shared theirs."""
    asked = mark_of(Moment.ASSIGN, marks)
    return ids.after(session_id, "training/" + mentor_id.hex) if asked and asked.outcome is Outcome.FIRED else None


@value_object(frozen=True, slots=True)
class History:
    """The mentor's other sessions that we know of and that were not cancelled."""

    earlier: int = 0
    first_at: datetime | None = None  # with the same mentee, this session aside


NO_HISTORY = History()


@value_object(frozen=True, slots=True)
class Nearby:
    """What a mentor's sessions within a day or so look at in each other. `completed`: the training that was asked for is done."""

    id: UUID
    mentor_id: UUID
    starts_at: datetime
    mentor_zone: str
    on: bool
    marks: tuple[Mark, ...]
    training_id: UUID | None
    completed: bool = False

    def done(self, moment: Moment) -> Mark | None:
        return mark_of(moment, self.marks)


def as_nearby(session: Session, completed: bool = False) -> Nearby:
    """As the others see it."""
    told = session.described
    assert told is not None, "only a session that was told has a mentor"
    return Nearby(session.id, told.mentor_id, told.starts_at, session.mentor_zone, session.on, session.marks, session.training_id,
                  completed)


@value_object(frozen=True, slots=True)
class Told:
    """What the door makes of a site's own words: opaque ids, and the instant."""

    mentor_id: UUID
    mentee_ref: str | None
    start: Start | Refused


@value_object(frozen=True, slots=True)
class Facts:
    """What a decision may look at besides its own session, as of its batch's start."""

    session_id: UUID
    policy: Policy = DEFAULT
    told: Told | None = None
    mentor: Mentor | None = None
    site: Site | None = None
    history: History = NO_HISTORY
    memory: Mapping[str, SkillRemembered] = field(default_factory=dict)  # at the assign moment only
    training: Training | None = None  # at later moments only
    nearby: tuple[Nearby, ...] = ()  # when a moment has come, earliest first
    cancellation: Cancellation | None = None  # where its day is cancelled
