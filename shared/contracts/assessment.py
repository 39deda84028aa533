"""What assessment publishes: answers, finished trainings, and the memory of each skill."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.event import Event, Part

TOPIC = "assessment.events"
Confidence = Literal["guess", "think_so", "sure"]
ReportKind = Literal["unclear", "wrong", "not_my_situation"]
Done = Literal["did", "partly", "no"]
Feeling = Literal["not_really", "somewhat", "very"]
Readiness = Literal["not_really", "somewhat", "ready"]
WantsToTalk = Literal["no", "week", "today"]
SECONDS = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)  # a finer time would say more about a person than about a question


class TrainingOpened(Event):
    TYPE = "assessment.training_opened.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID
    training_id: UUID
    starts_at: AwareDatetime
    opened_at: AwareDatetime


class ItemAnswered(Event):
    TYPE = "assessment.item_answered.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID
    starts_at: AwareDatetime
    training_id: UUID
    module_id: str
    version: int
    item_id: str
    skill: str
    kind: str
    attempt: Literal[1, 2] = Field(description="1 is the first try, which counts; 2 is the one retry")
    chosen: tuple[str, ...] = Field((), description="option ids")
    shown: bool = Field(False, description="asked for the answer instead of trying again")
    correct: bool
    mistakes: tuple[str, ...] = ()
    offered_mistakes: tuple[str, ...] = Field((), description="every mistake code that this item offers")
    confidence: Confidence | None = None
    safety_critical: bool = False
    answered_at: AwareDatetime
    received_at: AwareDatetime
    late: bool = Field(False, description="received after quiz_by, whenever it was answered")
    locale: str | None = Field(None, description="the language in which the item was asked")
    returning: bool = Field(False, description="the item came back from an earlier training")
    seconds: int | None = Field(
        None,
        description="from the question's page to the first try, by the server's clock, rounded up to one of 5, 10, 15, 20, 30, "
        "45, 60, 90, 120, 180, 300, 600; None for a retry and for a page that was left open longer",
    )


class AnswerRegraded(Event):
    """A corrected key changed the result of one try. What it was before stays in assessment's history."""

    TYPE = "assessment.answer_regraded.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID
    starts_at: AwareDatetime
    training_id: UUID
    module_id: str
    locale: str
    version: int = Field(description="in which the question was wrong")
    corrected_version: int
    item_id: str
    skill: str
    attempt: Literal[1, 2]
    chosen: tuple[str, ...] = ()
    correct_before: bool
    correct: bool
    mistakes_before: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()
    confidence: Confidence | None = None
    safety_critical: bool = False
    reason: str = Field(max_length=200, description="what changed, in the author's words")
    answered_at: AwareDatetime
    corrected_at: AwareDatetime
    regraded_at: AwareDatetime


class CompletedItem(Part):
    module_id: str
    version: int
    item_id: str
    first_try: bool
    recovered: bool = Field(description="right at the retry")
    returning: bool = Field(False, description="the item came back from an earlier training")


class OpenAnswer(Part):
    item_id: str
    state: Literal["written", "rather_talk"]


class TrainingCompleted(Event):
    TYPE = "assessment.training_completed.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID
    starts_at: AwareDatetime
    training_id: UUID
    items: tuple[CompletedItem, ...]
    open_answers: tuple[OpenAnswer, ...] = Field((), description="never the text")
    completed_at: AwareDatetime
    late: bool = False
    module_id: str | None = Field(None, description="the module that was shown; None for a recall")
    version: int | None = None
    locale: str | None = Field(None, description="the language of the training")


class ReadinessTold(Event):
    """How ready a mentor feels after a training, if they say so: one tap. The newest counts."""

    TYPE = "assessment.readiness_told.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID
    starts_at: AwareDatetime
    training_id: UUID
    ready: Readiness
    at: AwareDatetime


class ItemReported(Event):
    """A mentor says that something is off with a question. No words of their own, and it counts against nobody."""

    TYPE = "assessment.item_reported.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    training_id: UUID
    module_id: str
    version: int
    locale: str
    item_id: str
    kind: ReportKind
    withdrawn: bool = Field(False, description="the report of this kind is taken back")
    at: AwareDatetime


class OpenMiss(Part):
    module_id: str | None = None
    version: int | None = None
    item_id: str | None = None
    step: str | None = None
    safety_critical: bool = False
    confidence: Confidence | None = None
    recovered: bool = False
    missed_at: AwareDatetime
    session_id: UUID


class SkillRemembered(Event):
    """The whole state of one skill of one mentor; older revisions never overwrite newer ones."""

    TYPE = "assessment.skill_remembered.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    skill: str
    stability: float = Field(gt=0, description="days until recall falls to 0.9")
    difficulty: float = Field(ge=1, le=10)
    decay: float = Field(gt=0, description="FSRS weight w20")
    reviewed_at: AwareDatetime
    open_misses: tuple[OpenMiss, ...] = ()
    revision: int = Field(ge=1)


def recall(state: SkillRemembered, at: datetime) -> float:
    """Predicted recall in 0..1 at an instant, with fractional days (FSRS 6 forgetting curve)."""
    return recall_after((at - state.reviewed_at).total_seconds() / 86_400, state.stability, state.decay)


def recall_after(days: float, stability: float, decay: float) -> float:
    """The curve itself: 1 at day 0 (and before it), 0.9 when `days` is the stability."""
    factor = 0.9 ** (-1 / decay) - 1
    return float((1 + factor * max(0.0, days) / stability) ** -decay)


class CallRequested(Event):
    TYPE = "assessment.call_requested.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID | None = None
    kind: Literal["now", "can_wait"]
    pressed_at: AwareDatetime


class CheckedStep(Part):
    step: str = Field(description="of the activity's planned steps")
    skill: str
    done: Done


class CheckInSubmitted(Event):
    """What a mentor says of a session that is over, whole, whenever it changes. A higher revision replaces the one before."""

    TYPE = "assessment.check_in_submitted.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID
    starts_at: AwareDatetime
    activity: str
    happened: bool = Field(description="the two met")
    steps: tuple[CheckedStep, ...] = Field((), description="empty when they did not meet")
    confidence: Feeling | None = Field(None, description="how confident the mentor feels now; None: not said")
    wants_to_talk: WantsToTalk
    sent_at: AwareDatetime = Field(description="for the first time")
    at: AwareDatetime = Field(description="when this was said")
    revision: int = Field(ge=1)


class StepChecked(Event):
    """One planned step of a check-in, where it is new or has changed: it goes into the memory of the step's skill."""

    TYPE = "assessment.step_checked.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    session_id: UUID
    starts_at: AwareDatetime
    skill: str
    step: str
    done: Done | None = Field(description="None: taken back")
    at: AwareDatetime
    revision: int = Field(ge=1, description="of the check-in")


class LinkRequested(Event):
    """A mentor's link has expired, and the mentor asks for a new one; at most once in 24 hours."""

    TYPE = "assessment.link_requested.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    training_id: UUID = Field(description="the training of the link that has expired")
    requested_at: AwareDatetime


class PersonErasureDone(Event):
    """The receipt: nothing about this person is left in assessment's tables but the id."""

    TYPE = "assessment.person_erasure_done.v1"
    TOPIC = TOPIC

    mentor_id: UUID

    def whom(self) -> None:
        """A receipt is always taken."""
