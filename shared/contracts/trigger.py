"""What trigger publishes: sessions as everyone else sees them, decisions, and what is asked for at each moment."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.event import Event, Part
from shared.contracts.site import Mode, Stage

TOPIC = "trigger.events"
SessionStatus = Literal["planned", "cancelled", "held", "not_held", "moved_away"]
NeedReason = Literal["never_trained", "fading", "missed_last_time", "clearance_gap"]


class SessionPlanned(Event):
    """The current state of a session, whole, whenever it changes."""

    TYPE = "trigger.session_planned.v1"
    TOPIC = TOPIC

    session_id: UUID
    site_id: str
    mentor_id: UUID
    mentee_ref: str | None = None
    starts_at: AwareDatetime = Field(description="UTC")
    time_zone: str
    minutes: int
    activity: str
    function: str
    focus: tuple[str, ...] = ()
    mode: Mode = "in_person"
    stage: Stage = "start"
    session_no: int = Field(1, description="the mentor's nth known session, cancelled ones not counted")
    quiz_by: AwareDatetime
    status: SessionStatus = "planned"
    revision: int = Field(description="the plan's number: +1 whenever this session's plan changes")
    changed_at: AwareDatetime | None = Field(None, description="when the plan changed to this; None: not told")


class SessionCalledOff(Event):
    """A session was cancelled with its whole day. session_planned says so too; this says with which day, and why."""

    TYPE = "trigger.session_called_off.v1"
    TOPIC = TOPIC

    cancellation_id: UUID = Field(description="of the day or days; the same for every session of theirs")
    session_id: UUID
    mentor_id: UUID
    site_id: str
    starts_at: AwareDatetime
    first_day: date = Field(description="on the site's calendar")
    day_after: date = Field(description="the first day that is not called off")
    reason: Literal["snow_day", "holiday", "staff_absence", "other"]


class SessionBroughtBack(Event):
    """It is no longer called off with its day: that was taken back, or the site has said something else of it since."""

    TYPE = "trigger.session_brought_back.v1"
    TOPIC = TOPIC

    cancellation_id: UUID
    session_id: UUID
    mentor_id: UUID
    site_id: str


class Arm(Part):
    name: str
    probability: float = Field(ge=0, le=1)


class DecisionMade(Event):
    """The assign moment of one session: what was known, what could have been done, what was done."""

    TYPE = "trigger.decision_made.v1"
    TOPIC = TOPIC

    decision_id: UUID
    session_id: UUID
    mentor_id: UUID
    site_id: str
    at: AwareDatetime
    experiment: str | None = None
    available: bool
    reason: str = Field(description="why available or not, a code")
    arms: tuple[Arm, ...]
    arm: str
    policy_version: int
    vocabulary_version: int
    stage: Stage
    session_no: int
    activity: str
    top_need: float | None = Field(None, description="0 to about 2, the largest need; None without any")
    training_id: UUID | None = Field(None, description="what was asked for; a mentor's sessions on one day share one")


class Need(Part):
    skill: str
    need: float
    reason: NeedReason
    predicted_recall: float | None = Field(None, ge=0, le=1, description="None: never trained")


class ItemRef(Part):
    module_id: str
    version: int
    item_id: str


class ContentRequested(Event):
    TYPE = "trigger.content_requested.v1"
    TOPIC = TOPIC

    request_id: UUID = Field(description="the training's id: one for each mentor and day, however many sessions ask for it")
    session_id: UUID
    mentor_id: UUID
    site_id: str
    starts_at: AwareDatetime
    time_zone: str
    quiz_by: AwareDatetime
    training_minutes: int = Field(5, ge=1, le=5)
    locale: str = "en"
    stage: Stage
    activity: str
    mode: Mode = "in_person"
    site_variables: tuple[str, ...] = Field((), description="names that the site has filled in")
    open_safety_skills: tuple[str, ...] = ()
    needs: tuple[Need, ...] = Field((), max_length=3, description="largest first; empty asks for recall only")
    recall_only: bool = False
    fading: tuple[str, ...] = Field(
        (), description="for recall only: skills the mentor was trained in, lowest recall at the session's start first"
    )
    returning: tuple[ItemRef, ...] = Field((), description="items to bring back, in this order")
    assumed: tuple[str, ...] = Field((), description="facts that were defaulted")


class NudgeRequested(Event):
    TYPE = "trigger.nudge_requested.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID
    training_id: UUID | None = None
    moment: Literal["nudge", "last_call", "check_in"]


class TrainingOverdue(Event):
    """quiz_by has passed and the training is not completed (rule training_not_done)."""

    TYPE = "trigger.training_overdue.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID
    training_id: UUID
    starts_at: AwareDatetime
    assigned_at: AwareDatetime
    activity: str


class PersonErasureDone(Event):
    """The receipt: nothing about this person is left in trigger's tables but the id."""

    TYPE = "trigger.person_erasure_done.v1"
    TOPIC = TOPIC

    mentor_id: UUID

    def whom(self) -> None:
        """A receipt is always taken."""
