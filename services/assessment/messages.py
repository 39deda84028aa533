"""What a mentor does on the page: comes in by HTTP and never leaves this service. Text is sealed before it gets here."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.assessment.training import Translation
from shared.contracts.assessment import Confidence, Readiness, ReportKind
from shared.contracts.event import Event


class _OfTraining(Event):
    KEY = "training_id"

    training_id: UUID


class _OfQuestion(_OfTraining):
    number: int = Field(ge=1, description="the place in the training's questions, from 1")
    request_id: UUID = Field(description="made with the form: the same form sent twice counts once, however it was sent")
    answered_at: AwareDatetime | None = Field(None, description="when it was kept on the phone first; else None")
    shown_in: str | None = Field(None, description="the translation that its page was in; empty: as assigned; None: not told")
    version: int | None = Field(None, description="of the question that its page showed; None: not told")


class Started(_OfTraining):
    TYPE = "assessment.training_started.v1"

    pressed_at: AwareDatetime | None = Field(None, description="when it was kept on the phone first; else None")
    cards_version: int | None = Field(None, description="of the cards that the page shows, where it is a newer one")


class LanguageChosen(_OfTraining):
    """Which versions say the same in it was looked up when the button was pressed."""

    TYPE = "assessment.language_chosen.v1"

    language: str | None = Field(description="as in <html lang>; None: as assigned")
    translation: Translation | None = None


class Answered(_OfQuestion):
    TYPE = "assessment.question_answered.v1"

    attempt: Literal[1, 2]
    chosen: tuple[str, ...] = Field(min_length=1, description="option ids; in the mentor's order for an ordering question")
    confidence: Confidence | None = None
    shown_at: AwareDatetime | None = Field(None, description="when the page with the question was made, by our clock")


class AnswerShown(_OfQuestion):
    """The mentor asked for the answer instead of trying again."""

    TYPE = "assessment.answer_shown.v1"


class ItemReportSent(_OfTraining):
    """Something is off with a question; which one it is was read from the training when the button was pressed."""

    TYPE = "assessment.item_report_sent.v1"

    number: int = Field(ge=1)
    mentor_id: UUID
    site_id: str
    module_id: str
    version: int
    locale: str
    item_id: str
    kind: ReportKind


class ItemReportTakenBack(_OfTraining):
    TYPE = "assessment.item_report_taken_back.v1"

    number: int = Field(ge=1)


class OpenAnswered(_OfQuestion):
    TYPE = "assessment.open_question_answered.v1"

    key_id: str
    sealed: str = Field(description="the text, encrypted, base64")


class TalkPreferred(_OfQuestion):
    TYPE = "assessment.talk_preferred.v1"


class ReadinessPressed(_OfTraining):
    TYPE = "assessment.readiness_pressed.v1"

    ready: Readiness


class CallPressed(_OfTraining):
    TYPE = "assessment.call_pressed.v1"

    kind: Literal["now", "can_wait"]
    request_id: UUID


class LinkAsked(Event):
    """Pressed on the page of a link that has expired; whose it is was read from the link."""

    TYPE = "assessment.link_asked.v1"
    KEY = "mentor_id"

    mentor_id: UUID
    site_id: str
    training_id: UUID
