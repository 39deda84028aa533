"""Assessment: how did it go? Trainings in progress, answers, and the memory of each skill. Wiring only."""

from typing import TYPE_CHECKING

from services.assessment.handlers import HANDLERS, KEEPS
from shared.contracts.assessment import (
    AnswerRegraded,
    CallRequested,
    CheckInSubmitted,
    ItemAnswered,
    ItemReported,
    LinkRequested,
    PersonErasureDone,
    ReadinessTold,
    SkillRemembered,
    StepChecked,
    TrainingCompleted,
    TrainingOpened,
)
from shared.running import Running
from shared.service import Service

if TYPE_CHECKING:
    from fastapi import APIRouter


def routes(running: Running) -> "APIRouter":
    """Imported for pages only: a worker that starts again has no time for what it never serves."""
    from services.assessment import http

    return http.routes(running)


SERVICE = Service(
    name="assessment",
    handlers=HANDLERS,
    reads=(
        "content.catalog",
        "content.events",
        "trigger.events",
        "supervision.roster",
        "supervision.sites",
        "supervision.erased",
        "assessment.events",  # our own answers, read back into the memory of each skill
    ),
    publishes=(
        TrainingOpened,
        ItemAnswered,
        ItemReported,
        AnswerRegraded,
        TrainingCompleted,
        SkillRemembered,
        CallRequested,
        LinkRequested,
        CheckInSubmitted,
        StepChecked,
        ReadinessTold,
        PersonErasureDone,
    ),
    routes=routes,
    gathers=True,
    keeps=KEEPS,
)
