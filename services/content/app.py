"""The content service: which training a mentor gets, and how its questions do. Wiring only."""

from typing import TYPE_CHECKING

from services.content.handlers import ERASURE, KEEPS, LEARNER, PUBLICATION
from services.content.handlers_statistics import STATISTICS
from shared.contracts.content import (
    ItemCorrected,
    ModulePublished,
    ModuleWithdrawn,
    NothingSuitable,
    PersonErasureDone,
    TrainingAssigned,
    TrainingShared,
)
from shared.running import Running
from shared.service import Service

if TYPE_CHECKING:
    from fastapi import APIRouter


def routes(running: Running) -> "APIRouter":
    """Imported for pages only: a worker that starts again has no time for what it never serves."""
    from services.content import http

    return http.routes(running)


SERVICE = Service(
    name="content",
    handlers=(PUBLICATION, LEARNER, STATISTICS, ERASURE),  # statistics late: their rows are locked for the shortest time
    reads=("trigger.events", "supervision.erased", "assessment.events"),
    publishes=(
        ModulePublished,
        ModuleWithdrawn,
        ItemCorrected,
        TrainingAssigned,
        TrainingShared,
        NothingSuitable,
        PersonErasureDone,
    ),
    routes=routes,
    gathers=True,
    keeps=KEEPS,
)
